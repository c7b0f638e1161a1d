"""/v1/statistics: counts, answers on time, agreement of people with the model."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from service.access import Permission, allow
from service.dependencies import DatabaseDep
from service.schemas.statistics import (
    AgreementResponse,
    CountQuery,
    CountResponse,
    OnTimeResponse,
    PairResponse,
    Period,
    StatisticsResponse,
)
from service.store import statistics
from service.store.database import today

router = APIRouter(prefix="/v1/statistics", tags=["statistics"], dependencies=[allow(Permission.STATISTICS_READ)])

_DAYS_BEFORE = timedelta(days=29)


@router.get("")
def count_cases(query: Annotated[CountQuery, Query()], database: DatabaseDep) -> StatisticsResponse:
    """Count cases, and the people that they are about, by day, desk, channel, city, kind, decision or status."""
    with database.reading() as session:
        since, until = _days(session, query)
        counts = [CountResponse.model_validate(count) for count in statistics.count(session, query.by, since, until)]
    return StatisticsResponse(by=query.by, since=since, until=until, counts=counts)


@router.get("/on-time")
def count_on_time(period: Annotated[Period, Query()], database: DatabaseDep) -> OnTimeResponse:
    """Count the closed cases, and those closed by their due date."""
    with database.reading() as session:
        since, until = _days(session, period)
        counts = statistics.on_time(session, since, until)
    return OnTimeResponse(since=since, until=until, closed=counts.closed, on_time=counts.on_time)


@router.get("/agreement")
def count_agreement(period: Annotated[Period, Query()], database: DatabaseDep) -> AgreementResponse:
    """Count how often the desk that was confirmed is the one that was suggested, and which became which."""
    with database.reading() as session:
        since, until = _days(session, period)
        found = statistics.agreement(session, since, until)
    pairs = [PairResponse(suggested=s, confirmed=c, cases=cases) for (s, c), cases in found.items()]
    agreed = sum(pair.cases for pair in pairs if pair.suggested == pair.confirmed)
    confirmed = sum(pair.cases for pair in pairs)
    return AgreementResponse(since=since, until=until, confirmed=confirmed, agreed=agreed, pairs=pairs)


def _days(session: Session, period: Period) -> tuple[date, date]:
    until = period.until or today(session)
    return period.since or until - _DAYS_BEFORE, until
