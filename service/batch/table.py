"""What a table to be scored is: a header, rows in order, a `Reject` for what cannot be parsed. Nothing is left out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = object()
"""The value of a column that a JSON object, or one of several tables, does not have."""

MAX_RECORD_CHARS = 1_000_000
"""The longest row of a text file; what is longer is damaged, or not a table."""


@dataclass(slots=True)
class Row:
    """A row: its first line in the file (from 1), its values in the order of the columns, about how many characters."""

    line: int
    values: list[Any]
    n_chars: int


@dataclass(slots=True)
class Reject:
    """A row that cannot be parsed: its first line in the file (from 1), why, and the lines as they stand there."""

    line: int
    reason: str
    raw: str


class Table(ABC):
    """One header and the rows under it: a file, or a sheet of a workbook.

    Attributes
    ----------
    name : str
        The file's name, for a sheet followed by ``#`` and the sheet's.
    columns : list of str
    header_line : int
        Where the header stands, from 1.
    types : list or None
        The Arrow types of the columns, where the file has types.
    """

    name: str
    columns: list[str]
    header_line: int = 1
    types: list[Any] | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Row | Reject]: ...

    @abstractmethod
    def share_read(self) -> float:
        """Return how much of the table has been read, 0 to 1."""
