"""管理 › 推送: /admin/webhooks."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from service.access import Permission, Principal, allow
from service.console import templates
from service.console.messages import back_to
from service.dependencies import DatabaseDep
from service.schemas.common import Id
from service.schemas.webhooks import WebhookRequest
from service.store import outbox

router = APIRouter(prefix="/admin/webhooks", include_in_schema=False, default_response_class=HTMLResponse)

Admin = Annotated[Principal, allow(Permission.ADMIN)]


@router.get("", dependencies=[allow(Permission.ADMIN)])
def show_webhooks(request: Request, database: DatabaseDep) -> HTMLResponse:
    """List the targets and what they have not taken yet."""
    return _page(request, database)


@router.post("")
def add_webhook(
    request: Request, database: DatabaseDep, who: Admin, url: Annotated[str, Form(max_length=2083)] = ""
) -> HTMLResponse:
    """Add a target and show its secret, this once."""
    try:
        address = str(WebhookRequest.model_validate({"url": url.strip()}).url)
    except ValidationError:
        problem = "这不是网址。要以 http:// 或 https:// 开头。"
        return _page(request, database, 422, problem=problem, url=url)
    with database.writing() as session:
        target = outbox.add_target(session, address, by=who.name)
    return _page(request, database, added=target.url, secret=target.secret)


@router.post("/{target_id}/remove")
def remove_webhook(target_id: Id, database: DatabaseDep, who: Admin) -> Response:
    """Remove a target."""
    with database.writing() as session:
        outbox.remove_target(session, target_id, by=who.name)
    return back_to("/admin/webhooks", "webhook-removed")


def _page(request: Request, database: DatabaseDep, status: int = 200, **more: Any) -> HTMLResponse:
    with database.reading() as session:
        context = {"targets": outbox.targets(session), "waiting": outbox.waiting(session), **more}
    return templates.TemplateResponse(request, "webhooks.html", context, status)
