"""The local engine: a table in, the same table with routings out, rejects beside it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter

from model.errors import TableError
from model.router import Router, Routing
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
    "tip_model_version",
)
_TOP = 3
_CHUNK = 1000  # rows


@dataclass
class Summary:
    """What was done.

    Attributes
    ----------
    rows : int
        Rows of OUTPUT; with `rejects` they add up to the input.
    rejects_path : Path, or None
        Where the rejected rows are, if there are any.
    """

    rows: int = 0
    rejects: int = 0
    rejects_path: Path | None = None
    desks: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def score_table(
    router: Router,
    source: Path,
    target: Path,
    text_column: str,
    advance: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Score a table and return what was done.

    Parameters
    ----------
    source, target : Path
        The formats are those of their names.
    text_column : str
        Which column holds the tip.
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
        while chunk := list(islice(records, _CHUNK)):
            rows = [record for record in chunk if isinstance(record, Row)]
            for row, routing in zip(rows, router.route([row.text for row in rows], explain=False), strict=True):
                writer.write([*row.values, *routing_cells(routing)])
                summary.desks[routing.desk] += 1
                summary.decisions[routing.decision] += 1
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
        routing.model_version,
    )
