"""Character n-grams counted by the code that serving counts them with: the vocabulary, and how often each stands."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from model.scorer import char_runs, count_opening_twice


class CharGramCounter:
    """Counts the character n-grams of texts; what stands in the opening of a text counts twice.

    Parameters
    ----------
    ngram_range : tuple of int
        Shortest and longest n-gram, at most three characters.
    opening_chars : int
        Length of an opening.
    min_df : int
        N-grams in fewer texts are dropped.

    Attributes
    ----------
    grams_ : ndarray of uint64, ascending
        The vocabulary, packed as `model.scorer.pack` does; number j is column j.
    """

    def __init__(self, ngram_range: tuple[int, int], opening_chars: int, min_df: int) -> None:
        self.ngram_range = ngram_range
        self.opening_chars = opening_chars
        self.min_df = min_df

    def fit_transform(self, texts: Sequence[str]) -> csr_array:
        """Learn the vocabulary of texts and return their counts, shape (n_texts, n_grams), float32."""
        grams, rows, counts = self._occurrences(texts)
        vocabulary, columns, times = np.unique(grams, return_inverse=True, return_counts=True)
        # What stands fewer times than min_df is in fewer texts: dropping it here spares three quarters of the work.
        columns, vocabulary, counts, rows = _keep(times >= self.min_df, columns, vocabulary, counts, rows)
        table = csr_array((counts, (rows, columns)), shape=(len(texts), vocabulary.size))
        in_texts = np.bincount(table.indices, minlength=vocabulary.size)
        rows = np.repeat(np.arange(len(texts)), np.diff(table.indptr))
        columns, self.grams_, counts, rows = _keep(in_texts >= self.min_df, table.indices, vocabulary, table.data, rows)
        return csr_array((counts, (rows, columns)), shape=(len(texts), self.grams_.size))

    def transform(self, texts: Sequence[str]) -> csr_array:
        """Return the counts of texts, shape (n_texts, n_grams), float32."""
        grams, rows, counts = self._occurrences(texts)
        columns = np.minimum(np.searchsorted(self.grams_, grams), max(self.grams_.size - 1, 0))
        known = self.grams_[columns] == grams if self.grams_.size else np.zeros(grams.size, dtype=np.bool_)
        shape = (len(texts), self.grams_.size)
        return csr_array((counts[known], (rows[known], columns[known])), shape=shape)

    def _occurrences(self, texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float32]]:
        """Return the packed n-gram, the text and the count of each occurrence."""
        n_chars = [len(text) for text in texts]
        found = [
            (packed, rows, count_opening_twice(n_chars, rows, starts + n, self.opening_chars))
            for n, packed, starts, rows in char_runs(texts, *self.ngram_range)
        ]
        grams, rows, counts = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return grams, rows, counts


def _keep(
    kept: NDArray[np.bool_],
    columns: NDArray[np.int64],
    vocabulary: NDArray[np.uint64],
    counts: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.float32], NDArray[np.int64]]:
    """Return columns, vocabulary, counts and rows without the columns that are not kept."""
    renumbered, here = np.cumsum(kept) - 1, kept[columns]
    return renumbered[columns[here]], vocabulary[kept], counts[here], rows[here]
