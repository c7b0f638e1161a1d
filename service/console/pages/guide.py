"""帮助: /help."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.access import allow
from service.console import templates
from service.dependencies import RouterDep, SettingsDep

router = APIRouter(prefix="/help", include_in_schema=False, default_response_class=HTMLResponse)


@router.get("", dependencies=[allow(None)])
def show_help(request: Request, tip_router: RouterDep, settings: SettingsDep) -> HTMLResponse:
    """Show what the desks handle, the keys, and how probabilities are to be read."""
    manifest = tip_router.manifest
    context = {
        "desks": tip_router.taxonomy.desks,
        "policy": manifest.policy,
        "metrics": manifest.metrics,
        "masks": settings.mask_personal,
    }
    return templates.TemplateResponse(request, "help.html", context)
