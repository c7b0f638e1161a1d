"""/v1/cases: created, listed, shown and changed; each change names the version of the case that was seen."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Response

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, MetricsDep, RouterDep
from service.errors import problem_responses
from service.schemas.cases import (
    CasePage,
    CaseQuery,
    CaseRequest,
    CaseResponse,
    ChangeResponse,
    Confirmation,
    Correction,
    Rating,
    Remark,
    Transfer,
)
from service.schemas.common import CaseNumber
from service.store import cases
from service.store.cases import Idempotency
from service.store.listing import find
from service.store.numbers import format_number, parse_number
from service.store.tables import Case

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_MAY_READ = [allow(Permission.CASES_READ)]
Writer = Annotated[Principal, allow(Permission.CASES_WRITE)]

_Responses = dict[int | str, dict[str, Any]]
_ETAG: dict[str, Any] = {"ETag": {"description": "The case's version, for If-Match.", "schema": {"type": "string"}}}
_LINKS = {
    name: {
        "operationId": name,
        "parameters": {"path.number": "$response.body#/number", "header.If-Match": "$response.header.ETag"},
    }
    for name in (
        "correct_case",
        "confirm_case",
        "start_case",
        "return_case",
        "transfer_case",
        "close_case",
        "rate_case",
    )
}
_TAGGED: _Responses = {200: {"headers": _ETAG, "links": _LINKS}}
_LOCATION: dict[str, Any] = {"Location": {"description": "The case's address.", "schema": {"type": "string"}}}
_CREATED: _Responses = {
    200: {
        "description": "It was created by the same request before",
        "model": CaseResponse,
        "headers": {**_ETAG, **_LOCATION},
    },
    201: {"headers": {**_ETAG, **_LOCATION}, "links": _LINKS},
}
_CHANGED: _Responses = {**_TAGGED, **problem_responses(404, 409, 412, 428)}


async def seen_version(
    if_match: Annotated[
        str,
        Header(
            alias="If-Match",
            pattern=r'^(W/)?"[0-9]{1,9}"$',  # a proxy that compresses makes tags weak
            description="The ETag of the case as it was seen.",
            examples=['"1"'],
        ),
    ],
) -> int:
    """Return the version of the case that the client saw."""
    return int(if_match.removeprefix("W/").strip('"'))


Seen = Annotated[int, Depends(seen_version)]


@router.post("", status_code=201, responses={**_CREATED, **problem_responses(409)})
def create_case(
    body: CaseRequest,
    response: Response,
    database: DatabaseDep,
    tip_router: RouterDep,
    metrics: MetricsDep,
    who: Writer,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            description="Of the client's choice: the same request sent again with it creates nothing more.",
        ),
    ] = None,
) -> CaseResponse:
    """Create a case from a tip: it is routed, its personal data is masked, and it waits to be confirmed."""
    once = idempotency_key and Idempotency(who.name, idempotency_key, body.model_dump_json().encode())
    routing = tip_router.route([body.text], explain=["urgency"], today=date.today())[0]
    with database.writing() as session:
        case, created = cases.create(session, body.to_new_case(), routing, tip_router, by=who.name, once=once or None)
    if created:
        metrics.count_routings([routing])
    response.status_code = 201 if created else 200
    response.headers["Location"] = f"/v1/cases/{format_number(case.id)}"
    return _answer(case, response)


@router.get("", dependencies=_MAY_READ)
def list_cases(wanted: Annotated[CaseQuery, Query()], database: DatabaseDep, tip_router: RouterDep) -> CasePage:
    """List cases a page at a time, the newest first unless asked otherwise."""
    with database.reading() as session:
        page = find(
            session, wanted.to_filter(), tip_router, order=wanted.order, limit=wanted.limit, cursor=wanted.cursor
        )
    return CasePage(cases=[CaseResponse.model_validate(case) for case in page.cases], next=page.cursor)


@router.get("/{number}", dependencies=_MAY_READ, responses={**_TAGGED, **problem_responses(404)})
def show_case(number: CaseNumber, response: Response, database: DatabaseDep) -> CaseResponse:
    """Show a case; its ETag is what a change must name in If-Match."""
    with database.reading() as session:
        return _answer(cases.get(session, parse_number(number)), response)


@router.get("/{number}/history", dependencies=_MAY_READ, responses=problem_responses(404))
def show_history(number: CaseNumber, database: DatabaseDep) -> list[ChangeResponse]:
    """Show who changed what of a case and when, the first change first."""
    with database.reading() as session:
        return [ChangeResponse.model_validate(change) for change in cases.history(session, parse_number(number))]


@router.patch("/{number}", responses=_CHANGED)
def correct_case(
    number: CaseNumber,
    body: Annotated[Correction, Body()],
    response: Response,
    database: DatabaseDep,
    tip_router: RouterDep,
    who: Writer,
    seen: Seen,
) -> CaseResponse:
    """Put right what is recorded of a case, its desk too once that was confirmed."""
    with database.writing() as session:
        case = cases.correct(session, parse_number(number), seen, body, tip_router, by=who.name)
    return _answer(case, response)


@router.post("/{number}/confirm", responses=_CHANGED)
def confirm_case(
    number: CaseNumber,
    response: Response,
    database: DatabaseDep,
    tip_router: RouterDep,
    metrics: MetricsDep,
    who: Writer,
    seen: Seen,
    body: Annotated[Confirmation | None, Body()] = None,
) -> CaseResponse:
    """Assign a case to the suggested desk, or to another one, and put other labels right."""
    with database.writing() as session:
        labels = {name: value for name, value in (body or {}).items() if name != "desk"}
        desk = (body or {}).get("desk")
        case = cases.confirm(session, parse_number(number), seen, tip_router, by=who.name, desk=desk, labels=labels)
    metrics.count_confirmation(case.suggested_desk, case.confirmed_desk)
    return _answer(case, response)


@router.post("/{number}/start", responses=_CHANGED)
def start_case(number: CaseNumber, response: Response, database: DatabaseDep, who: Writer, seen: Seen) -> CaseResponse:
    """Say that the desk has taken up a case."""
    with database.writing() as session:
        case = cases.start(session, parse_number(number), seen, by=who.name)
    return _answer(case, response)


@router.post("/{number}/return", responses=_CHANGED)
def return_case(
    number: CaseNumber, response: Response, database: DatabaseDep, who: Writer, seen: Seen, body: Remark | None = None
) -> CaseResponse:
    """Give a case back, to be confirmed anew or transferred."""
    with database.writing() as session:
        case = cases.send_back(session, parse_number(number), seen, by=who.name, note=body.note if body else None)
    return _answer(case, response)


@router.post("/{number}/transfer", responses=_CHANGED)
def transfer_case(
    number: CaseNumber,
    body: Transfer,
    response: Response,
    database: DatabaseDep,
    tip_router: RouterDep,
    who: Writer,
    seen: Seen,
) -> CaseResponse:
    """Hand a case to another desk, whose time limit runs from today."""
    with database.writing() as session:
        case = cases.transfer(session, parse_number(number), seen, body.desk, tip_router, by=who.name, note=body.note)
    return _answer(case, response)


@router.post("/{number}/close", responses=_CHANGED)
def close_case(
    number: CaseNumber, response: Response, database: DatabaseDep, who: Writer, seen: Seen, body: Remark | None = None
) -> CaseResponse:
    """End a case: it is done."""
    with database.writing() as session:
        case = cases.close(session, parse_number(number), seen, by=who.name, note=body.note if body else None)
    return _answer(case, response)


@router.post("/{number}/rate", responses=_CHANGED)
def rate_case(
    number: CaseNumber, body: Rating, response: Response, database: DatabaseDep, who: Writer, seen: Seen
) -> CaseResponse:
    """Keep how satisfied the caller is with what was done; the last rating counts."""
    with database.writing() as session:
        case = cases.rate(session, parse_number(number), seen, body.satisfaction, by=who.name)
    return _answer(case, response)


def _answer(case: Case, response: Response) -> CaseResponse:
    response.headers["ETag"] = f'"{case.version}"'
    return CaseResponse.model_validate(case)
