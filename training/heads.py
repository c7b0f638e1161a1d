"""The separators over one feature matrix: desks, further desks, demand types, urgency, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.svm import LinearSVC

from training.classifier import fit_separators, log_count_ratios, scale_columns
from training.config import TrainingConfig
from training.targets import Targets

Floats = NDArray[np.float64]

_ABSENT = -20.0  # the score of what no tip of the corpus has
_TOLERANCE = 1e-2  # of 31 separators; a finer one takes a third longer and changes no figure


@dataclass(frozen=True)
class Heads:
    """Everything fitted on values and labels, before calibration.

    Attributes
    ----------
    weights : ndarray of float32, shape (n_features, n_outputs)
        Outputs are desks, further desks, demand types, urgency.
    intercepts : ndarray of shape (n_outputs,)
    """

    weights: NDArray[np.float32]
    intercepts: Floats

    def scores(self, values: csr_array) -> Floats:
        """Return uncalibrated scores, shape (n_tips, n_outputs)."""
        scores: Floats = values @ self.weights + self.intercepts
        return scores


def fit_heads(
    values: csr_array, targets: Targets, sample_weight: Floats, config: TrainingConfig, *, desks_only: bool = False
) -> Heads:
    """Return the separators fitted on labelled tips.

    Parameters
    ----------
    values : csr_array of shape (n_tips, n_features)
        From `training.classifier.TipVectorizer`.
    sample_weight : ndarray of shape (n_tips,)
    desks_only : bool
        True leaves the other outputs at 0, in two thirds of the time.
    """
    weights = np.zeros((values.shape[1], targets.n_outputs), dtype=np.float32)
    intercepts = np.full(targets.n_outputs, _ABSENT)
    for columns, coefficients, constants in _separate(values, targets, sample_weight, config, desks_only):
        weights[:, columns], intercepts[columns] = coefficients.T, constants
        del coefficients  # of all desks, while the next are fitted
    return Heads(weights, intercepts)


def fit_and_score(
    values: csr_array,
    targets: Targets,
    sample_weight: Floats,
    config: TrainingConfig,
    others: csr_array,
    *,
    desks_only: bool = False,
) -> Floats:
    """Return what `fit_heads` would score `others`, shape (n_others, n_outputs), without room for all its weights."""
    scores = np.full((others.shape[0], targets.n_outputs), _ABSENT)
    separators = _separate(values, targets, sample_weight, config, desks_only)
    del values  # the caller may have left them to us alone: they are as large as what is learned from
    for columns, coefficients, constants in separators:
        scores[:, columns] = others @ coefficients.T + constants
        del coefficients
    return scores


def _separate(
    values: csr_array, targets: Targets, sample_weight: Floats, config: TrainingConfig, desks_only: bool
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """Yield outputs, their coefficients, shape (n_outputs, n_features), and their intercepts; of what has any."""
    scale = log_count_ratios(values, targets.desk, sample_weight)
    scaled = scale_columns(values, scale)
    del values
    desks = np.unique(targets.desk)
    separated = desks if desks.size > 2 else desks[1:]  # of two desks the second alone, against the first's 0
    for first in desks[: desks.size - separated.size]:
        yield np.array([first]), np.zeros((1, scale.size)), np.zeros(1)
    coefficients, intercepts = fit_separators(
        scaled, targets.desk, separated, sample_weight, config.desk_C, config.random_state
    )
    coefficients *= scale
    yield separated, coefficients, intercepts
    del coefficients
    if desks_only:
        return

    def separate(known: NDArray[np.bool_], truth: NDArray[np.bool_], C: float) -> tuple[Floats, float]:
        if truth[known].all() or not truth[known].any():
            return np.zeros(scale.size), _ABSENT
        linear = LinearSVC(C=C, tol=_TOLERANCE, random_state=config.random_state)
        linear.fit(scaled, truth & known, sample_weight=sample_weight * known)  # weighed 0 is left out, without a copy
        return linear.coef_[0] * scale, float(linear.intercept_[0])

    # A further desk is scored twice: is it concerned at all, as first or further desk (many examples), and is it a
    # further desk (few; where it is the first one its words tell nothing of that)? The second counts double.
    concerned = targets.also | targets.is_desk
    for desk in range(targets.n_desks):
        elsewhere = targets.also_known & ~targets.is_desk[:, desk]
        any_weights, any_intercept = separate(targets.also_known, concerned[:, desk], config.also_C)
        also_weights, also_intercept = separate(elsewhere, targets.also[:, desk], config.also_C)
        any_weights += 2 * also_weights
        column, intercept = targets.n_desks + desk, any_intercept + 2 * also_intercept
        yield np.array([column]), any_weights[np.newaxis], np.array([intercept])
    for kind in range(targets.n_kinds):
        kind_weights, kind_intercept = separate(targets.kind >= 0, targets.kind == kind, config.kind_C)
        yield np.array([2 * targets.n_desks + kind]), kind_weights[np.newaxis], np.array([kind_intercept])
    known = targets.urgent >= 0
    if np.unique(targets.urgent[known]).size == 2:
        weight = sample_weight * known
        coefficients, intercepts = fit_separators(
            scaled, targets.urgent, np.array([1]), weight, config.urgent_C, config.random_state
        )
        yield np.array([targets.n_outputs - 1]), coefficients * scale, intercepts
