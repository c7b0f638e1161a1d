"""Tables that Spark reads and writes, by name: what `tipdesk score --engine spark` does around `score_dataframe`."""

import codecs
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any, get_args

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException, PythonException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812  the name that Spark's documentation gives it
from pyspark.sql.types import StringType, StructField, StructType

from model.errors import EngineError, TableError
from model.routing import Decision, Level
from service.batch.columns import find_text
from service.batch.delimited import safe_cell
from service.batch.score import load_router
from service.batch.spark import number_columns, read_texts, score_dataframe
from service.batch.summary import Summary

_CONFIDENCE = "tip_confidence"
_RAW = "_tipdesk_raw"
"""The column in which Spark leaves a row that it cannot parse."""

# RFC 4180. Left to find the line ends by itself, Spark joins rows of a file that has both kinds, and changes those in
# cells; so lines end at LF, and a CR before it is taken off the last cell.
_CSV: dict[str, Any] = {"header": True, "multiLine": True, "escape": '"', "lineSep": "\n", "columnPruning": False}
_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".parquet": ("parquet", {}),
    ".orc": ("orc", {}),
    ".csv": ("csv", _CSV),
    ".tsv": ("csv", _CSV | {"sep": "\t"}),
    ".json": ("json", {"lineSep": "\n"}),
    ".jsonl": ("json", {"lineSep": "\n"}),
}
# An empty cell is written as nothing, an empty value of JSON as null, and blanks stay.
_WRITING: dict[str, Any] = {
    "emptyValue": "",
    "ignoreLeadingWhiteSpace": False,
    "ignoreTrailingWhiteSpace": False,
    "ignoreNullFields": False,
}
_COMPRESSED = (".gz", ".bz2", ".zst", ".lz4", ".snappy", ".deflate")
_SETTINGS = {
    # What a Python worker holds at once, so that hostile rows of 100,000 characters do not fill its memory.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(16 << 20),
    # Some 40,000 rows a task, ten seconds of scoring: tasks end together, and a lost executor takes little with it.
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": str(4 << 20),
    "spark.sql.legacy.javaCharsets": "true",  # without, no GB18030
    # Some warnings of Spark's readers quote what they read.
    "spark.log.level": "ERROR",
    "spark.executor.syncLogLevel.enabled": "true",
    "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
}


@contextmanager
def open_session() -> Iterator[SparkSession]:
    """Yield a session on the master that Spark's own configuration names, ``local[*]`` when it names none.

    Raises
    ------
    EngineError
        If there is no Java.
    """
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # then spark-submit has started Java
    java = Path(os.environ.get("JAVA_HOME", "/"), "bin", "java")
    if not submitted and not (java.exists() if "JAVA_HOME" in os.environ else shutil.which("java")):
        raise EngineError("no Java found; Spark needs Java 17 or later: install default-jre-headless or set JAVA_HOME")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    builder = SparkSession.builder.appName("tipdesk score")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    with _errors_in_one_line("Spark"):
        session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


def score_on_spark(
    spark: SparkSession,
    model: Path,
    source: str,
    target: str,
    *text_columns: str,
    urgency: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Score a table that Spark can read into a folder that is not there yet, and return what was done.

    Parameters
    ----------
    spark : SparkSession
    model : Path
        Folder of a published model on the driver.
    source, target : str
        Paths or URIs as Spark resolves them; the formats are those of their names. Rows that cannot be parsed go to
        ``TARGET.rejects``, a folder of CSV, before scoring begins.
    *text_columns : str
    urgency : bool
    say : callable
        Told which columns were taken for the tip.

    Raises
    ------
    TableError
        If `source` cannot be read, or `target` or its rejects are there already or cannot be written.
    """
    began = perf_counter()
    name, options = _format(target)
    rejects = f"{target}.rejects"
    with _errors_in_one_line(source):
        for path in (target, rejects):
            _require_absent(spark, path)
        rows, malformed = _read(spark, source)
        try:
            scored = score_dataframe(rows, model, *text_columns, urgency=urgency)
        except TableError as error:
            raise TableError(f"{source}: {error}") from error
        say(f"诉求文本取自“{'”“'.join(rows.columns[i] for i in find_text(rows.columns, text_columns))}”列")
        # First the rejects: a result that is whole (_SUCCESS) has its rejects beside it.
        n_rejects = _write_rejects(malformed, rejects) if malformed is not None else 0
        counts = Observation()
        values = {
            "desk": load_router(model).desks,
            "decision": get_args(Decision),
            "urgency": get_args(Level),
        }
        scored = scored.observe(
            counts,
            F.count(F.lit(1)).alias("rows"),
            *(
                F.count_if(F.col(f"tip_{column}") == value).alias(f"{column} {value}")
                for column, known in values.items()
                for value in known
            ),
        )
        _writable(scored, name).write.format(name).options(**options, **_WRITING).save(target)
        found = counts.get
    desks, decisions, urgencies = (
        Counter({value: n for value in known if (n := found[f"{column} {value}"])}) for column, known in values.items()
    )
    return Summary(
        rows=found["rows"],
        rejects=n_rejects,
        desks=desks,
        decisions=decisions,
        urgencies=urgencies,
        seconds=perf_counter() - began,
    )


def _format(uri: str, *, reading: bool = False) -> tuple[str, dict[str, Any]]:
    """Return Spark's name for the format that the last part of a path asks for, and its options."""
    path = PurePosixPath(uri)
    if reading and path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    if (found := _FORMATS.get(path.suffix.lower())) is None:
        raise TableError(
            f"{uri}: '{path.suffix}' is not a format of the Spark engine; there are {', '.join(_FORMATS)}; "
            "of a folder name the files, as in FOLDER/*.parquet"
        )
    return found


def _require_absent(spark: SparkSession, uri: str) -> None:
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)  # type: ignore[union-attr]
    if path.getFileSystem(spark._jsc.hadoopConfiguration()).exists(path):
        raise TableError(f"{uri}: is there already; delete it or choose another name")


