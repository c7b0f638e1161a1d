"""Router: texts -> Routings. Probabilities come from the scorer; what is done with them is the published policy."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.artefact import Artefact, load_artefact
from model.evidence import Evidence, find_evidence
from model.scorer import Scorer
from model.segment import Segmenter, require_segmenter
from model.text import align, count_han, feature_text, normalise

Decision = Literal["auto", "confirm", "review"]

_BATCH = 1024  # texts scored at once: bounds memory, costs nothing in speed
_MIN_HAN = 2  # with fewer Chinese characters a text is not readable as a tip
_MIN_CANDIDATES = 3  # operators choose among three by key
_WORTH_SHOWING = 0.05  # probability


@dataclass(frozen=True, slots=True)
class Candidate:
    """A desk with its probability."""

    desk: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class KindGuess:
    """A demand type with its probability."""

    id: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a tip should go, how sure that is, and why.

    Attributes
    ----------
    desk, desk_name, confidence
        First choice and its calibrated probability.
    candidates : tuple of Candidate
        Every desk worth showing, best first, at least three.
    also : tuple of Candidate
        Further desks with a separate demand in the tip, likeliest first.
    decision : {"auto", "confirm", "review"}
        ``auto`` meets the desk's precision target, ``confirm`` is a choice among few, at ``review`` a person must
        read the tip.
    prediction_set : tuple of str
        The desks that hold the right one with the guaranteed coverage, likeliest first.
    kind : KindGuess
    evidence : tuple of Evidence, or None
        None where no explanation was asked for.
    model_version : str
    """

    desk: str
    desk_name: str
    confidence: float
    candidates: tuple[Candidate, ...]
    also: tuple[Candidate, ...]
    decision: Decision
    prediction_set: tuple[str, ...]
    kind: KindGuess
    evidence: tuple[Evidence, ...] | None
    model_version: str

    def to_dict(self) -> dict[str, Any]:
        """Return the routing as JSON can hold it; what was not asked for is absent."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Router:
    """Routes texts with one published model."""

    def __init__(self, artefact: Artefact) -> None:
        require_segmenter(artefact.manifest.segmenter)
        self.taxonomy = artefact.taxonomy
        self.manifest = artefact.manifest
        self.version = artefact.version
        self.desks = artefact.taxonomy.desk_ids
        self._segmenter = Segmenter(artefact.user_words)
        self._scorer = Scorer(artefact)

    @classmethod
    def load(cls, folder: str | Path) -> "Router":
        """Return a router for the published model in `folder`.

        Raises
        ------
        ArtefactError
            If there is none, a byte of it differs, or it needs another version of tipdesk or of jieba.
        """
        return cls(load_artefact(Path(folder)))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return calibrated probabilities, shape (n_texts, n_desks), columns as `desks`."""
        parts = [self._probabilities(texts[i : i + _BATCH])[0] for i in range(0, len(texts), _BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.desks)))

    def route(self, texts: Sequence[str], *, explain: bool = True) -> list[Routing]:
        """Return a routing for each text, in order.

        Parameters
        ----------
        texts : sequence of str
            Any text at all: what cannot be read as a tip gets the decision ``review``.
        explain : bool
            False leaves out the evidence, which is much faster.
        """
        routings: list[Routing] = []
        for i in range(0, len(texts), _BATCH):
            routings += self._route_batch(texts[i : i + _BATCH], explain)
        return routings

    def _probabilities(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the probabilities of the desks, of the further desks and of the demand types."""
        segmented = [self._segmenter.words(feature_text(normalise(text))) for text in texts]
        scores = self._scorer.score(segmented).astype(np.float64)
        desks, also, kinds = np.split(scores, [len(self.desks), 2 * len(self.desks)], axis=1)
        return _softmax(desks), 1 / (1 + np.exp(-also)), _softmax(kinds)

    def _route_batch(self, texts: Sequence[str], explain: bool) -> list[Routing]:
        proba, also, kinds = self._probabilities(texts)
        orders = np.argsort(-proba, axis=1, kind="stable")
        return [self._decide(text, proba[i], also[i], kinds[i], orders[i], explain) for i, text in enumerate(texts)]

    def _decide(
        self,
        text: str,
        proba: NDArray[np.float64],
        also: NDArray[np.float64],
        kinds: NDArray[np.float64],
        order: NDArray[np.intp],
        explain: bool,
    ) -> Routing:
        policy, top = self.manifest.policy, int(order[0])
        confidence = float(proba[top])
        in_set = [d for d in order if proba[d] >= policy.set_threshold] or [top]
        shown = [d for rank, d in enumerate(order) if rank < _MIN_CANDIDATES or proba[d] >= _WORTH_SHOWING]
        further = [d for d in np.argsort(-also, kind="stable") if d != top and also[d] >= policy.also_threshold]
        desk, kind = self.taxonomy.desks[top], self.taxonomy.kinds[int(kinds.argmax())]
        decision: Decision = "confirm"
        if count_han(text) < _MIN_HAN or len(in_set) > policy.max_confirm:
            decision = "review"
        elif confidence >= policy.auto_thresholds[desk.id]:
            decision = "auto"
        return Routing(
            desk=desk.id,
            desk_name=desk.name,
            confidence=confidence,
            candidates=tuple(self._candidate(d, proba[d]) for d in shown),
            also=tuple(self._candidate(d, also[d]) for d in further),
            decision=decision,
            prediction_set=tuple(self.desks[d] for d in in_set),
            kind=KindGuess(kind.id, kind.name, float(kinds.max())),
            evidence=self._explain(text, top) if explain else None,
            model_version=self.version,
        )

    def _candidate(self, desk: int, probability: float) -> Candidate:
        return Candidate(self.desks[desk], self.taxonomy.desks[desk].name, float(probability))

    def _explain(self, text: str, output: int) -> tuple[Evidence, ...]:
        aligned = align(text)
        prepared = feature_text(aligned.text)
        return find_evidence(self._scorer, self._segmenter.words(prepared), prepared, aligned, text, output)


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    proba: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return proba
