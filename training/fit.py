"""Labelled tips -> a model: cross-fit, calibrate, fit on everything, collapse to arrays."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.artefact import Artefact, Manifest, n_columns
from model.errors import CorpusError
from model.golden import answer_golden
from model.gramindex import GramIndex
from model.router import Router
from model.segment import UserWord, build_user_words, segmenter_identity
from model.taxonomy import Taxonomy
from model.triage import TriageData
from training.calibrate import Calibration, Constants, fit_calibration, fit_constants, shift_to_shares
from training.classifier import TipVectorizer
from training.config import TrainingConfig
from training.corpus import Tip
from training.crossfit import extract_features, fit_and_cross_fit
from training.evaluate import desk_metrics
from training.heads import Heads
from training.modelcard import write_model_card
from training.targets import Targets
from training.validate import Measured, decide_held_out


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
    precision_targets: Mapping[str, float] | None = None,
    constants: Constants | None = None,
    golden: Sequence[str] = (),
    n_jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
    observe: Callable[[Measured], None] = lambda _: None,
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
        A hotline's own labelled cases: probabilities and policy are fitted on them, as far as they suffice.
    shares : mapping of str to float, optional
        Share of each desk in the tips to come, where the hotline knows it.
    precision_targets : mapping of str to float, optional
        Share of right ones that a desk's ``auto`` decisions aim at; the configuration's for a desk that is not in it.
    constants : Constants, optional
        What calibrates further desks, demand types and urgency; by default cross-fitted as the desks are.
    golden : sequence of str
        Texts published with the model's answers, so that who serves it can see whether it answers there as here.
    n_jobs : int
        Workers for the folds; the result does not depend on it.
    progress : callable
        Told in a line what comes next.
    observe : callable
        Given, before the model is returned, what its figures were taken on: for reports.
    """
    user_words = build_user_words(words)
    everything = [*tips, *own]
    targets = Targets.of(everything, taxonomy)
    weights = np.repeat([1.0, config.own_weight], [len(tips), len(own)])

    progress("提取特征，查找近似重复")
    features = extract_features(everything, user_words, config, preambles=preambles, n_jobs=n_jobs)
    _require_parts(features.groups, targets, config)
    progress(f"用 {len(everything)} 条诉求训练，并交叉验证")
    heads, scores = fit_and_cross_fit(
        features, targets, weights, config, desks_only=constants is not None, n_jobs=n_jobs
    )
    # The hotline's own cases are what the model will meet; without them the corpus has to stand in.
    typical = np.arange(len(everything)) >= (len(tips) if own else 0)
    source = f"cross-fitted on {typical.sum()} tips of the " + ("hotline's own cases" if own else "corpus")
    constants = constants or fit_constants(scores, targets, typical, config, source)
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
        precision_targets,
    )
    proba, tip_weights = calibration.desk.proba(desk_scores), shift_to_shares(targets, taxonomy, shares)[0]
    decisions = decide_held_out(proba, targets.desk, calibration.policy, features.groups, tip_weights)
    metrics = desk_metrics(proba[typical], list(own or tips), taxonomy)
    metrics |= decisions.metrics(proba.argmax(axis=1), targets.desk, typical)
    manifest = _build_manifest(tips, own, config, calibration, metrics)
    observe(Measured(everything, taxonomy, config, features, targets, weights, typical, proba, decisions))
    artefact = _collapse(features.vectorizer, heads, calibration, user_words, triage, taxonomy, manifest)
    return replace(artefact, golden=answer_golden(Router(artefact), golden)) if golden else artefact


def _require_parts(groups: NDArray[np.int64], targets: Targets, config: TrainingConfig) -> None:
    """Refuse tips that no cross-fit can learn from a part of: each part needs two desks at least."""
    n_groups = np.array([np.unique(groups[targets.desk == desk]).size for desk in range(targets.n_desks)])
    if np.unique(groups).size < config.n_folds or (n_groups > 1).sum() < 2:
        raise CorpusError(
            f"the tips are too much alike: near-duplicates and neighbours in a file stay together, which makes "
            f"{np.unique(groups).size} group(s) of {groups.size} tips; add tips that differ"
        )


def corpus_digest(tips: Sequence[Tip]) -> str:
    """Return the SHA-256 of all that is learned from labelled tips, in their order."""
    labels = [[tip.text, tip.desk, "|".join(tip.also or ()), tip.kind or "", str(tip.urgent)] for tip in tips]
    return hashlib.sha256(repr(labels).encode("utf-8", "backslashreplace")).hexdigest()


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
        calibration=f"desks {calibration.source}; all others {calibration.constants.source}",
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
        card=write_model_card(manifest, taxonomy),
        words=tuple(vectorizer.words_),
        char_index=GramIndex.of(vectorizer.char_grams_).table,
        idf=vectorizer.idf_,
        weights=np.pad(weights, ((0, 0), (0, n_empty))).astype(np.float32),
        intercepts=intercepts.astype(np.float32),
    )
