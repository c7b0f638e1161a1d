"""Tables to be scored, by file name: rows in order, and what cannot be parsed as a `Reject`. Nothing is left out."""

import codecs
import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import TableError

ABSENT = object()
"""The value of a column that a JSON object does not have."""

_MAX_RECORD_CHARS = 1_000_000
_CHUNK_BYTES = 1 << 20

csv.field_size_limit(2**31 - 1)  # records are limited by `_MAX_RECORD_CHARS`


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `values` in the order of the table's columns, and the text to be routed."""

    values: list[Any]
    text: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be parsed: its first line in the file (from 1), why, and the lines as they stand there."""

    line: int
    reason: str
    raw: str


class Reader(ABC):
    """A table in a file.

    Parameters
    ----------
    path : Path
    text_column : str

    Attributes
    ----------
    columns : list of str
    advance : callable
        Told after each line how many bytes of the file it took; set it before iterating.

    Raises
    ------
    TableError
        If the file cannot be read, is neither UTF-8 nor GB18030, or has no such column.
    """

    columns: list[str]
    advance: Callable[[int], None]

    def __init__(self, path: Path, text_column: str) -> None:
        self._path = path
        self.advance = lambda _: None
        try:
            self._encoding = _detect_encoding(path)
            self.columns = self._read_columns()
        except OSError as error:
            raise TableError(f"{path}: {error.strerror}; expected a file that can be read") from error
        if text_column not in self.columns:
            found = ", ".join(self.columns) or "nothing"
            raise TableError(
                f"{path}: no column '{text_column}'; found {found}; name the one to read with --text-column"
            )
        if scored := [column for column in self.columns if column.startswith("tip_")]:
            raise TableError(f"{path}: has {', '.join(scored)} already; score the original file, or drop these columns")
        self._text_index = self.columns.index(text_column)

    @abstractmethod
    def _read_columns(self) -> list[str]: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Row | Reject]: ...

    def _lines(self) -> Iterator[str]:
        """Yield the lines with their ends; a lone CR ends no line, as in a cell of a spreadsheet."""
        with self._path.open("r", encoding=self._encoding, newline="\n") as file:
            for line in file:
                self.advance(len(line.encode(self._encoding)))
                yield line


class CsvReader(Reader):
    """Comma-separated values as RFC 4180 has them: quotes doubled, line breaks in quoted cells."""

    def _read_columns(self) -> list[str]:
        first = next(self._records(), None)
        if isinstance(first, Reject):
            raise TableError(
                f"{self._path}: the header cannot be read: {first.reason}; expected CSV with a header line"
            )
        return [name.strip() for name in first[1]] if first else []

    def __iter__(self) -> Iterator[Row | Reject]:
        records = self._records()
        next(records)
        for record in records:
            if isinstance(record, Reject):
                yield record
                continue
            line, values, raw = record
            if not values:
                if len(self.columns) > 1:
                    continue  # an empty line between rows is no row
                values = [""]
            if len(values) != len(self.columns):
                yield Reject(line, f"{len(values)} fields, the header has {len(self.columns)}", raw)
            else:
                yield Row(values, values[self._text_index])

    def _records(self) -> Iterator[tuple[int, list[str], str] | Reject]:
        """Yield line number, fields and raw lines of each record.

        A quote that is never closed would swallow the rest of the file: then its first line alone is rejected, and
        reading goes on with the next.
        """
        source = self._lines()
        number, pending = 0, list[str]()
        while True:
            taken: list[str] = []
            reason = ""
            try:
                values = next(csv.reader(_take(pending, source, taken), strict=True))
            except StopIteration:
                return
            except csv.Error as error:
                reason = f"not readable as CSV: {error}"
            number += 1
            if reason:
                pending[:0] = taken[1:]
                yield Reject(number, reason, taken[0].rstrip("\r\n"))
            else:
                yield number, values, "".join(taken).rstrip("\r\n")
                number += len(taken) - 1


def _take(pending: list[str], source: Iterator[str], taken: list[str]) -> Iterator[str]:
    """Yield lines for one record, first those put back, and remember them in `taken`."""
    n_chars = 0
    while (line := pending.pop(0) if pending else next(source, None)) is not None:
        taken.append(line)
        n_chars += len(line)
        if n_chars > _MAX_RECORD_CHARS:
            raise csv.Error(f"a record of more than {_MAX_RECORD_CHARS} characters")
        yield line


class JsonLinesReader(Reader):
    """One JSON object a line."""

    def _read_columns(self) -> list[str]:
        columns: dict[str, None] = {}
        for _, item, _ in self._objects():
            if isinstance(item, dict):
                columns.update(dict.fromkeys(item))
        return list(columns)

    def __iter__(self) -> Iterator[Row | Reject]:
        for line, item, raw in self._objects():
            if isinstance(item, str):
                yield Reject(line, item, raw)
                continue
            values = [item.get(column, ABSENT) for column in self.columns]
            text = values[self._text_index]
            yield Row(values, text if isinstance(text, str) else "")

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | str, str]]:
        """Yield line number, the object or why there is none, and the raw line."""
        for number, line in enumerate(self._lines(), 1):
            raw = line.rstrip("\r\n")
            if not raw.strip():
                continue
            try:
                item = json.loads(raw)
            except (ValueError, RecursionError) as error:
                yield number, f"not readable as JSON: {str(error).splitlines()[0]}", raw
                continue
            yield number, item if isinstance(item, dict) else f"{type(item).__name__}, expected a JSON object", raw


READERS: dict[str, type[Reader]] = {".csv": CsvReader, ".jsonl": JsonLinesReader}


def open_table(path: Path, text_column: str) -> Reader:
    """Return the reader that the file's name asks for.

    Raises
    ------
    TableError
        If there is none for it, or the file cannot be read.
    """
    if (reader := READERS.get(path.suffix.lower())) is None:
        raise TableError(f"{path}: '{path.suffix}' is not a format that can be read; there are {', '.join(READERS)}")
    return reader(path, text_column)


def _detect_encoding(path: Path) -> str:
    """Return the encoding in which the whole file can be read: UTF-8 first, then GB18030."""
    places = []
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        lines = 1
        with path.open("rb") as file:
            try:
                while chunk := file.read(_CHUNK_BYTES):
                    decoder.decode(chunk)
                    lines += chunk.count(b"\n")
                decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].count(b"\n") if isinstance(error.object, bytes) else 0
                places.append(f"not {encoding.removesuffix('-sig').upper()} at line {lines}")
                continue
        return encoding
    raise TableError(f"{path}: {', '.join(places)}; save the file in one encoding, best as 'CSV UTF-8'")
