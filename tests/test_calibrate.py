"""Calibration on numbers whose right answer is known."""

import numpy as np
import pytest

from training import calibrate

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
