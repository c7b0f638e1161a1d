"""/v1/audit and /v1/retention: what administrators did, and how long cases are kept."""

from typing import Annotated

from fastapi import APIRouter

from service.access import Permission, Principal, allow
from service.dependencies import DatabaseDep
from service.schemas.audit import AuditEntryResponse, AuditPage, Retention
from service.schemas.common import Cursor, Limit
from service.store import audit, retention
from service.store.numbers import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["audit"])

Admin = Annotated[Principal, allow(Permission.ADMIN)]


@router.get("/audit", dependencies=[allow(Permission.ADMIN)])
def list_audit(database: DatabaseDep, limit: Limit = 50, cursor: Cursor = None) -> AuditPage:
    """List who did what to accounts, keys, webhooks and data as a whole, newest first."""
    below = None if cursor is None else decode_cursor(cursor)
    with database.reading() as session:
        found = audit.entries(session, below=below, limit=limit + 1)
    following = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return AuditPage(entries=[AuditEntryResponse.model_validate(entry) for entry in found[:limit]], next=following)


@router.get("/retention", dependencies=[allow(Permission.ADMIN)])
def show_retention(database: DatabaseDep) -> Retention:
    """Show for how many days closed cases are kept."""
    with database.reading() as session:
        return Retention(days=retention.retention_days(session))


@router.put("/retention")
def set_retention(body: Retention, database: DatabaseDep, who: Admin) -> Retention:
    """Set for how many days closed cases are kept; older ones are deleted."""
    with database.writing() as session:
        retention.set_retention_days(session, body.days, by=who.name)
    return body
