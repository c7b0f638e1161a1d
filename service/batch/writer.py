"""What a writer is: rows become bytes that are kept as they come, and at the end a file."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Writer(ABC):
    """The output format.

    `begin` and then what `encode` returns, one after the other, are the rows kept on disk while a run goes on. In the
    text formats that is the file itself; the others are put together from it by `finish`. Nothing that is returned
    depends on the clock or on earlier calls, so that a resumed run writes what an uninterrupted one would.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    @abstractmethod
    def begin(self) -> bytes:
        """Return what comes before the rows."""

    @abstractmethod
    def encode(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Return rows, with values in the order of the columns."""

    def finish(self, rows: Path, whole: Path) -> tuple[Path, list[str]]:
        """Make the file that was asked for of the kept rows, which stay.

        Returns
        -------
        file : Path
            `rows` if they are it, else `whole`.
        notes : list of str
            What its reader must know.
        """
        del whole
        return rows, []
