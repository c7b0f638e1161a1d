"""Scores from the stored arrays, a batch at a time, equal to what the scikit-learn estimator computed in training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from model.artefact import Artefact

_CODE_BITS = 21  # the largest code point, 0x10FFFF, needs 21 bits: three fit into 64


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


def char_runs(
    texts: Sequence[str], shortest: int, longest: int
) -> Iterator[tuple[int, NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield all runs of characters that stay within their text, one length after the other.

    Yields
    ------
    n : int
        From `shortest` to `longest`.
    packed : ndarray of uint64, shape (n_runs,)
        The runs, as `pack` makes them.
    starts : ndarray of int, shape (n_runs,)
        First character, counted over all texts.
    rows : ndarray of int, shape (n_runs,)
        Number of the text.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    row_of = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    for n in range(shortest, longest + 1):
        packed = pack(codes, n)
        starts = np.flatnonzero(row_of[: packed.size] == row_of[n - 1 :])
        yield n, packed[starts], starts, row_of[starts]


def count_opening_twice(
    n_chars: Sequence[int], rows: NDArray[np.int64], ends: NDArray[np.int64], opening_chars: int
) -> NDArray[np.float32]:
    """Return how often each occurrence counts: twice in the opening of its text, else once.

    Parameters
    ----------
    n_chars : sequence of int
        Length of each text.
    rows, ends : ndarray of int, shape (n_occurrences,)
        Number of the text, and end of the occurrence, counted over all texts.
    opening_chars : int
        Length of an opening.
    """
    lengths = np.array(n_chars, dtype=np.int64)
    text_starts = np.cumsum(lengths) - lengths
    return np.where(ends - text_starts[rows] <= opening_chars, np.float32(2), np.float32(1))


@dataclass(frozen=True)
class Occurrences:
    """Where known features stand.

    Attributes
    ----------
    rows : ndarray of int, shape (n_occurrences,)
        Number of the text.
    features : ndarray of int, shape (n_occurrences,)
    starts : ndarray of int, shape (n_occurrences,)
        First character, counted over all texts of the batch without their blanks.
    lengths : ndarray of int, shape (n_occurrences,)
        In characters.
    counts : ndarray of float32, shape (n_occurrences,)
        2 for what stands in the opening of its text, else 1: what is put first decides more often than not.
    """

    rows: NDArray[np.int64]
    features: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    counts: NDArray[np.float32]


class Scorer:
    """Turns segmented texts into scores.

    Features are words and character n-grams (over the words joined without blanks). Each of the two blocks is weighted
    by ``(1 + ln tf) * idf`` and scaled to length 1, as in scikit-learn's `TfidfVectorizer(sublinear_tf=True)`; the
    opening counts twice.
    """

    def __init__(self, artefact: Artefact) -> None:
        self._words = {word: number for number, word in enumerate(artefact.words)}
        self._char_grams = artefact.char_grams
        self._ngram_range = artefact.manifest.char_ngrams
        self._opening_chars = artefact.manifest.opening_chars
        self._idf = artefact.idf
        self.weights = artefact.weights
        self.intercepts = artefact.intercepts

    def score(self, segmented: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return the scores of segmented texts.

        Parameters
        ----------
        segmented : sequence of sequence of str
            The words of each text, without blanks.

        Returns
        -------
        ndarray of float32, shape (n_texts, n_outputs)
        """
        n_texts = len(segmented)
        words, chars = self.find_words(segmented), self.find_char_grams(segmented)
        scores: NDArray[np.float32] = (
            self.weigh(words, n_texts) @ self.weights + self.weigh(chars, n_texts) @ self.weights + self.intercepts
        )
        return scores

    def weigh(self, found: Occurrences, n_texts: int) -> csr_array:
        """Return one block's feature values, shape (n_texts, n_features), float32: each row of length 1 or empty."""
        block = csr_array((found.counts, (found.rows, found.features)), shape=(n_texts, self._idf.size))  # adds up: tf
        block.data = (1 + np.log(block.data)) * self._idf[block.indices]
        row_of = np.repeat(np.arange(n_texts), np.diff(block.indptr))
        norms = np.sqrt(np.bincount(row_of, weights=block.data**2, minlength=n_texts)).astype(np.float32)
        block.data /= norms[row_of]
        return block

    def find_words(self, segmented: Sequence[Sequence[str]]) -> Occurrences:
        """Return where the words of the vocabulary stand."""
        rows = np.repeat(np.arange(len(segmented)), [len(words) for words in segmented])
        lengths = np.fromiter(map(len, chain.from_iterable(segmented)), dtype=np.int64, count=rows.size)
        get = self._words.get
        features = np.fromiter(
            (get(word, -1) for word in chain.from_iterable(segmented)), dtype=np.int64, count=rows.size
        )
        starts = np.cumsum(lengths) - lengths
        known = features >= 0
        return self._occurrences(segmented, rows[known], features[known], starts[known], lengths[known])

    def find_char_grams(self, segmented: Sequence[Sequence[str]]) -> Occurrences:
        """Return where the character n-grams of the vocabulary stand."""
        texts = ["".join(words) for words in segmented]
        found = []
        for n, packed, starts, rows in char_runs(texts, *self._ngram_range):
            places = np.searchsorted(self._char_grams, packed)
            places[places == self._char_grams.size] = 0
            known = np.flatnonzero(self._char_grams[places] == packed)
            found.append((rows[known], places[known] + len(self._words), starts[known], np.full(known.size, n)))
        return self._occurrences(segmented, *(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _occurrences(
        self,
        segmented: Sequence[Sequence[str]],
        rows: NDArray[np.int64],
        features: NDArray[np.int64],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> Occurrences:
        n_chars = [sum(map(len, words)) for words in segmented]
        counts = count_opening_twice(n_chars, rows, starts + lengths, self._opening_chars)
        return Occurrences(rows, features, starts, lengths, counts)
