"""Labels that are probably wrong: by what a model says of a tip that it has not learned from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.corpus import Tip
from training.crossfit import out_of_fold_proba

MAX_PROBA = 0.03
"""A label is doubted only where its desk gets less: three in a hundred."""
MIN_GROUPS = 10
"""Of near-duplicates, in a desk. With fewer, a fold may hold nearly all that tells what the desk is about."""
_MIN_DESKS = 3
_DESK_C = 1.0  # a separator held back more than the published one does not learn single wrong labels by heart


@dataclass(frozen=True, slots=True)
class LabelError:
    """A label that is probably wrong.

    Attributes
    ----------
    number : int
        Which tip.
    proba : float
        Probability of the desk that it is labelled with.
    likelier : str
        The desk that the model holds for right.
    likelier_proba : float
    """

    number: int
    proba: float
    likelier: str
    likelier_proba: float


def checkable_desks(tips: Sequence[Tip], taxonomy: Taxonomy, groups: Sequence[int]) -> list[str]:
    """Return the desks whose labels can be checked, in the taxonomy's order; none where they are too few.

    Parameters
    ----------
    groups : sequence of int
        For each tip a number that near-duplicates share.
    """
    sizes = Counter(desk for desk, _ in {(tip.desk, group) for tip, group in zip(tips, groups, strict=True)})
    enough = [desk for desk in taxonomy.desk_ids if sizes[desk] >= MIN_GROUPS]
    return enough if len(enough) >= _MIN_DESKS else []


def find_label_errors(
    tips: Sequence[Tip], taxonomy: Taxonomy, words: Sequence[str], desks: Sequence[str], *, n_jobs: int = 1
) -> list[LabelError]:
    """Return the labels that are probably wrong, the least likely first.

    A label is doubted where all of this holds: a model that has not learned from the tip gives its desk less than
    `MAX_PROBA`; the likeliest desk is no further desk of the tip, since then only their order is in question; and the
    tip is among those that confident learning picks.

    Parameters
    ----------
    words : sequence of str
        The user dictionary.
    desks : sequence of str
        As `checkable_desks` names them; tips of others are left out.

    Notes
    -----
    C. Northcutt, L. Jiang, I. Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, 2021: how many
    labels are wrong is estimated from the tips that the model is surer of another desk for than it is of that desk's
    own on average; so many are picked, by the probability of their label. What threshold finds how many of wrong
    labels that were put in on purpose: `benchmarks.planted_errors`.
    """
    from cleanlab.filter import find_label_issues

    numbers = [number for number, tip in enumerate(tips) if tip.desk in desks]
    # As if each tip were a file of its own: neighbours in a file need not stand in one fold here, and with few tips,
    # sorted by desk, that would keep whole desks out of what is learned.
    checked = [replace(tips[number], file=str(number)) for number in numbers]
    proba = out_of_fold_proba(checked, taxonomy, words, replace(TrainingConfig(), desk_C=_DESK_C), n_jobs=n_jobs)
    proba = proba[:, [taxonomy.desk_ids.index(desk) for desk in desks]]
    proba /= proba.sum(axis=1, keepdims=True)
    labels = np.array([desks.index(tip.desk) for tip in checked])
    picked: NDArray[np.bool_] = find_label_issues(labels, proba, filter_by="low_self_confidence", n_jobs=1)
    own, likeliest = proba[np.arange(labels.size), labels], proba.argmax(axis=1)
    errors = [
        LabelError(numbers[row], float(own[row]), desks[likeliest[row]], float(proba[row, likeliest[row]]))
        for row in np.flatnonzero(picked & (own < MAX_PROBA))
        if desks[likeliest[row]] not in (tips[numbers[row]].also or ())
    ]
    return sorted(errors, key=lambda error: error.proba)
