"""Facts in a tip: money, head-count, time, employer, place, occupation, wage, what is stated and what is wanted.

All words by which they are found are data (data/facts.yaml, data/places.csv); the code knows what a number, a date and
a name are, and no unit, trade or claim by name.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from model.errors import TaxonomyError
from model.facts.dates import DateFinder, DateMention, DateWords
from model.facts.employers import Employer, EmployerFinder, EmployerWords
from model.facts.lexicon import Hit, Lexicon
from model.facts.numerals import find_numerals
from model.facts.places import Gazetteer, Place, PlaceWords
from model.facts.quantities import DurationWords, HeadcountWords, MoneyWords, Quantity, QuantityFinder
from model.facts.section import is_text, is_texts, read_section
from model.facts.statements import Statement, StatementFinder, StatementPattern, is_pattern
from model.routing import Fact, Value

_WHERE, _END = attrgetter("start", "end"), attrgetter("end")
_MOST = 1000  # facts of a kind; a text with more holds no news, and time stays linear whatever the text
_ID = re.compile(r"[a-z][a-z0-9_]*")
_CODE = re.compile(r"\d{6}")


@dataclass(frozen=True)
class OccupationWords:
    """What callers work as, as data.

    Attributes
    ----------
    words, words_with_cue : tuple of str
        Occupations; the second only after one of `cues`.
    not_before : tuple of str
        What makes another word of an occupation.
    """

    words: tuple[str, ...]
    words_with_cue: tuple[str, ...]
    cues: tuple[str, ...]
    not_before: tuple[str, ...]


@dataclass(frozen=True)
class WageWords:
    """When a sum is a monthly wage, as data.

    Attributes
    ----------
    words, after : tuple of str
        What stands before a wage, within `reach` characters of its clause, and what follows it.
    other : tuple of str
        What shows that a sum is something else.
    least, most : int
        The least and the highest wage, in yuan a month.
    """

    words: tuple[str, ...]
    after: tuple[str, ...]
    other: tuple[str, ...]
    reach: int
    least: int
    most: int


@dataclass(frozen=True)
class Claim:
    """Something that callers want: RE2 patterns of it, and its name for operators."""

    id: str
    name: str
    patterns: tuple[str, ...]


_KINDS = frozenset({"money", "headcount", "duration", "date", "employer", "place", "occupation", "wage", "claim"})
_SECTIONS = {
    "dates": DateWords,
    "money": MoneyWords,
    "headcount": HeadcountWords,
    "durations": DurationWords,
    "places": PlaceWords,
    "employers": EmployerWords,
    "occupations": OccupationWords,
    "wage": WageWords,
}


class FactFinder:
    """Finds the facts in normalised texts.

    Parameters
    ----------
    content : dict
        What data/facts.yaml holds, and the rows of data/places.csv as "divisions".
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        sections, patterns = _read(content)
        self._content = content
        marks = content["clause_marks"]
        self._occupations: OccupationWords = sections["occupations"]
        self._wage: WageWords = sections["wage"]
        self._durations: DurationWords = sections["durations"]
        self._dates = DateFinder(sections["dates"])
        self._quantities = QuantityFinder(sections["money"], sections["headcount"], self._durations, marks)
        self._gazetteer = Gazetteer(sections["places"], content["divisions"])
        self.place_names = frozenset(self._gazetteer.names)
        self.divisions = self._gazetteer.divisions
        self._employers = EmployerFinder(sections["employers"])
        self._statements = StatementFinder(patterns, marks)
        self._clause = re.compile(f"[^{re.escape(marks)}]*$")
        self._with_cue = frozenset(self._occupations.words_with_cue)
        self._lexicon = Lexicon(
            {
                "place": self._gazetteer.names,
                "date": sections["dates"].openings,
                "occupation": [*self._occupations.words, *self._occupations.words_with_cue],
                "everyone": [*sections["headcount"].whole, *sections["headcount"].everyone],
                "length": self._durations.others,
                **sections["employers"].listed,
            }
        )

    @classmethod
    def from_dict(cls, content: object) -> "FactFinder":
        """Return the finder that a parsed YAML or JSON document describes.

        Raises
        ------
        TaxonomyError
            If anything is missing, unknown, of the wrong type, there twice or no pattern; all of it is named at once.
        """
        if not isinstance(content, Mapping):
            raise TaxonomyError(f"the words for facts are {type(content).__name__}, not a mapping; see data/facts.yaml")
        return cls(content)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        return dict(self._content)

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of facts that may be found."""
        return _KINDS.union(self._content["statements"])

    def find(self, texts: Sequence[str], today: datetime.date | None = None) -> list[tuple[Fact, ...]]:
        """Return the facts in each of several normalised texts, in its order.

        Parameters
        ----------
        today : date, optional
            The day of the call; without it, relative dates have no value.
        """
        # Each finder reads all texts before the next does: the automata and words that it looks things up in stay in
        # the processor's cache, which takes two thirds of the time.
        hits = [*map(self._lexicon.find, texts)]
        numerals = [*map(find_numerals, texts)]
        dates = [
            list(islice(self._dates.find(text, [start for start, _, _ in listed["date"]], where, today), _MOST))
            for text, listed, where in zip(texts, hits, numerals, strict=True)
        ]
        quantities = [
            list(islice(self._quantities.find(text, where, [date[:2] for date in known]), _MOST))
            for text, where, known in zip(texts, numerals, dates, strict=True)
        ]
        places = [self._gazetteer.find(text, listed["place"])[:_MOST] for text, listed in zip(texts, hits, strict=True)]
        employers = [
            self._employers.find(text, listed, where, [*map(_END, known), *map(_END, counted)])[:_MOST]
            for text, listed, where, known, counted in zip(texts, hits, places, dates, quantities, strict=True)
        ]
        statements = map(self._statements.find, texts)
        found = zip(texts, hits, dates, quantities, places, employers, statements, strict=True)
        return [tuple(sorted(self._gather(*of_text), key=_WHERE)) for of_text in found]

    def _gather(
        self,
        text: str,
        hits: Mapping[str, Sequence[Hit]],
        dates: Sequence[DateMention],
        quantities: Sequence[Quantity],
        places: Sequence[Place],
        employers: Sequence[Employer],
        statements: Iterable[Statement],
    ) -> list[Fact]:
        """Return the facts of a text from what was found in it."""
        named = {at for name in employers for at in range(*name)}
        facts = [Fact("date", date.start, date.end, text[date.start : date.end], date.value, None) for date in dates]
        facts += self._counted(text, quantities)
        counted = {at for quantity in quantities for at in range(quantity.start, quantity.end)}
        wholes = (start for start, _, _ in hits["everyone"])
        for start, end in islice(self._quantities.everyone(text, wholes), _MOST):
            if start not in counted:
                facts.append(Fact("headcount", start, end, text[start:end], None, "people"))
        facts += [Fact("duration", *hit, None, self._durations.others[hit[2]]) for hit in hits["length"][:_MOST]]
        facts += self._occupied(text, hits["occupation"])
        for start, end in employers:
            facts.append(Fact("employer", start, end, text[start:end], text[start:end], None))
        for start, end, code in places:
            if start not in named:
                facts.append(Fact("place", start, end, text[start:end], code, "gb2260"))
        for kind, start, end, value in statements:
            facts.append(Fact(kind, start, end, text[start:end], value, None))
        return facts

    def _counted(self, text: str, quantities: Iterable[Quantity]) -> Iterator[Fact]:
        for kind, start, end, value, unit in quantities:
            yield Fact(kind, start, end, text[start:end], value, unit)
            if kind == "money" and self._is_wage(text, start, end, value):
                yield Fact("wage", start, end, text[start:end], value, "yuan/month")

    def _is_wage(self, text: str, start: int, end: int, value: Value) -> bool:
        """Whether a sum is a monthly wage."""
        words = self._wage
        low, high = value if isinstance(value, tuple) else (value, value)
        if not (isinstance(low, float) and isinstance(high, float) and words.least <= low and high <= words.most):
            return False
        clause = self._clause.search(text, max(0, start - words.reach), start)
        before = clause.group() if clause else ""
        if any(word in before for word in words.other) or text.startswith(words.other, end):
            return False
        return any(word in before for word in words.words) or text.startswith(words.after, end)

    def _occupied(self, text: str, hits: Iterable[Hit]) -> Iterator[Fact]:
        words, last = self._occupations, 0
        for start, end, word in islice(hits, _MOST):
            if start < last or text.startswith(words.not_before, end):
                continue
            if word in self._with_cue and not text.endswith(words.cues, 0, start):
                continue
            last = end
            yield Fact("occupation", start, end, word, None, None)


def _read(content: Mapping[str, Any]) -> tuple[dict[str, Any], list[StatementPattern]]:
    """Return the sections of a document and the patterns in it.

    Raises
    ------
    TaxonomyError
        With all that is wrong with it.
    """
    expected = {*_SECTIONS, "clause_marks", "statements", "claims", "divisions"}
    problems: list[str] = []
    if missing := sorted(expected - content.keys()):
        problems.append(f"lacks {', '.join(missing)}")
    if unknown := sorted(map(str, content.keys() - expected)):
        problems.append(f"has unknown {', '.join(unknown)}")
    if not is_text(content.get("clause_marks", "-")):
        problems.append("clause_marks must be a text")
    present = {name: cls for name, cls in _SECTIONS.items() if name in content}
    sections = {name: read_section(cls, content[name], name, problems) for name, cls in present.items()}
    patterns = [*_stated(content.get("statements", {}), problems), *_claimed(content.get("claims", []), problems)]
    marks = str(content.get("clause_marks"))
    problems += [f"'{item.pattern}' is no RE2 pattern" for item in patterns if not is_pattern(item.pattern, marks)]
    problems += _wrong_divisions(content.get("divisions", []))
    if problems:
        raise TaxonomyError("words for facts: " + "; ".join(problems))
    return sections, patterns


def _stated(statements: object, problems: list[str]) -> Iterator[StatementPattern]:
    """Yield the patterns of what is stated or denied."""
    if not isinstance(statements, Mapping):
        problems.append("statements must be a mapping")
        return
    for kind, answers in statements.items():
        if (
            not isinstance(answers, Mapping)
            or set(answers) != {"yes", "no"}
            or not all(map(is_texts, answers.values()))
        ):
            problems.append(f"statements: {kind} must hold exactly 'yes' and 'no', each a list of patterns")
            continue
        for answer, patterns in answers.items():
            yield from (StatementPattern(str(kind), answer == "yes", pattern) for pattern in patterns)


def _claimed(claims: object, problems: list[str]) -> Iterator[StatementPattern]:
    """Yield the patterns of what callers want."""
    ids: list[str] = []
    for number, item in enumerate(claims if isinstance(claims, list) else [claims], 1):
        claim = read_section(Claim, item, f"claim {number}", problems)
        if claim:
            ids.append(claim.id)
            yield from (StatementPattern("claim", claim.id, pattern) for pattern in claim.patterns)
    problems += [f"claim id '{i}' is not of the form [a-z][a-z0-9_]*" for i in ids if not _ID.fullmatch(i)]
    problems += [f"claim id '{i}' is there twice" for i in sorted({i for i in ids if ids.count(i) > 1})]


def _wrong_divisions(rows: object) -> list[str]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return ["divisions must be a list of rows"]
    wrong = [
        number
        for number, row in enumerate(rows, 1)
        if not (isinstance(row, Sequence) and len(row) == 3 and all(isinstance(cell, str) for cell in row))
        or not _CODE.fullmatch(row[0])
        or len(row[1]) < 2
        or len(row[2]) == 1
    ]
    return [f"division {number} is not of the form six digits, name, short name or nothing" for number in wrong]
