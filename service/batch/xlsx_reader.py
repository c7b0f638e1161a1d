"""Sheets of a workbook: at once by calamine, or when that would take too much memory a row at a time by openpyxl."""

import json
import os
import re
import tempfile
import warnings
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError, iterparse

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from model.errors import TableError
from service.batch.columns import as_text, find_header, find_text, is_day
from service.batch.table import Reject, Row, Table
from service.batch.xlsx_guard import require_harmless

# About 200,000 rows of tips. Calamine holds a sheet in some three times its size as XML.
_MAX_AT_ONCE = 80 << 20
_HEADER_SEARCH = 30  # rows, blank ones included
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")  # ECMA-376, 22.4.2.4: how a cell holds what XML cannot

Cells = list[Any]


class SheetTable(Table):
    """One sheet; lines are the sheet's row numbers, and blank rows are none."""

    def __init__(self, name: str, rows: "_CalamineRows | _OpenpyxlRows", wanted: Sequence[str]) -> None:
        self.name = name
        self._rows = rows
        self._line = 0
        first = [(line, cells) for line, cells in enumerate(islice(rows, _HEADER_SEARCH), 1) if cells]
        self.is_empty = not first
        start, n_header, self.columns = find_header([[as_text(cell) for cell in cells] for _, cells in first], wanted)
        self.header_line = first[start][0] if first else 1
        self._first_line = first[n_header - 1][0] + 1 if first else 1

    def share_read(self) -> float:
        return min(self._line / max(self._rows.n_rows, 1), 1.0)

    def __iter__(self) -> Iterator[Row | Reject]:
        n_columns = len(self.columns)
        for line, cells in enumerate(self._rows, 1):
            if line < self._first_line or not cells:
                continue
            self._line = line
            if len(cells) > n_columns:
                raw = json.dumps([as_text(cell) for cell in cells], ensure_ascii=False)
                yield Reject(line, f"{len(cells)} cells, the header has {n_columns}", raw)
                continue
            cells += [None] * (n_columns - len(cells))
            yield Row(line, cells, sum(len(cell) if isinstance(cell, str) else 8 for cell in cells))


def open_sheets(path: Path, wanted: Sequence[str]) -> tuple[list[SheetTable], list[str]]:
    """Return the sheets of a workbook that have a column of tips, and the names of those that have rows but none.

    Raises
    ------
    TableError
        If the workbook cannot be read, or no sheet has such a column.
    """
    is_zip = path.suffix.lower() != ".xls"
    n_bytes = require_harmless(path) if is_zip else path.stat().st_size
    try:
        sources: Mapping[str, _CalamineRows | _OpenpyxlRows]
        if n_bytes <= _MAX_AT_ONCE:
            book = CalamineWorkbook.from_path(path)
            sources = {name: _CalamineRows(path, book.get_sheet_by_name(name)) for name in book.sheet_names}
        elif is_zip:
            sources = _stream(path)
        else:
            raise TableError(f"{path}: {n_bytes >> 20} MB of the old format; save it as .xlsx")
        sheets = [SheetTable(f"{path.name}#{name}", rows, wanted) for name, rows in sources.items()]
    except (CalamineError, InvalidFileException, ParseError, KeyError, ValueError, TypeError, AttributeError) as error:
        found = str(error).splitlines() or [type(error).__name__]
        raise TableError(f"{path}: not readable as a workbook ({found[0]}); save it again as .xlsx") from error
    sheets = [sheet for sheet in sheets if not sheet.is_empty]
    with_text = [sheet for sheet in sheets if find_text(sheet.columns, wanted)]
    if not with_text:
        return sheets[:1], []
    return with_text, [sheet.name for sheet in sheets if sheet not in with_text]


class _CalamineRows:
    """The rows of a sheet, read at once when they are asked for."""

    def __init__(self, path: Path, sheet: CalamineSheet) -> None:
        self._path = path
        self._name = sheet.name
        self.n_rows = sheet.total_height

    def __iter__(self) -> Iterator[Cells]:
        sheet = CalamineWorkbook.from_path(self._path).get_sheet_by_name(self._name)
        if sheet.start is None:
            return
        above, left = sheet.start
        for _ in range(above):
            yield []
        for cells in sheet.iter_rows():
            yield _tidy([None] * left + cells)


class _OpenpyxlRows:
    """The rows of a sheet, parsed as they are asked for."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self.n_rows = sheet.max_row or 0
        sheet.reset_dimensions()  # what a sheet says of its size need not be so

    def __iter__(self) -> Iterator[Cells]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a date out of range is "#VALUE!", as a spreadsheet shows it
            for cells in self._sheet.iter_rows(values_only=True):
                yield _tidy([_unescape(cell) if isinstance(cell, str) else cell for cell in cells])


def _tidy(cells: Cells) -> Cells:
    """Return the cells up to the last that is not blank; numbers without fraction and dates without time are such."""
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    for i, cell in enumerate(cells):
        if isinstance(cell, float) and cell.is_integer():
            cells[i] = int(cell)
        elif isinstance(cell, datetime) and is_day(cell):
            cells[i] = cell.date()
    return cells


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _stream(path: Path) -> dict[str, _OpenpyxlRows]:
    reader = _Reader(path, read_only=True, data_only=True, keep_links=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that concern no cell
        reader.read()
    return {sheet.title: _OpenpyxlRows(sheet) for sheet in reader.wb.worksheets}


class _Reader(ExcelReader):  # type: ignore[misc]
    """openpyxl's reader, with the workbook's strings on disk: a million of them are too many to hold."""

    def read_strings(self) -> None:
        content_type = self.package.find(SHARED_STRINGS)
        if content_type is not None:
            with self.archive.open(content_type.PartName[1:]) as source:
                self.shared_strings = _SharedStrings(source)


class _SharedStrings:
    """The strings of a workbook by number, in a temporary file without a name."""

    def __init__(self, source: IO[bytes]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the workbook is
        self._ends = array("Q", [0])
        item, text, phonetic = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("si", "t", "rPh"))
        end = 0
        events = iterparse(source, events=("start", "end"))  # noqa: S314 - declares no entities: xlsx_guard.py
        _, root = next(events)
        for event, node in events:
            if event == "end" and node.tag == item:
                spoken = {id(t) for run in node.iter(phonetic) for t in run.iter(text)}
                string = "".join(t.text or "" for t in node.iter(text) if id(t) not in spoken)
                end += self._file.write(string.encode())
                self._ends.append(end)
                root.clear()
        self._file.flush()

    def __getitem__(self, number: int) -> str:
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin).decode()