def _read(spark: SparkSession, source: str) -> tuple[DataFrame, DataFrame | None]:
    """Return the rows, and those that cannot be parsed if the format can hold any."""
    name, options = _format(source, reading=True)
    if name not in ("csv", "json"):
        return spark.read.format(name).load(source), None
    options = options | {"encoding": _require_alike(spark, source, name), "columnNameOfCorruptRecord": _RAW}
    table = spark.read.format(name).options(**options).load(source)
    fields = [field for field in table.schema.fields if field.name != _RAW]
    if not fields:
        return table, None  # which has no text column, and is refused for that
    schema = StructType([*fields, StructField(_RAW, StringType())])
    table = spark.read.format(name).options(**options).schema(schema).load(source)
    # Spark refuses to read the raw rows alone, so another column is named with them.
    raw = F.coalesce(_RAW, F.to_json(F.struct(table[f"`{fields[0].name.replace('`', '``')}`"])))
    malformed = table.where(F.col(_RAW).isNotNull()).select(
        F.col("_metadata.file_path").alias("file"), _without_cr(raw).alias("raw")
    )
    rows = table.where(F.col(_RAW).isNull()).drop(_RAW)
    if name == "csv":
        malformed = malformed.where("raw != ''")  # an empty line between rows is no row
        names, last = [name.strip() for name in rows.columns], str(len(rows.columns) - 1)
        rows = (
            number_columns(rows).fillna("").withColumn(last, _without_cr(F.col(last))).toDF(*names)
        )  # empty cells are texts
    return rows, malformed


def _without_cr(text: Column) -> Column:
    return F.regexp_replace(text, r"\r\z", "")


def _require_alike(spark: SparkSession, source: str, name: str) -> str:
    """Return the encoding that all files are in, UTF-8 or else GB18030; Spark would replace what it cannot decode.

    Raises
    ------
    TableError
        If there are two, or neither, or CSV files begin with different headers, of which Spark would look at one.
    """
    place = F.struct("_metadata.file_block_start", F.monotonically_increasing_id())
    lines = spark.read.text(source, lineSep="\n").select(
        F.col("_metadata.file_path").alias("file"), "value", place.alias("place")
    )
    files = (
        lines.groupBy("file")
        .agg(
            F.bool_and(F.is_valid_utf8("value")).alias("utf8"),
            F.bool_or(F.char_length("value") < F.octet_length("value")).alias("told"),
            F.min_by(F.col("value").cast("binary"), "place").alias("header"),
        )
        .collect()
    )
    headers = {bytes(file.header).removeprefix(codecs.BOM_UTF8).rstrip(): file.file for file in files}
    if name == "csv" and len(headers) > 1:
        one, other, *_ = sorted(headers.values())
        raise TableError(f"{one} and {other}: have different headers; score them apart")
    if all(file.utf8 for file in files):
        return "UTF-8"
    if neither := lines.select("file", F.col("value").cast("binary")).mapInArrow(_not_gb18030, "file string").head():
        raise TableError(f"{neither.file}: neither UTF-8 nor GB18030; save it in one encoding, best as UTF-8")
    # GB18030 gives a meaning to nearly any UTF-8: files of both must not be taken for one.
    broken, utf8 = ([f.file for f in files if f.told and f.utf8 is valid] for valid in (False, True))
    if utf8:
        raise TableError(f"{broken[0]} is not UTF-8, {utf8[0]} is; score files of two encodings apart")
    return "GB18030"


def _not_gb18030(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the file of each line that is not GB18030."""
    for batch in batches:
        files = []
        for file, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            try:
                value.decode("gb18030")
            except UnicodeDecodeError:
                files.append(file)
        yield pa.RecordBatch.from_pydict({"file": pa.array(files, pa.string())})


def _write_rejects(malformed: DataFrame, target: str) -> int:
    """Write the rows that cannot be parsed, if there are any, and return how many."""
    if malformed.head() is None:
        return 0
    counts = Observation()
    rejects = malformed.observe(counts, F.count(F.lit(1)).alias("rows"))
    _writable(rejects, "csv").write.options(**_CSV, **_WRITING).csv(target)
    return int(counts.get["rows"])


def _writable(df: DataFrame, name: str) -> DataFrame:
    """Return what a format can hold: CSV has text alone, and none that a spreadsheet would run."""
    if name != "csv":
        return df
    numbered = number_columns(df)
    if _CONFIDENCE in df.columns:
        confidence = str(df.columns.index(_CONFIDENCE))
        numbered = numbered.withColumn(confidence, F.format_string("%.4f", confidence))
    return numbered.mapInArrow(_as_cells, StructType([StructField(safe_cell(c), StringType()) for c in df.columns]))


def _as_cells(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        cells = [pa.array(map(safe_cell, read_texts(column)), pa.string()) for column in batch.columns]
        yield pa.RecordBatch.from_arrays(cells, names=batch.schema.names)


@contextmanager
def _errors_in_one_line(subject: str) -> Iterator[None]:
    try:
        yield
    except PythonException as error:  # the last line of the traceback says what, the first only where
        lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith(("\t", " "))]
        raise TableError(f"{subject}: an executor's Python failed: {lines[-1] if lines else error}") from error
    except (PySparkException, Py4JError) as error:
        raise TableError(f"{subject}: {str(error).strip().splitlines()[0]}") from error
