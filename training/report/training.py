"""The training report: what a new model can do, where it fails, and whether more tips would help."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.artefact import Artefact, Manifest
from model.evidence import find_evidence
from model.features import FeatureFinder
from model.featuretext import feature_text
from model.gramindex import GramIndex
from model.personal import LABELS, redact
from model.routing import Evidence
from model.segment import Segmenter
from model.text import align, normalise_lines
from training.report import figures
from training.report.page import write_page
from training.validate import PRECISION_MENU, Figure, LearningCurve, Measured, share_with_interval, summarise

Integers = NDArray[np.int64]

_N_ERRORS = 24
_N_CONFUSIONS = 8
_N_WORDS = 14
_N_GROWING = 5
_N_MARKED = 8  # words of an error
_MAX_CHARS = 400  # of an error that are shown
_N_BINS = 10
_WORTH_WHILE = 0.01  # F1 that a desk gains when its tips double
_LABEL = re.compile(f"〔(?:{'|'.join(LABELS.values())})〕")
_LESS_IS_BETTER = {"ece", "log_loss", "mean_set_size"}
_METRICS = {
    "accuracy": "准确率",
    "macro_f1": "宏平均 F1",
    "top3_accuracy": "前三命中率",
    "labour_auroc": "是否劳动事项（AUROC）",
    "ece": "概率误差（ECE）",
    "log_loss": "对数损失",
    "auto_coverage": "可直接派单的比例",
    "auto_precision": "直接派单的准确率",
    "set_coverage": "候选集含正确席的比例",
    "mean_set_size": "候选集平均席数",
}


@dataclass(frozen=True)
class Champion:
    """The model in use until now; `manifest` is None where it cannot be read."""

    version: str
    manifest: Manifest | None


@dataclass(frozen=True)
class _Error:
    """A tip that went wrong, and its text in pieces, some of them marked."""

    place: str
    labelled: str
    predicted: str
    confidence: float
    pieces: list[tuple[str, bool]]
    n_chars: int
    is_cut: bool


def write_training_report(
    path: Path,
    version: str,
    artefact: Artefact,
    measured: Measured,
    curve: LearningCurve | None,
    champion: Champion | None,
) -> None:
    """Write the report as one HTML file.

    Parameters
    ----------
    version : str
        Of `artefact`, which does not know it before it is published.
    measured : Measured
        What `training.fit.fit_model` let observe.
    curve : LearningCurve, optional
        None where the tips are too few for one.
    champion : Champion, optional
        To compare with.
    """
    taxonomy, policy, chosen = measured.taxonomy, artefact.manifest.policy, measured.typical
    ids, names = taxonomy.desk_ids, [desk.name for desk in taxonomy.desks]
    labels, predicted = measured.targets.desk[chosen], measured.predicted[chosen]
    confidence, right = measured.proba.max(axis=1)[chosen], measured.right[chosen]
    counts = np.zeros((len(ids), len(ids)), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    set_sizes = measured.decisions.in_set[chosen].sum(axis=1)
    menu = _precision_menu(measured, artefact)
    n_own = artefact.manifest.corpus["own"]
    of_corpus = np.arange(len(measured.tips)) < artefact.manifest.corpus["tips"]
    write_page(
        path,
        "training.html",
        version=version,
        manifest=artefact.manifest,
        measured_on="本热线自己的工单" if n_own else "起步语料",
        names=dict(zip(ids, names, strict=True)),
        summary=summarise(measured),
        supports=dict(zip(ids, counts.sum(axis=1).tolist(), strict=True)),
        confusion_chart=figures.draw_confusion(names, counts),
        confusions=_commonest_confusions(names, counts),
        precision_targets=PRECISION_MENU,
        menu=menu,
        never_auto=[row["name"] for row in menu if not row["auto"]],
        precision_chart=figures.draw_precision(
            names,
            [
                right[predicted == desk][np.argsort(-confidence[predicted == desk], kind="stable")]
                for desk in range(len(ids))
            ],
            list(policy.precision_targets.values()),
            [(row["auto"], row["precision"].value) for row in menu],
        ),
        reliability_chart=figures.draw_reliability(_reliability(confidence, right)),
        set_sizes={size: (set_sizes == size).mean() for size in range(1, policy.max_confirm + 1)},
        many_desks=(set_sizes > policy.max_confirm).mean(),
        curve=curve,
        curve_chart=curve and figures.draw_curve(curve),
        desk_curve_chart=curve and figures.draw_desk_curves(names, curve),
        growing=_growing_desks(curve, dict(zip(ids, names, strict=True))) if curve else [],
        errors=_surest_errors(measured, artefact),
        words=dict(zip(names, _strongest_words(measured, artefact), strict=True)),
        count_chart=figures.draw_counts(
            names,
            np.bincount(measured.targets.desk[of_corpus], minlength=len(ids)).tolist(),
            np.bincount(measured.targets.desk[~of_corpus], minlength=len(ids)).tolist(),
        ),
        lengths=np.quantile([len(tip.text) for tip in measured.tips], [0.1, 0.5, 0.9, 1]).astype(int).tolist(),
        champion=champion,
        changes=_changes(champion, version, artefact.manifest) if champion else None,
    )


def _commonest_confusions(names: Sequence[str], counts: Integers) -> list[dict[str, Any]]:
    """Return the pairs of desks that are most often taken for each other, one direction each."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_N_CONFUSIONS]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    return [
        {
            "labelled": names[row],
            "predicted": names[column],
            "tips": int(wrong[row, column]),
            "share": wrong[row, column] / counts[row].sum(),
        }
        for row, column in pairs
        if wrong[row, column]
    ]


