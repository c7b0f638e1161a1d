"""Counts in cases and in people (件, 人次), answers on time, and how often people agree with the model."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from service.store.numbers import A_DAY, day_of, first_id_of
from service.store.tables import Case


class Dimension(StrEnum):
    """What cases are counted by."""

    DAY = "day"
    DESK = "desk"
    CHANNEL = "channel"
    REGION = "region"
    KIND = "kind"
    DECISION = "decision"
    STATUS = "status"


@dataclass(frozen=True)
class Count:
    """Cases with one value, and the people that they are about."""

    value: str | None
    cases: int
    people: int


@dataclass(frozen=True)
class OnTime:
    """Closed cases, and those of them that were closed by their due date."""

    closed: int
    on_time: int


def count(session: Session, by: Dimension, since: date, until: date) -> list[Count]:
    """Return counts of the cases created from `since` to `until`: days in order, else the most frequent value first.

    Regions are cities: division codes of four digits.
    """
    column: ColumnElement[Any] = _column(by)
    number = func.count().label("number")
    statement = select(column, number, func.sum(Case.people)).where(*_between(since, until)).group_by(column)
    rows = session.execute(statement.order_by(column if by is Dimension.DAY else number.desc(), column)).all()
    if by is Dimension.DAY:
        return [Count(day_of(value * A_DAY).isoformat(), cases, people) for value, cases, people in rows]
    return [Count(value, cases, people) for value, cases, people in rows]


def on_time(session: Session, since: date, until: date) -> OnTime:
    """Return how many of the cases created from `since` to `until` were closed, and how many of them in time."""
    in_time = func.coalesce(func.sum(case((Case.closed_on <= Case.due_on, 1), else_=0)), 0)
    row = session.execute(
        select(func.count(), in_time).where(Case.closed_on.is_not(None), *_between(since, until))
    ).one()
    return OnTime(row[0], row[1])


def agreement(session: Session, since: date, until: date) -> dict[tuple[str, str], int]:
    """Return how often each pair of suggested and confirmed desk occurs among the cases created in that time."""
    pair = (Case.suggested_desk, Case.confirmed_desk)
    rows = session.execute(
        select(*pair, func.count())
        .where(Case.confirmed_desk.is_not(None), *_between(since, until))
        .group_by(*pair)
        .order_by(*pair)
    )
    return {(suggested, confirmed or ""): number for suggested, confirmed, number in rows}


def _column(by: Dimension) -> ColumnElement[Any]:
    if by is Dimension.DAY:
        return Case.id.expression // A_DAY
    name = "city" if by is Dimension.REGION else by.value
    column: ColumnElement[Any] = Case.__table__.c[name]
    return column


def _between(since: date, until: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Case.id > first_id_of(since), Case.id < first_id_of(until + timedelta(days=1))
