"""Labelled tips -> a model: cross-fit, calibrate, set the policy, fit on everything, collapse to arrays."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import LinearSVC

from model.artefact import Artefact, Manifest, Policy
from model.scorer import pack
from model.segment import UserWord, build_user_words, segmenter_identity
from model.taxonomy import Taxonomy
from training import calibrate
from training.calibrate import Floats
from training.classifier import TipClassifier
from training.corpus import Tip
from training.duplicates import near_duplicate_groups
from training.evaluate import desk_metrics

_ABSENT_LOGIT = -20.0  # of a demand type that no tip of the corpus has


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; the defaults are the published recipe.

    Attributes
    ----------
    char_ngrams : tuple of int
        Shortest and longest character n-gram.
    min_df : int
        Features in fewer tips are dropped.
    desk_C, kind_C, also_C : float
        Inverse strength of regularisation.
    n_folds : int
        Of the cross-fit from which probabilities and policy come.
    precision_target, coverage : float
        Of ``auto`` decisions, and of prediction sets.
    max_confirm : int
        Largest prediction set that an operator is asked to choose from.
    random_state : int
    """

    char_ngrams: tuple[int, int] = (1, 3)
    min_df: int = 2
    desk_C: float = 0.3
    kind_C: float = 0.1
    also_C: float = 0.3
    n_folds: int = 5
    precision_target: float = 0.95
    coverage: float = 0.95
    max_confirm: int = 3
    random_state: int = 0


@dataclass(frozen=True)
class _Targets:
    """Labels as columns of the scores.

    Attributes
    ----------
    desk : ndarray of int, shape (n_tips,)
    also, also_known : ndarray of bool, shapes (n_tips, n_desks) and (n_tips,)
    kind : ndarray of int, shape (n_tips,)
        -1 where the tip does not say.
    n_kinds : int
    """

    desk: NDArray[np.int64]
    also: NDArray[np.bool_]
    also_known: NDArray[np.bool_]
    kind: NDArray[np.int64]
    n_kinds: int

    @property
    def n_desks(self) -> int:
        return int(self.also.shape[1])

    def take(self, rows: NDArray[np.int64]) -> "_Targets":
        return _Targets(self.desk[rows], self.also[rows], self.also_known[rows], self.kind[rows], self.n_kinds)


@dataclass(frozen=True)
class _Heads:
    """Separators over the same features: desks, further desks, demand types, side by side.

    Attributes
    ----------
    weights : ndarray of shape (n_features, n_outputs)
    intercepts : ndarray of shape (n_outputs,)
    """

    weights: Floats
    intercepts: Floats

    def scores(self, features: csr_matrix) -> Floats:
        scores: Floats = features @ self.weights + self.intercepts
        return scores


