"""The figures are what they are called, checked by hand on a few tips."""

from dataclasses import replace

import numpy as np
import pytest

from model.router import Router
from training.corpus import Tip
from training.evaluate import desk_metrics, evaluate, expected_calibration_error

FIELDS = {
    "n",
    "accuracy",
    "macro_f1",
    "macro_f1_min12",
    "top3_accuracy",
    "per_desk",
    "labour_auroc",
    "also_micro_f1",
    "kind_accuracy",
    "ece",
    "log_loss",
    "auto_coverage",
    "auto_precision",
    "set_coverage",
    "mean_set_size",
}


def test_every_promised_field_is_there(router: Router, corpus: list[Tip]) -> None:
    metrics = evaluate(router, corpus[::10])
    assert metrics.keys() >= FIELDS
    assert set(metrics["per_desk"]) == set(router.desks)
    assert metrics["n"] == len(corpus[::10])
    assert 0.3 < metrics["accuracy"] < metrics["top3_accuracy"] <= 1


def test_accuracy_and_f1_by_hand(router: Router, small_corpus: list[Tip]) -> None:
    """Three tips of a desk, two of another; one of the first goes wrong: accuracy 4/5, recall 2/3, precision 2/3."""
    ids = list(router.desks)
    tips = [replace(small_corpus[0], desk=ids[k]) for k in (0, 0, 0, 1, 1)]
    proba = np.full((5, len(ids)), 0.01)
    for row, column in enumerate((0, 0, 1, 1, 1)):
        proba[row, column] = 0.88
    metrics = desk_metrics(proba, tips, router.taxonomy)
    assert metrics["accuracy"] == pytest.approx(4 / 5)
    assert metrics["per_desk"][ids[0]] == pytest.approx({"precision": 1, "recall": 2 / 3, "f1": 0.8, "support": 3})
    assert metrics["per_desk"][ids[1]] == pytest.approx({"precision": 2 / 3, "recall": 1, "f1": 0.8, "support": 2})
    assert metrics["macro_f1"] == pytest.approx(0.8)
    assert metrics["macro_f1_min12"] is None
    assert metrics["labour_auroc"] is None  # all five are labour matters


def test_calibration_error_by_hand() -> None:
    """Ten tips said with 0.8 each, six of them right: off by 0.2."""
    right = np.array([True] * 6 + [False] * 4)
    assert expected_calibration_error(np.full(10, 0.8), right) >= 0.2
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0


def test_without_labels_for_also_and_kind_there_is_no_figure(router: Router, small_corpus: list[Tip]) -> None:
    tips = [replace(tip, also=None, kind=None) for tip in small_corpus]
    metrics = evaluate(router, tips)
    assert metrics["also_micro_f1"] is None
    assert metrics["kind_accuracy"] is None
