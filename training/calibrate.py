"""Probabilities that mean what they say, and the numbers that turn them into decisions.

Constants are fitted on tips that the scores had not learned from: out-of-fold, or real tips that are in no corpus.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from model.artefact import Policy
from model.taxonomy import Taxonomy
from training.config import TrainingConfig
from training.targets import Targets

Floats = NDArray[np.float64]

NEVER = 1.01  # a threshold that no probability reaches
_ONE_SIDED_95 = 1.645  # standard errors
_MIN_AUTO_SUPPORT = 20  # tips on which a precision is worth believing


@dataclass(frozen=True)
class Calibration:
    """All constants that stand between scores and decisions.

    Attributes
    ----------
    desk_scale, desk_biases, kind_scale, kind_biases
        ``softmax(scale * scores + biases)`` is a distribution over desks, or demand types.
    also_slope, also_intercept
        ``sigmoid(slope * score + intercept)`` is the probability of a further desk.
    policy : Policy
    source : str
        What tips those were.
    """

    desk_scale: float
    desk_biases: list[float]
    also_slope: float
    also_intercept: float
    kind_scale: float
    kind_biases: list[float]
    policy: Policy
    source: str

    def fold_in(self, weights: Floats, intercepts: Floats) -> tuple[Floats, Floats]:
        """Return weights and intercepts whose scores are calibrated logits, outputs as in `training.heads`."""
        n_desks, n_kinds = len(self.desk_biases), len(self.kind_biases)
        slopes = np.repeat([self.desk_scale, self.also_slope, self.kind_scale], [n_desks, n_desks, n_kinds])
        shifts = np.concatenate([self.desk_biases, np.full(n_desks, self.also_intercept), self.kind_biases])
        return weights * slopes, intercepts * slopes + shifts


def fit_calibration(
    scores: Floats,
    targets: Targets,
    taxonomy: Taxonomy,
    config: TrainingConfig,
    source: str,
    typical: NDArray[np.bool_] | None = None,
    shares: Mapping[str, float] | None = None,
) -> Calibration:
    """Return the constants under which the scores say what the labels are.

    Parameters
    ----------
    scores : ndarray of shape (n_tips, n_outputs)
        Outputs as in `training.heads`.
    typical : ndarray of bool, shape (n_tips,), optional
        The tips that are like those to come; probabilities are fitted on them alone. The policy is fitted on all tips,
        because a desk may have too few typical ones to know its precision. By default all are typical.
    shares : mapping of str to float, optional
        Share of each desk in the tips to come; by default that in these tips.
    """
    n_desks = targets.n_desks
    desk_scores, also_scores, kind_scores = np.split(scores, [n_desks, 2 * n_desks], axis=1)
    fitted = np.ones(len(scores), dtype=np.bool_) if typical is None else typical
    weights = np.ones(len(scores)) if shares is None else _importance(targets, taxonomy, shares)
    desk = fit_softmax(desk_scores[fitted], targets.desk[fitted], config.bias_penalty, weights[fitted])
    kind_known = fitted & (targets.kind >= 0)
    kind = fit_softmax(kind_scores[kind_known], targets.kind[kind_known], config.bias_penalty, weights[kind_known])
    also_known = fitted & targets.also_known
    further = also_known[:, np.newaxis] & ~targets.is_desk
    slope, intercept = fit_sigmoid(also_scores[further], targets.also[further])

    proba = desk.proba(desk_scores)
    predicted, confidence = proba.argmax(axis=1), proba.max(axis=1)
    right = predicted == targets.desk
    policy = Policy(
        precision_target=config.precision_target,
        auto_thresholds={
            desk_id: auto_threshold(
                confidence[predicted == column],
                right[predicted == column],
                config.precision_target,
                weights[predicted == column],
            )
            for column, desk_id in enumerate(taxonomy.desk_ids)
        },
        coverage=config.coverage,
        set_threshold=set_threshold(proba, targets.desk, config.coverage, weights),
        also_threshold=also_threshold(
            expit(slope * also_scores[also_known] + intercept), targets.also[also_known], predicted[also_known]
        ),
        max_confirm=config.max_confirm,
    )
    return Calibration(
        desk_scale=desk.scale,
        desk_biases=desk.biases.tolist(),
        also_slope=slope,
        also_intercept=intercept,
        kind_scale=kind.scale,
        kind_biases=kind.biases.tolist(),
        policy=policy,
        source=source,
    )


@dataclass(frozen=True)
class SoftmaxCalibration:
    """``softmax(scale * scores + biases)``: one temperature for all classes, one bias for each."""

    scale: float
    biases: Floats

    def proba(self, scores: Floats) -> Floats:
        """Return calibrated probabilities, shape (n_samples, n_classes)."""
        proba: Floats = softmax(self.scale * scores + self.biases, axis=1)
        return proba


def _importance(targets: Targets, taxonomy: Taxonomy, shares: Mapping[str, float]) -> Floats:
    """Return a weight for each tip under which the desks have the given shares, mean 1."""
    wanted = np.array([shares[desk] for desk in taxonomy.desk_ids])
    counts = np.bincount(targets.desk, minlength=targets.n_desks)
    weights = (wanted / np.maximum(counts, 1))[targets.desk]
    normalised: Floats = weights / weights.mean()
    return normalised


def fit_softmax(
    scores: Floats, labels: NDArray[np.int64], bias_penalty: float, weights: Floats | None = None
) -> SoftmaxCalibration:
    """Return the temperature and biases under which `labels` are likeliest.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
    labels : ndarray of int, shape (n_samples,)
        Column of the right class.
    bias_penalty : float
        Added to the mean log loss for a mean squared bias of 1.
    weights : ndarray of shape (n_samples,), optional
        How much each sample counts.

    Notes
    -----
    Temperature scaling: C. Guo et al., On Calibration of Modern Neural Networks, 2017; here with penalised biases.
    """
    n_classes = scores.shape[1]
    if not labels.size:
        return SoftmaxCalibration(1.0, np.zeros(n_classes))

    weights = np.ones(labels.size) if weights is None else weights
    weights = weights / weights.sum()

    def loss(parameters: Floats) -> float:
        logits = np.exp(parameters[0]) * scores + parameters[1:]
        likelihood = log_softmax(logits, axis=1)[np.arange(labels.size), labels] @ weights
        return float(-likelihood + bias_penalty * np.square(parameters[1:]).mean())

    def gradient(parameters: Floats) -> Floats:
        scale = np.exp(parameters[0])
        errors = softmax(scale * scores + parameters[1:], axis=1)
        errors[np.arange(labels.size), labels] -= 1
        errors *= weights[:, np.newaxis]
        biases = errors.sum(axis=0) + 2 * bias_penalty * parameters[1:] / n_classes
        return np.concatenate([[scale * (errors * scores).sum()], biases])

    fitted = minimize(loss, np.zeros(n_classes + 1), jac=gradient, method="L-BFGS-B").x
    return SoftmaxCalibration(float(np.exp(fitted[0])), fitted[1:])


def fit_sigmoid(scores: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of Platt's sigmoid for scores and truths of the same shape (n_pairs,)."""
    if truth.all() or not truth.any():
        return 0.0, 20.0 if truth.all() else -20.0
    fitted = LogisticRegression(C=1e6).fit(scores[:, np.newaxis], truth)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def auto_threshold(confidence: Floats, right: NDArray[np.bool_], precision_target: float, weights: Floats) -> float:
    """Return the lowest confidence from which on the share of right tips meets the target, with 95% certainty.

    Without that margin the threshold would be the luckiest of many, and new tips would miss the target.

    Parameters
    ----------
    confidence, right, weights : ndarray of shape (n_samples,)
        Of the tips that go to one desk; the weight is how much a tip counts.
    """
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, order.size + 1)
    precision = np.cumsum((right * weights)[order]) / np.cumsum(weights[order])
    surely = precision - _ONE_SIDED_95 * np.sqrt(precision * (1 - precision) / taken)
    meets = np.flatnonzero((surely >= precision_target) & (taken >= _MIN_AUTO_SUPPORT))
    return float(confidence[order[meets[-1]]]) if meets.size else NEVER


