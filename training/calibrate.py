"""Probabilities that mean what they say, and the numbers that turn them into decisions.

All of it is fitted on out-of-fold scores: no tip was scored by a classifier that had learned from it or from its twin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

Floats = NDArray[np.float64]

NEVER = 1.01  # a threshold that no probability reaches
_BIAS_PENALTY = 0.05  # weak: a desk that is rare in the corpus is not buried
_MIN_AUTO_SUPPORT = 20  # tips on which a precision is worth believing


@dataclass(frozen=True)
class SoftmaxCalibration:
    """``softmax(scale * scores + biases)``: one temperature for all classes, one bias for each."""

    scale: float
    biases: Floats

    def logits(self, scores: Floats) -> Floats:
        """Return calibrated logits, shape (n_samples, n_classes)."""
        return self.scale * scores + self.biases

    def proba(self, scores: Floats) -> Floats:
        """Return calibrated probabilities, shape (n_samples, n_classes)."""
        proba: Floats = softmax(self.logits(scores), axis=1)
        return proba


def fit_softmax(scores: Floats, labels: NDArray[np.int64]) -> SoftmaxCalibration:
    """Return the temperature and biases under which `labels` are likeliest.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
    labels : ndarray of int, shape (n_samples,)
        Column of the right class.

    Notes
    -----
    Temperature scaling: C. Guo et al., On Calibration of Modern Neural Networks, 2017; here with penalised biases.
    """
    n_classes = scores.shape[1]
    if not labels.size:
        return SoftmaxCalibration(1.0, np.zeros(n_classes))

    def loss(parameters: Floats) -> float:
        logits = np.exp(parameters[0]) * scores + parameters[1:]
        likelihood = log_softmax(logits, axis=1)[np.arange(labels.size), labels].mean()
        return float(-likelihood + _BIAS_PENALTY * np.square(parameters[1:]).mean())

    def gradient(parameters: Floats) -> Floats:
        scale = np.exp(parameters[0])
        errors = softmax(scale * scores + parameters[1:], axis=1)
        errors[np.arange(labels.size), labels] -= 1
        biases = errors.mean(axis=0) + 2 * _BIAS_PENALTY * parameters[1:] / n_classes
        return np.concatenate([[scale * (errors * scores).sum() / labels.size], biases])

    fitted = minimize(loss, np.zeros(n_classes + 1), jac=gradient, method="L-BFGS-B").x
    return SoftmaxCalibration(float(np.exp(fitted[0])), fitted[1:])


def fit_sigmoid(scores: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of Platt's sigmoid for scores and truths of the same shape (n_pairs,)."""
    if truth.all() or not truth.any():
        return 0.0, 20.0 if truth.all() else -20.0
    fitted = LogisticRegression(C=1e6).fit(scores[:, np.newaxis], truth)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def auto_threshold(confidence: Floats, right: NDArray[np.bool_], precision_target: float) -> float:
    """Return the lowest confidence from which on the share of right tips meets the target.

    Parameters
    ----------
    confidence, right : ndarray of shape (n_samples,)
        Of the tips that go to one desk.
    """
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, order.size + 1)
    precision = np.cumsum(right[order]) / taken
    meets = np.flatnonzero((precision >= precision_target) & (taken >= _MIN_AUTO_SUPPORT))
    return float(confidence[order[meets[-1]]]) if meets.size else NEVER


def set_threshold(proba: Floats, labels: NDArray[np.int64], coverage: float) -> float:
    """Return the probability from which on a desk belongs in the prediction set.

    Notes
    -----
    Split conformal prediction with the score ``1 - p(right desk)``: M. Sadinle et al., Least Ambiguous Set-Valued
    Classifiers with Bounded Error Levels, 2019.
    """
    of_right = np.sort(proba[np.arange(labels.size), labels])
    missed = int(np.floor((1 - coverage) * (labels.size + 1)))
    return float(of_right[missed - 1]) if missed else 0.0


def also_threshold(proba: Floats, truth: NDArray[np.bool_]) -> float:
    """Return the probability at which naming further desks has the best micro-averaged F1."""
    if not truth.any():
        return NEVER
    candidates = np.round(np.arange(0.05, 0.96, 0.01), 2)
    scores = [f1_score(truth.ravel(), (proba >= t).ravel(), zero_division=0) for t in candidates]
    return float(candidates[int(np.argmax(scores))])
