"""Cases: what is told of them, what is said to them, and how they look."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict

from model.routing import Decision, Level
from service.schemas.common import Day
from service.schemas.route import EXAMPLE, MAX_CHARS
from service.store.cases import MAX_ALSO, MAX_PEOPLE, NewCase
from service.store.listing import MAX_PAGE, CaseFilter, Order
from service.store.numbers import format_number
from service.store.vocabulary import Channel, Status

_MAX_NAME, _MAX_NOTE = 200, 2000

People = Annotated[int, Field(strict=True, ge=1, le=MAX_PEOPLE, description="How many it is about.")]
Region = Annotated[
    str, Field(pattern="^[0-9]{6}$", description="Division code of six digits (GB/T 2260).", examples=["430100"])
]
Employer = Annotated[str, Field(max_length=_MAX_NAME, description="As it was said.")]
Id = Annotated[str, Field(max_length=64)]
Desk = Annotated[Id, Field(description="Of GET /v1/desks.")]
Also = Annotated[list[Id], Field(max_length=MAX_ALSO, description="Further desks with a demand of their own.")]
Note = Annotated[str | None, Field(max_length=_MAX_NOTE, description="Kept in the case's history.")]


class CaseRequest(BaseModel):
    """What is known when a tip comes in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": EXAMPLE, "channel": "phone", "people": 12, "region": "430100"}]},
    )

    text: str = Field(min_length=1, max_length=MAX_CHARS, description="What the worker said, in their own words.")
    channel: Channel
    people: People = 1
    region: Region | None = None
    employer: Employer | None = None

    def to_new_case(self) -> NewCase:
        """Return what the store takes."""
        return NewCase(self.text, self.channel, self.people, self.region, self.employer)


class CaseResponse(BaseModel):
    """A tip and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    number: Annotated[str, BeforeValidator(lambda i: format_number(i) if isinstance(i, int) else i)] = Field(
        validation_alias="id", description="Day and count within it."
    )
    text: str
    channel: Channel
    people: int
    region: str | None
    employer: str | None
    suggested_desk: str
    confirmed_desk: str | None
    desk: str = Field(description="The confirmed desk, until there is one the suggested.")
    also: list[str]
    kind: str
    urgency: Level
    decision: Decision
    confidence: float
    probabilities: dict[str, float]
    model_version: str
    status: Status
    due_on: date
    due_provisional: bool = Field(description="Whether the holidays up to then are not all known yet.")
    closed_on: date | None
    satisfaction: int | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    version: int = Field(description="Counts changes; the ETag holds it too.")


class CasePage(BaseModel):
    """Cases in order."""

    cases: list[CaseResponse]
    next: str | None = Field(description="The cursor of the page after; null at the end.")


class CaseQuery(BaseModel):
    """Which cases are wanted; all that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    desk: Id | None = None
    channel: Channel | None = None
    suggested: Id | None = Field(None, description="The desk that was suggested.")
    confirmed: Id | None = Field(None, description="The desk that a person confirmed.")
    kind: Id | None = None
    urgency: Level | None = None
    decision: Decision | None = None
    region: Region | None = Field(None, description="A province's or a city's code stands for all that is in it.")
    employer: Employer | None = Field(None, description="In any common spelling.")
    since: Day | None = Field(None, description="First day of creation.")
    until: Day | None = Field(None, description="Last day of creation.")
    overdue: bool = Field(False, description="Whether the due date must be over and the case open.")
    q: str | None = Field(None, max_length=_MAX_NAME, description="Words that the text holds, all of them.")
    order: Order = Field(Order.NEWEST, description="By due date, open cases alone are listed, the first due first.")
    limit: int = Field(50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, max_length=20, description="`next` of the page before.")

    def to_filter(self) -> CaseFilter:
        """Return what the store takes."""
        return CaseFilter(query=self.q, **self.model_dump(exclude={"q", "order", "limit", "cursor"}))


class Correction(TypedDict, total=False):
    """What is to be put right; what is not named stays."""

    __pydantic_config__ = ConfigDict(  # type: ignore[misc]
        extra="forbid", json_schema_extra={"examples": [{"people": 14, "employer": "鸿运达电子厂"}]}
    )

    channel: Channel
    people: People
    region: Region | None
    employer: Employer | None
    desk: Desk
    also: Also
    kind: Id
    urgency: Level


class Confirmation(TypedDict, total=False):
    """The desk and other labels, where they are not as suggested."""

    __pydantic_config__ = ConfigDict(  # type: ignore[misc]
        extra="forbid", json_schema_extra={"examples": [{}, {"desk": "legal", "also": []}]}
    )

    desk: Desk
    also: Also
    kind: Id
    urgency: Level


class Transfer(BaseModel):
    """To which desk a case goes, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"desk": "legal", "note": "双方要求调解"}]}
    )

    desk: Desk
    note: Note = None


class Remark(BaseModel):
    """Why a case is returned, or what came of it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "工资已补发"}]})

    note: Note = None


class Rating(BaseModel):
    """How satisfied the caller is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"satisfaction": 5}]})

    satisfaction: int = Field(strict=True, ge=1, le=5)


class ChangeResponse(BaseModel):
    """One change of a case."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    action: str
    at: datetime
    by: str
    before: dict[str, Any]
    after: dict[str, Any]
    note: str | None
