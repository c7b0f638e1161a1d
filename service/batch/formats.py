"""Formats by file name: which there are, and what reads and writes each."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from model.errors import TableError
from service.batch.delimited import DelimitedTable, DelimitedWriter
from service.batch.jsonlines import JsonLinesTable, JsonLinesWriter
from service.batch.table import Table
from service.batch.textfile import COMPRESSIONS
from service.batch.writer import Writer

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_AT_ONCE = 1000  # rows
TEXT = (*_DELIMITERS, *_JSON_LINES)
SUFFIXES = (*TEXT, *(text + packed for text in TEXT for packed in COMPRESSIONS), ".xlsx", ".parquet")


def find_suffix(path: Path) -> str:
    """Return the ending of the file's name that says its format, or "" if it is none of `SUFFIXES`."""
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), "")


def open_tables(path: Path, wanted: Sequence[str]) -> tuple[Sequence[Table], list[str]]:
    """Return the tables of a file, and the names of sheets that have rows but none of the columns wanted.

    Raises
    ------
    TableError
        If its name says no format that can be read, or it cannot be read.
    """
    suffix = find_suffix(path)
    form, compression = _split(suffix)
    try:
        if form in _DELIMITERS:
            return [DelimitedTable(path, compression, _DELIMITERS[form], wanted)], []
        if form in _JSON_LINES:
            return [JsonLinesTable(path, compression)], []
        if form == ".parquet":
            from service.batch.parquet import ParquetTable

            return [ParquetTable(path)], []
        if form == ".xlsx":
            from service.batch.xlsx_reader import open_sheets

            return open_sheets(path, wanted)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}; expected a file that can be read") from error
    raise TableError(f"{path}: '{path.suffix}' is not a format that can be read; there are {', '.join(SUFFIXES)}")


def create_writer(path: Path, columns: Sequence[str], types: Sequence[Any], title: str) -> Writer:
    """Return the writer that the file's name asks for.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    types : sequence
        The Arrow type of each column, None where it is text or anything.
    title : str
        Of a workbook's sheet.

    Raises
    ------
    TableError
        If there is none for it.
    """
    suffix = find_suffix(path)
    form, compression = _split(suffix)
    if form in _DELIMITERS:
        return DelimitedWriter(columns, compression, _DELIMITERS[form])
    if form in _JSON_LINES:
        return JsonLinesWriter(columns, compression)
    if form == ".parquet":
        from service.batch.parquet import ParquetWriter

        return ParquetWriter(columns, types)
    if form == ".xlsx":
        from service.batch.xlsx_writer import XlsxWriter

        return XlsxWriter(columns, title)
    raise TableError(f"{path}: '{path.suffix}' is not a format that can be written; there are {', '.join(SUFFIXES)}")


def write_table(path: Path, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table of texts and numbers; it is there whole in the end, or as it was. `title` is a workbook's sheet's.

    Raises
    ------
    TableError
        If the file's name says no format that can be written, or it cannot be written.
    """
    writer, source = create_writer(path, columns, [None] * len(columns), title), iter(rows)
    batches: Iterator[list[Sequence[Any]]] = iter(lambda: list(islice(source, _AT_ONCE)), [])
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            kept = Path(folder, "rows")
            with kept.open("wb") as file:
                file.write(writer.begin())
                for batch in batches:
                    file.write(writer.encode(batch))
            writer.finish(kept, Path(folder, "whole"))[0].replace(path)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}; choose a folder that can be written to") from error


def _split(suffix: str) -> tuple[str, str]:
    """Return format and compression: ".csv.gz" is ".csv" and ".gz"."""
    compression = next((packed for packed in COMPRESSIONS if suffix.endswith(packed)), "")
    return suffix.removesuffix(compression), compression
