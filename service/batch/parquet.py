"""Parquet: read and written a batch at a time, with the types of the columns kept."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import TableError
from service.batch.columns import as_text, unique_names
from service.batch.table import ABSENT, Row, Table
from service.batch.writer import Writer

_BATCH = 1000  # rows
_ROW_GROUP_BYTES = 64 << 20
_BUFFER = 1 << 20  # bytes read at once of each column; without it, whole row groups are


class ParquetTable(Table):
    """A Parquet file; lines are row numbers."""

    header_line = 0

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
        schema = metadata.schema.to_arrow_schema()
        self.columns, self.types = list(schema.names), list(schema.types)
        self._n_rows, self._n_read = metadata.num_rows, 0

    def share_read(self) -> float:
        return float(self._n_read / max(self._n_rows, 1))

    def __iter__(self) -> Iterator[Row]:
        self._n_read = 0
        try:
            with pq.ParquetFile(self._path, buffer_size=_BUFFER, pre_buffer=False) as file:
                for batch in file.iter_batches(_BATCH, use_threads=False):
                    n_chars = batch.nbytes // max(batch.num_rows, 1)
                    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        self._n_read += 1
                        yield Row(self._n_read, list(values), n_chars)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._path, error) from error


def _unreadable(path: Path, error: Exception) -> TableError:
    return TableError(f"{path}: not readable as Parquet: {str(error).splitlines()[0]}; expected a whole Parquet file")


class ParquetWriter(Writer):
    """Columns that came from Parquet keep their type, all others are text.

    Rows are kept as an Arrow stream, which can be added to; a Parquet file cannot.
    """

    def __init__(self, columns: Sequence[str], types: Sequence[Any]) -> None:
        super().__init__(unique_names(columns))
        self._schema = pa.schema(
            [(name, type_ or pa.string()) for name, type_ in zip(self._columns, types, strict=True)]
        )
        self._are_text = [type_ is None for type_ in types]

    def begin(self) -> bytes:
        return bytes(self._schema.serialize().to_pybytes())

    def encode(self, rows: Sequence[Sequence[Any]]) -> bytes:
        columns = [
            pa.array(map(_clean, column) if is_text else [None if v is ABSENT else v for v in column], field.type)
            for column, is_text, field in zip(zip(*rows, strict=True), self._are_text, self._schema, strict=True)
        ]
        batch = pa.record_batch(columns, schema=self._schema)
        return bytes(batch.serialize().to_pybytes()) if rows else b""

    def finish(self, rows: Path, whole: Path) -> tuple[Path, list[str]]:
        with rows.open("rb") as source, pq.ParquetWriter(whole, self._schema, compression="zstd") as writer:
            group: list[pa.RecordBatch] = []
            for batch in pa.ipc.open_stream(source):
                group.append(batch)
                if sum(b.nbytes for b in group) > _ROW_GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(group))
                    group = []
            if group:
                writer.write_table(pa.Table.from_batches(group))
        return whole, []


def _clean(value: Any) -> str | None:
    if value is None or value is ABSENT:
        return None
    return as_text(value).encode("utf-8", "replace").decode()
