"""/v1/similar and /v1/cases/{number}/similar: stored cases that tell the same matter, and all of one employer."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from model.routing import Fact
from model.similar import normalise_employer
from service.access import Permission, allow
from service.dependencies import DatabaseDep, RouterDep, SimilarDep
from service.errors import problem_responses
from service.schemas.common import CaseNumber
from service.schemas.similar import MAX_SIMILAR, SimilarRequest, SimilarResponse
from service.store import cases
from service.store.numbers import parse_number
from service.store.similar import find_cluster

router = APIRouter(prefix="/v1", tags=["cases"], dependencies=[allow(Permission.CASES_READ)])


@router.get("/cases/{number}/similar", responses=problem_responses(404))
def show_similar(
    number: CaseNumber,
    database: DatabaseDep,
    similar: SimilarDep,
    limit: Annotated[int, Query(ge=1, le=MAX_SIMILAR, description="How many cases are wanted at most.")] = 5,
) -> SimilarResponse:
    """List the stored cases most like a case, and count those of its employer; the case itself is one of these.

    Nothing is merged: `duplicate` proposes it, a person decides.
    """
    with database.reading() as session:
        case = cases.get(session, parse_number(number))
        found = similar.find(
            session, case.text, employer_key=case.employer_key, city=case.city, limit=limit, exclude=[case.id]
        )
        return SimilarResponse.of(found, find_cluster(session, case.employer_key))


@router.post("/similar")
def find_similar(
    body: SimilarRequest, database: DatabaseDep, similar: SimilarDep, tip_router: RouterDep
) -> SimilarResponse:
    """List the stored cases most like a tip that is no case yet, and count those of its employer. Nothing is stored."""
    employer, region = body.employer, body.region
    if employer is None or region is None:
        facts = tip_router.route([body.text], explain=["facts"])[0].facts or ()
        employer, region = employer or _first(facts, "employer"), region or _first(facts, "place")
    key = normalise_employer(employer, tip_router.place_names) if employer else None
    with database.reading() as session:
        found = similar.find(
            session, body.text, employer_key=key, city=region[:4] if region else None, limit=body.limit
        )
        return SimilarResponse.of(found, find_cluster(session, key))


def _first(facts: Sequence[Fact], kind: str) -> str | None:
    return next((str(fact.value) for fact in facts if fact.kind == kind and fact.value is not None), None)
