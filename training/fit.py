"""Labelled tips -> a model: cross-fit, calibrate, fit on everything, collapse to arrays."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.model_selection import StratifiedGroupKFold

from model.artefact import Artefact, Manifest, n_columns
from model.gramindex import GramIndex
from model.segment import UserWord, build_user_words, segmenter_identity
from model.taxonomy import Taxonomy
from model.triage import TriageData
from training.calibrate import Calibration, Constants, fit_calibration, fit_constants
from training.classifier import TipVectorizer, build_vectorizer
from training.config import TrainingConfig
from training.corpus import Tip
from training.duplicates import near_duplicate_groups
from training.evaluate import desk_metrics
from training.heads import Floats, Heads, fit_heads
from training.noise import put_behind_preambles
from training.targets import Targets

_NEIGHBOURS = 20  # rows


def fit_model(
    tips: Sequence[Tip],
    taxonomy: Taxonomy,
    words: Sequence[str],
    triage: TriageData,
    config: TrainingConfig,
    *,
    preambles: Sequence[str] = (),
    own: Sequence[Tip] = (),
    shares: Mapping[str, float] | None = None,
    constants: Constants | None = None,
    n_jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Artefact:
    """Return a model fitted on labelled tips. The same tips, words and configuration give the same bytes.

    Parameters
    ----------
    tips : sequence of Tip
        The starter corpus, without errors by `training.check`.
    words : sequence of str
        The user dictionary.
    triage : TriageData
        Published with the model as it is; nothing is learned of it.
    preambles : sequence of str
        Small talk, for copies of tips behind it.
    own : sequence of Tip
        A hotline's own labelled cases: they weigh more, and probabilities and policy are fitted on them.
    shares : mapping of str to float, optional
        Share of each desk in the tips to come, where the hotline knows it.
    constants : Constants, optional
        What calibrates further desks and demand types; by default cross-fitted as the desks are.
    n_jobs : int
        Workers for the folds; the result does not depend on it.
    progress : callable
        Told in a line what comes next.
    """
    user_words = build_user_words(words)
    everything = [*tips, *own]
    targets = Targets.of(everything, taxonomy)
    texts = [tip.text for tip in everything]
    weights = np.repeat([1.0, config.own_weight], [len(tips), len(own)])

    progress("counting features and finding near-duplicates")
    # Neighbours in a file were written or recorded one after the other, often on one theme: kept in one fold, they do
    # not make the model look surer of new tips than it will be.
    neighbours = [(tip.file, tip.row // _NEIGHBOURS) for tip in everything]
    # Vocabulary and IDF are learned from all tips once, labels from the other folds alone.
    (vectorizer, values, copied), groups = Parallel(n_jobs=n_jobs)(
        [
            delayed(vectorize)(texts, preambles, user_words, config),
            delayed(near_duplicate_groups)(texts, neighbours),
        ]
    )
    rows = np.concatenate([np.arange(len(everything)), copied])
    learned = targets.with_copies(copied)
    progress(f"fitting on all {len(everything)} tips, and {config.n_folds} times on a part to score the rest")
    heads, scores = _fit_and_cross_fit(
        values, learned, weights[rows], np.array(groups)[rows], config, n_jobs, desks_only=constants is not None
    )
    scores = scores[: len(everything)]
    # The hotline's own cases are what the model will meet; without them the corpus has to stand in.
    typical = np.arange(len(everything)) >= (len(tips) if own else 0)
    source = f"cross-fitted on {typical.sum()} tips of the " + ("hotline's own cases" if own else "corpus")
    constants = constants or fit_constants(scores[typical], targets.take(typical), config, source)
    desk_scores = scores[:, : targets.n_desks]
    calibration = fit_calibration(
        desk_scores,
        targets,
        taxonomy,
        config,
        constants,
        source + (", weighted to the hotline's shares" if shares else ""),
        typical,
        shares,
    )
    metrics = desk_metrics(calibration.desk.proba(desk_scores[typical]), list(own or tips), taxonomy)
    manifest = _build_manifest(tips, own, config, calibration, metrics)
    return _collapse(vectorizer, heads, calibration, user_words, triage, taxonomy, manifest)


def vectorize(
    texts: Sequence[str], preambles: Sequence[str], user_words: Sequence[UserWord], config: TrainingConfig
) -> tuple[TipVectorizer, csr_array, NDArray[np.int64]]:
    """Return the fitted vectorizer, the values of all texts and then of copies, and which texts those are copies of."""
    copies, copied = put_behind_preambles(texts, preambles, config.preamble_share, config.random_state)
    vectorizer = build_vectorizer(user_words, config)
    return vectorizer, vectorizer.fit_transform([*texts, *copies]), copied


def corpus_digest(tips: Sequence[Tip]) -> str:
    """Return the SHA-256 of all that is learned from labelled tips, in their order."""
    labels = [[tip.text, tip.desk, "|".join(tip.also or ()), tip.kind or "", str(tip.urgent)] for tip in tips]
    return hashlib.sha256(repr(labels).encode("utf-8", "backslashreplace")).hexdigest()


def _fit_and_cross_fit(
    values: csr_array,
    targets: Targets,
    weights: Floats,
    groups: NDArray[np.int64],
    config: TrainingConfig,
    n_jobs: int,
    desks_only: bool,
) -> tuple[Heads, Floats]:
    """Return the separators fitted on all tips, and out-of-fold scores, shape (n_tips, n_outputs).

    Near-duplicates are always in the same fold. With `desks_only` the other outputs have no out-of-fold scores.
    """
    folds = StratifiedGroupKFold(config.n_folds, shuffle=True, random_state=config.random_state)
    splits = list(folds.split(values, targets.desk, groups))

    def fit_part(part: NDArray[np.int64], desks_only: bool) -> Heads:
        return fit_heads(values[part], targets.take(part), weights[part], config, desks_only=desks_only)

    heads, *folded = Parallel(n_jobs=n_jobs)(
        [
            delayed(fit_part)(np.arange(values.shape[0]), desks_only=False),
            *(delayed(fit_part)(train, desks_only) for train, _ in splits),
        ]
    )
    scores = np.empty((values.shape[0], targets.n_outputs))
    for (_, test), part in zip(splits, folded, strict=True):
        scores[test] = part.scores(values[test])
    return heads, scores


def _build_manifest(
    tips: Sequence[Tip], own: Sequence[Tip], config: TrainingConfig, calibration: Calibration, metrics: dict[str, Any]
) -> Manifest:
    return Manifest(
        recipe={**asdict(config), "char_ngrams": list(config.char_ngrams)},
        corpus={"sha256": corpus_digest(tips), "tips": len(tips), "own_sha256": corpus_digest(own), "own": len(own)},
        segmenter=segmenter_identity(),
        libraries={name: version(name) for name in ("numpy", "scipy", "scikit-learn", "opencc", "datasketch")},
        char_ngrams=config.char_ngrams,
        opening_chars=config.opening_chars,
        calibration=f"desks {calibration.source}; further desks and demand types {calibration.constants.source}",
        metrics=metrics,
        policy=calibration.policy,
    )


def _collapse(
    vectorizer: TipVectorizer,
    heads: Heads,
    calibration: Calibration,
    user_words: tuple[UserWord, ...],
    triage: TriageData,
    taxonomy: Taxonomy,
    manifest: Manifest,
) -> Artefact:
    """Return the arrays from which `model.router` computes what the fitted estimator computes."""
    n_desks = len(taxonomy.desks)
    weights, intercepts = calibration.fold_in(heads.weights, heads.intercepts)
    # Softmax does not change when all desks' scores are shifted alike. Counted from their mean, a share of evidence
    # speaks for its desk against the others, not for all of them.
    weights[:, :n_desks] -= weights[:, :n_desks].mean(axis=1, keepdims=True)
    intercepts[:n_desks] -= intercepts[:n_desks].mean()

    weights[len(vectorizer.words_) :] *= vectorizer.char_weight  # the router scales each block to length 1
    n_empty = n_columns(weights.shape[1]) - weights.shape[1]
    return Artefact(
        manifest=manifest,
        taxonomy=taxonomy,
        user_words=user_words,
        triage=triage,
        words=tuple(vectorizer.words_),
        char_index=GramIndex.of(vectorizer.char_grams_).table,
        idf=vectorizer.idf_,
        weights=np.pad(weights, ((0, 0), (0, n_empty))).astype(np.float32),
        intercepts=intercepts.astype(np.float32),
    )