def _precision_menu(measured: Measured, artefact: Artefact) -> list[dict[str, Any]]:
    """Return for each desk what the policy takes as ``auto``, and what it would at other targets."""
    policy, chosen, rows = artefact.manifest.policy, measured.typical, []
    for column, desk in enumerate(measured.taxonomy.desks):
        own = chosen & (measured.predicted == column)
        auto = own & measured.decisions.auto
        threshold = policy.auto_thresholds[desk.id]
        rows.append(
            {
                "id": desk.id,
                "name": desk.name,
                "tips": int(own.sum()),
                "target": policy.precision_targets[desk.id],
                "threshold": threshold if threshold <= 1 else None,
                "auto": auto.sum() / max(own.sum(), 1),
                "precision": share_with_interval(measured.right[auto].sum(), auto.sum()),
                "menu": [(own & at_target).sum() / max(own.sum(), 1) for at_target in measured.decisions.menu],
            }
        )
    return rows


def _reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[tuple[float, Figure]]:
    """Return mean confidence and share of right ones of bins of equal mass."""
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(_N_BINS, confidence.size))
    return [(float(confidence[bin_].mean()), share_with_interval(right[bin_].sum(), bin_.size)) for bin_ in bins]


def _growing_desks(curve: LearningCurve, names: Mapping[str, str]) -> list[tuple[str, Figure]]:
    """Return the desks that the last doubling of tips helped surely and by what is worth while: the most helped few."""
    helped = [
        (names[desk], gain)
        for desk, gain in curve.f1_gains.items()
        if (gain.value or 0) >= _WORTH_WHILE and (gain.low or 0) > 0
    ]
    return sorted(helped, key=lambda pair: -(pair[1].value or 0))[:_N_GROWING]


def _surest_errors(measured: Measured, artefact: Artefact) -> list[_Error]:
    """Return the wrong tips of which the model was surest out of fold, what misled it marked.

    The marked words are those that speak for the wrong desk against the right one in the published weights. These have
    learned the tip, the score has not; that is near enough to see what misled.
    """
    wrong = np.flatnonzero(measured.typical & ~measured.right)
    confidence = measured.proba.max(axis=1)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")[:_N_ERRORS]]
    if not wrong.size:
        return []
    labels, predicted = measured.targets.desk[wrong], measured.predicted[wrong]
    tips = [measured.tips[number] for number in wrong.tolist()]
    texts = [re.sub(r"\s+", " ", redact(tip.text)) for tip in tips]
    evidence = _find_contrast(artefact, texts, predicted, labels)
    names = [desk.name for desk in measured.taxonomy.desks]
    return [
        _Error(
            place=f"{Path(tip.file).name} 第 {tip.row} 行",
            labelled=names[label],
            predicted=names[desk],
            confidence=sure,
            pieces=_mark(text, spans),
            n_chars=len(text),
            is_cut=len(text) > _MAX_CHARS,
        )
        for tip, label, desk, sure, text, spans in zip(
            tips, labels, predicted, confidence[wrong].tolist(), texts, evidence, strict=True
        )
    ]


