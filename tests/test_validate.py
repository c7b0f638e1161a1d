"""Figures of out-of-fold scores, their intervals, and the learning curve."""

from dataclasses import replace

import numpy as np
import pytest

from model.artefact import Artefact, Policy
from model.errors import CorpusError
from model.taxonomy import Taxonomy
from model.triage import TriageData
from training import validate
from training.config import TrainingConfig
from training.corpus import Tip
from training.fit import fit_model
from training.validate import Measured

RNG = np.random.default_rng(5)


def test_figures_are_those_of_the_manifest_within_their_intervals(artefact: Artefact, measured: Measured) -> None:
    summary, metrics = validate.summarise(measured), artefact.manifest.metrics
    for name, figure in summary.overall.items():
        assert figure.value == pytest.approx(metrics[name])
    for name in ("accuracy", "top3_accuracy", "set_coverage", "mean_set_size"):
        value, low, high = summary.overall[name]
        assert (low or 0) < (value or 0) < (high or 0)
    for desk, figures in summary.per_desk.items():
        for name, figure in figures.items():
            assert figure.value == pytest.approx(metrics["per_desk"][desk][name])


def test_tips_that_belong_together_make_an_interval_wider(measured: Measured) -> None:
    """Ten groups of tips that are all right or all wrong tell no more than ten tips."""
    n_tips = len(measured.tips)
    groups = np.arange(n_tips) % 10
    proba = np.eye(measured.targets.n_desks)[np.where(groups < 5, measured.targets.desk, measured.targets.desk - 1)]

    def width(groups: np.ndarray) -> float:
        features = replace(measured.features, groups=groups)
        figure = validate.summarise(replace(measured, proba=proba, features=features)).overall["accuracy"]
        return (figure.high or 0) - (figure.low or 0)

    assert width(groups) > 3 * width(np.arange(n_tips))


def test_one_group_has_figures_without_intervals(measured: Measured) -> None:
    alone = replace(measured.features, groups=np.zeros(len(measured.tips), dtype=np.int64))
    figure = validate.summarise(replace(measured, features=alone)).overall["accuracy"]
    assert figure.value is not None
    assert figure.low is None


def test_decisions_keep_their_promises_on_tips_that_the_thresholds_have_not_seen() -> None:
    proba = RNG.dirichlet(np.full(4, 0.15), size=6000)
    labels = (proba.cumsum(axis=1) < RNG.random((6000, 1))).sum(axis=1)
    desks = ("a", "b", "c", "d")
    policy = Policy(dict.fromkeys(desks, 0.95), dict.fromkeys(desks, 0.9), 0.9, 0.1, 0.5, 1.0, 3)
    decisions = validate.decide_held_out(proba, labels, policy, np.arange(6000), np.ones(6000))
    right = proba.argmax(axis=1) == labels
    assert right[decisions.auto].mean() == pytest.approx(0.96, abs=0.015)
    assert decisions.in_set[np.arange(6000), labels].mean() == pytest.approx(0.9, abs=0.015)
    shares = decisions.menu.mean(axis=1)
    assert (np.diff(shares) < 0).all()
    assert shares[1] == decisions.auto.mean()  # the menu's 0.95


def test_the_curve_ends_at_the_cross_fit_and_grows(artefact: Artefact, measured: Measured) -> None:
    curve = validate.learning_curve(measured)
    assert curve is not None
    assert curve.n_tips == sorted(curve.n_tips)
    assert curve.accuracy[-1].value == pytest.approx(artefact.manifest.metrics["accuracy"])
    assert (curve.accuracy[0].value or 0) < (curve.accuracy[-1].value or 0)
    assert (curve.accuracy_gain.low or 0) > 0
    assert {len(figures) for figures in curve.f1.values()} == {len(curve.n_tips)}
    assert validate.learning_curve(measured, n_jobs=2) == curve


def test_a_handful_of_tips_has_no_curve(measured: Measured) -> None:
    few = np.arange(len(measured.tips)) % 2 == 0
    assert validate.learning_curve(replace(measured, targets=measured.targets.take(few))) is None


def test_tips_that_are_all_alike_are_refused(
    small_corpus: list[Tip], taxonomy: Taxonomy, words: list[str], triage: TriageData
) -> None:
    text = "老板拖欠我三个月工资一直不给，请帮忙处理一下这件事情"
    alike = [replace(tip, text=f"{text}{number}") for number, tip in enumerate(small_corpus)]
    with pytest.raises(CorpusError, match="too much alike") as caught:
        fit_model(alike, taxonomy, words, triage, TrainingConfig())
    assert "\n" not in str(caught.value)


def test_shares_of_nothing_are_unknown() -> None:
    assert validate.share_with_interval(0, 0).value is None
    assert validate.share_with_interval(9, 10) == pytest.approx((0.9, 0.596, 0.982), abs=1e-3)
