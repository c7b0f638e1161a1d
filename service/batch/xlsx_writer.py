"""XLSX: rows are kept as JSON lines, and a workbook is written from them in memory that does not grow."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from model.errors import TableError
from service.batch.columns import as_text
from service.batch.delimited import safe_cell
from service.batch.writer import Writer

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 1_048_576, 16_384, 32_767
"""What a sheet holds: rows with the header, columns, UTF-16 units in a cell (Excel specifications and limits)."""

_EXACT_INTEGERS = 10**15  # beyond, a spreadsheet changes the last digits
_FIRST_YEAR = 1901  # spreadsheets disagree about the days of 1900
_CREATED = datetime(2000, 1, 1)  # of every workbook, so that the same rows give the same bytes
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2


class XlsxWriter(Writer):
    """A workbook: one sheet, or as many as the rows need, called `title`."""

    def __init__(self, columns: Sequence[str], title: str) -> None:
        super().__init__(columns)
        self._title = title
        if len(columns) > MAX_COLUMNS:
            raise TableError(f"{len(columns)} columns; a sheet holds {MAX_COLUMNS}: write .csv or .parquet")

    def begin(self) -> bytes:
        return b""

    def encode(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return b"".join(json.dumps(list(map(_plain, row))).encode() + b"\n" for row in rows)

    def finish(self, rows: Path, whole: Path) -> tuple[Path, list[str]]:
        options = {"constant_memory": True, "tmpdir": str(rows.parent), "strings_to_urls": False}
        try:
            book = xlsxwriter.Workbook(str(whole), options)
            book.use_zip64()
            book.set_properties({"created": _CREATED})
            formats = {
                date: book.add_format({"num_format": "yyyy-mm-dd"}),
                datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            }
            sheet: Any = None
            n_cut, n_sheets, place = 0, 0, MAX_ROWS
            for cells in self._rows(rows):
                if place == MAX_ROWS:
                    n_sheets += 1
                    sheet = book.add_worksheet(self._title if n_sheets == 1 else f"{self._title}{n_sheets}")
                    sheet.freeze_panes(1, 0)
                    for column, name in enumerate(self._columns):
                        sheet.write_string(0, column, _fit(safe_cell(name))[0])
                    place = 1
                for column, cell in enumerate(cells):
                    if isinstance(cell, str):
                        if cell:
                            text, is_cut = _fit(safe_cell(cell))
                            sheet.write_string(place, column, text)
                            n_cut += is_cut
                    elif isinstance(cell, bool):
                        sheet.write_boolean(place, column, cell)
                    elif isinstance(cell, date):
                        sheet.write_datetime(place, column, cell, formats[type(cell)])
                    elif cell is not None:
                        sheet.write_number(place, column, cell)
                place += 1
            book.close()
        except XlsxWriterException as error:
            raise OSError(0, str(error), str(whole)) from error
        notes = []
        if n_cut:
            notes.append(
                f"{n_cut} 个单元格超过 {MAX_CELL} 字，在表格中截断并注明；输入文件未动，要全文请输出 .csv 或 .jsonl"
            )
        if n_sheets > 1:
            notes.append(f"一张工作表最多 {MAX_ROWS} 行，结果分在 {n_sheets} 张工作表")
        return whole, notes

    def _rows(self, path: Path) -> Iterator[list[Any]]:
        if not path.stat().st_size:
            yield []  # the header alone
        with path.open("rb") as file:
            for line in file:
                yield [_dated(cell) if isinstance(cell, dict) else cell for cell in json.loads(line)]


def _plain(value: Any) -> Any:
    """Return the value as JSON holds it and a cell shows it."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, date) and value.year >= _FIRST_YEAR and getattr(value, "tzinfo", None) is None:
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, int):
        return value if abs(value) < _EXACT_INTEGERS else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    return as_text(value)


def _dated(cell: dict[str, str]) -> date:
    ((kind, text),) = cell.items()
    return date.fromisoformat(text) if kind == "date" else datetime.fromisoformat(text)


def _fit(text: str) -> tuple[str, bool]:
    """Return the text as a cell can hold it, and whether that cut it."""
    text = _NO_CHARACTERS.sub("\ufffd", text)
    if len(text) <= MAX_CELL // 2 or _units(text) <= MAX_CELL:
        return text, False
    mark = f"…（原文 {len(text)} 字，超过表格上限，此处截断）"
    kept = text.encode("utf-16-le")[: 2 * (MAX_CELL - _units(mark))].decode("utf-16-le", "ignore")
    return kept + mark, True


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
