"""Texts of a batch laid out as arrays: where each character and each word stands, in which text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CODE_BITS = 21  # the largest code point, 0x10FFFF, needs 21 bits: three fit into 64
_LINE_FEED, _BLANK = 10, 32
# Blocks of Chinese characters in a normalised text.
_HAN_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x3FFFF))


@dataclass(frozen=True)
class Layout:
    """The characters of a batch without their blanks, and the words that they make.

    Attributes
    ----------
    n_texts : int
    codes : ndarray of uint64, shape (n_chars,)
        Code points.
    rows : ndarray of int32, shape (n_chars,)
        Number of the text that a character stands in.
    places : ndarray of int, shape (n_chars,)
        Its place in that text, blanks left out.
    words : sequence of str
        Words, blanks and line feeds: joined they are the lines.
    word_starts, word_lengths : ndarray of int, shape (n_words,)
        First character of each word, and how many it has, blanks included.
    """

    n_texts: int
    codes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    places: NDArray[np.int64]
    words: Sequence[str]
    word_starts: NDArray[np.int64]
    word_lengths: NDArray[np.int64]

    @classmethod
    def of(cls, lines: str, words: Sequence[str]) -> "Layout":
        """Return the layout of texts.

        Parameters
        ----------
        lines : str
            As `model.text.feature_lines` returns them.
        words : sequence of str
            As `model.segment.Segmenter.cut` cuts `lines`.
        """
        codes = np.frombuffer(lines.encode("utf-32-le"), dtype=np.uint32)
        feeds = codes == _LINE_FEED
        solid = ~feeds & (codes != _BLANK)
        rows = np.cumsum(feeds, dtype=np.int32)[solid]
        n_texts = int(feeds.sum()) + 1
        n_chars = np.bincount(rows, minlength=n_texts)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        before = np.cumsum(solid) - solid  # solid characters before each character
        starts = np.cumsum(lengths) - lengths
        return cls(
            n_texts=n_texts,
            codes=codes[solid].astype(np.uint64),
            rows=rows,
            places=np.arange(rows.size) - (np.cumsum(n_chars) - n_chars)[rows],
            words=words,
            word_starts=before[starts],
            word_lengths=lengths,
        )

    def count_han(self) -> NDArray[np.int64]:
        """Return how many Chinese characters each text holds, shape (n_texts,)."""
        han = np.zeros(self.codes.size, dtype=np.bool_)
        for first, last in _HAN_BLOCKS:
            han |= (self.codes >= first) & (self.codes <= last)
        return np.bincount(self.rows[han], minlength=self.n_texts)

    def char_runs(self, shortest: int, longest: int) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.int64]]]:
        """Yield all runs of characters that stay within their text, one length after the other.

        Yields
        ------
        n : int
            From `shortest` to `longest`.
        packed : ndarray of uint64, shape (n_runs,)
            The runs, as `pack` makes them.
        starts : ndarray of int, shape (n_runs,)
            First character.
        """
        for n in range(shortest, longest + 1):
            packed = pack(self.codes, n)
            starts = np.flatnonzero(self.rows[: packed.size] == self.rows[n - 1 :])
            yield n, packed[starts], starts

    def count_opening_twice(
        self, starts: NDArray[np.int64], lengths: NDArray[np.int64] | int, opening_chars: int
    ) -> NDArray[np.float32]:
        """Return how often each stretch of characters counts: twice in the opening of its text, else once."""
        return np.where(self.places[starts] + lengths <= opening_chars, np.float32(2), np.float32(1))


def pack(codes: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """Return every run of `n` code points in `codes` as one number, at most three to a number.

    Parameters
    ----------
    codes : ndarray of uint64, shape (n_codes,)
        Code points, none of them 0; so runs of different length never give the same number.
    n : int
        1 to 3.

    Returns
    -------
    ndarray of uint64, shape (max(n_codes - n + 1, 0),)
    """
    n_runs = max(codes.size - n + 1, 0)
    packed = codes[:n_runs].copy()
    for offset in range(1, n):
        packed = (packed << np.uint64(_CODE_BITS)) | codes[offset : offset + n_runs]
    return packed
