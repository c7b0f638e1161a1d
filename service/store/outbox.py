"""Webhook targets and the outbox: what they are to be told, kept until they have taken it.

An event is put into the outbox in the transaction that makes it true. A sender claims messages, sends them, and says of
each whether it was taken; what a sender that died had claimed falls due again.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store import audit
from service.store.database import now
from service.store.errors import NotFoundError
from service.store.tables import OutboxMessage, WebhookTarget

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=1)
_CLAIM = timedelta(minutes=2)
_MARK = "whsec_"  # how Standard Webhooks marks one; the key in Base64 follows


def add_target(session: Session, url: str, *, by: str) -> WebhookTarget:
    """Return a new target; its secret is made here."""
    secret = _MARK + base64.b64encode(secrets.token_bytes(32)).decode()
    target = WebhookTarget(url=url, secret=secret, created_at=now(session), created_by=by)
    session.add(target)
    session.flush()
    audit.record(session, by, "webhook.add", str(target.id), {"url": url})
    return target


def targets(session: Session) -> Sequence[WebhookTarget]:
    """Return all targets."""
    return session.scalars(select(WebhookTarget).order_by(WebhookTarget.id)).all()


def remove_target(session: Session, target_id: int, *, by: str) -> None:
    """Remove a target and what it was still to be told.

    Raises
    ------
    NotFoundError
    """
    if (target := session.get(WebhookTarget, target_id)) is None:
        raise NotFoundError(f"there is no webhook {target_id}")
    audit.record(session, by, "webhook.remove", str(target_id), {"url": target.url})
    session.execute(delete(WebhookTarget).where(WebhookTarget.id == target_id))


def put(session: Session, event: str, payload: Mapping[str, Any]) -> None:
    """Tell every target of an event."""
    time = now(session)
    session.add_all(
        OutboxMessage(
            target_id=target_id, event=event, payload=dict(payload), created_at=time, attempts=0, next_try_at=time
        )
        for target_id in session.scalars(select(WebhookTarget.id))
    )


def due_targets(session: Session) -> Sequence[int]:
    """Return the targets for which a message is due."""
    return session.scalars(
        select(OutboxMessage.target_id).where(OutboxMessage.next_try_at <= now(session)).distinct()
    ).all()


def claim(session: Session, target_id: int) -> tuple[OutboxMessage, WebhookTarget] | None:
    """Return the message for a target that is due longest, and the target; no other sender gets it for now."""
    message = session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.target_id == target_id, OutboxMessage.next_try_at <= now(session))
        .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has one writer at a time anyway
    )
    if message is None:
        return None
    message.next_try_at = now(session) + _CLAIM
    return message, session.get_one(WebhookTarget, target_id)


def taken(session: Session, message_id: int) -> None:
    """Forget a message that its target has taken."""
    session.execute(delete(OutboxMessage).where(OutboxMessage.id == message_id))


def failed(session: Session, message_id: int, error: str) -> None:
    """Try a message again later: after 10 s, then after twice as long each time, at last every hour."""
    message = session.get(OutboxMessage, message_id)
    if message is not None:  # its target was removed meanwhile
        wait = _LONGEST_WAIT if message.attempts > 9 else min(_FIRST_WAIT * 2**message.attempts, _LONGEST_WAIT)
        message.attempts += 1
        message.next_try_at = now(session) + wait
        message.last_error = error[:500]


def key_of(target: WebhookTarget) -> bytes:
    """Return the key that signs what a target is sent."""
    return base64.b64decode(target.secret.removeprefix(_MARK))


def depth(session: Session) -> int:
    """Return how many messages wait."""
    return session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


def waiting(session: Session) -> dict[int, tuple[int, str | None]]:
    """Return for each target that has not taken everything how many messages wait, and why the last one to fail did."""
    counts = session.execute(select(OutboxMessage.target_id, func.count()).group_by(OutboxMessage.target_id)).all()
    last = select(func.max(OutboxMessage.id)).where(OutboxMessage.last_error.is_not(None))
    failed_last = select(OutboxMessage).where(OutboxMessage.id.in_(last.group_by(OutboxMessage.target_id)))
    errors = {message.target_id: message.last_error for message in session.scalars(failed_last)}
    return {target_id: (n, errors.get(target_id)) for target_id, n in counts}
