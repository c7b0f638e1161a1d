"""Tables as clerks have them, CSV, XLSX or JSON Lines: cells as text, with the row numbers that a spreadsheet shows."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import CorpusError

COLUMNS = {
    "text": ("text", "内容", "诉求内容", "来电内容", "反映内容", "工单内容", "诉求描述", "问题描述", "正文", "诉求"),
    "desk": ("desk", "受理席", "受理席位", "受理台", "类别", "诉求类别", "所属类别", "分类"),
    "id": ("id", "编号", "工单编号", "工单号", "案件编号"),
    "also": ("also", "另涉", "另涉受理席", "其他受理席"),
    "kind": ("kind", "诉求类型"),
    "urgent": ("urgent", "紧急", "是否紧急"),
}
"""Titles by which a column is known, the one that counts first where a table has several."""
REQUIRED = ("text", "desk")
SUFFIXES = (".csv", ".xlsx")

_MAX_TITLE_ROWS = 10  # above the header
# What a workbook may unpack to; the largest sheet that a spreadsheet program makes of tips stays far below.
_MAX_BYTES, _MAX_CELLS = 512 * 2**20, 10_000_000
_CHUNK = 2**20  # bytes
_LONGEST_PLACE = 32  # bytes
_PLACE = re.compile(rb'\br="([A-Z]{0,3})([0-9]{1,7})"')  # of a row or a cell
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")

csv.field_size_limit(2**31 - 1)  # over-long texts are reported, not crashed on


@dataclass(frozen=True, slots=True)
class Table:
    """A labelled table.

    Attributes
    ----------
    sheet : str, or None
        Which sheet of a workbook was read.
    other_sheets : tuple of str
        Sheets that hold something and were not read.
    header : list of str
    columns : dict of str to int
        Where the known columns stand, by the keys of `COLUMNS`.
    rows : list of (int, list of str)
        Row number and cells of every row below the header that is not empty.
    broken : (int, str), or None
        From which row on the file cannot be read, and why.
    uncomputed : frozenset of (int, int)
        Row number and column of formulas for which the file holds no value.
    """

    path: Path
    sheet: str | None
    other_sheets: tuple[str, ...]
    header: list[str]
    columns: dict[str, int]
    rows: list[tuple[int, list[str]]]
    broken: tuple[int, str] | None
    uncomputed: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of any table: where it stands (in a spreadsheet the header is row 1, else its line), its cells by title."""

    file: str
    number: int
    cells: dict[str, str]


@dataclass(slots=True)
class _Grid:
    """All rows from the first on, and what `Table` says of them."""

    rows: list[list[str]]
    sheet: str | None = None
    other_sheets: tuple[str, ...] = ()
    broken: tuple[int, str] | None = None
    uncomputed: frozenset[tuple[int, int]] = field(default_factory=frozenset)


def read_table(path: Path) -> Table:
    """Return the table in a file: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook that is not empty.

    Titles may stand above the header. The value of merged cells stands in each of them.

    Raises
    ------
    CorpusError
        If the file is missing, is neither, is damaged or too large, or lacks a required column.
    """
    grid = _read_grid(path)
    header_row, columns = _find_header(path, grid.rows)
    return Table(
        path=path,
        sheet=grid.sheet,
        other_sheets=grid.other_sheets,
        header=grid.rows[header_row - 1],
        columns=columns,
        rows=[(row, cells) for row, cells in enumerate(grid.rows[header_row:], header_row + 1) if any(cells)],
        broken=grid.broken,
        uncomputed=grid.uncomputed,
    )


def read_rows(path: Path, wanted: Sequence[str], next_step: str) -> list[Row]:
    """Return the rows of a table that has the titles `wanted`; empty rows are left out.

    Titles may stand above the header, as in `read_table`. A column that a line of JSON does not have is absent.

    Parameters
    ----------
    next_step : str
        What to do where a title is missing.

    Raises
    ------
    CorpusError
        If the file cannot be read, a row not be parsed, or a title is missing.
    """
    if path.suffix.lower() == ".jsonl":
        rows = list(_read_json_lines(path))
        found = list(dict.fromkeys(title for row in rows for title in row.cells))
    else:
        grid = _read_grid(path)
        heads = [
            (number, [title.strip() for title in cells]) for number, cells in enumerate(grid.rows, 1) if any(cells)
        ]
        header_row, header = next(
            ((number, titles) for number, titles in heads if set(wanted) <= set(titles)),
            heads[0] if heads else (0, []),
        )
        if grid.broken:
            raise CorpusError(
                f"{path}, row {grid.broken[0]}: not readable as CSV ({grid.broken[1]}); save the table anew"
            )
        rows, found = list(_name_cells(path, grid.rows[header_row:], header_row + 1, header)), header
    if missing := [title for title in wanted if title not in found]:
        titles = ", ".join(title[:40] for title in found if title)[:400]
        raise CorpusError(f"{path}: no column '{', '.join(missing)}'; found {titles or 'nothing'}; {next_step}")
    return rows


def _name_cells(path: Path, rows: Sequence[Sequence[str]], first: int, header: Sequence[str]) -> Iterator[Row]:
    for number, cells in enumerate(rows, first):
        if any(cells[len(header) :]):
            raise CorpusError(f"{path}, row {number}: {len(cells)} fields, the header has {len(header)}")
        if any(cells):
            # Of two columns of one title the first counts.
            named = reversed(list(zip(header, cells, strict=False)))
            yield Row(str(path), number, {title: cell for title, cell in named if title})


