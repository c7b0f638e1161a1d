"""Cases as a hotline has them in its tables: what was told and when, which desk was suggested, which was confirmed."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from model.errors import TableError

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how XLSX and XLS begin, whatever the file is called
_DAY = re.compile(r"\s*([12]\d{3})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_COMPACT_DAY = re.compile(r"\s*([12]\d{3})(\d{2})(\d{2})(?!\d)")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_DESK_TITLES = ("desk", "受理席")
_SPREADSHEET_DAYS = (20_000, 80_000)  # from 1954 to 2119; other numbers in a column of dates are none

csv.field_size_limit(2**31 - 1)


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
    """Return the rows of a CSV file or spreadsheet with a column of texts; dates and desks are read where there are.

    Raises
    ------
    TableError
        If the file cannot be read or has no such column of texts.
    """
    rows = _read_rows(path)
    header = [_text(cell) for cell in next(rows, [])]
    if text_column not in header:
        found = ", ".join(name[:40] for name in header if name) or "nothing"
        raise TableError(
            f"{path}: no column '{text_column}'; found {found[:400]}; name the one to read with --text-column"
        )
    columns = {name: place for place, name in reversed(list(enumerate(header)))}

    def cell(row: list[Any], column: str) -> Any:
        place = columns.get(column)
        return row[place] if place is not None and place < len(row) else None

    return [
        Case(
            text=_text(cell(row, text_column)),
            day=parse_day(cell(row, date_column)),
            desk=next(filter(None, (_text(cell(row, title)) for title in _DESK_TITLES)), None),
            tip_desk=_text(cell(row, "tip_desk")) or None,
        )
        for row in rows
        if row
    ]


def parse_day(cell: object) -> date | None:
    """Return the day that a cell states, None where it states none.

    2026-11-03 (with a time or without), 2026/11/3, 2026.11.3, 20261103, 2026年11月3日, and the numbers that days are in
    spreadsheets.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = unicodedata.normalize("NFKC", _text(cell))
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


def _read_rows(path: Path) -> Iterator[list[Any]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}; expected a CSV file or a spreadsheet") from error
    return iter(_read_sheet(path, content)) if content.startswith(_WORKBOOKS) else _read_csv(path, content)


def _read_sheet(path: Path, content: bytes) -> list[list[Any]]:
    """Return the rows of a workbook's first sheet."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError) as error:
        raise TableError(f"{path}: not readable as a spreadsheet ({error}); save it anew as XLSX or CSV") from error


def _read_csv(path: Path, content: bytes) -> Iterator[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableError(f"{path} is neither UTF-8 nor GB18030; save it as 'CSV UTF-8'")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise TableError(
            f"{path}, line {reader.line_num}: not readable as CSV ({error}); mend this line or save the table anew"
        ) from error


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()
