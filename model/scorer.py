"""Scores from the stored arrays, a batch at a time, equal to what the scikit-learn estimator computed in training."""

import numpy as np
from numpy.typing import NDArray

from model.artefact import Artefact
from model.features import FeatureFinder
from model.layout import Layout


class Scorer:
    """Turns texts that were laid out into scores: feature values times weights."""

    def __init__(self, artefact: Artefact) -> None:
        manifest = artefact.manifest
        self.features = FeatureFinder(
            artefact.words, artefact.char_grams, artefact.idf, manifest.char_ngrams, manifest.opening_chars
        )
        self.weights = artefact.weights
        self._intercepts = artefact.intercepts

    def score(self, layout: Layout) -> NDArray[np.float32]:
        """Return the scores of all texts, shape (n_texts, n_outputs)."""
        words, chars = self.features.blocks(layout)
        scores: NDArray[np.float32] = words @ self.weights + chars @ self.weights + self._intercepts
        return scores
