"""Tables that people fill in: CSV, XLSX and JSON Lines as rows of texts, and files written whole or not at all."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.errors import CorpusError
from training.corpus import read_text


@dataclass(frozen=True, slots=True)
class Row:
    """A row: where it stands (in a spreadsheet the header is row 1, else its line), and what each column holds."""

    file: str
    number: int
    cells: dict[str, str]


def read_table(path: Path) -> list[Row]:
    """Return the rows of a table; a column that a row does not have is absent, empty rows are left out.

    Raises
    ------
    CorpusError
        If the file cannot be read, or a row not be parsed.
    """
    reader = {".csv": _read_csv, ".xlsx": _read_xlsx, ".jsonl": _read_json_lines}.get(path.suffix.lower())
    if reader is None:
        raise CorpusError(f"{path}: '{path.suffix}' is not a format that can be read; there are .csv, .xlsx, .jsonl")
    return [row for row in reader(path) if any(cell.strip() for cell in row.cells.values())]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it becomes `path` when the block ends without an error.

    Raises
    ------
    CorpusError
        If it cannot be written there.
    """
    staging = path.with_name(f".{path.name}.staging")
    try:
        yield staging
        staging.replace(path)
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror or error}; choose a folder that can be written to") from error
    finally:
        staging.unlink(missing_ok=True)


def _read_csv(path: Path) -> Iterator[Row]:
    records = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    number = 0
    try:
        header = [name.strip() for name in next(records, [])]
        for number, fields in enumerate(records, 2):
            if len(fields) > len(header):
                raise CorpusError(f"{path}, row {number}: {len(fields)} fields, the header has {len(header)}")
            yield Row(str(path), number, dict(zip(header, fields, strict=False)))
    except csv.Error as error:
        raise CorpusError(f"{path}, row {number + 1}: not readable as CSV ({error})") from error


def _read_xlsx(path: Path) -> Iterator[Row]:
    from python_calamine import CalamineError, load_workbook

    try:
        rows = load_workbook(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError) as error:
        raise CorpusError(f"{path}: {str(error) or 'no sheet'}; expected an XLSX workbook that can be read") from error
    header = [_as_text(cell).strip() for cell in rows[0]] if rows else []
    for number, values in enumerate(rows[1:], 2):
        cells = {name: _as_text(value) for name, value in zip(header, values, strict=False) if name}
        yield Row(str(path), number, cells)


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
        yield Row(str(path), number, {name: _as_text(value) for name, value in item.items()})


def _as_text(value: object) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(int(value))
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return "|".join(map(_as_text, value))
    return str(value)
