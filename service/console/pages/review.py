"""标注: /review. One tip at a time, without what the model or the other labeller says: that would sway the labeller."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, StringConstraints

from model.router import Router
from service.access import Permission, Principal, allow
from service.console import templates
from service.console.highlight import highlight
from service.console.messages import back_to
from service.dependencies import DatabaseDep, RouterDep
from service.schemas.common import CaseNumber
from service.store import cases, review
from service.store.errors import InvalidValueError
from service.store.numbers import format_number, parse_number
from service.store.tables import Case, Label

router = APIRouter(prefix="/review", include_in_schema=False, default_response_class=HTMLResponse)

Reviewer = Annotated[Principal, allow(Permission.REVIEW)]
Word = Annotated[str, StringConstraints(max_length=64)]

DESK_KEYS = "123456789qwertyuiop"
"""Which key stands for the first desk, the second, and so on; further ones have none."""

_DISAGREEMENTS = 10  # on a page


class LabelForm(BaseModel):
    """What a labeller has chosen."""

    desk: Word = ""
    also: list[Word] = []
    kind: Word = ""
    urgent: bool = False

    def to_label(self) -> dict[str, Any]:
        """Return what the store takes; a desk is not further to itself."""
        return {**self.model_dump(), "also": [desk for desk in self.also if desk != self.desk]}


Sent = Annotated[LabelForm, Form()]


@router.get("")
def show_next(
    request: Request,
    database: DatabaseDep,
    tip_router: RouterDep,
    who: Reviewer,
    after: Annotated[str | None, Query(max_length=20)] = None,
) -> HTMLResponse:
    """Show the first case of one's queue that is older than `after`, or older than none."""
    below = parse_number(after) if after else None
    with database.reading() as session:
        case = next(iter(review.queue(session, who.name, below=below, limit=1)), None)
    return _page(request, database, tip_router, who, case, after=after)


@router.get("/disagreements", dependencies=[allow(Permission.REVIEW)])
def show_disagreements(request: Request, database: DatabaseDep, tip_router: RouterDep) -> HTMLResponse:
    """Show side by side what labellers say who differ, and how far each two agree."""
    return _disagreements(request, database, tip_router)


@router.get("/{number}")
def show_case(
    request: Request, number: CaseNumber, database: DatabaseDep, tip_router: RouterDep, who: Reviewer
) -> HTMLResponse:
    """Show a case to be labelled."""
    with database.reading() as session:
        case = cases.get(session, parse_number(number))
    return _page(request, database, tip_router, who, case)


@router.post("/{number}")
def label_case(
    request: Request, number: CaseNumber, database: DatabaseDep, tip_router: RouterDep, who: Reviewer, form: Sent
) -> Response:
    """Keep a label and go on to the next case, or show the case again and why not."""
    try:
        with database.writing() as session:
            review.label(session, parse_number(number), tip_router, labeller=who.name, **form.to_label())
    except InvalidValueError:
        with database.reading() as session:
            case = cases.get(session, parse_number(number))
        return _page(request, database, tip_router, who, case, 422, problem=_why_not(tip_router, form), form=form)
    return RedirectResponse(f"/review?after={number}", 303)


@router.post("/{number}/undo")
def undo(number: CaseNumber, database: DatabaseDep, who: Reviewer) -> Response:
    """Forget one's label of a case and show the case again."""
    with database.writing() as session:
        review.unlabel(session, parse_number(number), who.name)
    return back_to(f"/review/{number}", "unlabelled", number)


@router.post("/{number}/settle")
def settle(
    request: Request, number: CaseNumber, database: DatabaseDep, tip_router: RouterDep, who: Reviewer, form: Sent
) -> Response:
    """Keep what a case is that labellers differ on, or show it again and why not."""
    try:
        with database.writing() as session:
            review.settle(session, parse_number(number), tip_router, by=who.name, **form.to_label())
    except InvalidValueError:
        return _disagreements(request, database, tip_router, 422, problem=_why_not(tip_router, form), at=number)
    return back_to("/review/disagreements", "settled", number)


def _page(
    request: Request,
    database: DatabaseDep,
    tip_router: Router,
    who: Principal,
    case: Case | None,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
    with database.reading() as session:
        last = review.last_label(session, who.name)
        context = {
            "case": case,
            "number": format_number(case.id) if case else None,
            "last": last,
            "last_case": cases.get(session, last.case_id) if last else None,
            "waiting": review.count_waiting(session, who.name),
            "progress": review.progress(session),
            "n_disagreements": len(review.disagreements(session)),
            "me": who.name,
        }
    return templates.TemplateResponse(request, "review.html", _words(tip_router) | context | more, status)


def _disagreements(
    request: Request, database: DatabaseDep, tip_router: Router, status: int = 200, **more: Any
) -> HTMLResponse:
    with database.reading() as session:
        found = review.disagreements(session)
        shown = [(cases.get(session, case_id), labels) for case_id, labels in found[:_DISAGREEMENTS]]
        context = {
            "n": len(found),
            "agreements": review.agreement(session),
            "n_settled": review.count_settled(session),
        }
    items = [_side_by_side(tip_router, case, labels) for case, labels in shown]
    context = _words(tip_router) | context | {"items": items} | more
    return templates.TemplateResponse(request, "disagreements.html", context, status)


def _side_by_side(tip_router: Router, case: Case, labels: Sequence[Label]) -> dict[str, Any]:
    routing = tip_router.route([case.text], explain=["evidence"], today=date.today())[0]
    return {
        "case": case,
        "number": format_number(case.id),
        "labels": labels,
        "routing": routing,
        "pieces": highlight(case.text, routing.evidence or ()),
    }


def _words(tip_router: Router) -> dict[str, Any]:
    desks = tip_router.taxonomy.desks
    return {
        "desks": desks,
        "desk_names": {desk.id: desk.name for desk in desks},
        "desk_keys": dict(zip((desk.id for desk in desks), DESK_KEYS, strict=False)),
        "kinds": tip_router.taxonomy.kinds,
        "kind_names": {kind.id: kind.name for kind in tip_router.taxonomy.kinds},
    }


def _why_not(tip_router: Router, form: LabelForm) -> str:
    if not form.desk:
        return "请选一个受理席。"
    if {form.desk, *form.also} - set(tip_router.desks) or form.kind not in tip_router.taxonomy.kind_ids:
        return "受理席或诉求类型刚刚有变化，请重新选。"
    return f"另涉的受理席最多 {cases.MAX_ALSO} 个。"
