"""The Spark engine: a DataFrame in, the same rows with routings out, scored in Arrow batches on every executor."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyspark import SparkContext, SparkFiles
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from model.errors import TableError
from model.routing import Piece
from service.batch.columns import as_text, find_text, reserved
from service.batch.score import COLUMNS, load_router, routing_cells

_CONFIDENCE = COLUMNS.index("tip_confidence")


def score_dataframe(df: DataFrame, model: str | Path, *text_columns: str, urgency: bool = True) -> DataFrame:
    """Return the DataFrame with a routing appended to each row.

    Parameters
    ----------
    df : DataFrame
    model : str or Path
        Folder of a published model on the driver; it is sent to each executor once.
    *text_columns : str
        Which columns hold the tip, joined by line feeds; without any, the one whose name means it. What is null, empty
        or unreadable gets the decision ``review``.
    urgency : bool
        Whether to look for signals of urgency; without, the column stays empty and scoring is faster.

    Returns
    -------
    DataFrame
        All columns and rows of `df`, and `COLUMNS`: strings, but for ``tip_confidence``, a double of four digits.

    Raises
    ------
    TableError
        If there is no such column, or `df` has been scored already.
    ArtefactError
        If the model cannot be used.

    Notes
    -----
    Scoring takes far longer than moving rows, so rows are always spread anew (Spark's ``REBALANCE``): one huge
    partition or thousands of tiny ones make no difference. Spark promises no order of rows, and none is kept.
    """
    if not (indices := find_text(df.columns, text_columns)):
        found = ", ".join(df.columns) or "nothing"
        asked = " and ".join(f"'{name}'" for name in text_columns) or "whose name means the tip's text"
        raise TableError(f"no column {asked}; found {found}; name the one to read with --text-column")
    if scored := reserved(df.columns):
        raise TableError(f"has {', '.join(scored)} already; score the original table, or drop these columns")
    archive = _send(df.sparkSession.sparkContext, Path(model))
    schema = StructType(
        [
            *df.schema.fields,
            *(StructField(c, DoubleType() if i == _CONFIDENCE else StringType()) for i, c in enumerate(COLUMNS)),
        ]
    )
    score = _scorer(archive, indices, ["urgency"] if urgency else [])
    return number_columns(df).hint("rebalance").mapInArrow(score, schema)


def number_columns(df: DataFrame) -> DataFrame:
    """Return the columns under their numbers; `mapInArrow` looks names up, and they may hold dots or be there twice."""
    return df.toDF(*map(str, range(len(df.columns))))


def _send(context: SparkContext, model: Path) -> str:
    """Have each executor, also one that joins later, fetch the model before its first task; return its name there."""
    archive = f"tipdesk-model-{load_router(model).version}"  # a damaged model is refused here, not on the executors
    if not any(uri.endswith(f"#{archive}") for uri in context.listArchives):
        # Executors fetch the file from the driver for as long as the application runs, and so does this folder live.
        path = shutil.make_archive(str(Path(SparkFiles.getRootDirectory(), archive)), "zip", model)
        context.addArchive(f"{path}#{archive}")
    return archive


def _scorer(
    archive: str, text_indices: Sequence[int], wanted: list[Piece]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what a Python worker does; a worker loads the model once and is used again for many tasks."""

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        router = load_router(Path(SparkFiles.get(archive)))
        for batch in batches:
            parts = zip(*(read_texts(batch.column(i)) for i in text_indices), strict=True)
            texts = ["\n".join(filter(None, part)) for part in parts]
            rows = [routing_cells(routing) for routing in router.route(texts, explain=wanted)]
            cells = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(COLUMNS))]
            cells[_CONFIDENCE] = cells[_CONFIDENCE].cast(pa.float64())
            yield pa.RecordBatch.from_arrays([*batch.columns, *cells], names=[*batch.schema.names, *COLUMNS])

    return score


def read_texts(column: pa.Array) -> list[str]:
    """Return the values of a column as texts; Spark itself does not check that its strings are UTF-8."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [(value or b"").decode(errors="replace") for value in column.cast(pa.large_binary()).to_pylist()]
    return [as_text(value) for value in column.to_pylist()]
