"""INPUT: one file, a folder or a pattern, as one sequence of chunks of rows, the same however often it is read."""

import glob
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import TableError
from service.batch.columns import as_text, find_text, reserved
from service.batch.formats import READABLE, find_suffix, open_tables
from service.batch.table import ABSENT, Reject, Table

SOURCE_COLUMNS = ("tip_source", "tip_line")
"""Where a row stands: added when there are several files or sheets, else its place in the result says it."""

_CHUNK_ROWS, _CHUNK_CHARS = 1000, 1_000_000


@dataclass
class Chunk:
    """Rows that are scored together.

    Attributes
    ----------
    source : str
        The table that they are from.
    rows : list of list
        Values in the order of the input's columns.
    lines : list of int
        Where each row begins.
    texts : list of str
        What of each row is to be routed.
    bytes_read : int
        How far the input has been read with this chunk.
    """

    source: str
    rows: list[list[Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    bytes_read: int = 0


class Input:
    """Tables, one after the other, under the union of their columns.

    Parameters
    ----------
    source : Path
        A file, a folder (with those below it) or a pattern; files come in the order of their names.
    text_columns : sequence of str
        The columns that hold the tip, joined by line feeds; without any, the one whose name means it.

    Attributes
    ----------
    columns : list of str
    types : list
        The Arrow type of each column, None where the tables have none or differ.
    n_tables, n_bytes : int
    notes : list of str
        What was assumed, for the people who started this.

    Raises
    ------
    TableError
        If a table cannot be read, lacks the column, or has been scored already.
    """

    def __init__(self, source: Path, text_columns: Sequence[str] = ()) -> None:
        self.paths, self.notes = _find_files(source)
        self._stats = [_stat(path) for path in self.paths]
        self._wanted = text_columns
        self.n_bytes = sum(size for size, _ in self._stats)
        self.columns: list[str] = []
        self.types: list[Any] = []
        self._tables: list[Sequence[Table]] = []
        for path in self.paths:
            tables, passed_over = open_tables(path, text_columns)
            self.notes += [f"{name} 没有诉求文本列，未评分" for name in passed_over]
            for table in tables:
                self._add(table, path)
            self._tables.append(tables)
        self.n_tables = sum(map(len, self._tables))

    def _add(self, table: Table, path: Path) -> None:
        texts = find_text(table.columns, self._wanted)
        if not texts:
            found = ", ".join(table.columns) or "nothing"
            asked = " and ".join(f"'{name}'" for name in self._wanted) or "whose name means the tip's text"
            raise TableError(f"{path}: no column {asked}; found {found}; name the one to read with --text-column")
        if scored := reserved(table.columns):
            raise TableError(f"{path}: has {', '.join(scored)} already; score the original file, or drop these columns")
        said = f"{table.name}：诉求文本取自“{'”“'.join(table.columns[i] for i in texts)}”列"
        self.notes.append(said + (f"，表头在第 {table.header_line} 行" if table.header_line > 1 else ""))
        types = table.types or [None] * len(table.columns)
        if not self.columns:
            self.columns, self.types = list(table.columns), list(types)
            return
        for place, column, type_ in zip(_places(table.columns, self.columns), table.columns, types, strict=True):
            if place == len(self.columns):
                self.columns.append(column)
                self.types.append(type_)
            elif self.types[place] != type_:
                self.types[place] = None

    def digest(self) -> str:
        """Return the SHA-256 of the names and contents of all files, which names a run's input wherever it lies."""
        whole = hashlib.sha256()
        for path in self.paths:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{path.name}\0{content}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def require_unchanged(self) -> None:
        """Raise `TableError` if a file is not the one that was opened."""
        for path, stat in zip(self.paths, self._stats, strict=True):
            if _stat(path) != stat:
                raise TableError(f"{path}: was changed while it was read; start again when nobody writes to it")

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows and rejects in order. A chunk is of one table."""
        bytes_before = 0
        for tables, (size, _) in zip(self._tables, self._stats, strict=True):
            for n_before, table in enumerate(tables):
                for chunk in self._cut(table):
                    share = (n_before + table.share_read()) / len(tables)
                    chunk.bytes_read = bytes_before + int(size * share)
                    yield chunk
            bytes_before += size

    def _cut(self, table: Table) -> Iterator[Chunk]:
        where = find_text(table.columns, self._wanted)
        places = _places(table.columns, self.columns)
        is_same = places == list(range(len(self.columns)))
        chunk, n_chars = Chunk(table.name), 0
        for record in table:
            if isinstance(record, Reject):
                chunk.rejects.append(record)
                n_chars += len(record.raw)
            else:
                values = record.values
                chunk.texts.append(_join([values[i] for i in where]))
                chunk.rows.append(values if is_same else self._arrange(values, places))
                chunk.lines.append(record.line)
                n_chars += record.n_chars
            if n_chars >= _CHUNK_CHARS or len(chunk.rows) + len(chunk.rejects) == _CHUNK_ROWS:
                yield chunk
                chunk, n_chars = Chunk(table.name), 0
        if chunk.rows or chunk.rejects:
            yield chunk

    def _arrange(self, values: list[Any], places: list[int]) -> list[Any]:
        arranged = [ABSENT] * len(self.columns)
        for place, value in zip(places, values, strict=True):
            arranged[place] = value
        return arranged


def _join(values: list[Any]) -> str:
    return "\n".join(filter(None, map(as_text, values)))


def _places(columns: Sequence[str], union: Sequence[str]) -> list[int]:
    """Return where each of a table's columns is in the union; the n-th of one name is the n-th there, or new.

    >>> _places(["a", "c", "a"], ["a", "b"])
    [0, 2, 3]
    """
    free: dict[str, list[int]] = {}
    for place, name in enumerate(union):
        free.setdefault(name, []).append(place)
    n = len(union)
    places = []
    for name in columns:
        if free.get(name):
            places.append(free[name].pop(0))
        else:
            places.append(n)
            n += 1
    return places


def _find_files(source: Path) -> tuple[list[Path], list[str]]:
    """Return the files to be read in the order of their names, and what is said of the others."""
    if source.is_file():
        return [source], []
    if source.is_dir():
        found = sorted(path for path in source.rglob("*") if path.is_file() and path.name[0] not in "._~")
        usable = [path for path in found if find_suffix(path, READABLE)]
        if not usable:
            raise TableError(f"{source}: no file in it can be read; there are {', '.join(READABLE)}")
        return usable, [f"{path} 不是可读的格式，未评分" for path in found if path not in usable]
    matches = [path for path in map(Path, sorted(glob.glob(str(source), recursive=True))) if path.is_file()]  # noqa: PTH207
    if not matches:
        raise TableError(f"{source}: no such file or folder, and no file matches it; expected a file that can be read")
    return matches, []


def _stat(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
