"""The features that a model knows, learned from texts that were laid out a part at a time."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.layout import LINE_FEED, Layout, pack

Integers = NDArray[np.int64]
Grams = NDArray[np.uint64]


class Vocabulary(NamedTuple):
    """What stands in enough texts.

    Attributes
    ----------
    words : list of str
        Sorted.
    char_grams : ndarray of uint64, ascending
        Packed character n-grams.
    idf : ndarray of float32, shape (n_features,)
        Inverse document frequencies of words, then of n-grams.
    """

    words: list[str]
    char_grams: Grams
    idf: NDArray[np.float32]


def learn_vocabulary(
    layouts: Iterable[Layout], char_ngrams: tuple[int, int], min_df: int, min_share: float
) -> Vocabulary:
    """Return the words and the character n-grams that stand in enough texts, by their number and by their share."""
    n_texts = 0
    numbers: dict[str, int] = {}
    word_counts, grams, gram_counts = np.zeros(0, dtype=np.int64), [], []
    for layout in layouts:
        n_texts += layout.n_texts
        words = np.array([numbers.setdefault(word, len(numbers)) for word in layout.words], dtype=np.int64)
        solid = layout.word_lengths > 0
        counts = _count_texts(words[solid], layout.rows[layout.word_starts[solid]], len(numbers))
        counts[: word_counts.size] += word_counts
        word_counts = counts
        for n in range(char_ngrams[0], char_ngrams[1] + 1):
            runs, rows = _runs_inside(layout, n)
            unique, features = np.unique(runs, return_inverse=True)
            grams.append(unique)
            gram_counts.append(_count_texts(features, rows, unique.size))
    least = max(min_df, int(min_share * n_texts))
    known = sorted(
        (word, word_counts[number])
        for word, number in numbers.items()
        if word_counts[number] >= least and not word.isspace()
    )
    char_grams, parts = np.unique(np.concatenate(grams), return_inverse=True)
    in_texts = np.bincount(parts, weights=np.concatenate(gram_counts), minlength=char_grams.size)
    enough = in_texts >= least
    return Vocabulary(
        words=[word for word, _ in known],
        char_grams=char_grams[enough],
        idf=_smooth_idf(np.concatenate(([count for _, count in known], in_texts[enough])), n_texts),
    )


def _smooth_idf(in_texts: NDArray[np.float64], n_texts: int) -> NDArray[np.float32]:
    """Return inverse document frequencies as scikit-learn has them: as if one more text had every feature."""
    return (np.log((1 + n_texts) / (1 + in_texts)) + 1).astype(np.float32)


def _runs_inside(layout: Layout, n: int) -> tuple[Grams, NDArray[np.int32]]:
    """Return all runs of `n` characters that stay within their text, packed, and the texts that they stand in."""
    runs = pack(layout.codes, n)
    feeds_before = np.append(0, np.cumsum(layout.codes == LINE_FEED))
    inside = np.flatnonzero(feeds_before[n:] == feeds_before[: runs.size])
    return runs[inside], layout.rows[inside]


def _count_texts(features: Integers, rows: NDArray[np.int32], n_features: int) -> Integers:
    """Return in how many texts each feature stands, shape (n_features,)."""
    once = np.unique(rows.astype(np.int64) * n_features + features)
    return np.bincount(once % n_features, minlength=n_features)
