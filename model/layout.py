"""Texts of a batch laid out as arrays: where each character and each word stands, in which text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CODE_BITS = 21  # the largest code point, 0x10FFFF, needs 21 bits
LONGEST_RUN = 3  # so many fit into 64
LINE_FEED = 10  # stands before each text but the first: no run of characters that a model knows goes over it
_BLANK = 32
# Blocks of Chinese characters in a normalised text.
_HAN_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x3FFFF))


@dataclass(frozen=True)
class Layout:
    """The characters of a batch without their blanks, and the words that they make.

    Attributes
    ----------
    n_texts : int
    codes : ndarray of uint64, shape (n_chars,)
        Code points, and a line feed before each text but the first.
    rows : ndarray of int32, shape (n_chars,)
        Number of the text that a character stands in.
    places : ndarray of int32, shape (n_chars,)
        Its place in that text, blanks left out.
    words : sequence of str
        Words, blanks and line feeds: joined they are the lines.
    word_starts, word_lengths : ndarray of int, shape (n_words,)
        First character of each word, and how many it has; a blank has none.
    """

    n_texts: int
    codes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    words: Sequence[str]
    word_starts: NDArray[np.int64]
    word_lengths: NDArray[np.int64]

    @classmethod
    def of(cls, lines: str, words: Sequence[str]) -> "Layout":
        """Return the layout of texts.

        Parameters
        ----------
        lines : str
            As `model.featuretext.feature_lines` returns them.
        words : sequence of str
            As `model.segment.Segmenter.cut` cuts `lines`.
        """
        everything = code_points(lines)
        solid = everything != _BLANK
        codes = everything[solid]
        feeds = codes == LINE_FEED
        rows = feeds.cumsum(dtype=np.int32)
        # For one text these are calls rather than work: of NumPy's ways to say it the shortest ones.
        first = np.concatenate(([0], feeds.nonzero()[0] + 1)).astype(np.int32)
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        bounds = np.concatenate(([0], lengths.cumsum()))
        bounds = np.concatenate(([0], solid.cumsum()))[bounds]  # the same, blanks left out
        return cls(
            n_texts=first.size,
            codes=codes,
            rows=rows,
            places=np.arange(codes.size, dtype=np.int32) - first[rows],
            words=words,
            word_starts=bounds[:-1],
            word_lengths=bounds[1:] - bounds[:-1],
        )

    def count_han(self) -> NDArray[np.int64]:
        """Return how many Chinese characters each text holds, shape (n_texts,)."""
        han = np.zeros(self.codes.size, dtype=np.bool_)
        for first, last in _HAN_BLOCKS:
            han |= (self.codes >= first) & (self.codes <= last)
        return np.bincount(self.rows[han], minlength=self.n_texts)


def code_points(text: str) -> NDArray[np.uint64]:
    """Return the code points of `text`, shape (n_chars,)."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def pack(codes: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """Return every run of `n` code points in `codes` as one number.

    Parameters
    ----------
    codes : ndarray of uint64, shape (n_codes,)
        Code points, none of them 0; so runs of different length never give the same number.
    n : int
        1 to `LONGEST_RUN`.

    Returns
    -------
    ndarray of uint64, shape (max(n_codes - n + 1, 0),)
    """
    n_runs = max(codes.size - n + 1, 0)
    packed = codes[:n_runs].copy()
    for offset in range(1, n):
        packed = (packed << np.uint64(_CODE_BITS)) | codes[offset : offset + n_runs]
    return packed
