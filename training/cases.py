"""Cases as a hotline has them in its tables: what was told and when, which desk was suggested, which was confirmed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from training.tables import Row, read_rows

_DAY = re.compile(r"\s*([12]\d{3})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_COMPACT_DAY = re.compile(r"\s*([12]\d{3})(\d{2})(\d{2})(?!\d)")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_DESK_TITLES = ("desk", "受理席")
_SPREADSHEET_DAYS = (20_000, 80_000)  # from 1954 to 2119; other numbers in a column of dates are none


@dataclass(frozen=True, slots=True)
class Case:
    """A tip as it was handled. What is not known is None.

    Attributes
    ----------
    desk : str or None
        The desk that an operator confirmed, by its id or by its name.
    tip_desk : str or None
        The same of the desk that was suggested to the operator then, by whichever model served.
    """

    text: str
    day: date | None = None
    desk: str | None = None
    tip_desk: str | None = None


def read_cases(path: Path, text_column: str = "text", date_column: str = "date") -> list[Case]:
    """Return the rows of a table with a column of texts; dates and desks are read where there are.

    Raises
    ------
    CorpusError
        If the file cannot be read or has no such column of texts.
    """
    rows = read_rows(path, (text_column,), "name the one to read with --text-column")
    return cases_of(rows, text_column, date_column)


def cases_of(rows: Iterable[Row], text_column: str = "text", date_column: str = "date") -> list[Case]:
    """Return the cases that stand in the rows of a table."""
    return [
        Case(
            text=row.cells.get(text_column, "").strip(),
            day=parse_day(row.cells.get(date_column, "")),
            desk=next((row.cells[title].strip() for title in _DESK_TITLES if row.cells.get(title, "").strip()), None),
            tip_desk=row.cells.get("tip_desk", "").strip() or None,
        )
        for row in rows
    ]


def parse_day(cell: str) -> date | None:
    """Return the day that a cell states, None where it states none.

    2026-11-03 (with a time or without), 2026/11/3, 2026.11.3, 20261103, 2026年11月3日, and the numbers that days are in
    spreadsheets.
    """
    written = unicodedata.normalize("NFKC", cell)
    try:
        if found := _DAY.match(written) or _COMPACT_DAY.match(written):
            return date(int(found[1]), int(found[2]), int(found[3]))
        days = float(written)
    except ValueError:
        return None
    first, last = _SPREADSHEET_DAYS
    return _SPREADSHEET_EPOCH + timedelta(days=int(days)) if first <= days <= last else None


def split_by_day(cases: Iterable[Case], since: date) -> tuple[list[Case], list[Case], int]:
    """Return the cases before a day, those from that day on, and how many have no date that could be read."""
    before, after, undated = list[Case](), list[Case](), 0
    for case in cases:
        if case.day is None:
            undated += 1
        else:
            (after if case.day >= since else before).append(case)
    return before, after, undated
