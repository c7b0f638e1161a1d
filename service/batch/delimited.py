"""CSV and TSV: reading as RFC 4180 has it, writing so that a spreadsheet opens it and runs nothing of it."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from model.errors import TableError
from model.spreadsheet import inert
from service.batch.columns import as_text, find_header
from service.batch.table import MAX_RECORD_CHARS, Reject, Row, Table
from service.batch.textfile import TextFile, pack
from service.batch.writer import Writer

csv.field_size_limit(2**31 - 1)  # records are limited by `MAX_RECORD_CHARS`

_HEADER_SEARCH = 12  # records


class DelimitedTable(Table):
    """A CSV or TSV file: quotes doubled, line breaks in quoted cells."""

    def __init__(self, path: Path, compression: str, delimiter: str, wanted: Sequence[str]) -> None:
        self.name = path.name
        self._file = TextFile(path, compression)
        self._delimiter = delimiter
        first = list(islice(self._records(), _HEADER_SEARCH))
        if first and isinstance(first[0], Reject):
            raise TableError(f"{path}: the header cannot be read: {first[0].reason}; expected a header line")
        rows = [record for record in first if isinstance(record, Row)]
        start, self._n_header, self.columns = find_header([row.values for row in rows], wanted)
        self.header_line = rows[start].line if rows else 1
        self._last_header_line = rows[self._n_header - 1].line if rows else 0

    def share_read(self) -> float:
        return self._file.share_read()

    def __iter__(self) -> Iterator[Row | Reject]:
        n_columns = len(self.columns)
        for record in self._records():
            if record.line <= self._last_header_line:
                continue
            if isinstance(record, Reject):
                yield record
                continue
            if not record.values:
                if n_columns > 1:
                    continue  # an empty line between rows is no row
                record.values = [""]
            if len(record.values) != n_columns:
                raw = "".join(self._feed.taken).rstrip("\r\n")
                yield Reject(record.line, f"{len(record.values)} fields, the header has {n_columns}", raw)
            else:
                yield record

    def _records(self) -> Iterator[Row | Reject]:
        """Yield each record of the file.

        A quote that is never closed would swallow the rest of the file: then its first line alone is rejected, and
        reading goes on with the next.
        """
        feed = self._feed = _Feed(self._file.lines())
        reader = csv.reader(feed, delimiter=self._delimiter, strict=True)
        line = 1
        while True:
            feed.taken, feed.n_chars = [], 0
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raw, reason = feed.give_back_all_but_first(), f"not readable as a row: {error}"
                yield Reject(line, reason, raw.rstrip("\r\n"))
                while not raw.endswith("\n") and (raw := feed.read()):  # the rest of a line that came in pieces
                    yield Reject(line, reason, raw.rstrip("\r\n"))
                line += 1
                continue
            yield Row(line, values, feed.n_chars)
            line += len(feed.taken)


class _Feed:
    """The lines of one record after the other; those of one that failed can be given back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._pending: deque[str] = deque()
        self.taken: list[str] = []
        self.n_chars = 0

    def __iter__(self) -> "_Feed":
        return self

    def read(self) -> str:
        """Return the next line, or "" after the last."""
        return self._pending.popleft() if self._pending else next(self._source, "")

    def __next__(self) -> str:
        if not (line := self.read()):
            raise StopIteration
        self.taken.append(line)
        self.n_chars += len(line)
        if self.n_chars > MAX_RECORD_CHARS or (self.n_chars == MAX_RECORD_CHARS and line[-1] != "\n"):
            raise csv.Error(f"longer than {MAX_RECORD_CHARS} characters")
        return line

    def give_back_all_but_first(self) -> str:
        """Return the first line taken; the others will come again."""
        first, *others = self.taken
        self._pending.extendleft(reversed(others))
        return first


class DelimitedWriter(Writer):
    """CSV or TSV that Excel opens: UTF-8 with a byte order mark, and no cell that a spreadsheet would run."""

    def __init__(self, columns: Sequence[str], compression: str, delimiter: str) -> None:
        super().__init__(columns)
        self._compression = compression
        self._delimiter = delimiter

    def begin(self) -> bytes:
        return pack(codecs.BOM_UTF8 + self._format([self._columns]), self._compression)

    def encode(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return pack(self._format(rows), self._compression)

    def _format(self, rows: Sequence[Sequence[Any]]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\r\n")
        writer.writerows([list(map(safe_cell, row)) for row in rows])
        return text.getvalue().encode("utf-8", "replace")  # a lone surrogate, which only a JSON escape can carry


def safe_cell(value: Any) -> str:
    """Return the value as text that a spreadsheet shows and does not run: what looks like a formula gets a ``'``."""
    return inert(as_text(value))
