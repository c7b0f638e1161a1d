"""Logged-in browsers."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.database import now
from service.store.tables import LoginSession, User
from service.store.tokens import digest

LASTS = timedelta(hours=12)


def begin(session: Session, user: User) -> str:
    """Return the token of a new session of `user`; sessions that have expired go."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now(session)))
    session.add(
        LoginSession(
            token_hash=digest(token), user_id=user.id, created_at=now(session), expires_at=now(session) + LASTS
        )
    )
    return token


def user_of(session: Session, token: str) -> User | None:
    """Return whose session this is; None if it is none, was ended or has expired, or the account is disabled."""
    return session.scalar(
        select(User)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(
            LoginSession.token_hash == digest(token),
            LoginSession.expires_at > now(session),
            User.disabled.is_(False),
        )
    )


def end(session: Session, token: str) -> None:
    """End a session."""
    session.execute(delete(LoginSession).where(LoginSession.token_hash == digest(token)))
