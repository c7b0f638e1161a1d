"""A decision as spans of the text and their exact additive shares in the winning desk's score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.layout import Layout
from model.scorer import Scorer
from model.text import AlignedText


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span ``[start, end)`` of the text as received, in code points, and what it adds to the winning desk's score.

    The shares of all spans and the desk's intercept add up to its calibrated logit, counted from the mean over all
    desks: a share of 0.7 doubles the desk's odds against the average desk.
    """

    start: int
    end: int
    text: str
    share: float


def find_evidence(
    scorer: Scorer, layout: Layout, feature_text: str, aligned: AlignedText, original: str, output: int
) -> tuple[Evidence, ...]:
    """Return the words of one text with their shares in the score of `output`, in the order of the text.

    Each feature's contribution is divided among the places where it stands, as they count, and equally among the
    characters that it covers there; a word's share is the sum over its characters.

    Parameters
    ----------
    layout : Layout
        Of `feature_text` alone.
    output : int
        Column of the scores.
    """
    shares = _character_shares(scorer, layout, output)
    places = [place for place, char in enumerate(feature_text) if char != " "]
    spans = []
    for start, word in zip(layout.word_starts.tolist(), layout.words, strict=True):
        if word.isspace():
            continue
        end = start + len(word)
        first, last = aligned.starts[places[start]], aligned.ends[places[end - 1]]
        spans.append(Evidence(first, last, original[first:last], float(shares[start:end].sum())))
    return tuple(span for span in spans if span.share)


def _character_shares(scorer: Scorer, layout: Layout, output: int) -> NDArray[np.float64]:
    """Return what each character adds to the score, shape (n_chars,)."""
    steps = np.zeros(layout.codes.size + 1)  # share of character i is the sum of the steps up to i
    features = scorer.features
    for found in (features.find_words(layout), features.find_char_grams(layout)):
        block = features.weigh(found, layout)
        contributions = block.data * scorer.weights[block.indices, output].astype(np.float64)
        kinds = np.searchsorted(block.indices, found.features)  # a block's indices are sorted
        times = np.bincount(kinds, weights=found.counts, minlength=block.indices.size)
        per_char = contributions[kinds] * found.counts / times[kinds] / found.lengths
        np.add.at(steps, found.starts, per_char)
        np.subtract.at(steps, found.starts + found.lengths, per_char)
    return np.cumsum(steps[:-1])
