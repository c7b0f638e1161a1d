"""The console's pages. A suggestion is rendered here alone, for browsers with JavaScript and without."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from service.access import Permission, allow
from service.console import templates
from service.console.highlight import highlight
from service.dependencies import MetricsDep, RouterDep
from service.schemas.route import MAX_CHARS

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

TextField = Annotated[str, Form(max_length=MAX_CHARS)]


_MAY_ROUTE = [allow(Permission.ROUTE)]


@router.get("/", dependencies=_MAY_ROUTE)
def show_form(request: Request, tip_router: RouterDep, metrics: MetricsDep) -> HTMLResponse:
    """Show the empty form."""
    return templates.TemplateResponse(request, "route.html", _context(tip_router, "", metrics))


@router.post("/", dependencies=_MAY_ROUTE)
def show_routed(request: Request, tip_router: RouterDep, metrics: MetricsDep, text: TextField = "") -> HTMLResponse:
    """Show the form with a suggestion, for browsers without JavaScript."""
    return templates.TemplateResponse(request, "route.html", _context(tip_router, text, metrics))


@router.post("/suggestion", dependencies=_MAY_ROUTE)
def show_suggestion(request: Request, tip_router: RouterDep, metrics: MetricsDep, text: TextField = "") -> HTMLResponse:
    """Show the suggestion alone, for the script to put into the page."""
    return templates.TemplateResponse(request, "_suggestion.html", _context(tip_router, text, metrics))


@router.get("/docs")
def show_api_docs(request: Request) -> HTMLResponse:
    """Show the API's documentation."""
    return templates.TemplateResponse(request, "docs.html")


def _context(tip_router: RouterDep, text: str, metrics: MetricsDep) -> dict[str, Any]:
    context: dict[str, Any] = {"text": text, "max_chars": MAX_CHARS, "model_version": tip_router.version}
    if text.strip():
        routing = tip_router.route([text], today=date.today())[0]
        metrics.count_routings([routing])
        context["routing"] = routing
        context["desks"] = {desk.id: desk for desk in tip_router.taxonomy.desks}
        context["pieces"] = highlight(text, routing.evidence or ())
    return context
