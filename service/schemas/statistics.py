"""Counts in cases and in people (件, 人次)."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from service.schemas.common import Day
from service.store.statistics import Dimension


class Period(BaseModel):
    """The days on which the cases that count were created."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = Field(None, description="First day; 29 days before the last if not given.")
    until: Day | None = Field(None, description="Last day; today if not given.")


class CountQuery(Period):
    """What is counted."""

    by: Dimension = Field(Dimension.DESK, description="What the cases are counted by.")


class CountResponse(BaseModel):
    """Cases with one value."""

    model_config = ConfigDict(from_attributes=True)

    value: str | None = Field(description="Null where a case has none. Regions are cities: codes of four digits.")
    cases: int
    people: int


class StatisticsResponse(BaseModel):
    """Counts: days in order, else the most frequent value first."""

    by: Dimension
    since: date
    until: date
    counts: list[CountResponse]


class OnTimeResponse(BaseModel):
    """Closed cases, and those of them that were closed by their due date."""

    since: date
    until: date
    closed: int
    on_time: int


class PairResponse(BaseModel):
    """How often a desk was suggested and a desk, the same or another, was confirmed."""

    suggested: str
    confirmed: str
    cases: int


class AgreementResponse(BaseModel):
    """How often people agreed with the model."""

    since: date
    until: date
    confirmed: int
    agreed: int
    pairs: list[PairResponse]
