"""How good a model is on labelled tips, in the figures that every report and command quotes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, precision_recall_fscore_support, roc_auc_score

from model.router import Router
from model.routing import Routing
from model.taxonomy import Taxonomy
from training.corpus import Tip

Floats = NDArray[np.float64]

MIN_SUPPORT = 12  # desks with fewer tips in the data say little of the model
_CALIBRATION_BINS = 10


def evaluate(router: Router, tips: Sequence[Tip]) -> dict[str, Any]:
    """Return the metrics of a model on labelled tips.

    Returns
    -------
    dict
        Shares are 0 to 1. A figure for which the data has no labels, or only one class, is None.
    """
    texts = [tip.text for tip in tips]
    metrics = desk_metrics(router.predict_proba(texts), tips, router.taxonomy)
    routings = router.route(texts, explain=False)
    right = np.array([routing.desk == tip.desk for routing, tip in zip(routings, tips, strict=True)])
    auto = np.array([routing.decision == "auto" for routing in routings])
    in_set = [tip.desk in routing.prediction_set for routing, tip in zip(routings, tips, strict=True)]
    return metrics | {
        "also_micro_f1": _also_micro_f1(routings, tips),
        "kind_accuracy": _kind_accuracy(routings, tips),
        "auto_coverage": float(auto.mean()),
        "auto_precision": float(right[auto].mean()) if auto.any() else None,
        "review_share": float(np.mean([routing.decision == "review" for routing in routings])),
        "set_coverage": float(np.mean(in_set)),
        "mean_set_size": float(np.mean([len(routing.prediction_set) for routing in routings])),
    }


def desk_metrics(proba: Floats, tips: Sequence[Tip], taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the metrics that follow from the desks' probabilities alone.

    Parameters
    ----------
    proba : ndarray of shape (n_tips, n_desks)
        Columns in the taxonomy's order.
    """
    ids = list(taxonomy.desk_ids)
    truth = np.array([ids.index(tip.desk) for tip in tips])
    order = np.argsort(-proba, axis=1, kind="stable")
    predicted, confidence = order[:, 0], proba.max(axis=1)
    right = predicted == truth
    columns = np.arange(len(ids))
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=columns, zero_division=0)
    supported = [column for column in columns if support[column] >= MIN_SUPPORT]
    no_labour = np.array([not desk.labour for desk in taxonomy.desks])
    is_labour = ~no_labour[truth]
    return {
        "n": len(tips),
        "accuracy": float(right.mean()),
        "macro_f1": float(f1[support > 0].mean()),
        "macro_f1_min12": float(f1[supported].mean()) if supported else None,
        "top3_accuracy": float((order[:, :3] == truth[:, np.newaxis]).any(axis=1).mean()),
        "labour_auroc": (
            float(roc_auc_score(is_labour, 1 - proba[:, no_labour].sum(axis=1))) if 0 < is_labour.mean() < 1 else None
        ),
        "log_loss": float(log_loss(truth, proba, labels=columns)),
        "ece": expected_calibration_error(confidence, right),
        "per_desk": {
            desk: {
                "precision": float(precision[column]),
                "recall": float(recall[column]),
                "f1": float(f1[column]),
                "support": int(support[column]),
            }
            for column, desk in enumerate(ids)
        },
    }


def expected_calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Return the mean distance of confidence and accuracy over ten bins of equal mass, weighted by their size."""
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(_CALIBRATION_BINS, confidence.size))
    return float(sum(bin_.size * abs(confidence[bin_].mean() - right[bin_].mean()) for bin_ in bins) / confidence.size)


def _also_micro_f1(routings: Sequence[Routing], tips: Sequence[Tip]) -> float | None:
    pairs = [(r, tip) for r, tip in zip(routings, tips, strict=True) if tip.also is not None]
    named = {(n, candidate.desk) for n, (routing, _) in enumerate(pairs) for candidate in routing.also}
    wanted = {(n, desk) for n, (_, tip) in enumerate(pairs) for desk in tip.also or ()}
    return 2 * len(named & wanted) / (len(named) + len(wanted)) if wanted else None


def _kind_accuracy(routings: Sequence[Routing], tips: Sequence[Tip]) -> float | None:
    hits = [r.kind.id == tip.kind for r, tip in zip(routings, tips, strict=True) if tip.kind is not None]
    return float(np.mean(hits)) if hits else None
