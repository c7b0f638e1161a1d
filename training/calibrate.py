"""Probabilities that mean what they say, and the numbers that turn them into decisions.

Constants are fitted on tips that the scores had not learned from: out-of-fold, or real tips that are in no corpus.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
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
class Constants:
    """What makes the probabilities of further desks, of demand types and of urgency right.

    Real callers mix these otherwise than the corpus does, so for the shipped corpus the numbers are fitted on real tips
    and shipped (see `training.constants`).

    Attributes
    ----------
    also_slope, also_intercept : float
        ``sigmoid(slope * score + intercept)`` is the probability of a further desk.
    also_threshold : float
        A further desk is named from this probability on.
    kind_scale : float
    kind_biases : list of float
        ``softmax(scale * scores + biases)`` is a distribution over demand types.
    urgent_slope, urgent_intercept : float
        ``sigmoid(slope * score + intercept)`` is the probability that a tip is urgent, by its wording.
    urgent_threshold : float
        Wording is a reason for urgency from this probability on.
    source : str
        On what tips they were fitted.
    """

    also_slope: float
    also_intercept: float
    also_threshold: float
    kind_scale: float
    kind_biases: list[float]
    urgent_slope: float
    urgent_intercept: float
    urgent_threshold: float
    source: str


@dataclass(frozen=True)
class SoftmaxCalibration:
    """``softmax(scale * scores + biases)``: one temperature for all classes, one bias for each."""

    scale: float
    biases: Floats

    def proba(self, scores: Floats) -> Floats:
        """Return calibrated probabilities, shape (n_samples, n_classes)."""
        proba: Floats = softmax(self.scale * scores + self.biases, axis=1)
        return proba


@dataclass(frozen=True)
class Calibration:
    """All that stands between scores and decisions.

    Attributes
    ----------
    desk : SoftmaxCalibration
    constants : Constants
    policy : Policy
    source : str
        On what tips the desks' probabilities and the policy were fitted.
    """

    desk: SoftmaxCalibration
    constants: Constants
    policy: Policy
    source: str

    def fold_in(self, weights: NDArray[np.float32], intercepts: Floats) -> tuple[Floats, Floats]:
        """Return weights and intercepts whose scores are calibrated logits, outputs as in `training.heads`."""
        desk, others = self.desk, self.constants
        n_desks, n_kinds = desk.biases.size, len(others.kind_biases)
        slopes = np.repeat(
            [desk.scale, others.also_slope, others.kind_scale, others.urgent_slope], [n_desks, n_desks, n_kinds, 1]
        )
        also = np.full(n_desks, others.also_intercept)
        shifts = np.concatenate([desk.biases, also, others.kind_biases, [others.urgent_intercept]])
        return weights * slopes, intercepts * slopes + shifts


def fit_calibration(
    desk_scores: Floats,
    targets: Targets,
    taxonomy: Taxonomy,
    config: TrainingConfig,
    constants: Constants,
    source: str,
    typical: NDArray[np.bool_],
    shares: Mapping[str, float] | None = None,
    precision_targets: Mapping[str, float] | None = None,
) -> Calibration:
    """Return the numbers under which the desks' scores say what the labels are, and the policy that follows.

    The desks have one temperature and no biases of their own: fitted biases helped no real tips, and those of a city
    hotline would bury the desks that are rare there. Where a hotline states its shares, they shift the probabilities.

    Parameters
    ----------
    desk_scores : ndarray of shape (n_tips, n_desks)
    typical : ndarray of bool, shape (n_tips,)
        The tips that are like those to come; the temperature is fitted on them alone. The policy is fitted on all tips,
        because a desk may have too few typical ones to know its precision.
    shares : mapping of str to float, optional
        Share of each desk in the tips to come; by default that in these tips.
    precision_targets : mapping of str to float, optional
        Share of right ones that a desk's ``auto`` decisions aim at; the configuration's for a desk that is not in it.
    """
    weights, biases = shift_to_shares(targets, taxonomy, shares)
    scale = fit_temperature(desk_scores[typical], targets.desk[typical], biases, weights[typical])
    desk = SoftmaxCalibration(scale, biases)
    proba = desk.proba(desk_scores)
    wanted = dict.fromkeys(taxonomy.desk_ids, config.precision_target) | dict(precision_targets or {})
    thresholds = auto_thresholds(proba, targets.desk, list(wanted.values()), weights)
    policy = Policy(
        precision_targets=wanted,
        auto_thresholds=dict(zip(wanted, thresholds.tolist(), strict=True)),
        coverage=config.coverage,
        set_threshold=set_threshold(proba, targets.desk, config.coverage, weights),
        also_threshold=constants.also_threshold,
        urgent_threshold=constants.urgent_threshold,
        max_confirm=config.max_confirm,
    )
    return Calibration(desk, constants, policy, source)


def shift_to_shares(targets: Targets, taxonomy: Taxonomy, shares: Mapping[str, float] | None) -> tuple[Floats, Floats]:
    """Return how much each tip counts, shape (n_tips,), and each desk's bias, so that tips come in these shares."""
    if shares is None:
        return np.ones(targets.desk.size), np.zeros(targets.n_desks)
    wanted = np.array([shares[desk] for desk in taxonomy.desk_ids])
    odds = wanted / (np.bincount(targets.desk, minlength=targets.n_desks) + 1)
    return odds[targets.desk] / odds[targets.desk].mean(), np.log(odds / odds.mean())


