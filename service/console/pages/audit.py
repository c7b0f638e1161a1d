"""管理 › 审计: /admin/audit."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator

from service.access import Permission, allow
from service.console import templates
from service.console.names import ACTION_NAMES
from service.dependencies import DatabaseDep
from service.schemas.common import Day
from service.store import audit
from service.store.numbers import decode_cursor, encode_cursor

router = APIRouter(prefix="/admin/audit", include_in_schema=False, default_response_class=HTMLResponse)

_AT_ONCE = 50  # entries

# A form sends what was left open as nothing.
_OrNone = BeforeValidator(lambda value: value or None)


class AuditQuery(BaseModel):
    """Which entries are wanted."""

    action: Annotated[str | None, _OrNone] = None
    by: Annotated[str | None, _OrNone] = None
    since: Annotated[Day | None, _OrNone] = None
    until: Annotated[Day | None, _OrNone] = None
    cursor: Annotated[str | None, _OrNone] = None


@router.get("", dependencies=[allow(Permission.ADMIN)])
def show_audit(request: Request, database: DatabaseDep, wanted: Annotated[AuditQuery, Query()]) -> HTMLResponse:
    """List who did what, newest first."""
    below = None if wanted.cursor is None else decode_cursor(wanted.cursor)
    filters = wanted.model_dump(exclude={"cursor"}, exclude_none=True)
    with database.reading() as session:
        entries = audit.entries(session, below=below, limit=_AT_ONCE + 1, **filters)
        actions = audit.actions(session)
    following = None
    if len(entries) > _AT_ONCE:
        following = "?" + urlencode({**filters, "cursor": encode_cursor(entries[_AT_ONCE - 1].id)})
    context = {
        "entries": entries[:_AT_ONCE],
        "wanted": wanted,
        "actions": [(action, ACTION_NAMES.get(action, action)) for action in actions],
        "action_names": ACTION_NAMES,
        "first": "?" + urlencode(filters) if wanted.cursor else None,
        "following": following,
    }
    return templates.TemplateResponse(request, "audit.html", context)
