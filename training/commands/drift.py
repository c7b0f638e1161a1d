"""`tipdesk drift`: how today's tips differ from earlier ones."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.registry import CHAMPION, Registry
from training.commands.common import AsJson, print_json, registry_of, say, stored_cases

if TYPE_CHECKING:
    from training.cases import Case
    from training.drift import Drift

_BEYOND = 3  # exit status


def drift(
    ctx: typer.Context,
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[REFERENCE CURRENT]",
            help="Two CSV files or spreadsheets; with --since one of both, or none for the case store.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Compare the rows from this day on with those before.")
    ] = None,
    text_column: Annotated[str, typer.Option(help="The column that holds the tip.")] = "text",
    date_column: Annotated[str, typer.Option(help="The column that holds the day.")] = "date",
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a report with charts.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how tips have changed: desks, confidence, words, agreement with operators. Exit status 3 when beyond limits.

    Columns: the text; where there are any, date, desk or 受理席 (as confirmed), tip_desk (from `tipdesk score`).
    """
    tables = tables or []
    if len(tables) not in ((0, 1) if since else (2,)):
        raise typer.BadParameter("expected two tables, REFERENCE CURRENT, or --since DATE with one table or none")
    from training.cases import cases_of, parse_day, read_cases, split_by_day

    read = [read_cases(path, text_column, date_column) for path in tables] or [cases_of(stored_cases(ctx))]
    undated = 0
    if since:
        if (day := parse_day(since)) is None:
            raise typer.BadParameter(f"--since '{since[:40]}' is no day; expected one such as 2026-11-03")
        *read, undated = split_by_day(read[0], day)
    compare_cases(registry_of(ctx), *read, undated=undated, report=report, as_json=as_json)


def compare_cases(
    registry: Registry,
    reference: "Iterable[Case]",
    current: "Iterable[Case]",
    *,
    undated: int,
    report: Path | None,
    as_json: bool,
) -> None:
    """Measure, write the report, print; wherever the cases come from.

    Parameters
    ----------
    undated : int
        Rows that are on neither side because their date could not be read.

    Raises
    ------
    typer.Exit
        With status 3 if a measure is beyond its limit.
    TableError
        If there are too few cases to tell. It is no finding: a watch that cannot see must not look like all is well.
    """
    from model.artefact import load_artefact
    from training.drift import measure_drift

    artefact = load_artefact(registry.path(CHAMPION))
    found = measure_drift(artefact, reference, current)
    if report:
        from training.report.drift import write_report

        write_report(report, found, artefact.taxonomy, undated)
    if as_json:
        print_json({**_record(found), "undated": undated})
    else:
        from training.report.drift import print_summary

        print_summary(found, undated)
    if report:
        say(f"report: {report}")
    if found.verdict == "act":
        raise typer.Exit(_BEYOND)


def _record(found: "Drift") -> dict[str, Any]:
    """Return what was found as JSON can hold it."""
    record = {"verdict": found.verdict, **asdict(found)}
    for side in ("reference", "current"):
        record[side] |= {
            name: day and day.isoformat() for name, day in record[side].items() if name in ("first", "last")
        }
    for item, measure in zip(record["measures"], found.measures, strict=True):
        item["verdict"] = measure.verdict
    for item, agreement in zip(record["agreement"], found.agreement, strict=True):
        item |= {"start": agreement.start.isoformat(), "share": agreement.share}
    return record
