"""Lists of cases: filtered, searched, newest first, a page at a time; what a page costs does not grow with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.operators import custom_op

from model.router import Router
from model.similar import normalise_employer
from service.store.errors import InvalidValueError
from service.store.numbers import decode_cursor, encode_cursor, first_id_of
from service.store.tables import Case
from service.store.vocabulary import Channel, Status
from service.store.words import holding

MAX_PAGE = 200
_TOGETHER = ["status", "desk"]  # columns of one index


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are wanted; what is None does not matter.

    Attributes
    ----------
    region : str
        Division code: a province's or a city's stands for all that is in it.
    employer : str
        In any spelling that `normalise_employer` takes for the same.
    since, until : date
        Days of creation, both included.
    query : str
        Words that the text holds, all of them.
    """

    status: Status | None = None
    desk: str | None = None
    channel: Channel | None = None
    kind: str | None = None
    decision: str | None = None
    region: str | None = None
    employer: str | None = None
    since: date | None = None
    until: date | None = None
    query: str | None = None


@dataclass(frozen=True)
class Page:
    """Cases, newest first, and the cursor of the page after; None at the end."""

    cases: Sequence[Case]
    cursor: str | None


def find(session: Session, wanted: CaseFilter, router: Router, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Return a page of cases.

    Raises
    ------
    InvalidValueError
        If the cursor or the region is none.
    """
    limit = max(1, min(limit, MAX_PAGE))
    statement, key = select(Case), Case.id.expression
    searching = False
    if wanted.query is not None:
        found = holding(session, statement, wanted.query)
        if found is None:
            return Page([], None)
        statement, key = found
        searching = True
    if cursor is not None:
        statement = statement.where(key < decode_cursor(cursor))
    if wanted.since:
        statement = statement.where(key > first_id_of(wanted.since))
    if wanted.until:
        statement = statement.where(key < first_id_of(wanted.until + timedelta(days=1)))
    conditions = _conditions(wanted, router)
    if any(value is None for _, value in conditions):
        return Page([], None)
    # What to walk along: the words, else the filter that leaves least.
    leading = 0 if searching else 2 if [column.key for column, _ in conditions[:2]] == _TOGETHER else 1
    conditions[leading:] = [(unindexed(session, column), value) for column, value in conditions[leading:]]
    statement = statement.where(*(column == value for column, value in conditions))
    cases = session.scalars(statement.order_by(key.desc()).limit(limit + 1)).all()
    return Page(cases[:limit], encode_cursor(cases[limit - 1].id) if len(cases) > limit else None)


def _conditions(
    wanted: CaseFilter, router: Router
) -> list[tuple[ColumnElement[Any] | InstrumentedAttribute[Any], Any]]:
    """Return columns and the values wanted in them, the ones that leave fewest cases first; None is in no case."""
    conditions: list[tuple[Any, Any]] = []
    if wanted.employer is not None:
        conditions.append((Case.employer_key, normalise_employer(wanted.employer, router.place_names)))
    if wanted.region is not None:
        conditions.append(_region_condition(wanted.region))
    if wanted.status not in (None, Status.CLOSED):
        conditions.append((Case.status, wanted.status))
    others = {name: getattr(wanted, name) for name in ("desk", "kind", "decision", "channel")}
    conditions += [(getattr(Case, name), value) for name, value in others.items() if value is not None]
    if wanted.status is Status.CLOSED:
        conditions.append((Case.status, wanted.status))
    return conditions


def _region_condition(code: str) -> tuple[Any, str]:
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        raise InvalidValueError("a region is a division code of six digits, such as 430100")
    if code.endswith("0000"):
        return Case.province, code[:2]
    return (Case.city, code[:4]) if code.endswith("00") else (Case.region, code)


def unindexed(session: Session, column: Any) -> Any:
    """Return the column in a way for which SQLite, which knows no frequencies, uses no index. PostgreSQL knows."""
    if session.connection().dialect.name == "sqlite":
        return UnaryExpression(column, operator=custom_op("+"), type_=column.type)
    return column
