"""管理 › 密钥: /admin/keys."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from service.access import Permission, Principal, allow
from service.console import templates
from service.console.messages import back_to
from service.console.names import PERMISSION_NAMES
from service.dependencies import DatabaseDep, DoorkeeperDep
from service.schemas.common import Id
from service.store import keys
from service.store.database import now

router = APIRouter(prefix="/admin/keys", include_in_schema=False, default_response_class=HTMLResponse)

Admin = Annotated[Principal, allow(Permission.ADMIN)]

_LASTS = ((30, "30 天"), (90, "90 天"), (365, "一年"), (0, "一直有效，直到吊销"))
_MAX_NAME = 64


@router.get("", dependencies=[allow(Permission.ADMIN)])
def show_keys(request: Request, database: DatabaseDep) -> HTMLResponse:
    """List the keys."""
    return _page(request, database)


@router.post("")
def issue_key(
    request: Request,
    database: DatabaseDep,
    who: Admin,
    name: Annotated[str, Form(max_length=_MAX_NAME)] = "",
    scopes: Annotated[list[Permission] | None, Form()] = None,
    days: Annotated[int, Form(ge=0, le=3650)] = 365,
) -> HTMLResponse:
    """Issue a key and show it, this once."""
    name = name.strip()
    if not name or not scopes:
        problem = "请写明给哪个系统用。" if not name else "请至少选一项用途。"
        return _page(request, database, 422, problem=problem, name=name, chosen=scopes or [], days=days)
    with database.writing() as session:
        expires_at = now(session) + timedelta(days=days) if days else None
        _, key = keys.issue(session, name, set(scopes), by=who.name, expires_at=expires_at)
    return _page(request, database, issued=name, key=key)


@router.post("/{key_id}/revoke")
def revoke_key(key_id: Id, database: DatabaseDep, doorkeeper: DoorkeeperDep, who: Admin) -> Response:
    """Revoke a key."""
    with database.writing() as session:
        keys.revoke(session, key_id, by=who.name)
    doorkeeper.forget()
    return back_to("/admin/keys", "key-revoked")


def _page(request: Request, database: DatabaseDep, status: int = 200, **more: Any) -> HTMLResponse:
    with database.reading() as session:
        everything, time = keys.everything(session), now(session)
    context = {
        "keys": everything,
        "now": time,
        "permission_names": PERMISSION_NAMES,
        "lasts": _LASTS,
        "max_name": _MAX_NAME,
        **more,
    }
    return templates.TemplateResponse(request, "keys.html", context, status)
