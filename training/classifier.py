"""The classifier as scikit-learn knows it: words and character n-grams, TF-IDF, one linear separator a desk."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from model.segment import Segmenter, UserWord
from model.text import feature_text, normalise

BETWEEN_BLANKS = r"\S+"


class TipClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear classifier of tips: a support vector machine on TF-IDF values scaled by log-count ratios.

    Texts are normalised, masked and segmented before a vectorizer sees them, so that everything fitted is of
    scikit-learn's own types.

    Parameters
    ----------
    user_words : sequence of UserWord
        Words that jieba's own dictionary lacks.
    char_ngrams : tuple of int
        Shortest and longest character n-gram, at most three.
    min_df : int
        Features in fewer texts are dropped.
    C : float
        Inverse strength of regularisation.
    random_state : int or None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    vectorizer_ : ColumnTransformer
        From an array of shape (n_samples, 2), words joined by blanks and characters without, to TF-IDF values.
    scale_ : ndarray of shape (n_features,)
        What each TF-IDF value is multiplied by.
    linear_ : LinearSVC

    Notes
    -----
    Scaling by log-count ratios: S. Wang and C. Manning, Baselines and Bigrams, 2012; here the largest ratio over the
    classes scales a feature for all of them, so that one matrix serves every separator.
    """

    def __init__(
        self,
        user_words: Sequence[UserWord] = (),
        *,
        char_ngrams: tuple[int, int] = (1, 3),
        min_df: int = 2,
        C: float = 0.3,
        random_state: int | None = 0,
    ) -> None:
        self.user_words = user_words
        self.char_ngrams = char_ngrams
        self.min_df = min_df
        self.C = C
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Iterable[str], y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on texts and their labels.

        Parameters
        ----------
        X : iterable of str, shape (n_samples,)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
            How many times each text counts.
        """
        check_classification_targets(y)
        check_consistent_length(X, y, sample_weight)
        labels = np.asarray(y)
        weights = np.ones(labels.size) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        common = {"lowercase": False, "min_df": self.min_df, "sublinear_tf": True, "dtype": np.float32}
        words = TfidfVectorizer(token_pattern=BETWEEN_BLANKS, **common)
        chars = TfidfVectorizer(analyzer="char", ngram_range=self.char_ngrams, **common)
        self.vectorizer_ = ColumnTransformer([("words", words, 0), ("chars", chars, 1)], sparse_threshold=1)
        values = self.vectorizer_.fit_transform(self._columns(X))
        self.scale_ = log_count_ratios(values, labels, weights)
        self.linear_ = LinearSVC(C=self.C, random_state=self.random_state)
        self.linear_.fit(scaled(values, self.scale_), labels, sample_weight=weights)
        self.classes_ = self.linear_.classes_
        return self

    def transform(self, X: Iterable[str]) -> csr_matrix:
        """Return the scaled values of texts, shape (n_samples, n_features): words, then character n-grams."""
        check_is_fitted(self)
        return scaled(self.vectorizer_.transform(self._columns(X)), self.scale_)

    def decision_function(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the scores of texts, shape (n_samples, n_classes), columns as `classes_`."""
        features = self.transform(X)
        scores: NDArray[np.float64] = self.linear_.decision_function(features)
        return scores

    def predict(self, X: Iterable[str]) -> NDArray[Any]:
        """Return the likeliest label of each text, shape (n_samples,)."""
        features = self.transform(X)
        labels: NDArray[Any] = self.linear_.predict(features)
        return labels

    def _columns(self, X: Iterable[str]) -> NDArray[np.object_]:
        segmenter = Segmenter(self.user_words)
        words = [segmenter.cut(feature_text(normalise(str(text)))) for text in X]
        kept = [[word for word in text if not word.isspace()] for text in words]
        rows = [(" ".join(text), "".join(text)) for text in kept]
        return np.array(rows, dtype=object).reshape(-1, 2)


def log_count_ratios(values: csr_matrix, labels: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return for each feature the largest log-ratio of its frequency in one class to that in the others, mean 1."""
    present = csr_matrix((np.ones_like(values.data), values.indices, values.indptr), shape=values.shape)
    total = present.T @ weights + 1
    largest = np.zeros(values.shape[1])
    for label in np.unique(labels):
        inside = present.T @ (weights * (labels == label)) + 1
        outside = total - inside + 1
        largest = np.maximum(largest, np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())))
    scale: NDArray[np.float32] = (largest / largest.mean()).astype(np.float32)
    return scale


def scaled(values: csr_matrix, scale: NDArray[np.float32]) -> csr_matrix:
    """Return values with each column multiplied by its scale."""
    return csr_matrix((values.data * scale[values.indices], values.indices, values.indptr), shape=values.shape)
