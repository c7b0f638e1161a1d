"""The local engine: tables in, the same rows with routings out, rejects beside them."""

import gc
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import count, islice
from pathlib import Path
from time import perf_counter

from model.errors import TableError
from model.router import Router
from model.routing import Piece, Routing
from service.batch.delimited import DelimitedWriter
from service.batch.formats import create_writer
from service.batch.inputs import SOURCE_COLUMNS, Chunk, Input
from service.batch.parts import Parts
from service.batch.summary import Summary
from service.batch.workers import route_in_order

COLUMNS = (
    "tip_desk",
    "tip_desk_name",
    "tip_confidence",
    "tip_decision",
    "tip_candidates",
    "tip_also",
    "tip_kind",
    "tip_urgency",
    "tip_model_version",
)
_DESK, _DECISION, _URGENCY = map(COLUMNS.index, ("tip_desk", "tip_decision", "tip_urgency"))
_TOP = 3

_REJECT_COLUMNS = ("file", "line", "reason", "raw")
# What a kill costs at most, besides the chunks under way; and how much longer than a commit is the time to the next,
# for disks that take long to be sure.
_COMMIT_EVERY_S, _COMMIT_SHARE = 1.0, 20
_PARTS_FORMAT = "1"  # raise it when chunks or what is kept of them change: older unfinished runs are then refused

# The automata that look for signals of urgency grow with the texts they have seen, ever more slowly: by 140 MB in
# 80,000 tips. A fresh router now and then keeps the memory flat, and takes a second.
_FRESH_EVERY = 300  # chunks
_chunks_routed = count(1)


@cache
def load_router(model: Path) -> Router:
    """Return the router for the model in a folder: loaded once in each process, however many chunks it is given."""
    router = Router.load(model)
    gc.collect()
    gc.freeze()  # the collector need not walk through the model again and again
    return router


def score_table(
    model: Path,
    source: Path,
    target: Path,
    *text_columns: str,
    workers: int = 1,
    urgency: bool = True,
    resume: bool = False,
    say: Callable[[str], None] = lambda _: None,
    advance: Callable[[int, int, int], None] = lambda *_: None,
) -> Summary:
    """Score a table and return what was done.

    Parameters
    ----------
    model : Path
        Folder of a published model.
    source : Path
        A file, a folder or a pattern; formats are those of the names.
    target : Path
        The format is that of its name.
    *text_columns : str
        Which columns hold the tip; without any, the one whose name means it.
    workers : int
        Processes that route; rows stay in order.
    urgency : bool
        Whether to look for signals of urgency; without, the column stays empty and scoring is faster.
    resume : bool
        Whether to go on with an unfinished run of the same, if there is one.
    say : callable
        Told what was assumed of the input.
    advance : callable
        Told after each chunk how many bytes of the input are done, of how many, and how many rows.

    Raises
    ------
    TableError
        If `source` cannot be read, or `target` not be written; then neither `target` nor the rejects change.
    """
    version = load_router(model).version
    table = Input(source, text_columns)
    _require_apart(target, source, table.paths)
    places = SOURCE_COLUMNS if table.n_tables > 1 else ()
    columns = [*table.columns, *COLUMNS, *places]
    writer = create_writer(target, columns, [*table.types, *[None] * (len(columns) - len(table.columns))], "评分结果")
    rejects_writer = DelimitedWriter(_REJECT_COLUMNS, "", ",")
    pieces: list[Piece] = ["urgency"] if urgency else []
    run = {
        "tipdesk": _PARTS_FORMAT,
        "input": table.digest(),
        "model": version,
        "columns": "\n".join(text_columns),
        "pieces": "\n".join(pieces),
    }
    with Parts(target, run, resume=resume) as parts:
        for note in table.notes:
            say(note)
        summary = parts.summary
        began = perf_counter() - summary.seconds
        try:
            if not parts.is_complete:
                parts.begin(writer.begin(), rejects_writer.begin())
                next_commit = perf_counter() + _COMMIT_EVERY_S
                todo = islice(table.chunks(), parts.n_chunks, None)
                for chunk, routed in route_in_order(partial(route_texts, model, pieces), todo, workers):
                    rows = [[*row, *cells] for row, cells in zip(chunk.rows, routed, strict=True)]
                    if places:
                        rows = [[*row, chunk.source, str(line)] for row, line in zip(rows, chunk.lines, strict=True)]
                    parts.add(writer.encode(rows), rejects_writer.encode(_reject_rows(chunk)))
                    _count(summary, chunk, routed)
                    summary.seconds = perf_counter() - began
                    if (now := perf_counter()) > next_commit:
                        parts.commit()
                        next_commit = perf_counter() + max(_COMMIT_EVERY_S, _COMMIT_SHARE * (perf_counter() - now))
                    advance(chunk.bytes_read, table.n_bytes, summary.rows)
                table.require_unchanged()
                parts.commit(is_complete=True)
            parts.publish(writer)
        except OSError as error:
            found = error.strerror or str(error)
            raise TableError(f"{target}: {found}; mend that, then run the same command with --resume") from error
        summary.seconds = perf_counter() - began
    return summary


def route_texts(model: Path, pieces: list[Piece], texts: list[str]) -> list[Sequence[str]]:
    """Return the cells of each text's routing; runs in the worker processes."""
    if next(_chunks_routed) % _FRESH_EVERY == 0:
        load_router.cache_clear()
    return [routing_cells(routing) for routing in load_router(model).route(texts, explain=pieces)]


def routing_cells(routing: Routing) -> Sequence[str]:
    """Return the routing as the cells of `COLUMNS`."""
    return (
        routing.desk,
        routing.desk_name,
        f"{routing.confidence:.4f}",
        routing.decision,
        "|".join(f"{candidate.desk}:{candidate.probability:.4f}" for candidate in routing.candidates[:_TOP]),
        "|".join(candidate.desk for candidate in routing.also),
        routing.kind.id,
        routing.urgency.level if routing.urgency else "",
        routing.model_version,
    )


def _reject_rows(chunk: Chunk) -> list[tuple[str, str, str, str]]:
    return [(chunk.source, str(reject.line), reject.reason, reject.raw) for reject in chunk.rejects]


def _count(summary: Summary, chunk: Chunk, routed: list[Sequence[str]]) -> None:
    summary.rows += len(routed)
    summary.rejects += len(chunk.rejects)
    for counts, place in ((summary.desks, _DESK), (summary.decisions, _DECISION), (summary.urgencies, _URGENCY)):
        counts.update(cells[place] for cells in routed)


def _require_apart(target: Path, source: Path, inputs: Sequence[Path]) -> None:
    """Raise `TableError` if the result would take the place of an input, or be one next time."""
    if target.exists() and any(target.samefile(path) for path in inputs):
        raise TableError(f"{target}: is the input itself; choose another name for the result")
    if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
        raise TableError(f"{target}: is in the folder that is scored; write the result to another")
