"""A decision as spans of the text and their exact additive shares in the winning desk's score."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

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
    scorer: Scorer, segmented: list[str], feature_text: str, aligned: AlignedText, original: str, output: int
) -> tuple[Evidence, ...]:
    """Return the words of one text with their shares in the score of `output`, in the order of the text.

    Each feature's contribution is divided among the places where it stands, as they count, and equally among the
    characters that it covers there; a word's share is the sum over its characters.

    Parameters
    ----------
    segmented : list of str
        The words of `feature_text`, without blanks.
    output : int
        Column of the scores.
    """
    shares = _character_shares(scorer, segmented, output)
    if not shares.size:
        return ()
    places = [place for place, char in enumerate(feature_text) if char != " "]
    spans = []
    for end, word in zip(accumulate(map(len, segmented)), segmented, strict=True):
        start = end - len(word)
        share = float(shares[start:end].sum())
        first, last = aligned.starts[places[start]], aligned.ends[places[end - 1]]
        spans.append(Evidence(first, last, original[first:last], share))
    return tuple(span for span in spans if span.share)


def _character_shares(scorer: Scorer, segmented: list[str], output: int) -> NDArray[np.float64]:
    """Return what each character adds to the score, shape (n_chars,)."""
    n_chars = sum(map(len, segmented))
    steps = np.zeros(n_chars + 1)  # share of character i is the sum of the steps up to i
    for found in (scorer.find_words([segmented]), scorer.find_char_grams([segmented])):
        block = scorer.weigh(found, n_texts=1)
        contributions = block.data * scorer.weights[block.indices, output].astype(np.float64)
        kinds = np.searchsorted(block.indices, found.features)  # a block's indices are sorted
        times = np.bincount(kinds, weights=found.counts, minlength=block.indices.size)
        per_char = contributions[kinds] * found.counts / times[kinds] / found.lengths
        np.add.at(steps, found.starts, per_char)
        np.subtract.at(steps, found.starts + found.lengths, per_char)
    return np.cumsum(steps[:-1])
