"""Router: texts -> Routings. Values times weights make scores; what is done with them is the published policy."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.artefact import Artefact, load_artefact
from model.evidence import find_evidence
from model.features import FeatureFinder, Values
from model.featuretext import feature_lines, feature_text
from model.gramindex import GramIndex
from model.routing import Candidate, Decision, Evidence, KindGuess, Piece, Routing, wanted_pieces
from model.segment import preload, require_segmenter, shared_segmenter
from model.text import AlignedText, align, normalise_lines
from model.triage import Triage

if TYPE_CHECKING:
    from model.similar import Sketcher

Floats = NDArray[np.float64]

_DECISIONS: tuple[Decision, ...] = ("confirm", "auto", "review")

# What is scored at once: arrays that stay in the processor's cache, and no more memory than that for long texts.
_BATCH_TEXTS, _BATCH_CHARS = 256, 65_536
_MIN_HAN = 2  # with fewer Chinese characters a text is not readable as a tip
_MIN_CANDIDATES = 3  # operators choose among three by key
_WORTH_SHOWING = 0.05  # probability


class Router:
    """Routes texts with one published model."""

    def __init__(self, artefact: Artefact) -> None:
        require_segmenter(artefact.manifest.segmenter)
        self.taxonomy = artefact.taxonomy
        self.manifest = artefact.manifest
        self.version = artefact.version
        self.golden = artefact.golden
        self.desks = artefact.taxonomy.desk_ids
        self._desk_names = [desk.name for desk in artefact.taxonomy.desks]
        self._segmenter = shared_segmenter(artefact.user_words)
        self._features = FeatureFinder(
            artefact.words,
            GramIndex(np.asarray(artefact.char_index)),
            np.asarray(artefact.idf),
            artefact.manifest.char_ngrams,
            artefact.manifest.opening_chars,
        )
        self._words, self._idf = artefact.words, artefact.idf
        self._triage = Triage(artefact.triage, artefact.taxonomy)
        self._auto_thresholds = np.array([artefact.manifest.policy.auto_thresholds[desk] for desk in self.desks])
        # Plain arrays on the same memory: to index a `memmap` is slow.
        self._weights, self._intercepts = np.asarray(artefact.weights), artefact.intercepts.astype(np.float64)

    @classmethod
    def load(cls, folder: str | Path) -> "Router":
        """Return a router for the published model in `folder`.

        Raises
        ------
        ArtefactError
            If there is none, a byte of it differs, or it needs another version of tipdesk or of jieba.
        """
        # rjieba reads its dictionary for as long as it takes to verify a model: do both at once.
        reading = Thread(target=preload)
        reading.start()
        try:
            artefact = load_artefact(Path(folder))
        finally:
            reading.join()
        return cls(artefact)

    @property
    def place_names(self) -> frozenset[str]:
        """Names of divisions, full and short, such as `normalise_employer` is given."""
        return self._triage.place_names

    @property
    def divisions(self) -> Mapping[str, str]:
        """Full names of provinces, cities and counties by their codes (GB/T 2260), without what they lie in."""
        return self._triage.divisions

    @cached_property
    def sketcher(self) -> "Sketcher":
        """Turns texts into what `SimilarIndex` looks at, with this model's words."""
        from model.similar import Sketcher

        return Sketcher(self._segmenter, self._words, self._idf)

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return calibrated probabilities, shape (n_texts, n_desks), columns as `desks`."""
        parts = [np.empty((0, len(self.desks)))]
        for batch in _batches(texts):
            layout = self._segmenter.lay_out(feature_lines(batch))
            parts.append(self._probabilities(self._features.weigh(self._features.find(layout), layout))[0])
        return np.concatenate(parts)

    def route(
        self, texts: Sequence[str], *, explain: bool | Collection[Piece] = True, today: date | None = None
    ) -> list[Routing]:
        """Return a routing for each text, in order.

        Parameters
        ----------
        texts : sequence of str
            Any text at all: what cannot be read as a tip gets the decision ``review``.
        explain : bool or collection of str
            What beyond the decisions is wanted: all of `PIECES`, some of them, or (False) nothing, which is fastest.
        today : date, optional
            The day of the call, from which relative dates in facts are counted.
        """
        wanted = wanted_pieces(explain)
        routings: list[Routing] = []
        for batch in _batches(texts):
            routings += self._route_batch(batch, wanted, today)
        return routings

    def _probabilities(self, values: Values) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the probabilities of the desks, of the further desks, of the demand types, and of urgency."""
        scores: Floats = values.times(self._weights)[:, : self._intercepts.size] + self._intercepts
        n = len(self.desks)
        return (
            _softmax(scores[:, :n]),
            _sigmoid(scores[:, n : 2 * n]),
            _softmax(scores[:, 2 * n : -1]),
            _sigmoid(scores[:, -1]),
        )

    def _route_batch(self, texts: Sequence[str], wanted: Collection[Piece], today: date | None) -> list[Routing]:
        normalised = normalise_lines(texts)
        layout = self._segmenter.lay_out(feature_text(normalised))
        policy, ids, names = self.manifest.policy, self.desks, self._desk_names
        found = self._features.find(layout)
        values = self._features.weigh(found, layout)
        proba, also, kinds, urgent = self._probabilities(values)
        # Everything that can be decided for the whole batch at once is; Python's loop below only fills in.
        order = np.argsort(-proba, axis=1, kind="stable")
        rows, top = np.arange(len(texts)), order[:, 0]
        n_in_set = np.maximum((proba >= policy.set_threshold).sum(axis=1), 1)
        auto = proba[rows, top] >= self._auto_thresholds[top]
        review = (layout.count_han() < _MIN_HAN) | (n_in_set > policy.max_confirm)
        also[rows, top] = 0
        further: list[list[tuple[float, int]]] = [[] for _ in texts]
        for row, d in zip(*(also >= policy.also_threshold).nonzero(), strict=True):
            further[row].append((also[row, d].item(), d))
        n_shown = np.maximum((proba >= _WORTH_SHOWING).sum(axis=1), min(_MIN_CANDIDATES, len(ids)))
        order = order[:, : max(n_shown.max(), n_in_set.max())]
        aligned = list(map(align, texts, normalised.split("\n"))) if wanted else []
        evidence: list[tuple[Evidence, ...] | None] = [None] * len(texts)
        if "evidence" in wanted:
            evidence[:] = find_evidence(texts, aligned, layout, found, values, self._weights, top)
        routings = []
        for decided, shares, ranked, n_set, n_worth, others, kind, kind_share, spans in zip(
            np.where(review, 2, auto).tolist(),
            np.take_along_axis(proba, order, axis=1).tolist(),
            order.tolist(),
            n_in_set.tolist(),
            n_shown.tolist(),
            further,
            kinds.argmax(axis=1).tolist(),
            kinds.max(axis=1).tolist(),
            evidence,
            strict=True,
        ):
            top_desk, demand = ranked[0], self.taxonomy.kinds[kind]
            routing = Routing(
                desk=ids[top_desk],
                desk_name=names[top_desk],
                confidence=shares[0],
                candidates=tuple([Candidate(ids[ranked[i]], names[ranked[i]], shares[i]) for i in range(n_worth)]),
                also=tuple([Candidate(ids[d], names[d], share) for share, d in sorted(others, reverse=True)]),
                decision=_DECISIONS[decided],
                prediction_set=tuple([ids[d] for d in ranked[:n_set]]),
                kind=KindGuess(demand.id, demand.name, kind_share),
                model_version=self.version,
                evidence=spans,
            )
            routings.append(routing)
        self._add_triage(routings, texts, aligned, wanted, today)
        if "urgency" in wanted:
            self._add_wording(routings, texts, aligned, (urgent >= policy.urgent_threshold).nonzero()[0].tolist())
        return routings

    def _add_triage(
        self,
        routings: list[Routing],
        texts: Sequence[str],
        aligned: Sequence[AlignedText],
        wanted: Collection[Piece],
        today: date | None,
    ) -> None:
        if "urgency" in wanted:
            for routing, urgency in zip(routings, self._triage.assess(aligned), strict=True):
                routing.urgency = urgency
        if "facts" in wanted or "questions" in wanted:
            for routing, facts in zip(routings, self._triage.find_facts(texts, aligned, today), strict=True):
                routing.facts = facts if "facts" in wanted else None
                routing.questions = self._triage.open_questions(routing.desk, facts) if "questions" in wanted else None
        if "law" in wanted:
            for routing, one in zip(routings, aligned, strict=True):
                routing.law = self._triage.find_law(one, [routing.desk, *(further.desk for further in routing.also)])

    def _add_wording(
        self, routings: list[Routing], texts: Sequence[str], aligned: Sequence[AlignedText], rows: list[int]
    ) -> None:
        """Make urgent what no rule did and whose wording is; such texts are few enough to be looked at once more."""
        rows = [row for row in rows if (urgency := routings[row].urgency) and not urgency.signals]
        if not rows:
            return
        texts, aligned = [texts[row] for row in rows], [aligned[row] for row in rows]
        layout = self._segmenter.lay_out(feature_lines(texts))
        found = self._features.find(layout)
        values = self._features.weigh(found, layout)
        output = np.full(len(rows), self._intercepts.size - 1)
        for row, spans in zip(
            rows, find_evidence(texts, aligned, layout, found, values, self._weights, output), strict=True
        ):
            strongest = max(spans, key=lambda span: span.share, default=None)
            if strongest:
                routings[row].urgency = self._triage.urgent_by_wording(strongest.start, strongest.end)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    n_chars = 0
    for text in texts:
        if batch and (len(batch) == _BATCH_TEXTS or n_chars + len(text) > _BATCH_CHARS):
            yield batch
            batch, n_chars = [], 0
        batch.append(text)
        n_chars += len(text)
    if batch:
        yield batch


def _sigmoid(scores: Floats) -> Floats:
    proba: Floats = 1 / (1 + np.exp(-scores))
    return proba


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    proba: Floats = powers / powers.sum(axis=1, keepdims=True)
    return proba
