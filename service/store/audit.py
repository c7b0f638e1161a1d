"""The audit trail: who did what to accounts, keys, webhooks and data as a whole. No entry holds content of a case."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.database import now
from service.store.tables import AuditEntry


def record(session: Session, by: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Keep that `by` did `action` to `subject`."""
    session.add(AuditEntry(at=now(session), by=by, action=action, object=subject, detail=dict(detail or {})))


def entries(session: Session, *, below: int | None = None, limit: int = 50) -> Sequence[AuditEntry]:
    """Return entries, newest first; those with ids below `below`."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    return session.scalars(statement if below is None else statement.where(AuditEntry.id < below)).all()
