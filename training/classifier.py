"""The classifier as scikit-learn knows it: texts -> TF-IDF values -> one linear separator a desk."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from model.features import FeatureFinder
from model.featuretext import feature_lines
from model.gramindex import GramIndex
from model.layout import Layout
from model.segment import Segmenter, UserWord
from training.config import TrainingConfig
from training.vocabulary import learn_vocabulary

_TEXTS_AT_ONCE = 8192
_TOLERANCE = 0.5


class TipVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """TF-IDF values of words and of character n-grams, each block scaled to one length, as serving computes them.

    Parameters
    ----------
    user_words : sequence of UserWord
        Words that jieba's own dictionary lacks.
    char_ngrams : tuple of int
        Shortest and longest character n-gram, at most three characters.
    word_weight, char_weight : float
        Length of a block; 0 leaves it empty.
    opening_chars : int
        What stands in the first so many characters of a text counts twice.
    min_df, min_share : int, float
        Features in fewer texts, or in a smaller share of them, are dropped.

    Attributes
    ----------
    words_ : list of str
    char_grams_ : ndarray of uint64, ascending
    idf_ : ndarray of float32, shape (n_features,)
        Words, then character n-grams.
    """

    def __init__(
        self,
        user_words: Sequence[UserWord] = (),
        *,
        char_ngrams: tuple[int, int] = (1, 3),
        word_weight: float = 1.0,
        char_weight: float = 1.0,
        opening_chars: int = 0,
        min_df: int = 2,
        min_share: float = 0.0,
    ) -> None:
        self.user_words = user_words
        self.char_ngrams = char_ngrams
        self.word_weight = word_weight
        self.char_weight = char_weight
        self.opening_chars = opening_chars
        self.min_df = min_df
        self.min_share = min_share

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

    def fit_transform(self, X: Iterable[str], y: object = None) -> csr_array:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the vocabulary of texts and return their values, shape (n_samples, n_features)."""
        texts = [str(text) for text in X]
        vocabulary = learn_vocabulary(self._lay_out(texts), self.char_ngrams, self.min_df, self.min_share)
        self.words_, self.char_grams_, self.idf_ = vocabulary
        return self.transform(texts)

    def transform(self, X: Iterable[str]) -> csr_array:
        """Return the values of texts, shape (n_samples, n_features): words, then character n-grams."""
        check_is_fitted(self)
        finder = FeatureFinder(
            self.words_, GramIndex.of(self.char_grams_), self.idf_, self.char_ngrams, self.opening_chars
        )
        parts = [csr_array((0, self.idf_.size), dtype=np.float32)]
        for layout in self._lay_out([str(text) for text in X]):
            data, features, starts = finder.weigh(finder.find(layout), layout)
            data *= np.where(features < len(self.words_), np.float32(self.word_weight), np.float32(self.char_weight))
            parts.append(csr_array((data, features, starts), shape=(layout.n_texts, self.idf_.size)))
        return vstack(parts, format="csr")

    def _lay_out(self, texts: Sequence[str]) -> Iterator[Layout]:
        """Yield layouts of a part of the texts after the other, for memory's sake."""
        segmenter = Segmenter(self.user_words)
        for i in range(0, len(texts), _TEXTS_AT_ONCE):
            yield segmenter.lay_out(feature_lines(texts[i : i + _TEXTS_AT_ONCE]))


class LogCountRatioClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One logistic separator a class, on values scaled by log-count ratios.

    Parameters
    ----------
    C : float
        Inverse strength of regularisation.
    tol : float
        When to stop. A finer one than this takes up to twice as long and changes no figure.
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

    def __init__(self, C: float = 10.0, tol: float = _TOLERANCE, random_state: int | None = 0) -> None:
        self.C = C
        self.tol = tol
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
        self.classes_ = np.unique(labels)
        if self.classes_.size < 2:
            raise ValueError(f"found one class, {self.classes_[0]!r}; expected at least two classes")
        self.scale_ = log_count_ratios(values, labels, weights)
        scaled = scale_columns(values, self.scale_)
        separated = self.classes_ if self.classes_.size > 2 else self.classes_[1:]
        coefficients, self.intercept_ = fit_separators(
            scaled, labels, separated, weights, self.C, self.random_state, self.tol
        )
        self.coef_ = coefficients * self.scale_
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return scores, shape (n_samples, n_classes), or (n_samples,) for two classes."""
        check_is_fitted(self)
        values: Any = validate_data(self, X, accept_sparse="csr", reset=False)
        scores: NDArray[np.float64] = values @ self.coef_.T + self.intercept_
        return scores.ravel() if self.classes_.size == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest label of each sample, shape (n_samples,)."""
        scores = self.decision_function(X)
        labels: NDArray[Any] = self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]
        return labels


def build_vectorizer(user_words: Sequence[UserWord], config: TrainingConfig) -> TipVectorizer:
    """Return the unfitted vectorizer of the published recipe."""
    return TipVectorizer(
        user_words,
        char_ngrams=config.char_ngrams,
        char_weight=config.char_weight,
        opening_chars=config.opening_chars,
        min_df=config.min_df,
        min_share=config.min_share,
    )


def build_classifier(user_words: Sequence[UserWord], config: TrainingConfig) -> Pipeline:
    """Return the unfitted classifier of desks: texts in, desk ids out."""
    return Pipeline(
        [
            ("vectorizer", build_vectorizer(user_words, config)),
            ("separators", LogCountRatioClassifier(config.desk_C, random_state=config.random_state)),
        ]
    )


def fit_separators(
    scaled: csr_array,
    labels: NDArray[Any],
    classes: NDArray[Any],
    weights: NDArray[np.float64],
    C: float,
    random_state: int | None,
    tol: float = _TOLERANCE,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coefficients and intercepts of a separator of each class from all others.

    Parameters
    ----------
    scaled : csr_array of shape (n_samples, n_features)
        From `scale_columns`.

    Returns
    -------
    coefficients : ndarray of shape (n_classes, n_features)
        Of the scaled values.
    intercepts : ndarray of shape (n_classes,)
    """
    fitted = [
        # Scikit-learn's own way to several classes is slower and no better (benchmarks.quality).
        LogisticRegression(C=C, solver="liblinear", dual=True, tol=tol, random_state=random_state).fit(
            scaled, labels == label, sample_weight=weights
        )
        for label in classes
    ]
    return np.concatenate([one.coef_ for one in fitted]), np.concatenate([one.intercept_ for one in fitted])


def scale_columns(values: csr_array, scale: NDArray[np.float64]) -> csr_array:
    """Return `values` with each column multiplied by its scale."""
    return csr_array((values.data * scale[values.indices], values.indices, values.indptr), shape=values.shape)


def log_count_ratios(values: csr_array, labels: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `LogCountRatioClassifier` multiplies each value by, shape (n_features,)."""
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
