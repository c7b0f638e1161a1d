"""What a desk needs besides its name: how urgent a tip is, its facts, what is still to be asked, and the law.

What reads it is imported when it is first used: that takes as long as to route a tip.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from model.routing import Article, Fact, Signal, Urgency
from model.taxonomy import Taxonomy
from model.text import AlignedText

if TYPE_CHECKING:
    from model.facts import FactFinder
    from model.law import LawBook
    from model.signals import SignalRules


@dataclass(frozen=True)
class TriageData:
    """The words, rules and articles of a published model, as JSON documents.

    Attributes
    ----------
    signals, facts, law : bytes
        What `SignalRules`, `FactFinder` and `LawBook` are made from.
    """

    signals: bytes
    facts: bytes
    law: bytes


class Triage:
    """Reads tips with the words, rules and articles of a published model; each part is built when it is first used.

    Parameters
    ----------
    data : TriageData
    taxonomy : Taxonomy
    """

    def __init__(self, data: TriageData, taxonomy: Taxonomy) -> None:
        self._data = data
        self._taxonomy = taxonomy
        self._questions = {desk.id: desk.questions for desk in taxonomy.desks}
        self._answers = {question: kind for kind, questions in taxonomy.answers.items() for question in questions}

    def assess(self, aligned: Sequence[AlignedText]) -> list[Urgency]:
        """Return how urgent each tip is, each reason once; spans are of the texts as received."""
        assessed = self._signals.assess([one.text for one in aligned])
        for urgency, one in zip(assessed, aligned, strict=True):
            if urgency.signals:
                first = {signal.reason: signal for signal in reversed(urgency.signals)}
                urgency.signals = tuple(signal for signal in urgency.signals if first[signal.reason] is signal)
            for signal in urgency.signals:
                signal.start, signal.end = one.received(signal.start, signal.end)
        return assessed

    def urgent_by_wording(self, start: int, end: int) -> Urgency:
        """Return the urgency of a tip whose wording alone, most of all that of a span, says that it is urgent."""
        wording = self._signals.wording
        return Urgency(wording.level, (Signal(wording.id, wording.level, wording.reason, start, end),))

    def find_facts(
        self, texts: Sequence[str], aligned: Sequence[AlignedText], today: datetime.date | None
    ) -> list[tuple[Fact, ...]]:
        """Return the facts in each tip; spans and words are of the texts as received.

        Parameters
        ----------
        today : date, optional
            The day of the call, from which relative dates are counted.
        """
        found = self._facts.find([one.text for one in aligned], today)
        for text, one, facts in zip(texts, aligned, found, strict=True):
            for fact in facts:
                fact.start, fact.end = one.received(fact.start, fact.end)
                fact.text = text[fact.start : fact.end]
        return found

    def open_questions(self, desk: str, facts: Sequence[Fact]) -> tuple[str, ...]:
        """Return what a desk asks and no fact answers, in the order that matters to it."""
        told = {fact.kind for fact in facts}
        return tuple(question for question in self._questions[desk] if self._answers.get(question) not in told)

    def find_law(self, aligned: AlignedText, desks: Sequence[str]) -> tuple[Article, ...]:
        """Return the articles that bear on a tip of these desks, best first."""
        return self._law.find(aligned.text, desks)

    @property
    def place_names(self) -> frozenset[str]:
        """Names of divisions, full and short."""
        return self._facts.place_names

    @property
    def divisions(self) -> Mapping[str, str]:
        """Full names of divisions by code."""
        return self._facts.divisions

    @cached_property
    def _signals(self) -> "SignalRules":
        from model.signals import SignalRules

        return SignalRules.from_dict(json.loads(self._data.signals))

    @cached_property
    def _facts(self) -> "FactFinder":
        from model.facts import FactFinder

        return FactFinder.from_dict(json.loads(self._data.facts))

    @cached_property
    def _law(self) -> "LawBook":
        from model.law import LawBook

        return LawBook.from_dict(json.loads(self._data.law), self._taxonomy.desk_ids)
