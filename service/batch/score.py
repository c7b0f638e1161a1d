"""The local engine: a table in, the same table with routings out, rejects beside it."""

import gc
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from joblib import Parallel, delayed

from model.errors import TableError
from model.router import Router
from model.routing import Piece, Routing
from service.batch.readers import Reject, Row, open_table
from service.batch.writers import CsvWriter, create_table

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
_CHUNK = 1000  # rows


@cache
def load_router(model: Path) -> Router:
    """Return the router for the model in a folder: loaded once in each process, however many chunks it is given."""
    router = Router.load(model)
    gc.collect()
    gc.freeze()  # the collector need not walk through the model again and again
    return router


@dataclass
class Summary:
    """What was done.

    Attributes
    ----------
    rows : int
        Rows of OUTPUT; with `rejects` they add up to the input.
    rejects_path : Path or str, or None
        Where the rejected rows are, if there are any; a URI perhaps if Spark wrote them.
    """

    rows: int = 0
    rejects: int = 0
    rejects_path: Path | str | None = None
    desks: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    urgencies: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def score_table(
    model: Path,
    source: Path,
    target: Path,
    text_column: str,
    *,
    workers: int = 1,
    urgency: bool = True,
    advance: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Score a table and return what was done.

    Parameters
    ----------
    model : Path
        Folder of a published model.
    source, target : Path
        The formats are those of their names.
    text_column : str
        Which column holds the tip.
    workers : int
        Processes that route; rows stay in order.
    urgency : bool
        Whether to look for signals of urgency; without, the column stays empty and scoring is faster.
    advance : callable
        Told after each line how many bytes of `source` it took.

    Raises
    ------
    TableError
        If `source` cannot be read, or `target` not be written; then neither `target` nor the rejects change.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise TableError(f"{target}: is the input itself; choose another name for the result")
    reader = open_table(source, text_column)
    reader.advance = advance
    rejects_path = target.with_name(target.name + ".rejects.csv")
    summary = Summary()
    began = perf_counter()
    with ExitStack() as stack:
        writer = stack.enter_context(create_table(target, [*reader.columns, *COLUMNS]))
        rejects: CsvWriter | None = None
        records = iter(reader)
        chunks = iter(lambda: list(islice(records, _CHUNK)), [])
        for chunk, routed in _route_chunks(model, chunks, workers, ["urgency"] if urgency else []):
            rows = [record for record in chunk if isinstance(record, Row)]
            for row, cells in zip(rows, routed, strict=True):
                writer.write([*row.values, *cells])
                summary.desks[cells[_DESK]] += 1
                summary.decisions[cells[_DECISION]] += 1
                summary.urgencies[cells[_URGENCY]] += 1
            for reject in chunk:
                if isinstance(reject, Reject):
                    if rejects is None:
                        rejects = stack.enter_context(CsvWriter(rejects_path, ["line", "reason", "raw"]))
                    rejects.write([reject.line, reject.reason, reject.raw])
                    summary.rejects += 1
            summary.rows += len(rows)
    if rejects is None:
        rejects_path.unlink(missing_ok=True)  # of an earlier run
    else:
        summary.rejects_path = rejects_path
    summary.seconds = perf_counter() - began
    return summary


def _route_chunks(
    model: Path, chunks: Iterable[list[Row | Reject]], workers: int, wanted: list[Piece]
) -> Iterator[tuple[list[Row | Reject], list[Sequence[str]]]]:
    """Yield each chunk with the cells of `COLUMNS` for its rows, in order."""
    sent: deque[list[Row | Reject]] = deque()

    def tasks() -> Iterator[Any]:
        for chunk in chunks:
            sent.append(chunk)
            yield delayed(_route)(model, [record.text for record in chunk if isinstance(record, Row)], wanted)

    for routed in Parallel(n_jobs=workers, return_as="generator", batch_size=1)(tasks()):
        yield sent.popleft(), routed


def _route(model: Path, texts: list[str], wanted: list[Piece]) -> list[Sequence[str]]:
    return [routing_cells(routing) for routing in load_router(model).route(texts, explain=wanted)]


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
