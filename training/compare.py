"""Two models on the same labelled tips: what differs between them, and which of it is more than chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap, false_discovery_control

from model.errors import CorpusError
from model.personal import redact
from model.router import Router
from model.taxonomy import Taxonomy
from training.corpus import Tip
from training.evaluate import MIN_SUPPORT, Floats, evaluate

_RESAMPLES = 2000
_BATCH = 100  # resamples that are held in memory at once
_CONFIDENCE = 0.95
_LEAST_PROBABILITY = 1e-15  # whose logarithm is still a number


@dataclass(frozen=True)
class _Answers:
    """What one model says of the tips.

    Attributes
    ----------
    metrics : dict
    desks : ndarray of int, shape (n_tips,)
        First choices, as places in the list of all desks.
    right : ndarray of bool, shape (n_tips,)
    losses : ndarray of shape (n_tips,)
        Negative logarithm of the right desk's probability.
    """

    metrics: dict[str, Any]
    desks: NDArray[np.int64]
    right: NDArray[np.bool_]
    losses: Floats

    @classmethod
    def of(cls, router: Router, tips: Sequence[Tip], desks: Sequence[str]) -> "_Answers":
        proba = router.predict_proba([tip.text for tip in tips])
        truth = np.array([router.desks.index(tip.desk) for tip in tips])
        choices = proba.argmax(axis=1)
        return cls(
            evaluate(router, tips),
            np.array([desks.index(desk) for desk in router.desks])[choices],
            choices == truth,
            -np.log(np.maximum(proba[np.arange(len(tips)), truth], _LEAST_PROBABILITY)),
        )


def common_taxonomy(a: Router, b: Router) -> Taxonomy:
    """Return the desks of both models, with which tips are read that both are to be measured on."""
    return replace(
        b.taxonomy, desks=(*b.taxonomy.desks, *(desk for desk in a.taxonomy.desks if desk.id not in b.desks))
    )


def compare(a: Router, b: Router, tips: Sequence[Tip]) -> dict[str, Any]:
    """Return how model `b` differs from model `a` on labelled tips that neither has learned from.

    Tips of a desk that only one of the two knows are left out.

    Returns
    -------
    dict
        ``difference`` is always that of `b` from `a`, ``interval`` its 95% interval. For ``accuracy``, and for the
        recall of each desk with `MIN_SUPPORT` tips or more, ``p_value`` is that of McNemar's exact test; those of the
        desks are adjusted for there being many. ``changed`` are the tips that the two give to different desks; personal
        data in their texts are hidden.

    Raises
    ------
    CorpusError
        If fewer than two tips are left.

    Notes
    -----
    McNemar (1947), Psychometrika 12; the intervals are percentiles of a bootstrap over tips, the same tips for both
    models; adjusted after Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57.
    """
    n_given, desks = len(tips), common_taxonomy(a, b).desk_ids
    tips = [tip for tip in tips if tip.desk in a.desks and tip.desk in b.desks]
    if len(tips) < 2:
        raise CorpusError(
            f"{len(tips)} of {n_given} labelled tip(s) are for a desk that both models know; 2 or more are needed"
        )
    truth = np.array([desks.index(tip.desk) for tip in tips])
    support = np.bincount(truth, minlength=len(desks))
    supported = np.flatnonzero(support >= MIN_SUPPORT)
    first, second = _Answers.of(a, tips, desks), _Answers.of(b, tips, desks)

    def differences(rows: NDArray[np.int64]) -> Floats:
        """Return the differences of accuracy, log loss and macro-F1 on some of the tips."""
        f1_first, f1_second = (_f1(truth[rows], model.desks[rows], len(desks))[supported] for model in (first, second))
        return np.array(
            [
                second.right[rows].mean() - first.right[rows].mean(),
                (second.losses[rows] - first.losses[rows]).mean(),
                (f1_second - f1_first).sum() / max(supported.size, 1),
            ]
        )

    intervals = _intervals(len(tips), differences)
    per_desk = {desks[n]: _compare_on_desk(first, second, desks[n], truth == n) for n in np.flatnonzero(support)}
    adjust_p_values(per_desk)
    return {
        "a": a.version,
        "b": b.version,
        "n": len(tips),
        "left_out": n_given - len(tips),
        "accuracy": {
            **_pair(first, second, "accuracy"),
            "interval": intervals[0],
            **_mcnemar(first.right, second.right),
        },
        "macro_f1_min12": {
            **_pair(first, second, "macro_f1_min12"),
            "interval": intervals[2] if supported.size else None,
        },
        "log_loss": {**_pair(first, second, "log_loss"), "interval": intervals[1]},
        "ece": _pair(first, second, "ece"),
        "auto_coverage": _pair(first, second, "auto_coverage"),
        "auto_precision": _pair(first, second, "auto_precision"),
        "per_desk": per_desk,
        "changed": [
            {
                "id": tip.id,
                "row": tip.row,
                "file": tip.file,
                "desk": tip.desk,
                "a": desks[before],
                "b": desks[after],
                "text": redact(tip.text),
            }
            for tip, before, after in zip(tips, first.desks.tolist(), second.desks.tolist(), strict=True)
            if before != after
        ],
    }


def say_p(p_value: float) -> str:
    """Return a p-value as people write it after the letter."""
    return f"={p_value:.3f}" if p_value >= 0.001 else "<0.001"


def _pair(a: _Answers, b: _Answers, name: str) -> dict[str, float | None]:
    """Return a metric of both; it is None for a model without automatic decisions, or where no desk has enough tips."""
    before, after = a.metrics[name], b.metrics[name]
    return {"a": before, "b": after, "difference": None if before is None or after is None else after - before}


def _mcnemar(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return on how many tips only one of the two is right, and how likely so uneven a count is by chance."""
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    p_value = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return {"only_a_right": only_a, "only_b_right": only_b, "p_value": float(p_value)}


def _compare_on_desk(a: _Answers, b: _Answers, desk: str, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the figures of a desk; `rows` are the tips that are its own."""
    before, after = a.metrics["per_desk"][desk], b.metrics["per_desk"][desk]
    figures = {
        name: {"a": before[name], "b": after[name], "difference": after[name] - before[name]}
        for name in ("precision", "recall", "f1")
    }
    return {"support": before["support"], **figures, **_mcnemar(a.right[rows], b.right[rows])}


def adjust_p_values(per_desk: dict[str, dict[str, Any]]) -> None:
    """Make the desks' p-values account for there being many of them; a desk with few tips has none."""
    tested = [row for row in per_desk.values() if row["support"] >= MIN_SUPPORT]
    adjusted = false_discovery_control([row["p_value"] for row in tested]) if tested else []
    for row in per_desk.values():
        row["p_value"] = None
    for row, p_value in zip(tested, adjusted, strict=True):
        row["p_value"] = float(p_value)


def _f1(truth: NDArray[np.int64], choices: NDArray[np.int64], n_desks: int) -> Floats:
    """Return the F1 of each desk. scikit-learn's own takes too long for thousands of resamples."""
    hits = np.bincount(truth[truth == choices], minlength=n_desks)
    either = np.bincount(truth, minlength=n_desks) + np.bincount(choices, minlength=n_desks)
    f1: Floats = 2 * hits / np.maximum(either, 1)
    return f1


def _intervals(n_tips: int, differences: Callable[[NDArray[np.int64]], Floats]) -> list[list[float]]:
    """Return the lower and upper end for each of the differences."""
    found = bootstrap(
        (np.arange(n_tips),),
        differences,
        vectorized=False,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=0,
    ).confidence_interval
    return [[float(low), float(high)] for low, high in zip(found.low, found.high, strict=True)]
