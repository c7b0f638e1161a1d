"""Lists of cases: filtered, searched, sorted, a page at a time; what a page costs does not grow with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased
from sqlalchemy.sql.operators import custom_op

from model.router import Router
from model.routing import Level
from model.similar import normalise_employer
from service.store.database import today
from service.store.errors import InvalidValueError
from service.store.numbers import decode_cursor, encode_cursor, first_id_of
from service.store.tables import Case
from service.store.vocabulary import Channel, Status
from service.store.words import beside_words, holding

MAX_PAGE = 200
_TOGETHER = ["status", "desk"]  # columns of one index
# Those without an index of their own come last.
_COLUMNS = {
    "desk": Case.desk,
    "kind": Case.kind,
    "decision": Case.decision,
    "channel": Case.channel,
    "suggested": Case.suggested_desk,
    "confirmed": Case.confirmed_desk,
    "urgency": Case.urgency,
}


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are wanted; what is None does not matter.

    Attributes
    ----------
    region : str
        Division code: a province's or a city's stands for all that is in it.
    employer : str
        In any spelling that `normalise_employer` takes for the same.
    suggested, confirmed : str
        The desk that the model suggested, and the one that a person confirmed.
    since, until : date
        Days of creation, both included.
    overdue : bool
        Whether the due date must be over and the case open.
    query : str
        Words that the text holds, all of them.
    """

    status: Status | None = None
    desk: str | None = None
    suggested: str | None = None
    confirmed: str | None = None
    urgency: Level | None = None
    channel: Channel | None = None
    kind: str | None = None
    decision: str | None = None
    region: str | None = None
    employer: str | None = None
    since: date | None = None
    until: date | None = None
    overdue: bool = False
    query: str | None = None


class Order(StrEnum):
    """How cases are sorted. By due date, open cases alone are listed: what is to be answered next."""

    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"


@dataclass(frozen=True)
class Page:
    """Cases in order, and the cursor of the page after; None at the end."""

    cases: Sequence[Case]
    cursor: str | None


def find(
    session: Session,
    wanted: CaseFilter,
    router: Router,
    *,
    order: Order = Order.NEWEST,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
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
        statement = statement.where(_after(decode_cursor(cursor), order, key))
    if wanted.since:
        statement = statement.where(key > first_id_of(wanted.since))
    if wanted.until:
        statement = statement.where(key < first_id_of(wanted.until + timedelta(days=1)))
    conditions = _conditions(wanted, router)
    if any(value is None for _, value in conditions):
        return Page([], None)
    # What to walk along: the words, else the due dates if they are the order, else the filter that leaves least.
    by_due_date = order is Order.DUE
    leading = 0 if searching or by_due_date else 2 if [column.key for column, _ in conditions[:2]] == _TOGETHER else 1
    conditions[leading:] = [(unindexed(session, column), value) for column, value in conditions[leading:]]
    if searching:
        conditions = [beside_words(session, column, value) for column, value in conditions]
    statement = statement.where(*(column == value for column, value in conditions))
    if wanted.overdue or by_due_date:
        statement = statement.where(Case.closed_on.is_(None))
    if wanted.overdue:
        statement = statement.where(Case.due_on < today(session))
    sorting: list[ColumnElement[Any]] = [key.desc() if order is Order.NEWEST else key.asc()]
    if by_due_date:
        sorting.insert(0, Case.due_on.expression)
    cases = session.scalars(statement.order_by(*sorting).limit(limit + 1)).all()
    return Page(cases[:limit], encode_cursor(cases[limit - 1].id) if len(cases) > limit else None)


def _after(last: int, order: Order, key: ColumnElement[int]) -> ColumnElement[bool]:
    """Return which cases come after the case `last`."""
    if order is Order.DUE:
        before = aliased(Case)
        due_on = select(before.due_on).where(before.id == last).scalar_subquery()
        return tuple_(Case.due_on, key) > tuple_(due_on, literal(last))
    return key < last if order is Order.NEWEST else key > last


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
    others = {name: getattr(wanted, name) for name in _COLUMNS}
    conditions += [(_COLUMNS[name], value) for name, value in others.items() if value is not None]
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
