"""Places by name, from province down to town, with the code of their division (GB/T 2260)."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model.errors import TaxonomyError
from model.facts.lexicon import Hit

# A town is not listed, but what follows a county's or a city's name and ends so is one.
_NOT_IN_TOWN = r"\W\d_的是在和与于了我有人个村县市省区镇乡到去被把各全原老一"
_TOWN = re.compile(rf"[^{_NOT_IN_TOWN}]{{1,4}}?(?:镇|乡|街道)(?![村下镇亲])")
_TOWN_ALONE = re.compile(rf"(?:(?<![^\W\d_])|(?<=[在到是]))([^{_NOT_IN_TOWN}]{{2}}镇)(?![村下镇亲长])")
_TOWNS = 2  # named one after the other
_HEADER = ["code", "name", "short"]
_PROVINCE, _CITY = "0000", "00"  # what their codes end with


class Place(NamedTuple):
    """A place and where it stands: ``[start, end)``; `code` is None where the name is not listed or not one place's."""

    start: int
    end: int
    code: str | None


@dataclass(frozen=True)
class PlaceWords:
    """How places are named, as data.

    Attributes
    ----------
    placeholders, placeholder_ends : tuple of str
        What public data sets put in the place of names, and what follows a letter and a number there: A市, B7县.
    not_before : tuple of str
        A short name followed by one of these is part of another name: 北京路.
    """

    placeholders: tuple[str, ...]
    placeholder_ends: tuple[str, ...]
    not_before: tuple[str, ...]


class Gazetteer:
    """The listed places; `divisions` holds their full names by code.

    Parameters
    ----------
    rows : sequence of (code, name, short)
        Of each division; `short` is how people say it without its suffix, empty where that is an ordinary word.
    """

    def __init__(self, words: PlaceWords, rows: Iterable[Sequence[str]]) -> None:
        self._words = words
        ends = "|".join(map(re.escape, words.placeholder_ends))
        self._placeholder = re.compile(rf"(?<![a-z\d])[a-z]\d{{0,2}}(?:{ends})")
        self._codes: dict[str, list[str]] = {}
        self._short: set[str] = set()
        self.divisions: dict[str, str] = {}
        for code, name, short in rows:
            self.divisions[code] = name
            self._codes.setdefault(name, []).append(code)
            if short:
                self._codes.setdefault(short, []).append(code)
                self._short.add(short)

    @property
    def names(self) -> Iterable[str]:
        """All names, full and short."""
        return (*self._codes, *self._words.placeholders)

    def find(self, text: str, named: Iterable[Hit]) -> list[Place]:
        """Return the places in a normalised text, in order; `named` are the listed names in it (start, end, name)."""
        parts = [(*match.span(), match.group()) for match in self._placeholder.finditer(text)]
        end = 0
        for part in named:
            if part[0] >= end and not (part[2] in self._short and text.startswith(self._words.not_before, part[1])):
                parts.append(part)
                end = part[1]
        places: list[Place] = []
        chain: list[Hit] = []
        for part in sorted(parts):
            if chain and part[0] != chain[-1][1]:
                places.append(self._place(chain, text))
                chain = []
            chain.append(part)
        if chain:
            places.append(self._place(chain, text))
        if "镇" in text:
            ends = {place.end for place in places}
            alone = (Place(*match.span(1), None) for match in _TOWN_ALONE.finditer(text))
            places = sorted([*places, *(place for place in alone if place.end not in ends)])
        return places

    def _place(self, chain: Sequence[Hit], text: str) -> Place:
        """Return the place that names which follow each other make, with the town behind them."""
        within = ""
        code: str | None = None
        for _, _, name in chain:
            codes = [code for code in self._codes.get(name, ()) if code.startswith(within)]
            code = codes[0] if len(codes) == 1 else None
            if code:
                within = code.removesuffix(_PROVINCE).removesuffix(_CITY)
        end = chain[-1][1]
        if not (code and code.endswith(_PROVINCE)):
            for _ in range(_TOWNS):
                town = _TOWN.match(text, end)
                end = town.end() if town else end
        return Place(chain[0][0], end, code)


def read_places(path: Path) -> list[list[str]]:
    """Return the rows of a table of divisions without its header ``code,name,short``.

    Raises
    ------
    TaxonomyError
        If the file is missing or its header another.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except FileNotFoundError as error:
        raise TaxonomyError(f"{path} is missing; run in the project's folder") from error
    if header != _HEADER:
        raise TaxonomyError(f"{path} has the columns {','.join(header)}, expected {','.join(_HEADER)}")
    return rows
