"""`tipdesk score`: a thin skin over the engine, with progress and a summary for the people who wait for it."""

import codecs
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import typer

from model.errors import EngineError, TableError
from model.registry import CHAMPION, Registry
from service.batch.summary import Summary
from service.wording import DECISIONS, URGENCIES

_REJECTS, _INTERRUPTED = 4, 130  # exit statuses
_LINE_EVERY_S = 10.0
_PIPE = Path("-")

Advance = Callable[[int, int, int], None]


def score(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="File (.csv .tsv .jsonl, also .gz or .zst; .xlsx .parquet), folder, pattern, or -.",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="A file of such a name, or - for CSV.")],
    text_column: Annotated[
        list[str] | None,
        typer.Option(help="The column that holds the tip; several are joined. Without, the one whose name means it."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the local engine.")] = 1,
    engine: Annotated[
        Literal["local", "spark"],
        typer.Option(
            help="This machine, or the master that Spark is configured for, with what Spark reads and writes."
        ),
    ] = "local",
    urgency: Annotated[bool, typer.Option(help="Look for signals of urgency.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run, if there is one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Score a table: every row comes back with its routing. Exit status 4 when rows could not be parsed."""
    from service.batch.score import load_router

    model = ctx.ensure_object(Registry).path(CHAMPION)
    names = {desk.id: desk.name for desk in load_router(model).taxonomy.desks}
    if engine == "spark":
        summary = _score_on_spark(model, source, target, text_column or (), urgency=urgency, resume=resume)
        rejects = f"{target}.rejects"
    else:
        summary = _score_here(
            model, Path(source), Path(target), text_column or (), workers=workers, urgency=urgency, resume=resume
        )
        rejects = f"{_named(Path(target))}.rejects.csv"
    text = _as_json(summary, load_router(model).version) if as_json else _as_text(summary, target, rejects, names)
    typer.echo(text, err=target == str(_PIPE))
    if summary.rejects:
        raise typer.Exit(_REJECTS)


def _score_here(
    model: Path, source: Path, target: Path, text_columns: Sequence[str], *, workers: int, urgency: bool, resume: bool
) -> Summary:
    from service.batch.score import score_table

    if resume and _PIPE in (source, target):
        raise TableError("-: a pipe cannot be read or written a second time; --resume needs files")
    try:
        with _file_of(source) as table, _result(target, table) as result, _progress() as advance:
            return score_table(
                model,
                table,
                result,
                *text_columns,
                workers=workers,
                urgency=urgency,
                resume=resume,
                say=lambda note: typer.echo(note, err=True),
                advance=advance,
            )
    except KeyboardInterrupt:
        typer.echo("interrupted: what has been scored is kept; go on with the same command and --resume", err=True)
        raise typer.Exit(_INTERRUPTED) from None


def _score_on_spark(
    model: Path, source: str, target: str, text_columns: Sequence[str], *, urgency: bool, resume: bool
) -> Summary:
    if resume:
        raise EngineError("--resume is for the local engine; Spark repeats by itself what an executor did not finish")
    try:
        from service.batch.spark_tables import open_session, score_on_spark
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("pyspark", "py4j"):
            raise
        raise EngineError("no pyspark found; install the Spark engine with: pip install 'tipdesk[spark]'") from error
    with open_session() as spark:
        return score_on_spark(
            spark, model, source, target, *text_columns, urgency=urgency, say=lambda note: typer.echo(note, err=True)
        )


def _as_json(summary: Summary, version: str) -> str:
    record = {
        "rows": summary.rows,
        "rejects": summary.rejects,
        "desks": dict(summary.desks.most_common()),
        "decisions": dict(summary.decisions.most_common()),
        "urgencies": dict(summary.urgencies.most_common()),
        "seconds": round(summary.seconds, 3),
        "rows_per_second": round(summary.speed, 1),
        "notes": summary.notes,
        "model_version": version,
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


def _as_text(summary: Summary, target: str, rejects_path: str, names: dict[str, str]) -> str:
    lines = [
        f"已评分 {summary.rows} 行，写入 {target}，用时 {summary.seconds:.1f} 秒，每秒 {summary.speed:.0f} 行",
        "各受理席  " + "，".join(f"{names[desk]} {n}" for desk, n in summary.desks.most_common()),
        "处置建议  " + "，".join(f"{DECISIONS[decision]} {n}" for decision, n in summary.decisions.most_common()),
    ]
    if any(summary.urgencies[level] for level in URGENCIES):
        lines.append(
            "紧急程度  " + "，".join(f"{name} {summary.urgencies[level]}" for level, name in URGENCIES.items())
        )
    if summary.rejects:
        lines.append(f"无法解析 {summary.rejects} 行，原样写入 {rejects_path}，附行号和原因")
    return "\n".join([*lines, *(f"注意  {note}" for note in summary.notes)])


@contextmanager
def _file_of(source: Path) -> Iterator[Path]:
    """Yield the file to be read: standard input is put in one, since tables are read more than once."""
    if source != _PIPE:
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="tipdesk-") as folder:
        head = sys.stdin.buffer.read(64)
        is_json = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"
        path = Path(folder) / ("stdin.jsonl" if is_json else "stdin.csv")
        with path.open("wb") as file:
            file.write(head)
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        yield path


@contextmanager
def _result(target: Path, table: Path) -> Iterator[Path]:
    """Yield the file to be written: what goes to standard output is whole before any of it does."""
    if target != _PIPE:
        yield target
        return
    with tempfile.TemporaryDirectory(prefix="tipdesk-") as folder:
        path = Path(folder) / ("out.jsonl" if table.suffix == ".jsonl" else "out.csv")
        yield path
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
        rejects = path.with_name(path.name + ".rejects.csv")
        if rejects.exists():
            shutil.move(rejects, f"{_named(target)}.rejects.csv")


def _named(target: Path) -> Path:
    return Path("stdout") if target == _PIPE else target


@contextmanager
def _progress() -> Iterator[Advance]:
    """Yield what shows progress: a bar on a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = TextColumn("评分 {task.fields[rows]} 行，每秒 {task.fields[speed]:.0f} 行"), BarColumn()
    with Progress(*columns, TaskProgressColumn(), "剩余", TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("", total=None, rows=0, speed=0.0)
        first: list[tuple[float, int]] = []

        def advance(done: int, total: int, rows: int) -> None:
            first[1:] = [(perf_counter(), rows)]
            (began, rows_before), (now, _) = first[0], first[-1]
            progress.update(task, completed=done, total=total, rows=rows, speed=_speed(rows - rows_before, now - began))

        yield advance


def _lines() -> Advance:
    began = said = perf_counter()
    first: list[tuple[int, int]] = []

    def advance(done: int, total: int, rows: int) -> None:
        nonlocal said
        if not first:
            first.append((done, rows))
        now = perf_counter()
        if now - said < _LINE_EVERY_S or done == first[0][0]:
            return
        said = now
        done_before, rows_before = first[0]
        seconds_left = (total - done) * (now - began) / max(done - done_before, 1)
        speed = _speed(rows - rows_before, now - began)
        typer.echo(f"已评分 {rows} 行，每秒 {speed:.0f} 行，剩余约 {seconds_left / 60:.1f} 分钟", err=True)

    return advance


def _speed(rows: int, seconds: float) -> float:
    return rows / seconds if seconds > 0 else 0.0
