"""Calibration on numbers whose right answer is known."""

from pathlib import Path

import numpy as np
import pytest

from model.errors import CorpusError
from model.taxonomy import Taxonomy
from tests.conftest import write_csv
from training import calibrate
from training.corpus import read_targets

RNG = np.random.default_rng(7)


def test_the_temperature_that_made_the_labels_is_found() -> None:
    """Labels drawn with scale 3 and biases (0.5, 0, -0.5): both come back, the biases pulled towards 0."""
    scores = RNG.normal(size=(20_000, 3))
    truth = calibrate.SoftmaxCalibration(3.0, np.array([0.5, 0.0, -0.5])).proba(scores)
    labels = (truth.cumsum(axis=1) < RNG.random((20_000, 1))).sum(axis=1)
    fitted = calibrate.fit_softmax(scores, labels, bias_penalty=0.05)
    assert fitted.scale == pytest.approx(3, abs=0.3)
    assert 0.5 > fitted.biases[0] > fitted.biases[1] > fitted.biases[2] > -0.5
    np.testing.assert_allclose(fitted.proba(scores).sum(axis=1), 1)


def test_the_sigmoid_that_made_the_truths_is_found() -> None:
    scores = RNG.normal(size=20_000)
    truth = RNG.random(20_000) < 1 / (1 + np.exp(-(2 * scores - 1)))
    slope, intercept = calibrate.fit_sigmoid(scores, truth)
    assert slope == pytest.approx(2, abs=0.1)
    assert intercept == pytest.approx(-1, abs=0.1)


def test_truths_of_one_kind_give_a_constant() -> None:
    slope, intercept = calibrate.fit_sigmoid(np.array([1.0, 2.0]), np.array([False, False]))
    assert slope == 0
    assert intercept < -10


def test_auto_threshold_takes_as_many_as_the_target_allows() -> None:
    """1,000 tips, confidence 1.000 to 0.001; the first 500 right, then one in two.

    The share of right ones is 0.9 at number 625, and 1.645 standard errors of 0.011 above 0.9 at about number 588.
    """
    confidence = np.arange(1000, 0, -1) / 1000
    right = np.array([True] * 500 + [False, True] * 250)
    taken = confidence >= calibrate.auto_threshold(confidence, right, 0.9, np.ones(1000))
    assert 578 <= taken.sum() <= 598
    assert right[taken].mean() == pytest.approx(0.919, abs=0.005)


def test_too_few_or_too_wrong_tips_are_never_auto() -> None:
    assert calibrate.auto_threshold(np.ones(5), np.ones(5, dtype=bool), 0.9, np.ones(5)) == calibrate.NEVER
    assert calibrate.auto_threshold(np.ones(100), np.zeros(100, dtype=bool), 0.9, np.ones(100)) == calibrate.NEVER


def test_prediction_sets_cover_what_they_promise() -> None:
    proba = RNG.dirichlet(np.ones(5), size=4000)
    labels = (proba.cumsum(axis=1) < RNG.random((4000, 1))).sum(axis=1)
    threshold = calibrate.set_threshold(proba[:2000], labels[:2000], 0.9, np.ones(2000))
    covered = proba[2000:][np.arange(2000), labels[2000:]] >= threshold
    assert covered.mean() == pytest.approx(0.9, abs=0.03)


def test_also_threshold_separates() -> None:
    """The first desk of each tip, column 0, is never named again, so its high probability does not count."""
    proba = np.array([[0.95, 0.9, 0.2], [0.95, 0.8, 0.3]])
    truth = np.array([[False, True, False], [False, True, False]])
    assert 0.3 < calibrate.also_threshold(proba, truth, np.array([0, 0])) <= 0.8
    assert calibrate.also_threshold(proba, np.zeros_like(truth), np.array([0, 0])) == calibrate.NEVER


def test_weights_are_tips_counted_more_than_once() -> None:
    scores, labels, biases = RNG.normal(size=(300, 3)), RNG.integers(3, size=300), np.array([0.2, 0.0, -0.2])
    counts = RNG.integers(1, 4, size=300)
    weighted = calibrate.fit_temperature(scores, labels, biases, counts.astype(float))
    repeated = np.repeat(scores, counts, axis=0), np.repeat(labels, counts)
    assert weighted == pytest.approx(calibrate.fit_temperature(*repeated, biases, np.ones(counts.sum())), rel=1e-3)


def test_the_temperature_of_given_biases_is_found() -> None:
    scores, biases = RNG.normal(size=(20_000, 3)), np.array([0.5, 0.0, -0.5])
    truth = calibrate.SoftmaxCalibration(3.0, biases).proba(scores)
    labels = (truth.cumsum(axis=1) < RNG.random((20_000, 1))).sum(axis=1)
    assert calibrate.fit_temperature(scores, labels, biases, np.ones(20_000)) == pytest.approx(3, abs=0.1)


def test_each_desk_has_a_target_of_its_own() -> None:
    """Two desks with equal tips: the stricter one takes fewer of them."""
    confidence = np.tile(np.arange(1000, 0, -1) / 1001, 2)
    proba = np.column_stack([np.repeat([1.0, 0.0], 1000), np.repeat([0.0, 1.0], 1000)]) * confidence[:, np.newaxis]
    labels = np.where(np.tile(np.arange(1000) % 10 < confidence[:1000] * 10, 2), np.repeat([0, 1], 1000), 2)
    proba = np.column_stack([proba, np.zeros(2000)])
    loose, strict, _ = calibrate.auto_thresholds(proba, labels, [0.8, 0.9, 0.9], np.ones(2000))
    assert 0 < loose < strict < 1


def test_targets_are_read_for_some_desks(taxonomy: Taxonomy, tmp_path: Path) -> None:
    desk = taxonomy.desk_ids[2]
    path = write_csv(tmp_path / "targets.csv", ["desk", "precision"], [desk, "0.97"], encoding="utf-8-sig")
    assert read_targets(path, taxonomy) == {desk: 0.97}


@pytest.mark.parametrize("number", ["97", "97%", "1", "0", "-0.5", "nan", "", "准"])
def test_a_precision_that_is_none_is_refused(taxonomy: Taxonomy, tmp_path: Path, number: str) -> None:
    path = write_csv(tmp_path / "targets.csv", ["desk", "precision"], [taxonomy.desk_ids[0], number])
    with pytest.raises(CorpusError, match=r"targets.csv, row 2: expected .*such as 0.97"):
        read_targets(path, taxonomy)


@pytest.mark.parametrize(
    "rows", [[["nonsense", "0.9"]], [["wages", "0.9"], ["wages", "0.9"]], []], ids=["unknown", "twice", "none"]
)
def test_targets_of_no_desk_are_refused(taxonomy: Taxonomy, tmp_path: Path, rows: list[list[str]]) -> None:
    path = write_csv(tmp_path / "targets.csv", ["desk", "precision"], *rows)
    with pytest.raises(CorpusError, match=r"targets\.csv"):
        read_targets(path, taxonomy)
