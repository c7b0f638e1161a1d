"""管理 › 保存期限: /admin/retention."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from service.access import Permission, Principal, allow
from service.console import templates
from service.console.messages import back_to
from service.dependencies import DatabaseDep
from service.schemas.audit import MAX_RETENTION_DAYS
from service.store import retention

router = APIRouter(prefix="/admin/retention", include_in_schema=False, default_response_class=HTMLResponse)

Admin = Annotated[Principal, allow(Permission.ADMIN)]


@router.get("", dependencies=[allow(Permission.ADMIN)])
def show_retention(request: Request, database: DatabaseDep) -> HTMLResponse:
    """Show how long closed cases are kept, and what is too old by now."""
    return _page(request, database)


@router.post("")
def set_retention(
    request: Request, database: DatabaseDep, who: Admin, days: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Set for how many days closed cases are kept; for ever when none is given."""
    days = days.strip()
    if days and not (days.isascii() and days.isdigit() and 1 <= int(days) <= MAX_RETENTION_DAYS):
        problem = f"天数要是 1 到 {MAX_RETENTION_DAYS} 的整数；不填就是一直保存。"
        return _page(request, database, problem, days)
    with database.writing() as session:
        retention.set_retention_days(session, int(days) if days else None, by=who.name)
    return back_to("/admin/retention", "retention")


@router.post("/purge")
def purge(request: Request, database: DatabaseDep, who: Admin, confirmed: Annotated[bool, Form()] = False) -> Response:
    """Delete what is too old, once that was confirmed."""
    if not confirmed:
        return _page(request, database, "请先勾选“我知道清除后不能恢复”。")
    purged = retention.purge_expired(database, by=who.name)
    return back_to("/admin/retention", "purged", purged.deleted if purged else 0)


def _page(request: Request, database: DatabaseDep, problem: str = "", typed: str | None = None) -> HTMLResponse:
    with database.reading() as session:
        context = {
            "days": retention.retention_days(session),
            "before": retention.expired_before(session),
            "expired": retention.count_expired(session),
            "max_days": MAX_RETENTION_DAYS,
            "problem": problem,
            "typed": typed,
        }
    return templates.TemplateResponse(request, "retention.html", context, 422 if problem else 200)