def _read_json_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path}, line {number}: not readable as JSON ({error})") from error
        if not isinstance(item, dict):
            raise CorpusError(f"{path}, line {number}: found {type(item).__name__}, expected a JSON object")
        yield Row(str(path), number, {title: _cell_text(value) for title, value in item.items()})


def read_text(path: Path) -> str:
    """Return the text of a CSV file.

    Raises
    ------
    CorpusError
        If the file is missing, or neither UTF-8 nor GB18030.
    """
    return _decode(path, _read_bytes(path))


def _read_grid(path: Path) -> _Grid:
    content = _read_bytes(path)
    is_workbook = path.suffix.lower() == ".xlsx" or content.startswith(b"PK\x03\x04")
    return _read_workbook(path, content) if is_workbook else _read_csv(_decode(path, content))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}; expected a CSV or XLSX file, or a folder of them") from error


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise CorpusError(f"{path}: an old XLS workbook, or one with a password; save it as XLSX without a password")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CorpusError(f"{path} is neither UTF-8 nor GB18030; save it as 'CSV UTF-8' or XLSX")


def _find_header(path: Path, rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    """Return the row number of the first row with all required titles, and where the known columns stand."""
    filled = [(row, cells) for row, cells in enumerate(rows[:_MAX_TITLE_ROWS], 1) if any(cells)]
    for row, cells in filled:
        titles = [title.strip().lower() for title in cells]
        columns = {
            name: titles.index(known[0])
            for name, aliases in COLUMNS.items()
            if (known := [title for title in aliases if title in titles])
        }
        if all(name in columns for name in REQUIRED):
            return row, columns
    found = [title.strip() for title in filled[0][1]] if filled else []
    missing = [name for name in REQUIRED if not any(title in found for title in COLUMNS[name])]
    raise CorpusError(
        f"{path}: column {', '.join(missing or REQUIRED)} is missing; found {', '.join(found)[:200] or 'nothing'}, "
        f"expected {' and '.join('/'.join(COLUMNS[name][:3]) for name in REQUIRED)}"
    )


def _read_csv(text: str) -> _Grid:
    rows: list[list[str]] = []
    try:
        # A row of a spreadsheet is a record, whatever line breaks its cells hold.
        rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return _Grid(rows, broken=(len(rows) + 1, str(error)))
    return _Grid(rows)


def _read_workbook(path: Path, content: bytes) -> _Grid:
    from python_calamine import CalamineWorkbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            has_formulas = _survey(path, archive)
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            sheets = [sheet for name in workbook.sheet_names if (sheet := workbook.get_sheet_by_name(name)).height]
            if not sheets:
                return _Grid([])
            first, *others = sheets
            rows = [[_cell_text(value) for value in cells] for cells in first.to_python(skip_empty_area=False)]
            for (top, left), (bottom, right) in first.merged_cell_ranges or ():
                for cells in rows[top : bottom + 1]:
                    cells[left : right + 1] = rows[top][left : left + 1] * len(cells[left : right + 1])
            uncomputed = _find_uncomputed(content, first.name, rows) if has_formulas else frozenset()
    except CorpusError:
        raise
    except Exception as error:  # of two libraries and three formats in one another; they have no class in common
        raise CorpusError(
            f"{path} cannot be read as XLSX ({' '.join(str(error).split())[:100]}); open it in a spreadsheet program "
            "and save it as XLSX without a password"
        ) from error
    return _Grid(rows, first.name, tuple(sheet.name for sheet in others), uncomputed=uncomputed)


def _survey(path: Path, archive: zipfile.ZipFile) -> bool:
    """Refuse a workbook that would not fit into memory; say whether any sheet of it has formulas.

    A sheet becomes a full rectangle in memory, so that one cell in its last corner is enough to need 100 GB.
    """
    if sum(part.file_size for part in archive.infolist()) > _MAX_BYTES:
        raise CorpusError(f"{path}: unpacks to more than {_MAX_BYTES >> 20} MB; split the workbook or save it as CSV")
    has_formulas = False
    for part in archive.infolist():
        is_sheet = part.filename.startswith("xl/worksheets/")
        height = width = 0
        # Every part is unpacked to its end, where a size that was stated falsely shows.
        for chunk in _chunks(archive, part):
            if not is_sheet:
                continue
            has_formulas = has_formulas or _FORMULA.search(chunk) is not None
            for letters, row in set(_PLACE.findall(chunk)):
                height, width = max(height, int(row)), max(width, _column_number(letters))
            if height * max(width, 1) > _MAX_CELLS:
                raise CorpusError(
                    f"{path}: a sheet of {height} rows and {width} columns, at most {_MAX_CELLS} cells are read; "
                    "delete the empty rows and columns at its end, or save it as CSV"
                )
    return has_formulas


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a part; the end of a chunk is there again in the next, so that nothing is cut apart."""
    tail = b""
    with archive.open(part) as content:
        while chunk := content.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-_LONGEST_PLACE:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _find_uncomputed(content: bytes, sheet: str, rows: Sequence[Sequence[str]]) -> frozenset[tuple[int, int]]:
    """Return row number and column of the formulas without a value: programs write such, spreadsheets do not."""
    from openpyxl import load_workbook

    workbook = load_workbook(io.BytesIO(content), read_only=True)
    return frozenset(
        (cell.row, cell.column - 1)
        for cells in workbook[sheet].iter_rows(max_row=len(rows))
        for cell in cells
        if cell.data_type == "f" and cell.column <= len(rows[cell.row - 1]) and not rows[cell.row - 1][cell.column - 1]
    )


def _cell_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return "|".join(map(_cell_text, value))
    return str(value)
