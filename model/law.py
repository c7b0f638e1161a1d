"""The law that bears on a tip, found by patterns that are data: no law, article or desk is known to this code."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import re2

from model.errors import TaxonomyError
from model.routing import Article, TimeLimit

MOST_ARTICLES = 5
_UNITS = ("小时", "日", "个工作日", "个月", "年")

_ID = re.compile(r"[a-z][a-z0-9_]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Law:
    """A law, and which version of it is meant.

    Attributes
    ----------
    number : str
        Who issued it, with the number of the order where it has one.
    in_force : str
        ISO date from which this version is in force.
    source : str
        Where its text can be read.
    """

    id: str
    title: str
    short: str
    number: str
    in_force: str
    source: str


class LawBook:
    """All articles, ready to be looked up.

    Attributes
    ----------
    laws : tuple of Law
        In the order of the file that they were read from.
    """

    def __init__(self, laws: tuple[Law, ...], records: Sequence[Mapping[str, Any]]) -> None:
        """Take what `from_dict` has checked."""
        self.laws = laws
        self._records = tuple(records)
        short = {law.id: law.short for law in laws}
        self._articles = tuple(_article(record, short[record["law"]]) for record in records)
        # A set of patterns for each desk: one set for all desks has more states than fit any cache, and took over
        # 100 µs for a text that it had not seen, where one desk's takes 4.
        self._by_desk: defaultdict[str, tuple[_Matcher, list[int]]] = defaultdict(lambda: (_Matcher(), []))
        for place, record in enumerate(records):
            for desk in record["desks"]:
                matcher, general = self._by_desk[desk]
                if "when" not in record:
                    general.append(place)
                for condition in record.get("when", ()):
                    matcher.add(_parts(condition), place)
        for matcher, _ in self._by_desk.values():
            matcher.compile()

    @classmethod
    def from_dict(cls, content: object, desk_ids: Collection[str]) -> "LawBook":
        """Return the law book that a parsed YAML or JSON document describes.

        Parameters
        ----------
        desk_ids : collection of str
            The desks that articles may be shown for.

        Raises
        ------
        TaxonomyError
            If anything is missing, unknown, of the wrong type, there twice or no pattern; all of it is named at once.
        """
        if not isinstance(content, Mapping) or set(content) != {"laws", "articles"}:
            raise TaxonomyError("the law must hold exactly 'laws' and 'articles'; see data/law.yaml")
        problems = [*_law_problems(content["laws"]), *_article_problems(content, desk_ids)]
        if problems:
            raise TaxonomyError("law: " + "; ".join(problems))
        book = cls(tuple(Law(**law) for law in content["laws"]), content["articles"])
        if everywhere := {place for matcher, _ in book._by_desk.values() for place in matcher.find(b"")}:
            numbers = ", ".join(str(place + 1) for place in sorted(everywhere))
            raise TaxonomyError(f"law: 'when' matches every text at article {numbers}; leave it out or narrow it")
        return book

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        laws = [{field.name: getattr(law, field.name) for field in fields(Law)} for law in self.laws]
        return {"laws": laws, "articles": [dict(record) for record in self._records]}

    def find(self, text: str, desks: Sequence[str]) -> tuple[Article, ...]:
        """Return the articles that bear on a normalised text, best first, at most `MOST_ARTICLES`.

        Those whose patterns occur come before those that are shown always, and those of an earlier desk before those
        of a later one; otherwise the order of the file decides.

        Parameters
        ----------
        desks : sequence of str
            First choice, then further desks.
        """
        encoded = text.encode("utf-8", "replace")  # RE2 reads bytes; a lone surrogate becomes another character
        found: list[int] = []
        shown_always: list[int] = []
        for desk in desks:
            if desk in self._by_desk:
                matcher, general = self._by_desk[desk]
                found += matcher.find(encoded)
                shown_always += general
        places = list(dict.fromkeys(found + shown_always))[:MOST_ARTICLES]
        return tuple([self._articles[place] for place in places])


def _article(record: Mapping[str, Any], law: str) -> Article:
    limits = tuple(
        TimeLimit(limit["what"], limit["length"], limit["unit"], limit["from"]) for limit in record.get("limits", ())
    )
    return Article(law, record["number"], record["title"], record["says"], limits)


def _parts(condition: str | list[str]) -> list[str]:
    """Return the patterns that must all occur for a condition to hold."""
    return [condition] if isinstance(condition, str) else condition


class _Matcher:
    """Conditions looked for all at once; each tells the place of an article."""

    def __init__(self) -> None:
        self._set = re2.Set.SearchSet(_quiet())
        self._numbers: dict[str, int] = {}
        self._rules: defaultdict[int, list[tuple[frozenset[int], int]]] = defaultdict(list)

    def add(self, parts: list[str], place: int) -> None:
        """Add a condition: patterns that must all occur."""
        for part in parts:
            if part not in self._numbers:
                self._numbers[part] = self._set.Add(part)
        numbers = [self._numbers[part] for part in parts]
        self._rules[numbers[0]].append((frozenset(numbers), place))

    def compile(self) -> None:
        """Make `find` possible."""
        self._set.Compile()

    def find(self, encoded: bytes) -> list[int]:
        """Return the places of the articles of which a condition holds, in order."""
        numbers = self._set.Match(encoded)
        if not numbers:
            return []
        occurring = set(numbers)
        return sorted({place for n in numbers for needed, place in self._rules.get(n, ()) if needed <= occurring})


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False  # what is no pattern is told by the error
    return options


def _law_problems(laws: object) -> list[str]:
    if not isinstance(laws, list):
        return ["'laws' must be a list"]
    names = {field.name for field in fields(Law)}
    problems: list[str] = []
    for place, law in enumerate(laws, 1):
        where = f"law {place}"
        if _keys_differ(law, where, names, set(), problems):
            continue
        problems += [f"{where}: {name} must be a text" for name in sorted(names) if not _is_text(law[name])]
        if not _ID.fullmatch(str(law["id"])):
            problems.append(f"law id '{law['id']}' is not of the form [a-z][a-z0-9_]*")
        if not _DAY.fullmatch(str(law["in_force"])):
            problems.append(f"{where}: in_force must be a date in quotes, such as '2008-01-01'")
    return problems + _doubles("law id", [law["id"] for law in laws if isinstance(law, Mapping) and "id" in law])


def _article_problems(content: Mapping[str, Any], desk_ids: Collection[str]) -> list[str]:
    articles, laws = content["articles"], content["laws"]
    if not isinstance(articles, list) or not articles:
        return ["'articles' must be a list that is not empty"]
    law_ids = {law.get("id") for law in laws if isinstance(law, Mapping)} if isinstance(laws, list) else set()
    syntax = re2.Set.SearchSet(_quiet())
    needed, optional = {"law", "number", "title", "says", "desks", "example"}, {"limits", "when"}
    problems: list[str] = []
    for place, article in enumerate(articles, 1):
        where = f"article {place}"
        if _keys_differ(article, where, needed, optional, problems):
            continue
        texts = sorted(needed - {"desks"})
        problems += [f"{where}: {name} must be a text" for name in texts if not _is_text(article[name])]
        if article["law"] not in law_ids:
            problems.append(f"{where}: no law has the id '{article['law']}'")
        if not _is_text_list(article["desks"]):
            problems.append(f"{where}: desks must be a list of texts that is not empty")
        else:
            problems += [f"{where}: no desk has the id '{desk}'" for desk in article["desks"] if desk not in desk_ids]
        if "when" in article:
            problems += _when_problems(article["when"], where, syntax)
        problems += _limit_problems(article.get("limits", []), where)
    numbers = [f"{a.get('law')} {a.get('number')}" for a in articles if isinstance(a, Mapping)]
    return problems + _doubles("article", numbers)


def _when_problems(when: object, where: str, syntax: Any) -> list[str]:
    """Return what is wrong with a `when`; `syntax` is a set of patterns that refuses what is none."""
    if not isinstance(when, list) or not when:
        return [f"{where}: when must be a list that is not empty"]
    problems = []
    for condition in when:
        if not _is_text(condition) and not _is_text_list(condition):
            problems.append(f"{where}: when must hold texts, or lists of texts that are not empty")
            continue
        for part in _parts(condition):
            try:
                syntax.Add(part)
            except re2.error:
                problems.append(f"{where}: '{part}' is no RE2 pattern")
    return problems


def _limit_problems(limits: object, where: str) -> list[str]:
    if not isinstance(limits, list):
        return [f"{where}: limits must be a list"]
    problems: list[str] = []
    for limit in limits:
        if _keys_differ(limit, f"{where}: a limit", {"what", "length", "unit", "from"}, set(), problems):
            continue
        if not _is_text(limit["what"]) or not _is_text(limit["from"]):
            problems.append(f"{where}: what and from of a limit must be texts")
        if type(limit["length"]) is not int or limit["length"] < 1:
            problems.append(f"{where}: length of a limit must be a whole number above 0")
        if limit["unit"] not in _UNITS:
            problems.append(f"{where}: unit of a limit is '{limit['unit']}', not one of {', '.join(_UNITS)}")
    return problems


def _keys_differ(item: object, where: str, needed: set[str], optional: set[str], problems: list[str]) -> bool:
    """Tell whether `item` lacks a key or has one too many; what is wrong goes into `problems`."""
    if not isinstance(item, Mapping):
        problems.append(f"{where} is {type(item).__name__}, not a mapping")
        return True
    before = len(problems)
    if missing := sorted(needed - item.keys()):
        problems.append(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(map(str, item.keys() - needed - optional)):
        problems.append(f"{where} has unknown {', '.join(unknown)}")
    return len(problems) > before


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _doubles(noun: str, names: list[Any]) -> list[str]:
    return [f"{noun} '{name}' is there twice" for name in sorted({str(n) for n in names if names.count(n) > 1})]
