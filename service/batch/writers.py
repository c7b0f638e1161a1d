"""Scored tables, by file name. A file appears under its name when it is whole, never half."""

import csv
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from model.errors import TableError
from service.batch.readers import ABSENT

# What a spreadsheet would run as a formula when it opens the file (OWASP, CSV Injection), full-width forms included.
_FORMULA = re.compile("[=+@\t\r\n＝＋－＠-]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")


class Writer(ABC):
    """A table being written: into ``PATH.part``, which becomes ``PATH`` when the block ends without an error."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._columns = columns

    def __enter__(self) -> Self:
        try:
            self._file = self._part.open("w", encoding=self._encoding, errors=self._errors, newline="")
        except OSError as error:
            raise TableError(f"{self._part}: {error.strerror}; choose a folder that can be written to") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    _encoding, _errors = "utf-8", "strict"

    @abstractmethod
    def write(self, values: Sequence[Any]) -> None:
        """Write a row: values in the order of the columns."""


class CsvWriter(Writer):
    """CSV that Excel opens: UTF-8 with a byte order mark, and no cell that a spreadsheet would run."""

    _encoding, _errors = "utf-8-sig", "replace"  # the byte order mark lets Excel see that the file is UTF-8

    def __enter__(self) -> Self:
        super().__enter__()
        self._csv = csv.writer(self._file, lineterminator="\r\n")
        self.write(self._columns)
        return self

    def write(self, values: Sequence[Any]) -> None:
        """Write a row; what is no text is written as JSON."""
        self._csv.writerow([_cell(value) for value in values])


def _cell(value: object) -> str:
    if value is ABSENT or value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


class JsonLinesWriter(Writer):
    """One JSON object a line, with the values as they came; of columns with one name the second is ``name_2``."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        names = [name if not (n := columns[:i].count(name)) else f"{name}_{n + 1}" for i, name in enumerate(columns)]
        super().__init__(path, names)

    def write(self, values: Sequence[Any]) -> None:
        """Write a row; columns that it does not have stay absent."""
        item = {name: value for name, value in zip(self._columns, values, strict=True) if value is not ABSENT}
        try:
            self._file.write(json.dumps(item, ensure_ascii=False) + "\n")
        except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
            self._file.write(json.dumps(item) + "\n")


WRITERS: dict[str, type[Writer]] = {".csv": CsvWriter, ".jsonl": JsonLinesWriter}


def create_table(path: Path, columns: Sequence[str]) -> Writer:
    """Return the writer that the file's name asks for.

    Raises
    ------
    TableError
        If there is none for it.
    """
    if (writer := WRITERS.get(path.suffix.lower())) is None:
        raise TableError(f"{path}: '{path.suffix}' is not a format that can be written; there are {', '.join(WRITERS)}")
    return writer(path, columns)
