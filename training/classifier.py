"""The classifier as scikit-learn knows it: texts -> TF-IDF values -> one linear separator a desk."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from model.segment import Segmenter, UserWord
from model.text import feature_text, normalise
from training.config import TrainingConfig

_BETWEEN_BLANKS = r"\S+"


class TipVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """TF-IDF values of words and of character n-grams, each block scaled to length 1.

    Texts are normalised, masked and segmented before scikit-learn's vectorizers see them, so that everything fitted is
    of scikit-learn's own types.

    Parameters
    ----------
    user_words : sequence of UserWord
        Words that jieba's own dictionary lacks.
    word_ngrams, char_ngrams : tuple of int, or None
        Shortest and longest n-gram; None leaves the block out.
    min_df : int
        Features in fewer texts are dropped.

    Attributes
    ----------
    vectorizer_ : ColumnTransformer
        From an array of shape (n_samples, 2), words joined by blanks and characters without.
    """

    def __init__(
        self,
        user_words: Sequence[UserWord] = (),
        *,
        word_ngrams: tuple[int, int] | None = (1, 1),
        char_ngrams: tuple[int, int] | None = (1, 3),
        min_df: int = 2,
    ) -> None:
        self.user_words = user_words
        self.word_ngrams = word_ngrams
        self.char_ngrams = char_ngrams
        self.min_df = min_df

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Learn the vocabulary of texts, shape (n_samples,); `y` is not used."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Iterable[str], y: object = None) -> csr_array:
        """Learn the vocabulary of texts and return their values, shape (n_samples, n_features)."""
        common = {"lowercase": False, "min_df": self.min_df, "sublinear_tf": True, "dtype": np.float32}
        blocks: list[tuple[str, TfidfVectorizer, int]] = []
        if self.word_ngrams:
            words = TfidfVectorizer(token_pattern=_BETWEEN_BLANKS, ngram_range=self.word_ngrams, **common)
            blocks.append(("words", words, 0))
        if self.char_ngrams:
            chars = TfidfVectorizer(analyzer="char", ngram_range=self.char_ngrams, **common)
            blocks.append(("chars", chars, 1))
        self.vectorizer_ = ColumnTransformer(blocks, sparse_threshold=1)
        return csr_array(self.vectorizer_.fit_transform(self._columns(X), y))

    def transform(self, X: Iterable[str]) -> csr_array:
        """Return the values of texts, shape (n_samples, n_features): words, then character n-grams."""
        check_is_fitted(self)
        return csr_array(self.vectorizer_.transform(self._columns(X)))

    def _columns(self, X: Iterable[str]) -> NDArray[np.object_]:
        segmenter = Segmenter(self.user_words)
        words = [segmenter.cut(feature_text(normalise(str(text)))) for text in X]
        kept = [[word for word in text if not word.isspace()] for text in words]
        rows = [(" ".join(text), "".join(text)) for text in kept]
        return np.array(rows, dtype=object).reshape(-1, 2)


class LogCountRatioSVC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear support vector machine on values scaled by log-count ratios.

    Parameters
    ----------
    C : float
        Inverse strength of regularisation.
    random_state : int or None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    scale_ : ndarray of shape (n_features,)
        What each value is multiplied by: the largest log-ratio of a feature's frequency in one class to that in the
        others, divided by the mean over features.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Of the values as given, the scale folded in.
    intercept_ : ndarray of shape (n_classes,) or (1,)

    Notes
    -----
    After S. Wang and C. Manning, Baselines and Bigrams, 2012; there each class has ratios of its own, here one scale
    serves all, which is as good and lets other separators share it.
    """

    def __init__(self, C: float = 0.3, random_state: int | None = 0) -> None:
        self.C = C
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on values and their labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
            How many times each sample counts.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        values, labels = csr_array(X), np.asarray(y)
        weights = np.ones(values.shape[0]) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.scale_ = _log_count_ratios(values, labels, weights)
        linear = LinearSVC(C=self.C, random_state=self.random_state)
        linear.fit(scale_columns(values, self.scale_), labels, sample_weight=weights)
        self.classes_, self.intercept_ = linear.classes_, linear.intercept_
        self.coef_ = linear.coef_ * self.scale_
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return scores, shape (n_samples, n_classes), or (n_samples,) for two classes."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        scores: NDArray[np.float64] = X @ self.coef_.T + self.intercept_
        return scores.ravel() if self.classes_.size == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest label of each sample, shape (n_samples,)."""
        scores = self.decision_function(X)
        labels: NDArray[Any] = self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]
        return labels


def build_classifier(user_words: Sequence[UserWord], config: TrainingConfig) -> Pipeline:
    """Return the unfitted classifier of desks: texts in, desk ids out."""
    return Pipeline(
        [
            ("vectorizer", TipVectorizer(user_words, char_ngrams=config.char_ngrams, min_df=config.min_df)),
            ("separators", LogCountRatioSVC(config.desk_C, config.random_state)),
        ]
    )


def scale_columns(values: csr_array, scale: NDArray[np.float64]) -> csr_array:
    """Return `values` with each column multiplied by its scale."""
    return csr_array((values.data * scale[values.indices], values.indices, values.indptr), shape=values.shape)


def _log_count_ratios(values: csr_array, labels: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    present = csr_array(((values.data != 0).astype(np.float64), values.indices, values.indptr), shape=values.shape)
    total = present.T @ weights + 1
    largest = np.zeros(values.shape[1])
    for label in np.unique(labels):
        inside = present.T @ (weights * (labels == label)) + 1
        outside = total - inside + 1
        ratios = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
        largest = np.maximum(largest, np.abs(ratios))
    mean = largest.mean()
    return largest / mean if mean else np.ones_like(largest)
