"""Recipes compared on real tips: ``python -m benchmarks.quality``.

Each recipe learns from the corpus alone (*starter*) and from the corpus with the practice tips (*own cases*), and is
measured on tips that it has not seen: practice and dev for the starter, dev for own cases. Choose on practice; dev is
for the report. 95% intervals by bootstrap over tips. Scores are uncalibrated.
"""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from benchmarks.real import DEV, PRACTICE, read_real_tips
from model.segment import build_user_words, read_word_list
from training.classifier import LogCountRatioSVC, TipVectorizer
from training.config import TrainingConfig
from training.corpus import read_corpus, read_taxonomy, require_sound
from training.evaluate import MIN_SUPPORT

DATA = Path("data")
CONFIG = TrainingConfig()
BOOTSTRAPS = 1000

Scores = NDArray[np.float64]


class MeanOf(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The mean of several classifiers' scores, each centred and scaled to unit deviation."""

    def __init__(self, classifiers: Sequence[Any]) -> None:
        self.classifiers = classifiers

    def fit(self, X: csr_array, y: NDArray[np.int64], sample_weight: Scores) -> "MeanOf":
        """Fit each."""
        self.fitted_ = [clone(each).fit(X, y, sample_weight=sample_weight) for each in self.classifiers]
        self.spreads_ = [_centred(score(each, X)).std() for each in self.fitted_]
        return self

    def decision_function(self, X: csr_array) -> Scores:
        """Return the mean."""
        pairs = zip(self.fitted_, self.spreads_, strict=True)
        mean: Scores = np.mean([_centred(score(each, X)) / spread for each, spread in pairs], axis=0)
        return mean


class Selected(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier on the features that chi-square tells most of."""

    def __init__(self, n_features: int, classifier: Any) -> None:
        self.n_features = n_features
        self.classifier = classifier

    def fit(self, X: csr_array, y: NDArray[np.int64], sample_weight: Scores) -> "Selected":
        """Select and fit."""
        self.selector_ = SelectKBest(chi2, k=min(self.n_features, X.shape[1])).fit(X, y)
        self.fitted_ = clone(self.classifier).fit(self.selector_.transform(X), y, sample_weight=sample_weight)
        return self

    def decision_function(self, X: csr_array) -> Scores:
        """Return the classifier's scores."""
        return score(self.fitted_, self.selector_.transform(X))


class TwoStep(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """First whether it is a labour matter, then which desk."""

    def __init__(self, no_labour: int, classifier: Any) -> None:
        self.no_labour = no_labour
        self.classifier = classifier

    def fit(self, X: csr_array, y: NDArray[np.int64], sample_weight: Scores) -> "TwoStep":
        """Fit both steps."""
        labour = y != self.no_labour
        self.first_ = clone(self.classifier).fit(X, labour, sample_weight=sample_weight)
        self.second_ = clone(self.classifier).fit(X[labour], y[labour], sample_weight=sample_weight[labour])
        return self

    def decision_function(self, X: csr_array) -> Scores:
        """Return scores under which the desk without labour matters wins where the first step says so."""
        desks = score(self.second_, X)
        without = desks.max(axis=1) - score(self.first_, X)
        return np.insert(desks, self.no_labour, without, axis=1)


def score(classifier: Any, values: csr_array) -> Scores:
    """Return scores, shape (n_tips, n_desks): decision function, or log-probabilities where there is none."""
    has_scores = hasattr(classifier, "decision_function")
    scores: Scores = classifier.decision_function(values) if has_scores else classifier.predict_log_proba(values)
    return scores


def _centred(scores: Scores) -> Scores:
    centred: Scores = scores - scores.mean(axis=1, keepdims=True)
    return centred


TAXONOMY = read_taxonomy(DATA / "desks.yaml")
NO_LABOUR = [desk.labour for desk in TAXONOMY.desks].index(False)
PUBLISHED = LogCountRatioSVC(CONFIG.desk_C)
BAYES = ComplementNB(alpha=0.3)

# name: (words, characters, classifier); n-gram ranges, None for none
RECIPES: dict[str, tuple[tuple[int, int] | None, tuple[int, int] | None, Any]] = {
    "SVM, classes balanced": ((1, 1), (1, 3), LinearSVC(C=0.3, class_weight="balanced", random_state=0)),
    "SVM": ((1, 1), (1, 3), LinearSVC(C=0.3, random_state=0)),
    "SVM, log-count ratios (published)": ((1, 1), (1, 3), PUBLISHED),
    "the same, C 0.1": ((1, 1), (1, 3), LogCountRatioSVC(0.1)),
    "the same, C 1": ((1, 1), (1, 3), LogCountRatioSVC(1.0)),
    "the same, words alone": ((1, 1), None, PUBLISHED),
    "the same, words 1-2 alone": ((1, 2), None, PUBLISHED),
    "the same, characters alone": (None, (1, 3), PUBLISHED),
    "the same, words 1-2": ((1, 2), (1, 3), PUBLISHED),
    "the same, characters 1-4": ((1, 1), (1, 4), PUBLISHED),
    "ridge": ((1, 1), (1, 3), RidgeClassifier(alpha=2, solver="sparse_cg", tol=1e-3)),
    "complement naive Bayes": ((1, 1), (1, 3), BAYES),
    "logistic regression, classes balanced": ((1, 1), (1, 3), LogisticRegression(C=10, class_weight="balanced")),
    "published + complement naive Bayes": ((1, 1), (1, 3), MeanOf([PUBLISHED, BAYES])),
    "published, 60,000 features by chi-square": ((1, 1), (1, 3), Selected(60_000, PUBLISHED)),
    "published, two steps": ((1, 1), (1, 3), TwoStep(NO_LABOUR, PUBLISHED)),
}


def main() -> None:
    """Print the table."""
    practice, dev = read_real_tips(PRACTICE, TAXONOMY), read_real_tips(DEV, TAXONOMY)
    corpus, problems = read_corpus([DATA / "corpus"], TAXONOMY)
    require_sound(problems)
    user_words = build_user_words(read_word_list(DATA / "userdict.txt"))
    ids = list(TAXONOMY.desk_ids)
    table = Table("words 1, characters 1-3, unless said", "starter: practice", "starter: dev", "own cases: dev")
    for name, (words, chars, classifier) in RECIPES.items():
        cells = []
        for train, weights, tests in (
            (corpus, np.ones(len(corpus)), (practice, dev)),
            ([*corpus, *practice], np.repeat([1.0, CONFIG.own_weight], [len(corpus), len(practice)]), (dev,)),
        ):
            vectorizer = TipVectorizer(user_words, word_ngrams=words, char_ngrams=chars, min_df=CONFIG.min_df)
            values = vectorizer.fit_transform([tip.text for tip in train])
            labels = np.array([ids.index(tip.desk) for tip in train])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps are what a recipe gets
                fitted = clone(classifier).fit(values, labels, sample_weight=weights)
            for tips in tests:
                scores = score(fitted, vectorizer.transform([tip.text for tip in tips]))
                cells.append(_figures(scores, np.array([ids.index(tip.desk) for tip in tips])))
        table.add_row(name, *cells)
        sys.stderr.write(f"{name}\n")
    console = Console(width=140)
    console.print(table)
    console.print("accuracy with 95% interval, macro-F1 over desks with 12 tips or more, top-3 accuracy")


def _figures(scores: Scores, truth: NDArray[np.int64]) -> str:
    """Return accuracy with its interval, macro-F1 over desks with enough tips, and top-3 accuracy."""
    order = np.argsort(-scores, axis=1, kind="stable")
    predicted = order[:, 0]
    right = predicted == truth
    samples = np.random.default_rng(0).integers(truth.size, size=(BOOTSTRAPS, truth.size))
    low, high = np.quantile(right[samples].mean(axis=1), [0.025, 0.975])
    supported = np.flatnonzero(np.bincount(truth, minlength=scores.shape[1]) >= MIN_SUPPORT)
    f1 = f1_score(truth, predicted, labels=supported, average="macro", zero_division=0)
    top3 = (order[:, :3] == truth[:, np.newaxis]).any(axis=1).mean()
    return f"{right.mean():.3f} [{low:.3f}, {high:.3f}]  {f1:.3f}  {top3:.3f}"


if __name__ == "__main__":
    main()
