"""The separators over one feature matrix: desks, further desks, demand types, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from model.segment import UserWord
from training.classifier import TipClassifier
from training.config import TrainingConfig
from training.targets import Targets

Floats = NDArray[np.float64]

_ABSENT = -20.0  # the score of what no tip of the corpus has


@dataclass(frozen=True)
class Heads:
    """Everything fitted on labelled tips, before calibration.

    Attributes
    ----------
    classifier : TipClassifier
        Of the desks; its features are those of all separators.
    weights : ndarray of shape (n_features, n_outputs)
        Outputs are desks, further desks, demand types.
    intercepts : ndarray of shape (n_outputs,)
    """

    classifier: TipClassifier
    weights: Floats
    intercepts: Floats

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return uncalibrated scores, shape (n_texts, n_outputs)."""
        scores: Floats = self.classifier.transform(texts) @ self.weights + self.intercepts
        return scores


def fit_heads(
    texts: Sequence[str],
    targets: Targets,
    sample_weight: Floats,
    user_words: Sequence[UserWord],
    config: TrainingConfig,
) -> Heads:
    """Return the separators fitted on labelled texts.

    Parameters
    ----------
    sample_weight : ndarray of shape (n_texts,)
    """
    classifier = TipClassifier(
        user_words,
        char_ngrams=config.char_ngrams,
        min_df=config.min_df,
        C=config.desk_C,
        random_state=config.random_state,
    ).fit(texts, targets.desk, sample_weight)
    features = classifier.transform(texts)
    weights = np.zeros((features.shape[1], targets.n_outputs))
    intercepts = np.full(targets.n_outputs, _ABSENT)
    weights[:, classifier.classes_] = classifier.linear_.coef_.T
    intercepts[classifier.classes_] = classifier.linear_.intercept_

    def separate(rows: NDArray[np.bool_], truth: NDArray[np.bool_], C: float) -> tuple[Floats, float]:
        if truth[rows].all() or not truth[rows].any():
            return np.zeros(features.shape[1]), _ABSENT
        linear = LinearSVC(C=C, random_state=config.random_state)
        linear.fit(features[rows], truth[rows], sample_weight=sample_weight[rows])
        return linear.coef_[0], float(linear.intercept_[0])

    # A further desk is scored twice: is it concerned at all, as first or further desk (many examples), and is it a
    # further desk (few)? The sum of the two scores is better than either.
    concerned = targets.also | targets.is_desk
    for desk in range(targets.n_desks):
        column = targets.n_desks + desk
        any_weights, any_intercept = separate(targets.also_known, concerned[:, desk], config.also_C)
        also_weights, also_intercept = separate(targets.also_known, targets.also[:, desk], config.also_C)
        weights[:, column], intercepts[column] = any_weights + also_weights, any_intercept + also_intercept
    for kind in range(targets.n_kinds):
        column = 2 * targets.n_desks + kind
        weights[:, column], intercepts[column] = separate(targets.kind >= 0, targets.kind == kind, config.kind_C)
    return Heads(classifier, weights, intercepts)
