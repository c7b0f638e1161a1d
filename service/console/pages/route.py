"""分派: /. A suggestion is rendered here alone, for browsers with JavaScript and without."""

from dataclasses import asdict
from datetime import date
from html import escape
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from model.router import Router
from service.access import Permission, Principal, allow
from service.console import templates
from service.console.highlight import highlight
from service.console.messages import back_to
from service.console.navigation import sections_of
from service.console.pinyin import initials
from service.console.regions import regions_like
from service.console.tipform import TipForm
from service.dependencies import DatabaseDep, MetricsDep, RouterDep
from service.schemas.route import MAX_CHARS
from service.store import cases
from service.store.cases import MAX_ALSO, MAX_PEOPLE, Idempotency
from service.store.database import Database
from service.store.errors import ConflictError, InvalidValueError, NotFoundError
from service.store.numbers import format_number, parse_number
from service.store.tables import Case

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Sent = Annotated[TipForm, Form()]
_MAY_ROUTE = [allow(Permission.ROUTE)]


@router.get("/")
def show_form(
    request: Request,
    tip_router: RouterDep,
    database: DatabaseDep,
    who: Annotated[Principal, allow(None)],
    said: str = "",
    of: str = "",
) -> Response:
    """Show the empty form; who may not route goes to the first page that is theirs."""
    if Permission.ROUTE not in who.permissions and (theirs := sections_of(who)):
        return RedirectResponse(theirs[0].path, 303)
    context = _context(tip_router, TipForm(key=uuid4().hex))
    if said == "confirmed" and Permission.CASES_READ in who.permissions:
        context["confirmed"] = _case_if_any(database, of)
    return templates.TemplateResponse(request, "route.html", context)


@router.post("/", dependencies=_MAY_ROUTE)
def show_routed(request: Request, tip_router: RouterDep, form: Sent) -> HTMLResponse:
    """Show the form with a suggestion, for browsers without JavaScript."""
    return templates.TemplateResponse(request, "route.html", _context(tip_router, form))


@router.post("/suggestion", dependencies=_MAY_ROUTE)
def show_suggestion(request: Request, tip_router: RouterDep, form: Sent) -> HTMLResponse:
    """Show the suggestion alone, for the script to put into the page."""
    return templates.TemplateResponse(request, "_suggestion.html", _context(tip_router, form))


@router.get("/regions", dependencies=_MAY_ROUTE)
def offer_regions(tip_router: RouterDep, q: str = "") -> HTMLResponse:
    """Offer names of divisions that hold what was typed, as options of a list."""
    names = regions_like(tip_router, q[:20])
    return HTMLResponse("".join(f'<option value="{escape(name)}"></option>' for name in names))


@router.post("/confirm")
def confirm(
    request: Request,
    tip_router: RouterDep,
    database: DatabaseDep,
    metrics: MetricsDep,
    who: Annotated[Principal, allow(Permission.CASES_WRITE)],
    form: Sent,
) -> Response:
    """Make a case and assign it to the desk that was chosen, both or neither; then show a fresh form."""
    new, problem = form.to_new_case(tip_router)
    if new is not None:
        chosen = {"desk": form.desk, "also": form.also, "kind": form.kind}
        body = repr((asdict(new), chosen)).encode("utf-8", "surrogatepass")
        once = Idempotency(who.name, f"form {form.key}", body) if form.key else None
        routing = tip_router.route([form.text], explain=["urgency"], today=date.today())[0]
        try:
            with database.writing() as session:
                case, created = cases.create(session, new, routing, tip_router, by=who.name, once=once)
                if created:
                    labels = {"also": form.also, "kind": form.kind}
                    cases.confirm(session, case.id, 1, tip_router, by=who.name, desk=form.desk, labels=labels)
                number = format_number(case.id)
            if created:
                metrics.count_routings([routing])
                metrics.count_confirmation(case.suggested_desk, case.confirmed_desk)
            return back_to("/", "confirmed", number)
        except ConflictError:
            problem = "这张表单已经派过一件工单。如果确实要另派一件，请再确认一次。"
            form.key = uuid4().hex
        except InvalidValueError:
            problem = "填写的内容有误，请检查后再确认。"
    context = _context(tip_router, form)
    return templates.TemplateResponse(request, "route.html", {**context, "problem": problem}, 422)


def _context(tip_router: Router, form: TipForm) -> dict[str, Any]:
    routing = tip_router.route([form.text], today=date.today())[0] if form.text.strip() else None
    names = {desk.id: desk.name for desk in tip_router.taxonomy.desks}
    context: dict[str, Any] = {
        "form": form.follow(routing, tip_router),
        "desks": {desk.id: desk for desk in tip_router.taxonomy.desks},
        "desk_names": names,
        "initials": {i: " ".join(initials(name)) for i, name in names.items()},
        "kinds": [(kind.id, kind.name) for kind in tip_router.taxonomy.kinds],
        "limits": {"max_chars": MAX_CHARS, "max_people": MAX_PEOPLE, "max_also": MAX_ALSO},
        "model_version": tip_router.version,
        "today": date.today(),
    }
    if routing:
        context["routing"] = routing
        context["pieces"] = highlight(form.text, routing.evidence or ())
    return context


def _case_if_any(database: Database, number: str) -> Case | None:
    try:
        with database.reading() as session:
            return cases.get(session, parse_number(number))
    except (InvalidValueError, NotFoundError):
        return None