def set_threshold(proba: Floats, labels: NDArray[np.int64], coverage: float, weights: Floats) -> float:
    """Return the probability from which on a desk belongs in the prediction set.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_desks)
    labels, weights : ndarray of shape (n_samples,)
        The right desk, and how much the tip counts.

    Notes
    -----
    Split conformal prediction with the score ``1 - p(right desk)``: M. Sadinle et al., Least Ambiguous Set-Valued
    Classifiers with Bounded Error Levels, 2019.
    """
    of_right = proba[np.arange(labels.size), labels]
    order = np.argsort(of_right, kind="stable")
    below = np.cumsum(weights[order]) / (weights.sum() + weights.max())  # the tip to come counts as the heaviest
    missed = np.flatnonzero(below <= 1 - coverage)
    return float(of_right[order[missed[-1]]]) if missed.size else 0.0


def also_threshold(proba: Floats, truth: NDArray[np.bool_], predicted: NDArray[np.int64]) -> float:
    """Return the probability at which naming further desks has the best micro-averaged F1.

    Parameters
    ----------
    proba, truth : ndarray of shape (n_samples, n_desks)
    predicted : ndarray of int, shape (n_samples,)
        The first desk, which is never named again.
    """
    if not truth.any():
        return NEVER
    nameable = predicted[:, np.newaxis] != np.arange(truth.shape[1])
    candidates = np.round(np.arange(0.05, 0.96, 0.01), 2)
    scores = [f1_score(truth.ravel(), (nameable & (proba >= t)).ravel(), zero_division=0) for t in candidates]
    return float(candidates[int(np.argmax(scores))])
