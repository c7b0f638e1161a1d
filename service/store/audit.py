"""The audit trail: who did what to accounts, keys, webhooks and data as a whole. No entry holds content of a case."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.database import midnight, now
from service.store.tables import AuditEntry


def record(session: Session, by: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Keep that `by` did `action` to `subject`."""
    session.add(AuditEntry(at=now(session), by=by, action=action, object=subject, detail=dict(detail or {})))


def entries(
    session: Session,
    *,
    action: str | None = None,
    by: str | None = None,
    since: date | None = None,
    until: date | None = None,
    below: int | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """Return entries, newest first; those with ids below `below`, and of those what fits all that is asked for.

    Parameters
    ----------
    since, until : date
        Days in China, both included.
    """
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if action is not None:
        statement = statement.where(AuditEntry.action == action)
    if by is not None:
        statement = statement.where(AuditEntry.by == by)
    if since is not None:
        statement = statement.where(AuditEntry.at >= midnight(since))
    if until is not None:
        statement = statement.where(AuditEntry.at < midnight(until + timedelta(days=1)))
    if below is not None:
        statement = statement.where(AuditEntry.id < below)
    return session.scalars(statement).all()


def actions(session: Session) -> Sequence[str]:
    """Return the actions that there are entries of."""
    return session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()
