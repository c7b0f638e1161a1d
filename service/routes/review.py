"""/v1/review and /v1/cases/{number}/label: what is to be labelled, the labels, and where two people differ."""

from typing import Annotated

from fastapi import APIRouter

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep, RouterDep
from service.errors import problem_responses
from service.schemas.cases import CasePage, CaseResponse
from service.schemas.common import CaseNumber, Cursor, Limit
from service.schemas.review import DisagreementResponse, LabelRequest, LabelResponse
from service.store import review
from service.store.numbers import decode_cursor, encode_cursor, format_number, parse_number

router = APIRouter(prefix="/v1", tags=["review"])

Reviewer = Annotated[Principal, allow(Permission.REVIEW)]


@router.get("/review")
def show_queue(database: DatabaseDep, who: Reviewer, limit: Limit = 50, cursor: Cursor = None) -> CasePage:
    """List the cases that wait for your label: the model left them to a person, and nobody has confirmed them.

    What two others have labelled already is not among them.
    """
    below = None if cursor is None else decode_cursor(cursor)
    with database.reading() as session:
        found = review.queue(session, who.name, below=below, limit=limit + 1)
    following = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return CasePage(cases=[CaseResponse.model_validate(case) for case in found[:limit]], next=following)


@router.get("/review/disagreements", dependencies=[allow(Permission.REVIEW)])
def show_disagreements(database: DatabaseDep) -> list[DisagreementResponse]:
    """List the cases whose labellers name different desks, newest first."""
    with database.reading() as session:
        return [
            DisagreementResponse(
                number=format_number(case_id), labels=[LabelResponse.model_validate(label) for label in labels]
            )
            for case_id, labels in review.disagreements(session)
        ]


@router.put("/cases/{number}/label", responses=problem_responses(404))
def label_case(
    number: CaseNumber, body: LabelRequest, database: DatabaseDep, tip_router: RouterDep, who: Reviewer
) -> LabelResponse:
    """Say what a case is, in place of what you said before. It changes nothing about the case itself."""
    with database.writing() as session:
        label = review.label(session, parse_number(number), tip_router, labeller=who.name, **body.model_dump())
    return LabelResponse.model_validate(label)
