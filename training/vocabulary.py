"""The features that a model knows, learned from texts that were laid out."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from model.layout import LINE_FEED, Layout, pack

Integers = NDArray[np.int64]


def learn_words(layout: Layout, min_df: int) -> tuple[list[str], Integers]:
    """Return the words that stand in at least `min_df` texts, sorted, and in how many each does."""
    words = sorted({word for word in layout.words if not word.isspace()})
    numbers = {word: number for number, word in enumerate(words)}
    places = np.array([place for place, word in enumerate(layout.words) if word in numbers], dtype=np.int64)
    features = np.array([numbers[layout.words[place]] for place in places], dtype=np.int64)
    in_texts = _count_texts(features, layout.rows[layout.word_starts[places]], len(words))
    return [word for word, n_texts in zip(words, in_texts, strict=True) if n_texts >= min_df], in_texts[
        in_texts >= min_df
    ]


def learn_char_grams(layout: Layout, char_ngrams: tuple[int, int], min_df: int) -> tuple[NDArray[np.uint64], Integers]:
    """Return the packed n-grams that stand in at least `min_df` texts, ascending, and in how many each does."""
    learned = [_learn_runs(layout, n, min_df) for n in range(char_ngrams[0], char_ngrams[1] + 1)]
    grams, in_texts = (np.concatenate(parts) for parts in zip(*learned, strict=True))
    order = np.argsort(grams)
    return grams[order], in_texts[order]


def smooth_idf(in_texts: Iterable[Integers], n_texts: int) -> NDArray[np.float32]:
    """Return the inverse document frequencies of blocks of features, one after the other.

    Notes
    -----
    That of scikit-learn's `TfidfTransformer`: as if one more text held every feature.
    """
    idf: NDArray[np.float32] = (np.log((1 + n_texts) / (1 + np.concatenate([*in_texts]))) + 1).astype(np.float32)
    return idf


def _learn_runs(layout: Layout, n: int, min_df: int) -> tuple[NDArray[np.uint64], Integers]:
    runs = pack(layout.codes, n)
    feeds_before = np.append(0, np.cumsum(layout.codes == LINE_FEED))
    inside = feeds_before[n:] == feeds_before[: feeds_before.size - n] if runs.size else np.arange(0)
    packed, rows = runs[inside], layout.rows[: runs.size][inside]
    grams, features, times = np.unique(packed, return_inverse=True, return_counts=True)
    # What stands fewer times than min_df is in fewer texts: three quarters of all n-grams.
    frequent = (times >= min_df)[features]
    in_texts = _count_texts(features[frequent], rows[frequent], grams.size)
    known = in_texts >= min_df
    return grams[known], in_texts[known]


def _count_texts(features: Integers, rows: Integers, n_features: int) -> Integers:
    """Return in how many texts each feature stands, shape (n_features,)."""
    once = np.unique(rows * n_features + features)
    return np.bincount(once % n_features, minlength=n_features)
