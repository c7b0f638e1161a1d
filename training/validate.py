"""How a model will do on tips to come: from out-of-fold scores, with intervals, and what more tips would bring.

Intervals are 95% bootstrap intervals over groups of tips (near-duplicates, neighbours in a file): tips of one group are
right or wrong together, and intervals over single tips would be too narrow.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from joblib import delayed
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, binomtest, bootstrap
from sklearn.model_selection import StratifiedGroupKFold

from model.artefact import Policy
from model.taxonomy import Taxonomy
from training.apart import run_side_by_side
from training.calibrate import auto_thresholds, set_threshold
from training.config import TrainingConfig
from training.corpus import Tip
from training.crossfit import Features
from training.heads import Block, fit_and_score
from training.targets import Targets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

PRECISION_MENU = (0.90, 0.95, 0.97, 0.99)
CURVE_SHARES = (1 / 8, 1 / 4, 1 / 2)  # of the tips that a fold is learned from; all of them is the cross-fit itself
_EIGHTHS = 8
_RESAMPLES = 1000
_RESAMPLES_AT_ONCE = 10  # for memory's sake
_FOLDS = 3


class Figure(NamedTuple):
    """A figure and its 95% interval; None where the tips tell nothing of it."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Decisions:
    """What the policy decides of each tip when its thresholds come from other tips.

    Attributes
    ----------
    auto : ndarray of bool, shape (n_tips,)
    menu : ndarray of bool, shape (len(PRECISION_MENU), n_tips)
        Whether the tip were ``auto``, was that the precision target of all desks.
    in_set : ndarray of bool, shape (n_tips, n_desks)
        The prediction set.
    """

    auto: Truths
    menu: Truths
    in_set: Truths

    def metrics(self, predicted: Integers, labels: Integers, chosen: Truths) -> dict[str, float | None]:
        """Return the figures of some tips, named as `training.evaluate.evaluate` names them."""
        auto, right = self.auto[chosen], (predicted == labels)[chosen]
        covered = self.in_set[np.arange(labels.size), labels][chosen]
        return {
            "auto_coverage": float(auto.mean()),
            "auto_precision": float(right[auto].mean()) if auto.any() else None,
            "set_coverage": float(covered.mean()),
            "mean_set_size": float(self.in_set[chosen].sum(axis=1).mean()),
        }


@dataclass(frozen=True)
class Measured:
    """What a model was fitted on and how it scored that out of fold.

    Attributes
    ----------
    tips : sequence of Tip
    weights : ndarray of shape (n_tips,)
        How much each tip counted in fitting.
    typical : ndarray of bool, shape (n_tips,)
        The tips that figures are taken on: the hotline's own where there are any.
    proba : ndarray of shape (n_tips, n_desks)
        Out-of-fold probabilities.
    """

    tips: Sequence[Tip]
    taxonomy: Taxonomy
    config: TrainingConfig
    features: Features
    targets: Targets
    weights: Floats
    typical: Truths
    proba: Floats
    decisions: Decisions

    @property
    def predicted(self) -> Integers:
        """The first desk of each tip, shape (n_tips,)."""
        predicted: Integers = self.proba.argmax(axis=1)
        return predicted

    @property
    def right(self) -> Truths:
        """Whether that is the labelled one."""
        right: Truths = self.predicted == self.targets.desk
        return right


@dataclass(frozen=True)
class Summary:
    """The figures of all desks together and of each desk: figures by name, and by desk and name."""

    overall: dict[str, Figure]
    per_desk: dict[str, dict[str, Figure]]


@dataclass(frozen=True)
class LearningCurve:
    """How figures grow with the number of tips that are learned from.

    Attributes
    ----------
    n_tips : list of int
        Learned from, in the mean of the folds; ascending, the last one the cross-fit itself.
    accuracy, macro_f1 : list of Figure
    f1 : dict of str to list of Figure
        By desk.
    accuracy_gain : Figure
        Of the last doubling.
    f1_gains : dict of str to Figure
    """

    n_tips: list[int]
    accuracy: list[Figure]
    macro_f1: list[Figure]
    f1: dict[str, list[Figure]]
    accuracy_gain: Figure
    f1_gains: dict[str, Figure]


