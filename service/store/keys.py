"""Keys by which other systems use the API: shown once, stored as hashes, with scopes and an end."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from service.store import audit
from service.store.database import now
from service.store.errors import InvalidValueError, NotFoundError
from service.store.tables import ApiKey
from service.store.tokens import digest

_PREFIX = "tipdesk_"
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


def issue(
    session: Session, name: str, scopes: Collection[str], *, by: str, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Return a new key's record and the key itself, which cannot be had again.

    Raises
    ------
    InvalidValueError
        If it would have expired already.
    """
    if expires_at is not None and expires_at <= now(session):
        raise InvalidValueError("the key would have expired already; choose a later time")
    key = _PREFIX + secrets.token_urlsafe(32)
    record = ApiKey(
        name=name,
        hint=key[: len(_PREFIX) + 4],
        key_hash=digest(key),
        scopes=sorted(scopes),
        created_at=now(session),
        created_by=by,
        expires_at=expires_at,
    )
    session.add(record)
    session.flush()
    audit.record(session, by, "key.issue", str(record.id), {"name": name, "scopes": record.scopes})
    return record, key


def find(session: Session, key: str) -> ApiKey | None:
    """Return the record of a key that may be used now."""
    return session.scalar(
        select(ApiKey).where(
            ApiKey.key_hash == digest(key),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now(session)),
        )
    )


def use_is_due(session: Session, record: ApiKey) -> bool:
    """Whether `note_use` should be called: it writes, so not for every request."""
    return record.last_used_at is None or record.last_used_at + _USE_IS_NOTED_EVERY <= now(session)


def note_use(session: Session, key_id: int) -> None:
    """Keep that a key is used now."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now(session)))


def everything(session: Session) -> Sequence[ApiKey]:
    """Return the records of all keys, newest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def revoke(session: Session, key_id: int, *, by: str) -> ApiKey:
    """Make a key useless from now on.

    Raises
    ------
    NotFoundError
    """
    if (record := session.get(ApiKey, key_id)) is None:
        raise NotFoundError(f"there is no key {key_id}")
    if record.revoked_at is None:
        record.revoked_at = now(session)
        audit.record(session, by, "key.revoke", str(key_id), {"name": record.name})
    return record
