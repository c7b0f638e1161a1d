"""Recipes compared on real tips: ``python -m benchmarks.quality``.

Each recipe learns from the corpus alone (*starter*) and from the corpus with the practice tips (*own cases*), and is
measured on tips that it has not seen: practice and dev for the starter, dev for own cases. Choose on practice; dev is
for the report. 95% intervals by bootstrap over tips. Scores are uncalibrated.
"""

import random
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from benchmarks.robustness import lookalikes, mistype, transcribe
from model.segment import build_user_words, read_word_list
from training.classifier import LogCountRatioClassifier, TipVectorizer, log_count_ratios, scale_columns
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound
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


class Scaled(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier on values scaled by log-count ratios."""

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def fit(self, X: csr_array, y: NDArray[np.int64], sample_weight: Scores) -> "Scaled":
        """Scale and fit."""
        self.scale_ = log_count_ratios(X, y, sample_weight)
        self.fitted_ = clone(self.classifier).fit(scale_columns(X, self.scale_), y, sample_weight=sample_weight)
        return self

    def decision_function(self, X: csr_array) -> Scores:
        """Return the classifier's scores."""
        return score(self.fitted_, scale_columns(X, self.scale_))


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


@dataclass(frozen=True)
class Recipe:
    """A classifier, and the values that it learns from; by default those of the published recipe."""

    classifier: Any
    word_weight: float = 1.0
    char_weight: float = CONFIG.char_weight
    opening_chars: int = CONFIG.opening_chars
    jieba_idf: bool = False
    noisy_copies: bool = False

    def measure(self, train: Sequence[Tip], weights: Scores, tests: Sequence[Sequence[Tip]]) -> list[str]:
        """Return the figures on each test set after learning from weighted tips."""
        if self.noisy_copies:
            train, weights = with_noisy_copies(train, weights)
        vectorizer = TipVectorizer(
            USER_WORDS,
            char_ngrams=CONFIG.char_ngrams,
            word_weight=self.word_weight,
            char_weight=self.char_weight,
            opening_chars=self.opening_chars,
            min_df=CONFIG.min_df,
            min_share=CONFIG.min_share,
        )
        values = vectorizer.fit_transform([tip.text for tip in train])
        scale = jieba_over_own_idf(vectorizer) if self.jieba_idf else np.ones(values.shape[1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps are what a recipe gets
            fitted = clone(self.classifier).fit(scale_columns(values, scale), _labels(train), sample_weight=weights)
        return [
            _figures(score(fitted, scale_columns(vectorizer.transform([t.text for t in tips]), scale)), _labels(tips))
            for tips in tests
        ]


def jieba_over_own_idf(vectorizer: TipVectorizer) -> Scores:
    """Return for each feature by how much a word's IDF in the table that jieba ships exceeds ours."""
    import jieba.analyse

    frequencies, median = jieba.analyse.TFIDF().idf_loader.get_idf()
    theirs = np.array([frequencies.get(word, median) for word in vectorizer.words_])
    ours = vectorizer.idf_[: theirs.size]
    scale: Scores = np.ones(vectorizer.idf_.size)
    scale[: theirs.size] = theirs / theirs.mean() / ours * ours.mean()
    return scale


def with_noisy_copies(tips: Sequence[Tip], weights: Scores) -> tuple[list[Tip], Scores]:
    """Return the tips and, for one in four, a copy that is mistyped or transcribed."""
    rng = random.Random(0)
    alike = lookalikes([tip.text for tip in tips])
    chosen = [n for n in range(len(tips)) if rng.random() < 0.25]
    copies = [
        replace(
            tips[n], text=transcribe(tips[n].text, rng) if rng.random() < 0.5 else mistype(tips[n].text, alike, rng)
        )
        for n in chosen
    ]
    return [*tips, *copies], np.concatenate([weights, weights[chosen]])


TAXONOMY = read_taxonomy(DATA / "desks.yaml")
USER_WORDS = build_user_words(read_word_list(DATA / "userdict.txt"))
NO_LABOUR = [desk.labour for desk in TAXONOMY.desks].index(False)
PUBLISHED = LogCountRatioClassifier(CONFIG.desk_C)
SVM = LinearSVC(C=0.3, random_state=0)
BAYES = ComplementNB(alpha=0.3)

RECIPES = {
    "published: logistic separators, log-count ratios": Recipe(PUBLISHED),
    "the same, C 3": Recipe(LogCountRatioClassifier(3.0)),
    "the same, C 30": Recipe(LogCountRatioClassifier(30.0)),
    "the same, opening counted once": Recipe(PUBLISHED, opening_chars=0),
    "the same, blocks of equal length": Recipe(PUBLISHED, char_weight=1.0),
    "the same, words alone": Recipe(PUBLISHED, char_weight=0.0),
    "the same, characters alone": Recipe(PUBLISHED, word_weight=0.0),
    "the same, jieba's IDF for words": Recipe(PUBLISHED, jieba_idf=True),
    "the same, with noisy copies": Recipe(PUBLISHED, noisy_copies=True),
    "the same, 60,000 features by chi-square": Recipe(Selected(60_000, PUBLISHED)),
    "the same, two steps": Recipe(TwoStep(NO_LABOUR, PUBLISHED)),
    "SVM, log-count ratios": Recipe(Scaled(SVM)),
    "SVM": Recipe(SVM),
    "SVM, classes balanced": Recipe(LinearSVC(C=0.3, class_weight="balanced", random_state=0)),
    "ridge": Recipe(RidgeClassifier(alpha=2, solver="sparse_cg", tol=1e-3)),
    "complement naive Bayes": Recipe(BAYES),
    "logistic regression over all classes, log-count ratios": Recipe(Scaled(LogisticRegression(C=3, max_iter=40))),
    "published + complement naive Bayes": Recipe(MeanOf([PUBLISHED, BAYES])),
    "published + SVM with log-count ratios": Recipe(MeanOf([PUBLISHED, Scaled(SVM)])),
}


def main() -> None:
    """Print the table."""
    practice, dev = read_real_tips(PRACTICE, TAXONOMY), read_real_tips(DEV, TAXONOMY)
    corpus, problems = read_corpus([DATA / "corpus"], TAXONOMY)
    require_sound(problems)
    own_weights = np.repeat([1.0, CONFIG.own_weight], [len(corpus), len(practice)])
    table = Table("recipe", "starter: practice", "starter: dev", "own cases: dev")
    for name, recipe in RECIPES.items():
        starter = recipe.measure(corpus, np.ones(len(corpus)), (practice, dev))
        table.add_row(name, *starter, *recipe.measure([*corpus, *practice], own_weights, (dev,)))
        sys.stderr.write(f"{name}\n")
    console = Console(width=150)
    console.print(table)
    console.print("accuracy with 95% interval, macro-F1 over desks with 12 tips or more, top-3 accuracy")


def _labels(tips: Sequence[Tip]) -> NDArray[np.int64]:
    return np.array([TAXONOMY.desk_ids.index(tip.desk) for tip in tips])


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