def fit_model(
    tips: Sequence[Tip],
    taxonomy: Taxonomy,
    words: Sequence[str],
    config: TrainingConfig,
    *,
    n_jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Artefact:
    """Return a model fitted on labelled tips. The same tips, words and configuration give the same bytes.

    Parameters
    ----------
    tips : sequence of Tip
        Without errors by `training.check`.
    words : sequence of str
        The user dictionary.
    n_jobs : int
        Workers for the folds; the result does not depend on it.
    progress : callable
        Told in a line what comes next.
    """
    user_words = build_user_words(words)
    targets = _build_targets(tips, taxonomy)
    texts = np.array([tip.text for tip in tips], dtype=object)

    progress("finding near-duplicates")
    groups = near_duplicate_groups([tip.text for tip in tips])
    progress(f"scoring each tip by a classifier that has not seen it ({config.n_folds} folds)")
    scores = _cross_fit(texts, targets, groups, user_words, config, n_jobs)
    n_desks, n_kinds = targets.n_desks, targets.n_kinds
    desk_scores, also_scores, kind_scores = np.split(scores, [n_desks, 2 * n_desks], axis=1)

    desk_calibration = calibrate.fit_softmax(desk_scores, targets.desk)
    kind_known = targets.kind >= 0
    kind_calibration = calibrate.fit_softmax(kind_scores[kind_known], targets.kind[kind_known])
    further = targets.also_known[:, np.newaxis] & ~_one_hot(targets.desk, n_desks)
    also_slope, also_intercept = calibrate.fit_sigmoid(also_scores[further], targets.also[further])

    proba = desk_calibration.proba(desk_scores)
    also_proba = 1 / (1 + np.exp(-(also_slope * also_scores + also_intercept)))
    policy = _fit_policy(proba, also_proba[further], targets, targets.also[further], taxonomy, config)

    progress(f"fitting on all {len(tips)} tips")
    classifier, heads = _fit_heads(texts, targets, user_words, config)
    slopes = np.repeat([desk_calibration.scale, also_slope, kind_calibration.scale], [n_desks, n_desks, n_kinds])
    shifts = np.concatenate([desk_calibration.biases, np.full(n_desks, also_intercept), kind_calibration.biases])
    weights, intercepts = heads.weights * slopes, heads.intercepts * slopes + shifts
    # Softmax does not change when all desks' scores are shifted alike. Counted from their mean, a share of evidence
    # speaks for its desk against the others, not for all of them.
    weights[:, :n_desks] -= weights[:, :n_desks].mean(axis=1, keepdims=True)
    intercepts[:n_desks] -= intercepts[:n_desks].mean()

    metrics = desk_metrics(proba, tips, taxonomy)
    return _collapse(
        classifier, weights, intercepts, user_words, taxonomy, _build_manifest(tips, config, policy, metrics)
    )


def _build_targets(tips: Sequence[Tip], taxonomy: Taxonomy) -> _Targets:
    desks, kinds = list(taxonomy.desk_ids), list(taxonomy.kind_ids)
    return _Targets(
        desk=np.array([desks.index(tip.desk) for tip in tips]),
        also=np.array([[desk in (tip.also or ()) for desk in desks] for tip in tips]),
        also_known=np.array([tip.also is not None for tip in tips]),
        kind=np.array([-1 if tip.kind is None else kinds.index(tip.kind) for tip in tips]),
        n_kinds=len(kinds),
    )


def _one_hot(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.bool_]:
    hot: NDArray[np.bool_] = labels[:, np.newaxis] == np.arange(n_classes)
    return hot


def _cross_fit(
    texts: NDArray[np.object_],
    targets: _Targets,
    groups: Sequence[int],
    user_words: Sequence[UserWord],
    config: TrainingConfig,
    n_jobs: int,
) -> Floats:
    """Return out-of-fold scores, shape (n_tips, n_outputs); near-duplicates are always in the same fold."""
    folds = StratifiedGroupKFold(config.n_folds, shuffle=True, random_state=config.random_state)
    splits = list(folds.split(texts, targets.desk, groups))

    def fold_scores(train: NDArray[np.int64], test: NDArray[np.int64]) -> Floats:
        classifier, heads = _fit_heads(texts[train], targets.take(train), user_words, config)
        return heads.scores(classifier.transform(texts[test]))

    parts = Parallel(n_jobs=n_jobs)(delayed(fold_scores)(train, test) for train, test in splits)
    scores = np.empty((len(texts), parts[0].shape[1]))
    for (_, test), part in zip(splits, parts, strict=True):
        scores[test] = part
    return scores


def _fit_heads(
    texts: NDArray[np.object_], targets: _Targets, user_words: Sequence[UserWord], config: TrainingConfig
) -> tuple[TipClassifier, _Heads]:
    """Fit the desks' classifier, and on its features the separators of further desks and demand types."""
    classifier = TipClassifier(
        user_words,
        char_ngrams=config.char_ngrams,
        min_df=config.min_df,
        C=config.desk_C,
        random_state=config.random_state,
    ).fit(texts, targets.desk)
    features = classifier.transform(texts)

    n_outputs = 2 * targets.n_desks + targets.n_kinds
    weights, intercepts = np.zeros((features.shape[1], n_outputs)), np.full(n_outputs, _ABSENT_LOGIT)
    weights[:, classifier.classes_] = classifier.linear_.coef_.T
    intercepts[classifier.classes_] = classifier.linear_.intercept_

    # Whether a desk is concerned at all, as first or as further desk: many more examples than of further desks alone.
    concerned = targets.also | _one_hot(targets.desk, targets.n_desks)
    for desk in range(targets.n_desks):
        column, truth = targets.n_desks + desk, concerned[targets.also_known, desk]
        if truth.any() and not truth.all():
            _separate(features[targets.also_known], truth, config.also_C, config, weights, intercepts, column)
    kind_known = targets.kind >= 0
    for kind in range(targets.n_kinds):
        column, truth = 2 * targets.n_desks + kind, targets.kind[kind_known] == kind
        if truth.any() and not truth.all():
            _separate(features[kind_known], truth, config.kind_C, config, weights, intercepts, column)
    return classifier, _Heads(weights, intercepts)


def _separate(
    features: csr_matrix,
    truth: NDArray[np.bool_],
    C: float,
    config: TrainingConfig,
    weights: Floats,
    intercepts: Floats,
    column: int,
) -> None:
    """Fit one separator and put it into its column."""
    linear = LinearSVC(C=C, random_state=config.random_state).fit(features, truth)
    weights[:, column], intercepts[column] = linear.coef_[0], linear.intercept_[0]


def _fit_policy(
    proba: Floats,
    also_proba: Floats,
    targets: _Targets,
    also_truth: NDArray[np.bool_],
    taxonomy: Taxonomy,
    config: TrainingConfig,
) -> Policy:
    predicted, confidence = proba.argmax(axis=1), proba.max(axis=1)
    right = predicted == targets.desk
    return Policy(
        precision_target=config.precision_target,
        auto_thresholds={
            desk: calibrate.auto_threshold(
                confidence[predicted == column], right[predicted == column], config.precision_target
            )
            for column, desk in enumerate(taxonomy.desk_ids)
        },
        coverage=config.coverage,
        set_threshold=calibrate.set_threshold(proba, targets.desk, config.coverage),
        also_threshold=calibrate.also_threshold(also_proba, also_truth),
        max_confirm=config.max_confirm,
    )


def _build_manifest(tips: Sequence[Tip], config: TrainingConfig, policy: Policy, metrics: dict[str, Any]) -> Manifest:
    labels = [[tip.text, tip.desk, "|".join(tip.also or ()), tip.kind or "", str(tip.urgent)] for tip in tips]
    return Manifest(
        recipe={**asdict(config), "char_ngrams": list(config.char_ngrams)},
        corpus={
            "sha256": hashlib.sha256(repr(labels).encode("utf-8", "backslashreplace")).hexdigest(),
            "tips": len(tips),
            "tips_per_desk": {desk: m["support"] for desk, m in metrics["per_desk"].items()},
        },
        segmenter=segmenter_identity(),
        libraries={name: version(name) for name in ("numpy", "scipy", "scikit-learn", "opencc", "datasketch")},
        char_ngrams=config.char_ngrams,
        metrics=metrics,
        policy=policy,
    )


def _collapse(
    classifier: TipClassifier,
    weights: Floats,
    intercepts: Floats,
    user_words: tuple[UserWord, ...],
    taxonomy: Taxonomy,
    manifest: Manifest,
) -> Artefact:
    """Return the arrays from which `model.scorer` computes what the fitted estimator computes."""
    words, chars = (classifier.vectorizer_.named_transformers_[name] for name in ("words", "chars"))
    grams = chars.get_feature_names_out()
    packed = np.array([_pack_gram(gram) for gram in grams], dtype=np.uint64)
    order = np.argsort(packed)
    n_words = words.idf_.size
    rows = np.concatenate([np.arange(n_words), n_words + order])
    return Artefact(
        manifest=manifest,
        taxonomy=taxonomy,
        user_words=user_words,
        words=tuple(words.get_feature_names_out()),
        char_grams=packed[order],
        idf=np.concatenate([words.idf_, chars.idf_[order]]).astype(np.float32),
        weights=weights[rows].astype(np.float32),
        intercepts=intercepts.astype(np.float32),
    )


def _pack_gram(gram: str) -> np.uint64:
    return np.uint64(pack(np.array([ord(char) for char in gram], dtype=np.uint64), len(gram))[0])
