"""How long cases are kept: purged after that, with audit entries that hold counts and no content."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store import audit
from service.store.database import Database, today
from service.store.errors import InvalidValueError
from service.store.numbers import first_id_of
from service.store.tables import Case, Option
from service.store.vocabulary import Status

PURGE = "cases.purge"
"""What the audit calls it."""

_OPTION = "retention"
_AT_ONCE = 2000  # cases, so that others can write in between


@dataclass(frozen=True)
class Purged:
    """How many cases were deleted, and how many as old were kept because they are not closed."""

    deleted: int
    kept_open: int


def retention_days(session: Session) -> int | None:
    """Return for how many days after their creation closed cases are kept; None for ever."""
    option = session.get(Option, _OPTION)
    return option.value["days"] if option else None


def set_retention_days(session: Session, days: int | None, *, by: str) -> None:
    """Set for how many days closed cases are kept.

    Raises
    ------
    InvalidValueError
    """
    if days is not None and days < 1:
        raise InvalidValueError(f"retention of {days} days, expected at least 1")
    session.merge(Option(name=_OPTION, value={"days": days}))
    audit.record(session, by, "retention.set", _OPTION, {"days": days})


def expired_before(session: Session) -> date | None:
    """Return the day before which cases are too old by the retention setting; None where it says nothing."""
    days = retention_days(session)
    return None if days is None else today(session) - timedelta(days=days)


def count_expired(session: Session) -> Purged:
    """Return what `purge_expired` would delete and keep now."""
    if (before := expired_before(session)) is None:
        return Purged(0, 0)
    old = select(func.count()).select_from(Case).where(Case.id < first_id_of(before))
    closed = session.scalar(old.where(Case.status == Status.CLOSED)) or 0
    return Purged(closed, (session.scalar(old) or 0) - closed)


def purge_expired(database: Database, *, by: str) -> Purged | None:
    """Delete what the retention setting says is too old; None where it says nothing."""
    with database.reading() as session:
        before = expired_before(session)
    return None if before is None else purge(database, before, by=by)


def purge(database: Database, before: date, *, by: str) -> Purged:
    """Delete the closed cases created before that day: their text, history, labels, and words of full-text search.

    Cases that are still open stay, however old they are.
    """
    old = Case.id < first_id_of(before)
    deleted, batch = 0, _AT_ONCE
    while batch == _AT_ONCE:
        with database.writing() as session:
            ids = session.scalars(select(Case.id).where(old, Case.status == Status.CLOSED).limit(_AT_ONCE)).all()
            session.execute(delete(Case).where(Case.id.in_(ids)))
            batch = len(ids)
            deleted += batch
            if batch:
                detail = {"before": before.isoformat(), "cases": batch}
                audit.record(session, by, PURGE, "cases", detail)
    database.clean_up()
    with database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(Case).where(old)) or 0
    return Purged(deleted, kept)