def fit_constants(
    scores: Floats, targets: Targets, typical: NDArray[np.bool_], config: TrainingConfig, source: str
) -> Constants:
    """Return the numbers that calibrate further desks, demand types and urgency.

    Parameters
    ----------
    scores : ndarray of shape (n_tips, n_outputs)
        Outputs as in `training.heads`.
    typical : ndarray of bool, shape (n_tips,)
        The tips that are like those to come. Where none of them says whether it is urgent, all others have to do.
    """
    labelled = targets.urgent >= 0
    labelled = labelled & typical if (labelled & typical).any() else labelled
    urgent, urgent_scores = targets.urgent[labelled] == 1, scores[labelled, -1]
    urgent_slope, urgent_intercept = fit_sigmoid(urgent_scores, urgent)
    urgent_proba = expit(urgent_slope * urgent_scores + urgent_intercept)

    scores, targets = scores[typical], targets.take(typical)
    n_desks = targets.n_desks
    desk_scores, also_scores, kind_scores, _ = np.split(scores, [n_desks, 2 * n_desks, scores.shape[1] - 1], axis=1)
    kind_known, also_known = targets.kind >= 0, targets.also_known
    kind = fit_softmax(kind_scores[kind_known], targets.kind[kind_known], config.kind_bias_penalty)
    further = also_known[:, np.newaxis] & ~targets.is_desk
    slope, intercept = fit_sigmoid(also_scores[further], targets.also[further])
    proba, predicted = expit(slope * also_scores + intercept), desk_scores.argmax(axis=1)
    return Constants(
        also_slope=slope,
        also_intercept=intercept,
        also_threshold=also_threshold(proba[also_known], targets.also[also_known], predicted[also_known]),
        kind_scale=kind.scale,
        kind_biases=kind.biases.tolist(),
        urgent_slope=urgent_slope,
        urgent_intercept=urgent_intercept,
        urgent_threshold=auto_threshold(urgent_proba, urgent, config.urgent_precision, np.ones(urgent.size)),
        source=source,
    )


def fit_temperature(scores: Floats, labels: NDArray[np.int64], biases: Floats, weights: Floats) -> float:
    """Return the scale at which ``softmax(scale * scores + biases)`` makes `labels` likeliest.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
    labels : ndarray of int, shape (n_samples,)
        Column of the right class.
    weights : ndarray of shape (n_samples,)
        How much each sample counts.

    Notes
    -----
    C. Guo et al., On Calibration of Modern Neural Networks, 2017.
    """

    def loss(log_scale: float) -> float:
        logs = log_softmax(np.exp(log_scale) * scores + biases, axis=1)
        return -float(logs[np.arange(labels.size), labels] @ weights)

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded").x))


def fit_softmax(scores: Floats, labels: NDArray[np.int64], bias_penalty: float) -> SoftmaxCalibration:
    """Return the temperature and biases under which `labels` are likeliest.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
    labels : ndarray of int, shape (n_samples,)
        Column of the right class.
    bias_penalty : float
        Added to the mean log loss for a mean squared bias of 1.

    Notes
    -----
    As `fit_temperature`, with penalised biases.
    """
    n_classes = scores.shape[1]
    if not labels.size:
        return SoftmaxCalibration(1.0, np.zeros(n_classes))

    def loss(parameters: Floats) -> float:
        logits = np.exp(parameters[0]) * scores + parameters[1:]
        likelihood = log_softmax(logits, axis=1)[np.arange(labels.size), labels].mean()
        return float(-likelihood + bias_penalty * np.square(parameters[1:]).mean())

    def gradient(parameters: Floats) -> Floats:
        scale = np.exp(parameters[0])
        errors = softmax(scale * scores + parameters[1:], axis=1)
        errors[np.arange(labels.size), labels] -= 1
        errors /= labels.size
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


def auto_thresholds(
    proba: Floats, labels: NDArray[np.int64], precision_targets: Sequence[float], weights: Floats
) -> Floats:
    """Return the `auto_threshold` of each desk, shape (n_desks,).

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_desks)
    labels, weights : ndarray of shape (n_samples,)
        The right desk, and how much the tip counts.
    precision_targets : sequence of float
        Of each desk.
    """
    predicted, confidence = proba.argmax(axis=1), proba.max(axis=1)
    right = predicted == labels
    thresholds = []
    for desk, target in enumerate(precision_targets):
        own = predicted == desk
        thresholds.append(auto_threshold(confidence[own], right[own], target, weights[own]))
    return np.array(thresholds)


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
