"""统计: /statistics and below. Counts, answers on time, agreement of people with the model, the quarterly report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from model.router import Router
from service.access import Permission, allow
from service.console import templates
from service.console.casewords import CaseWords
from service.console.period import Days, Quarter, read_days
from service.console.workbook import workbook
from service.dependencies import DatabaseDep, RouterDep
from service.store import statistics
from service.store.database import Database, today
from service.store.statistics import Count, Dimension, OnTime

router = APIRouter(
    prefix="/statistics",
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[allow(Permission.STATISTICS_READ)],
)

DIMENSION_NAMES: Mapping[Dimension, str] = {
    Dimension.DESK: "受理席",
    Dimension.KIND: "诉求类型",
    Dimension.CHANNEL: "渠道",
    Dimension.REGION: "地区",
    Dimension.DECISION: "处置建议",
    Dimension.STATUS: "状态",
}
_FIELDS = {Dimension.REGION: "region"}  # of a case, where it is not the dimension's own name
_MOST_REGIONS = 15
_QUARTERS_BACK = 8


@dataclass(frozen=True)
class Row:
    """What is counted under one name; `value` is None where cases have none."""

    name: str
    value: str | None
    cases: int
    people: int


@dataclass(frozen=True)
class Figures:
    """All that is counted of a period.

    Attributes
    ----------
    days : list of (date, int, int)
        Each day with its cases and people, those without any too.
    tables : dict of Dimension to list of Row
    pairs : dict
        How often each pair of suggested and confirmed desk occurs.
    desks : list of (str, str)
        The ids and names of the desks that occur in `pairs`.
    """

    period: Days
    cases: int
    people: int
    on_time: OnTime
    days: Sequence[tuple[date, int, int]]
    tables: Mapping[Dimension, Sequence[Row]]
    pairs: Mapping[tuple[str, str], int]
    desks: Sequence[tuple[str, str]]

    @property
    def confirmed(self) -> int:
        """How many cases a person has confirmed."""
        return sum(self.pairs.values())

    @property
    def agreed(self) -> int:
        """How many of them at the desk that was suggested."""
        return sum(cases for (suggested, confirmed), cases in self.pairs.items() if suggested == confirmed)


@router.get("")
def show_statistics(
    request: Request, database: DatabaseDep, tip_router: RouterDep, since: str = "", until: str = ""
) -> HTMLResponse:
    """Show what was counted from day to day."""
    with database.reading() as session:
        day = today(session)
        period, problem = read_days(since, until, day)
        figures = _count(session, period, tip_router)
    quarter = Quarter.of(day)
    presets = {
        "近 30 天": Days(day - timedelta(days=29), day),
        "本月": Days(day.replace(day=1), day),
        "本季度": Days(quarter.days.since, day),
        "上季度": quarter.before.days,
        "今年": Days(day.replace(month=1, day=1), day),
    }
    context = {
        "figures": figures,
        "problem": problem,
        "presets": presets,
        "dimension_names": DIMENSION_NAMES,
        "most_regions": _MOST_REGIONS,
        "quarter": quarter,
    }
    return templates.TemplateResponse(request, "statistics.html", context, 422 if problem else 200)


@router.get("/quarter")
def show_quarter(request: Request, database: DatabaseDep, tip_router: RouterDep, quarter: str = "") -> HTMLResponse:
    """Show the report of a quarter, to be printed."""
    wanted, figures, before, latest = _quarter(database, tip_router, quarter)
    choices = [latest]
    while len(choices) < _QUARTERS_BACK:
        choices.append(choices[-1].before)
    context = {
        "quarter": wanted,
        "figures": figures,
        "before": before,
        "choices": choices,
        "dimension_names": DIMENSION_NAMES,
        "running": wanted == latest,
    }
    return templates.TemplateResponse(request, "quarter.html", context)


@router.get("/quarter.xlsx")
def export_quarter(database: DatabaseDep, tip_router: RouterDep, quarter: str = "") -> Response:
    """Hand out the report of a quarter as a workbook."""
    wanted, figures, before, _ = _quarter(database, tip_router, quarter)
    content = BytesIO()
    workbook(content, _sheets(wanted, figures, before))
    return Response(
        content.getvalue(),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="tipdesk-{wanted}.xlsx"'},
    )


def _quarter(database: Database, tip_router: Router, text: str) -> tuple[Quarter, Figures, Figures, Quarter]:
    """Return the quarter asked for, or the one that goes on; its figures and those before; the one that goes on."""
    with database.reading() as session:
        latest = Quarter.of(today(session))
        wanted = Quarter.parse(text) or latest
        return wanted, _count(session, wanted.days, tip_router), _count(session, wanted.before.days, tip_router), latest


def _count(session: Session, period: Days, tip_router: Router) -> Figures:
    words = CaseWords(tip_router)
    since, until = period.since, period.until
    by_day = {count.value: count for count in statistics.count(session, Dimension.DAY, since, until)}
    none = Count(None, 0, 0)
    days = [
        (day, by_day.get(day.isoformat(), none).cases, by_day.get(day.isoformat(), none).people)
        for day in (since + timedelta(days=i) for i in range(period.length if by_day else 0))
    ]
    tables = {
        by: [_row(count, by, words) for count in statistics.count(session, by, since, until)] for by in DIMENSION_NAMES
    }
    pairs = statistics.agreement(session, since, until)
    seen = {desk for pair in pairs for desk in pair}
    known = [(desk, name) for desk, name in words.desks.items() if desk in seen]
    gone = [(desk, desk) for desk in sorted(seen - words.desks.keys())]
    return Figures(
        period,
        sum(count.cases for count in by_day.values()),
        sum(count.people for count in by_day.values()),
        statistics.on_time(session, since, until),
        days,
        tables,
        pairs,
        [*known, *gone],
    )


def _row(count: Count, by: Dimension, words: CaseWords) -> Row:
    name = "未填" if count.value is None else words.say(_FIELDS.get(by, by.value), count.value)
    code = f"{count.value}00" if by is Dimension.REGION and count.value else count.value
    return Row(name, code, count.cases, count.people)


def _sheets(quarter: Quarter, figures: Figures, before: Figures) -> list[tuple[str, list[list[Any]]]]:
    """Return the sheets of the quarterly report: names and rows, the titles first."""
    overview: list[list[Any]] = [
        [f"{quarter.name}诉求统计", "本季度", "上季度"],
        ["件数", figures.cases, before.cases],
        ["人次", figures.people, before.people],
        ["已办结", figures.on_time.closed, before.on_time.closed],
        ["其中按时办结", figures.on_time.on_time, before.on_time.on_time],
        ["已确认受理席", figures.confirmed, before.confirmed],
        ["其中与建议一致", figures.agreed, before.agreed],
    ]
    sheets: list[tuple[str, list[list[Any]]]] = [("概况", overview)]
    for by, name in DIMENSION_NAMES.items():
        earlier = {row.name: row.cases for row in before.tables[by]}
        rows = [[row.name, row.cases, row.people, earlier.get(row.name, 0)] for row in figures.tables[by]]
        sheets.append((f"按{name}", [[name, "件数", "人次", "上季度件数"], *rows]))
    sheets.append(("按日", [["日期", "件数", "人次"], *([day, cases, people] for day, cases, people in figures.days)]))
    matrix = [
        [f"建议：{name}", *(figures.pairs.get((desk, other), 0) for other, _ in figures.desks)]
        for desk, name in figures.desks
    ]
    sheets.append(("建议与确认", [["", *(f"确认：{name}" for _, name in figures.desks)], *matrix]))
    return sheets