def decide_held_out(proba: Floats, labels: Integers, policy: Policy, groups: Integers, weights: Floats) -> Decisions:
    """Return what the policy would decide were its thresholds fitted on tips of other groups.

    Thresholds are the best of many, so that they flatter the tips that they were chosen on. The temperature, one number
    for all tips, does not, and stays.

    Parameters
    ----------
    proba : ndarray of shape (n_tips, n_desks)
    labels, groups, weights : ndarray of shape (n_tips,)
        The right desk, what may not be parted, and how much the tip counts.
    """
    n_tips, n_desks = proba.shape
    predicted, confidence = proba.argmax(axis=1), proba.max(axis=1)
    wanted = [list(policy.precision_targets.values()), *([target] * n_desks for target in PRECISION_MENU)]
    auto = np.zeros((len(wanted), n_tips), dtype=np.bool_)
    in_set = np.zeros((n_tips, n_desks), dtype=np.bool_)
    folds = _parts(groups, labels, _FOLDS)
    for fold in range(_FOLDS):
        rest, held = folds != fold, folds == fold
        for row, targets in enumerate(wanted):
            thresholds = auto_thresholds(proba[rest], labels[rest], targets, weights[rest])
            auto[row, held] = confidence[held] >= thresholds[predicted[held]]
        in_set[held] = proba[held] >= set_threshold(proba[rest], labels[rest], policy.coverage, weights[rest])
    in_set[np.arange(n_tips), predicted] = True
    auto &= in_set.sum(axis=1) <= policy.max_confirm
    return Decisions(auto[0], auto[1:], in_set)


def summarise(measured: Measured) -> Summary:
    """Return the figures that the report begins with, with their intervals."""
    chosen, n_desks = measured.typical, measured.targets.n_desks
    labels, predicted, decisions = measured.targets.desk, measured.predicted, measured.decisions
    in_top3 = (np.argsort(-measured.proba, axis=1, kind="stable")[:, :3] == labels[:, np.newaxis]).any(axis=1)
    others = [
        in_top3,
        decisions.auto,
        decisions.auto & measured.right,
        decisions.in_set[np.arange(labels.size), labels],
        decisions.in_set.sum(axis=1),
    ]
    columns = np.column_stack([_desk_columns(predicted, labels, n_desks), *others])

    def statistic(sums: Floats) -> Floats:
        top3, auto, auto_right, covered, sizes = np.moveaxis(sums[..., 3 * n_desks :], -1, 0)
        n_tips = sums[..., 2 * n_desks : 3 * n_desks].sum(axis=-1)
        shares = [top3 / n_tips, auto / n_tips, _ratio(auto_right, auto), covered / n_tips, sizes / n_tips]
        return np.concatenate([_desk_figures(sums[..., : 3 * n_desks], n_desks), np.stack(shares, axis=-1)], axis=-1)

    figures = _with_intervals(columns[chosen], measured.features.groups[chosen], statistic, measured.config)
    names = ["accuracy", "macro_f1", "top3_accuracy", "auto_coverage", "auto_precision", "set_coverage"]
    names.append("mean_set_size")
    per_desk = np.array(figures[2 : 2 + 3 * n_desks], dtype=object).reshape(3, n_desks, 3)
    return Summary(
        overall=dict(zip(names, [*figures[:2], *figures[2 + 3 * n_desks :]], strict=True)),
        per_desk={
            desk: {name: Figure(*per_desk[row, column]) for row, name in enumerate(("precision", "recall", "f1"))}
            for column, desk in enumerate(measured.taxonomy.desk_ids)
        },
    )


def learning_curve(
    measured: Measured, *, n_jobs: int = 1, progress: Callable[[str], None] = lambda _: None
) -> LearningCurve | None:
    """Return how good the desks are when they are learned from a part of the tips, or None if there are too few.

    Each fold is scored by separators fitted on an eighth, a quarter and a half of the others, near-duplicates and
    neighbours kept together, and the smaller part inside the larger one. The vocabulary stays that of all tips.
    """
    targets, groups, config = measured.targets, measured.features.groups, measured.config
    if np.bincount(targets.desk).max() < _FOLDS * _EIGHTHS:
        return None
    parts = _parts(groups, targets.desk, _FOLDS * _EIGHTHS)
    folds, eighths = np.divmod(parts, _EIGHTHS)
    jobs = [(share, fold) for share in reversed(CURVE_SHARES) for fold in range(_FOLDS)]  # the longest first
    learned = [(folds != fold) & (eighths < share * _EIGHTHS) for share, fold in jobs]
    if any(np.unique(targets.desk[own]).size < 2 for own in learned):
        return None
    progress("学习曲线：只用一部分诉求各学一遍")
    rows, values = measured.features.rows, measured.features.values
    copied = targets.with_copies(measured.features.copied)

    def predict_fold(own: Truths, fold: int) -> Integers:
        train = np.flatnonzero(own[rows])
        weights, others = measured.weights[rows[train]], values[np.flatnonzero(folds == fold)]
        scores = fit_and_score(values[train], copied.take(train), weights, config, Block.DESKS, others)
        predicted: Integers = scores.argmax(axis=1)
        return predicted

    calls = [delayed(predict_fold)(own, fold) for own, (_, fold) in zip(learned, jobs, strict=True)]
    scored = run_side_by_side(calls, n_jobs)
    predictions = {share: np.zeros_like(targets.desk) for share in CURVE_SHARES}
    for (share, fold), desks in zip(jobs, scored, strict=True):
        predictions[share][folds == fold] = desks
    # Of all tips, two of three folds; the parts are about equal.
    n_tips = [round(share * targets.desk.size * (1 - 1 / _FOLDS)) for share in (*CURVE_SHARES, 1)]
    return _curve(measured, [*predictions.values(), measured.predicted], n_tips)


