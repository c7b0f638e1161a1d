"""Recipes compared on real tips: ``python -m benchmarks.quality``.

Each recipe learns from the corpus alone (*starter*) and from the corpus with the practice tips (*own cases*), and is
measured on tips that it has not seen: practice and dev for the starter, dev for own cases. Choose on practice; dev is
for the report. 95% intervals by bootstrap over tips. Scores are uncalibrated.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from benchmarks.real import DEV, PRACTICE, read_real_tips
from model.segment import Segmenter, build_user_words, read_word_list
from model.text import feature_text, normalise
from training.classifier import BETWEEN_BLANKS, log_count_ratios, scaled
from training.config import TrainingConfig
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound
from training.evaluate import MIN_SUPPORT

DATA = Path("data")
CONFIG = TrainingConfig()
BOOTSTRAPS = 1000

Scores = NDArray[np.float64]
Fit = Callable[[csr_matrix, NDArray[np.int64], NDArray[np.float64]], Callable[[csr_matrix], Scores]]


def svm(C: float = CONFIG.desk_C, *, balanced: bool = False, ratios: bool = False) -> Fit:
    """Return a linear support vector machine, on values scaled by log-count ratios if asked."""

    def fit(
        values: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> Callable[[csr_matrix], Scores]:
        scale = log_count_ratios(values, labels, weights) if ratios else np.ones(values.shape[1], np.float32)
        linear = LinearSVC(C=C, class_weight="balanced" if balanced else None, random_state=0)
        linear.fit(scaled(values, scale), labels, sample_weight=weights)
        return lambda others: linear.decision_function(scaled(others, scale))

    return fit


def logistic(C: float) -> Fit:
    """Return multinomial logistic regression, classes balanced."""

    def fit(
        values: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> Callable[[csr_matrix], Scores]:
        linear = LogisticRegression(C=C, class_weight="balanced", max_iter=300).fit(values, labels, weights)
        return lambda others: linear.decision_function(others)

    return fit


def ridge(
    values: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> Callable[[csr_matrix], Scores]:
    """Fit ridge regression on the labels."""
    linear = RidgeClassifier(alpha=2, solver="sparse_cg", tol=1e-3).fit(values, labels, weights)
    return lambda others: linear.decision_function(others)


def bayes(
    values: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> Callable[[csr_matrix], Scores]:
    """Fit complement naive Bayes."""
    linear = ComplementNB(alpha=0.3).fit(values, labels, weights)
    return lambda others: linear.predict_log_proba(others)


def mean_of(*fits: Fit) -> Fit:
    """Return the mean of several recipes' scores, each centred and scaled to unit deviation."""

    def fit(
        values: csr_matrix, labels: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> Callable[[csr_matrix], Scores]:
        scorers = [each(values, labels, weights) for each in fits]
        spreads = [_centred(score(values)).std() for score in scorers]
        return lambda others: sum(
            (_centred(score(others)) / spread for score, spread in zip(scorers, spreads, strict=True)),
            start=np.zeros(1),
        )

    return fit


def _centred(scores: Scores) -> Scores:
    centred: Scores = scores - scores.mean(axis=1, keepdims=True)
    return centred


BEST = svm(ratios=True)

# name: (words, characters, fit); n-gram ranges, None for none
RECIPES: dict[str, tuple[tuple[int, int] | None, tuple[int, int] | None, Fit]] = {
    "words 1, chars 1-3, SVM, balanced": ((1, 1), (1, 3), svm(balanced=True)),
    "words 1, chars 1-3, SVM": ((1, 1), (1, 3), svm()),
    "words 1, chars 1-3, SVM, log-count ratios (published)": ((1, 1), (1, 3), BEST),
    "the same, C 0.1": ((1, 1), (1, 3), svm(0.1, ratios=True)),
    "the same, C 1": ((1, 1), (1, 3), svm(1.0, ratios=True)),
    "the same, words alone": ((1, 1), None, BEST),
    "the same, words 1-2 alone": ((1, 2), None, BEST),
    "the same, chars alone": (None, (1, 3), BEST),
    "the same, words 1-2": ((1, 2), (1, 3), BEST),
    "the same, chars 1-4": ((1, 1), (1, 4), BEST),
    "words 1, chars 1-3, ridge": ((1, 1), (1, 3), ridge),
    "words 1, chars 1-3, complement naive Bayes": ((1, 1), (1, 3), bayes),
    "words 1, chars 1-3, logistic regression, balanced": ((1, 1), (1, 3), logistic(10)),
    "published + complement naive Bayes": ((1, 1), (1, 3), mean_of(BEST, bayes)),
}


def main() -> None:
    """Print the table."""
    taxonomy = read_taxonomy(DATA / "desks.yaml")
    practice, dev = read_real_tips(PRACTICE, taxonomy), read_real_tips(DEV, taxonomy)
    corpus, problems = read_corpus([DATA / "corpus"], taxonomy)
    require_sound(problems)
    segmenter = Segmenter(build_user_words(read_word_list(DATA / "userdict.txt")))
    ids = list(taxonomy.desk_ids)

    def segment(tips: Sequence[Tip]) -> list[str]:
        return [" ".join(segmenter.cut(feature_text(normalise(tip.text)))) for tip in tips]

    def labels(tips: Sequence[Tip]) -> NDArray[np.int64]:
        return np.array([ids.index(tip.desk) for tip in tips])

    both = [*corpus, *practice]
    weights = np.repeat([1.0, CONFIG.own_weight], [len(corpus), len(practice)])
    table = Table("recipe", "starter: practice", "starter: dev", "own cases: dev", title="accuracy, macro-F1, top-3")
    for name, (words, chars, fit) in RECIPES.items():
        vectorizer = _vectorizer(words, chars)
        values = vectorizer.fit_transform(segment(corpus))
        score = fit(values, labels(corpus), np.ones(len(corpus)))
        cells = [_figures(score(vectorizer.transform(segment(t))), labels(t)) for t in (practice, dev)]
        vectorizer = _vectorizer(words, chars)
        score = fit(vectorizer.fit_transform(segment(both)), labels(both), weights)
        cells.append(_figures(score(vectorizer.transform(segment(dev))), labels(dev)))
        table.add_row(name, *cells)
        sys.stderr.write(f"{name}\n")
    Console(width=150).print(table)


def _vectorizer(words: tuple[int, int] | None, chars: tuple[int, int] | None) -> FeatureUnion:
    common = {"lowercase": False, "min_df": CONFIG.min_df, "sublinear_tf": True, "dtype": np.float32}
    blocks = []
    if words:
        blocks.append(("words", TfidfVectorizer(token_pattern=BETWEEN_BLANKS, ngram_range=words, **common)))
    if chars:
        join = FunctionTransformer(_without_blanks)
        blocks.append(
            (
                "chars",
                Pipeline([("join", join), ("tfidf", TfidfVectorizer(analyzer="char", ngram_range=chars, **common))]),
            )
        )
    return FeatureUnion(blocks)


def _without_blanks(texts: Sequence[str]) -> list[str]:
    return [text.replace(" ", "") for text in texts]


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
