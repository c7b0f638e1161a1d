"""The separators over one feature matrix: desks, further desks, demand types, urgency, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.svm import LinearSVC

from training.classifier import fit_separators, log_count_ratios, scale_columns
from training.config import TrainingConfig
from training.targets import Targets

Floats = NDArray[np.float64]

_ABSENT = -20.0  # the score of what no tip of the corpus has
_TOLERANCE = 0.1  # a finer one takes a third longer and changes no figure


class Block(Enum):
    """Outputs that are fitted together; in this order they are all."""

    DESKS = auto()
    FURTHER_DESKS = auto()
    KINDS_AND_URGENCY = auto()


@dataclass(frozen=True)
class Heads:
    """What is fitted on values and labels, before calibration.

    Attributes
    ----------
    weights : ndarray of float32, shape (n_features, n_outputs)
        Outputs are desks, further desks, demand types, urgency, or a block of them.
    intercepts : ndarray of shape (n_outputs,)
    """

    weights: NDArray[np.float32]
    intercepts: Floats

    @classmethod
    def joined(cls, blocks: Sequence[Self]) -> Self:
        """Return all outputs of blocks side by side."""
        weights = np.concatenate([block.weights for block in blocks], axis=1)
        return cls(weights, np.concatenate([block.intercepts for block in blocks]))

    def scores(self, values: csr_array) -> Floats:
        """Return uncalibrated scores, shape (n_tips, n_outputs)."""
        scores: Floats = values @ self.weights + self.intercepts
        return scores


def fit_heads(
    values: csr_array, targets: Targets, sample_weight: Floats, config: TrainingConfig, block: Block
) -> Heads:
    """Return a block of separators fitted on labelled tips.

    Parameters
    ----------
    values : csr_array of shape (n_tips, n_features)
        From `training.classifier.TipVectorizer`.
    sample_weight : ndarray of shape (n_tips,)
    """
    n_outputs = _n_outputs(targets, block)
    weights = np.zeros((values.shape[1], n_outputs), dtype=np.float32)
    intercepts = np.full(n_outputs, _ABSENT)
    for columns, coefficients, constants in _separate(values, targets, sample_weight, config, block):
        weights[:, columns], intercepts[columns] = coefficients.T, constants
    return Heads(weights, intercepts)


def fit_and_score(
    values: csr_array,
    targets: Targets,
    sample_weight: Floats,
    config: TrainingConfig,
    block: Block,
    others: csr_array,
) -> Floats:
    """Return what `fit_heads` would score `others`, shape (n_others, n_outputs), without room for all its weights."""
    scores = np.full((others.shape[0], _n_outputs(targets, block)), _ABSENT)
    separators = _separate(values, targets, sample_weight, config, block)
    del values  # the caller may have left them to us alone: they are as large as what is learned from
    for columns, coefficients, constants in separators:
        scores[:, columns] = others @ coefficients.T + constants
    return scores


def _n_outputs(targets: Targets, block: Block) -> int:
    return targets.n_kinds + 1 if block is Block.KINDS_AND_URGENCY else targets.n_desks


def _separate(
    values: csr_array, targets: Targets, sample_weight: Floats, config: TrainingConfig, block: Block
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """Yield outputs of a block, coefficients of shape (n_outputs, n_features), and intercepts, of what has any."""
    scale = log_count_ratios(values, targets.desk, sample_weight)
    scaled = scale_columns(values, scale)
    del values

    def separate(known: NDArray[np.bool_], truth: NDArray[np.bool_], C: float) -> tuple[Floats, float]:
        if truth[known].all() or not truth[known].any():
            return np.zeros(scale.size), _ABSENT
        # The primal, which scikit-learn chooses where there are more tips than features, takes three times as long.
        linear = LinearSVC(C=C, dual=True, tol=_TOLERANCE, random_state=config.random_state)
        linear.fit(scaled, truth & known, sample_weight=sample_weight * known)  # weighed 0 is left out, without a copy
        return linear.coef_[0] * scale, float(linear.intercept_[0])

    match block:
        case Block.DESKS:
            desks = np.unique(targets.desk)
            separated = desks if desks.size > 2 else desks[1:]  # of two the second alone, against the first's 0
            for first in desks[: desks.size - separated.size]:
                yield np.array([first]), np.zeros((1, scale.size)), np.zeros(1)
            coefficients, intercepts = fit_separators(
                scaled, targets.desk, separated, sample_weight, config.desk_C, config.random_state
            )
            coefficients *= scale
            yield separated, coefficients, intercepts
        case Block.FURTHER_DESKS:
            # A further desk is scored twice: is it concerned at all, as first or further desk (many examples), and is
            # it a further desk (few; where it is the first one its words tell nothing of that)? The second counts
            # double.
            concerned = targets.also | targets.is_desk
            for desk in range(targets.n_desks):
                elsewhere = targets.also_known & ~targets.is_desk[:, desk]
                any_weights, any_intercept = separate(targets.also_known, concerned[:, desk], config.also_C)
                also_weights, also_intercept = separate(elsewhere, targets.also[:, desk], config.also_C)
                any_weights += 2 * also_weights
                yield np.array([desk]), any_weights[np.newaxis], np.array([any_intercept + 2 * also_intercept])
        case Block.KINDS_AND_URGENCY:
            for kind in range(targets.n_kinds):
                weights, intercept = separate(targets.kind >= 0, targets.kind == kind, config.kind_C)
                yield np.array([kind]), weights[np.newaxis], np.array([intercept])
            known = targets.urgent >= 0
            if np.unique(targets.urgent[known]).size == 2:
                coefficients, intercepts = fit_separators(
                    scaled, targets.urgent, np.array([1]), sample_weight * known, config.urgent_C, config.random_state
                )
                yield np.array([targets.n_kinds]), coefficients * scale, intercepts
