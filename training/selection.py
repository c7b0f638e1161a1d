"""Which tips are most worth a human label; `benchmarks.learning_loop` measures what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.duplicates import near_duplicate_groups

Floats = NDArray[np.float64]
Why = Literal["mislabelled", "overridden", "uncertain"]

_LOOKED_AT = 10  # times as many tips as are wanted are compared with each other: MinHash takes most of the time


@dataclass(frozen=True)
class Cases:
    """Tips among which to pick.

    Attributes
    ----------
    texts : sequence of str
    proba : ndarray of shape (n_tips, n_desks)
        Calibrated.
    confirmed, suggested : sequence of int or None
        Column of the desk that a person confirmed, and of the one that had been suggested to that person.
    sure_from : sequence of float, shape (n_desks,)
        From which probability on the model is sure of a desk.
    """

    texts: Sequence[str]
    proba: Floats
    confirmed: Sequence[int | None]
    suggested: Sequence[int | None]
    sure_from: Sequence[float]


@dataclass(frozen=True, slots=True)
class Pick:
    """A tip that was picked, and why.

    ``mislabelled``: the model is sure of another desk than the confirmed one. ``overridden``: the desk that was
    confirmed is not the one that had been suggested. ``uncertain``: no desk is confirmed, and the model wavers.
    """

    index: int
    why: Why


def select(cases: Cases, n: int) -> list[Pick]:
    """Return up to `n` tips: confirmed ones that look wrong, then overridden ones, then those the model wavers on.

    The first two get a quarter of the places each, and what the others leave free. Of near-duplicates one is picked.
    """
    if not cases.texts:
        return []
    top = cases.proba.argmax(axis=1)
    confidence = cases.proba.max(axis=1)
    confirmed = np.array([-1 if desk is None else desk for desk in cases.confirmed])
    suggested = np.array([-1 if desk is None else desk for desk in cases.suggested])
    sure = (confirmed >= 0) & (confirmed != top) & (confidence >= np.array(cases.sure_from)[top])
    changed = (confirmed >= 0) & (suggested >= 0) & (confirmed != suggested) & ~sure
    mislabelled = np.flatnonzero(sure)[np.argsort(-confidence[sure], kind="stable")]
    of_confirmed = cases.proba[np.arange(top.size), confirmed]
    overridden = np.flatnonzero(changed)[np.argsort(of_confirmed[changed], kind="stable")]  # least expected first
    open_ = np.flatnonzero(confirmed < 0)
    uncertain = open_[rank_uncertain(cases.proba[open_])]

    reasons: list[tuple[Why, NDArray[np.int64]]] = [
        ("mislabelled", mislabelled),
        ("overridden", overridden),
        ("uncertain", uncertain),
    ]
    ranked = [Pick(int(index), why) for why, indices in reasons for index in indices[: _LOOKED_AT * n]]
    distinct = _without_near_duplicates(ranked, cases.texts)
    quarter = n // 4
    picks = [pick for pick in distinct if pick.why == "mislabelled"][:quarter]
    picks += [pick for pick in distinct if pick.why == "overridden"][:quarter]
    picks += [pick for pick in distinct if pick.why == "uncertain"][: n - len(picks)]
    taken = set(picks)
    return picks + [pick for pick in distinct if pick not in taken][: n - len(picks)]


def rank_uncertain(proba: Floats) -> NDArray[np.int64]:
    """Return all tips, the closest call between the two likeliest desks first.

    Parameters
    ----------
    proba : ndarray of shape (n_tips, n_desks)

    Notes
    -----
    T. Scheffer et al., Active Hidden Markov Models for Information Extraction, 2001. Entropy and density are as good,
    clusters and turns of the desks are worse (benchmarks.learning_loop).
    """
    second, first = np.partition(proba, -2, axis=1)[:, -2:].T
    return np.argsort(first - second, kind="stable")


def _without_near_duplicates(picks: Sequence[Pick], texts: Sequence[str]) -> list[Pick]:
    """Return the first of each group of near-duplicates."""
    groups = near_duplicate_groups([texts[pick.index] for pick in picks])
    first: dict[int, Pick] = {}
    for group, pick in zip(groups, picks, strict=True):
        first.setdefault(group, pick)
    return list(first.values())
