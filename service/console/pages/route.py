"""分派: /. A suggestion is rendered here alone, for browsers with JavaScript and without."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access import Permission, Principal, allow
from service.console import templates
from service.console.highlight import highlight
from service.console.navigation import sections_of
from service.dependencies import RouterDep
from service.schemas.route import MAX_CHARS

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

TextField = Annotated[str, Form(max_length=MAX_CHARS)]


_MAY_ROUTE = [allow(Permission.ROUTE)]


@router.get("/")
def show_form(request: Request, tip_router: RouterDep, who: Annotated[Principal, allow(None)]) -> Response:
    """Show the empty form; who may not route goes to the first page that is theirs."""
    if Permission.ROUTE not in who.permissions and (theirs := sections_of(who)):
        return RedirectResponse(theirs[0].path, 303)
    return templates.TemplateResponse(request, "route.html", _context(tip_router, ""))


@router.post("/", dependencies=_MAY_ROUTE)
def show_routed(request: Request, tip_router: RouterDep, text: TextField = "") -> HTMLResponse:
    """Show the form with a suggestion, for browsers without JavaScript."""
    return templates.TemplateResponse(request, "route.html", _context(tip_router, text))


@router.post("/suggestion", dependencies=_MAY_ROUTE)
def show_suggestion(request: Request, tip_router: RouterDep, text: TextField = "") -> HTMLResponse:
    """Show the suggestion alone, for the script to put into the page."""
    return templates.TemplateResponse(request, "_suggestion.html", _context(tip_router, text))


def _context(tip_router: RouterDep, text: str) -> dict[str, Any]:
    context: dict[str, Any] = {"text": text, "max_chars": MAX_CHARS, "model_version": tip_router.version}
    if text.strip():
        routing = tip_router.route([text], today=date.today())[0]
        context["routing"] = routing
        context["desks"] = {desk.id: desk for desk in tip_router.taxonomy.desks}
        context["pieces"] = highlight(text, routing.evidence or ())
    return context
