"""Features of texts that were laid out: which stand where, and their TF-IDF values. Training and serving share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from model.gramindex import GramIndex
from model.layout import Layout


@dataclass(frozen=True)
class Occurrences:
    """Where known features stand.

    Attributes
    ----------
    features : ndarray of int32, shape (n_occurrences,)
    starts : ndarray of int, shape (n_occurrences,)
        First character in the layout.
    lengths : ndarray of int, shape (n_occurrences,)
        In characters.
    counts : ndarray of float32, shape (n_occurrences,)
        2 for what stands in the opening of its text, else 1: what is put first decides more often than not.
    """

    features: NDArray[np.int32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    counts: NDArray[np.float32]


class FeatureFinder:
    """Finds and weighs the features of a vocabulary: words, then character n-grams (over words without blanks).

    Parameters
    ----------
    words : sequence of str
        Word number i is feature i.
    char_grams : ndarray of uint64
        Packed (see `model.layout.pack`); number j is feature ``len(words) + j``.
    idf : ndarray of float32, shape (n_features,)
    char_ngrams : tuple of int
        Shortest and longest character n-gram.
    opening_chars : int
        What stands in the first so many characters counts twice.
    """

    def __init__(
        self,
        words: Sequence[str],
        char_grams: NDArray[np.uint64],
        idf: NDArray[np.float32],
        char_ngrams: tuple[int, int],
        opening_chars: int,
    ) -> None:
        self._words = {word: number for number, word in enumerate(words)}
        self._char_grams = GramIndex(char_grams)
        self._idf = idf
        self._char_ngrams = char_ngrams
        self._opening_chars = opening_chars

    def blocks(self, layout: Layout) -> tuple[csr_array, csr_array]:
        """Return the values of words and of character n-grams, each of shape (n_texts, n_features)."""
        return self.weigh(self.find_words(layout), layout), self.weigh(self.find_char_grams(layout), layout)

    def find_words(self, layout: Layout) -> Occurrences:
        """Return where the words of the vocabulary stand."""
        numbers = map(self._words.get, layout.words, repeat(-1))
        features = np.fromiter(numbers, dtype=np.int32, count=len(layout.words))
        known = np.flatnonzero(features >= 0)
        starts, lengths = layout.word_starts[known], layout.word_lengths[known]
        counts = layout.count_opening_twice(starts, lengths, self._opening_chars)
        return Occurrences(features[known], starts, lengths, counts)

    def find_char_grams(self, layout: Layout) -> Occurrences:
        """Return where the character n-grams of the vocabulary stand."""
        parts = []
        for n, packed, starts in layout.char_runs(*self._char_ngrams):
            numbers = self._char_grams.find(packed)
            known = np.flatnonzero(numbers >= 0)
            counts = layout.count_opening_twice(starts[known], n, self._opening_chars)
            parts.append((numbers[known] + len(self._words), starts[known], np.full(known.size, n), counts))
        return Occurrences(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def weigh(self, found: Occurrences, layout: Layout) -> csr_array:
        """Return one block's values, float32, shape (n_texts, n_features), each row of length 1 or empty.

        A value is ``(1 + ln tf) * idf``, as in scikit-learn's `TfidfVectorizer(sublinear_tf=True)`.
        """
        shape = (layout.n_texts, self._idf.size)
        block = csr_array((found.counts, (layout.rows[found.starts], found.features)), shape=shape)  # adds up: tf
        block.data = (1 + np.log(block.data)) * self._idf[block.indices]
        row_of = np.repeat(np.arange(layout.n_texts), np.diff(block.indptr))
        norms = np.sqrt(np.bincount(row_of, weights=block.data**2, minlength=layout.n_texts)).astype(np.float32)
        block.data /= norms[row_of]
        return block
