"""JSON Lines: one object a line, values as they came."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from model.errors import TableError
from service.batch.columns import as_text, unique_names
from service.batch.table import ABSENT, MAX_RECORD_CHARS, Reject, Row, Table
from service.batch.textfile import TextFile, pack
from service.batch.writer import Writer

_MAX_COLUMNS = 16_384  # as many as a spreadsheet has; more are keys that are values


class JsonLinesTable(Table):
    """The columns are all keys of all objects, in order of first sight."""

    header_line = 0

    def __init__(self, path: Path, compression: str) -> None:
        self.name = path.name
        self._file = TextFile(path, compression)
        columns: dict[str, None] = {}
        for _, item, _ in self._objects():
            if isinstance(item, dict):
                columns.update(dict.fromkeys(item))
                if len(columns) > _MAX_COLUMNS:
                    raise TableError(f"{path}: more than {_MAX_COLUMNS} different keys; expected those of a table")
        self.columns = list(columns)

    def share_read(self) -> float:
        return self._file.share_read()

    def __iter__(self) -> Iterator[Row | Reject]:
        for line, item, raw in self._objects():
            if isinstance(item, str):
                yield Reject(line, item, raw)
            else:
                yield Row(line, [item.get(column, ABSENT) for column in self.columns], len(raw))

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | str, str]]:
        """Yield line number, the object or why there is none, and the raw line."""
        number, whole = 1, True
        for line in self._file.lines():
            begins, whole = whole, line.endswith("\n")
            raw = line.rstrip("\r\n")
            if not begins or (not whole and len(line) == MAX_RECORD_CHARS):
                yield number, f"longer than {MAX_RECORD_CHARS} characters", raw
            elif raw.strip():
                yield number, _parse(raw), raw
            number += whole


def _parse(raw: str) -> dict[str, Any] | str:
    try:
        item = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return f"not readable as JSON: {str(error).splitlines()[0]}"
    return item if isinstance(item, dict) else f"{type(item).__name__}, expected a JSON object"


class JsonLinesWriter(Writer):
    """Values as they came; columns that a row does not have stay absent."""

    def __init__(self, columns: Sequence[str], compression: str) -> None:
        super().__init__(unique_names(columns))
        self._compression = compression

    def begin(self) -> bytes:
        return b""

    def encode(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return pack(b"".join(map(self._line, rows)), self._compression)

    def _line(self, row: Sequence[Any]) -> bytes:
        item = {name: value for name, value in zip(self._columns, row, strict=True) if value is not ABSENT}
        try:
            return json.dumps(item, ensure_ascii=False, default=as_text).encode() + b"\n"
        except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
            return json.dumps(item, default=as_text).encode() + b"\n"