def _curve(measured: Measured, predictions: Sequence[Integers], n_tips: list[int]) -> LearningCurve:
    """Return figures and gains for predictions after learning from more and more tips."""
    chosen, n_desks, n_points = measured.typical, measured.targets.n_desks, len(predictions)
    columns = np.column_stack([_desk_columns(desks, measured.targets.desk, n_desks) for desks in predictions])

    def statistic(sums: Floats) -> Floats:
        points = [_desk_figures(part, n_desks) for part in np.split(sums, n_points, axis=-1)]
        return np.concatenate([*points, points[-1] - points[-2]], axis=-1)

    figures = _with_intervals(columns[chosen], measured.features.groups[chosen], statistic, measured.config)
    n_figures = 2 + 3 * n_desks
    *points, gains = [figures[i : i + n_figures] for i in range(0, len(figures), n_figures)]
    f1 = 2 + 2 * n_desks  # where it begins
    return LearningCurve(
        n_tips=n_tips,
        accuracy=[point[0] for point in points],
        macro_f1=[point[1] for point in points],
        f1={desk: [point[f1 + i] for point in points] for i, desk in enumerate(measured.taxonomy.desk_ids)},
        accuracy_gain=gains[0],
        f1_gains={desk: gains[f1 + i] for i, desk in enumerate(measured.taxonomy.desk_ids)},
    )


def share_with_interval(n_hits: int, n: int) -> Figure:
    """Return a share of independent tips with Wilson's interval."""
    if not n:
        return Figure(None)
    low, high = binomtest(int(n_hits), int(n)).proportion_ci(method="wilson")
    return Figure(n_hits / n, float(low), float(high))


def _parts(groups: Integers, labels: Integers, n_parts: int) -> Integers:
    """Return for each tip the number of its part; each part has whole groups and about the same mix of labels."""
    parts = np.zeros_like(labels)
    splitter = StratifiedGroupKFold(n_parts, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # then some parts lack it
        splits: Iterator[tuple[Any, Integers]] = splitter.split(labels, labels, groups)
        for number, (_, part) in enumerate(splits):
            parts[part] = number
    return parts


def _desk_columns(predicted: Integers, labels: Integers, n_desks: int) -> Floats:
    """Return what of each tip adds up to the desks' figures: hits, predicted, labelled; shape (n_tips, 3 * n_desks)."""
    desks = np.arange(n_desks)
    is_predicted, is_labelled = predicted[:, np.newaxis] == desks, labels[:, np.newaxis] == desks
    return np.column_stack([is_predicted & is_labelled, is_predicted, is_labelled]).astype(np.float64)


def _desk_figures(sums: Floats, n_desks: int) -> Floats:
    """Return accuracy, macro-F1 over the desks that have tips, then precision, recall and F1 of each desk."""
    hits, predicted, labelled = np.split(sums, [n_desks, 2 * n_desks], axis=-1)
    accuracy = hits.sum(axis=-1, keepdims=True) / labelled.sum(axis=-1, keepdims=True)
    f1 = 2 * hits / np.maximum(predicted + labelled, 1)
    macro_f1 = f1.sum(axis=-1, keepdims=True) / (labelled > 0).sum(axis=-1, keepdims=True)
    return np.concatenate(
        [accuracy, macro_f1, hits / np.maximum(predicted, 1), hits / np.maximum(labelled, 1), f1], axis=-1
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part by whole, not a number where there is nothing."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def _with_intervals(
    columns: Floats, groups: Integers, statistic: Callable[[Floats], Floats], config: TrainingConfig
) -> list[Figure]:
    """Return what a statistic makes of sums over all tips, with intervals from groups drawn again.

    Parameters
    ----------
    columns : ndarray of shape (n_tips, n_columns)
    groups : ndarray of int, shape (n_tips,)
    statistic : callable
        From sums of shape (..., n_columns) to figures of shape (..., n_figures).

    Notes
    -----
    B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile intervals.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    sums = np.zeros((numbers.max() + 1, columns.shape[1]))
    np.add.at(sums, numbers, columns)
    values = statistic(sums.sum(axis=0))
    if len(sums) < 2:
        return [_figure(value, np.nan, np.nan) for value in values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # a ratio of nothing in some draws: no interval
        interval = bootstrap(
            (np.arange(len(sums)),),
            lambda drawn, axis: np.moveaxis(statistic(sums[drawn].sum(axis=-2)), -1, 0),  # noqa: ARG005
            n_resamples=_RESAMPLES,
            batch=_RESAMPLES_AT_ONCE,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(config.random_state),
        ).confidence_interval
    return [_figure(*figure) for figure in zip(values, interval.low, interval.high, strict=True)]


def _figure(*numbers: float) -> Figure:
    return Figure(*(None if np.isnan(number) else float(number) for number in numbers))
