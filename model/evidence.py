"""Decisions as spans of their texts and the exact additive shares of these in the winning desks' scores."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.features import Occurrences, Values, begins_run
from model.layout import Layout
from model.routing import Evidence
from model.text import AlignedText

Floats = NDArray[np.float64]

_NOTHING = 1e-9  # what rounding leaves of a share of 0


def find_evidence(
    texts: Sequence[str],
    aligned: Sequence[AlignedText],
    layout: Layout,
    found: Sequence[Occurrences],
    values: Values,
    weights: NDArray[np.float32],
    outputs: NDArray[np.int64],
) -> list[tuple[Evidence, ...]]:
    """Return, for each text, its words with their shares in the score of one output, in the order of the text.

    Each feature's contribution is divided among the places where it stands, as they count, and equally among the
    characters that it covers there; a word's share is the sum over its characters.

    Parameters
    ----------
    texts, aligned : sequence of str, sequence of AlignedText
        As received, and the way back to that.
    layout : Layout
        Of their features' text.
    found, values
        What stands where in `layout`, and weighs how much.
    weights : ndarray of float32, shape (n_features, n_outputs)
    outputs : ndarray of int, shape (n_texts,)
        For each text, the column of the score that is to be explained.
    """
    shares = _word_shares(layout, found, values, weights, outputs)
    lengths = np.fromiter(map(len, layout.words), dtype=np.int64, count=len(layout.words))
    ends = lengths.cumsum()
    feeds = [number for number, word in enumerate(layout.words) if word == "\n"]
    telling = (np.abs(shares) > _NOTHING).nonzero()[0]
    bounds = [0, *telling.searchsorted(feeds).tolist(), telling.size]  # of the telling words of each text
    first = np.concatenate(([0], ends[feeds]))  # character of each text
    telling_ends = ends[telling] - first.repeat(np.diff(bounds))
    all_starts, all_ends = (telling_ends - lengths[telling]).tolist(), telling_ends.tolist()
    amounts = shares[telling].tolist()
    evidence = []
    for text, way_back, (low, high) in zip(texts, aligned, pairwise(bounds), strict=True):
        starts, stops = way_back.received_all(all_starts[low:high], all_ends[low:high])
        words = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
        evidence.append(tuple(map(Evidence, starts, stops, words, amounts[low:high])))
    return evidence


def _word_shares(
    layout: Layout,
    found: Sequence[Occurrences],
    values: Values,
    weights: NDArray[np.float32],
    outputs: NDArray[np.int64],
) -> Floats:
    """Return what each word adds to the score of its text, shape (n_words,); a blank adds nothing."""
    columns = outputs.repeat(values.indptr[1:] - values.indptr[:-1])
    contributions = values.data * weights[values.indices, columns].astype(np.float64)
    keys, starts, lengths = (np.concatenate(part) for part in zip(*found, strict=True))
    order = keys.argsort()  # equal keys become neighbours, in the order of `values`: to look each up there takes longer
    keys, starts, lengths = keys[order], starts[order], lengths[order]
    pairs, counts = keys >> 1, 1 + (keys & 1)
    kinds = begins_run(pairs).cumsum() - 1
    times = np.bincount(kinds, weights=counts)
    per_char = (contributions / times)[kinds] * counts / lengths
    n_chars = layout.codes.size + 1
    steps = np.bincount(starts, per_char, n_chars) - np.bincount(starts + lengths, per_char, n_chars)
    # The share of a character is the sum of the steps up to it, that of a word the sum over its characters.
    before = np.concatenate(([0.0], steps.cumsum().cumsum()))
    shares: Floats = before[layout.word_starts + layout.word_lengths] - before[layout.word_starts]
    return shares