def _find_contrast(
    artefact: Artefact, texts: Sequence[str], desks: Integers, others: Integers
) -> list[tuple[Evidence, ...]]:
    """Return the words of each text with their shares in the score of one desk less that of another."""
    manifest = artefact.manifest
    normalised = normalise_lines(texts)
    layout = Segmenter(artefact.user_words).lay_out(feature_text(normalised))
    finder = FeatureFinder(
        artefact.words, GramIndex(artefact.char_index), artefact.idf, manifest.char_ngrams, manifest.opening_chars
    )
    found = finder.find(layout)
    aligned = [align(text, line) for text, line in zip(texts, normalised.split("\n"), strict=True)]
    contrasts = artefact.weights[:, desks] - artefact.weights[:, others]
    return find_evidence(texts, aligned, layout, found, finder.weigh(found, layout), contrasts, np.arange(len(texts)))


def _mark(text: str, evidence: Sequence[Evidence]) -> list[tuple[str, bool]]:
    """Return the beginning of a text in pieces, the words that speak loudest marked."""
    loudest = sorted((span for span in evidence if span.share > 0), key=lambda span: -span.share)[:_N_MARKED]
    marked = np.zeros(len(text), dtype=np.bool_)
    for span in loudest:
        marked[span.start : span.end] = True
    for label in _LABEL.finditer(text):  # it stands for what the model did not see as words
        marked[slice(*label.span())] = False
    cuts = np.flatnonzero(np.diff(marked[:_MAX_CHARS])) + 1
    bounds = [0, *cuts.tolist(), min(len(text), _MAX_CHARS)]
    return [(text[a:b], bool(marked[a])) for a, b in pairwise(bounds) if b > a]


def _strongest_words(measured: Measured, artefact: Artefact) -> list[list[str]]:
    """Return for each desk the words that add most to its score, in the mean of its tips."""
    n_words, values = len(artefact.words), measured.features.values
    strongest = []
    for desk in range(measured.targets.n_desks):
        own = values[np.flatnonzero(measured.targets.desk == desk)]
        shares = np.asarray(own.sum(axis=0)).ravel()[:n_words] * artefact.weights[:n_words, desk]
        order = np.argsort(-shares, kind="stable")[:_N_WORDS]
        strongest.append([artefact.words[number] for number in order if shares[number] > 0])
    return strongest


def _changes(champion: Champion, version: str, new: Manifest) -> dict[str, Any] | None:
    """Return old and new side by side: counts, metrics, F1 of each desk that both have; None for the same model."""
    old = champion.manifest
    if old is None or champion.version == version:
        return None
    names = [name for name in _METRICS if old.metrics.get(name) is not None and new.metrics.get(name) is not None]
    old_desks, new_desks = old.metrics["per_desk"], new.metrics["per_desk"]
    return {
        "counts": [
            (label, old.corpus[key], new.corpus[key]) for key, label in (("tips", "起步语料"), ("own", "本热线工单"))
        ],
        "metrics": [(_METRICS[name], old.metrics[name], new.metrics[name], _verdict(name, old, new)) for name in names],
        "desks": [(desk, old_desks[desk], new_desks[desk]) for desk in new_desks if desk in old_desks],
        "same_corpus": old.corpus == new.corpus,
        "recipe": [key for key in new.recipe if old.recipe.get(key) != new.recipe[key]],
    }


def _verdict(name: str, old: Manifest, new: Manifest) -> str:
    """Return the class of a change: better, worse, or too small to be called either."""
    change = new.metrics[name] - old.metrics[name]
    if abs(change) < 5e-4:
        return ""
    return "good" if (change < 0) == (name in _LESS_IS_BETTER) else "bad"
