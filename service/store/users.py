"""Accounts: passwords, roles, one-time tokens that set a password, and the lock-out of who guesses."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store import audit
from service.store.database import Database, lock, now
from service.store.errors import ConflictError, CredentialsError, InvalidValueError, NotFoundError
from service.store.tables import LoginSession, User
from service.store.tokens import digest
from service.store.vocabulary import Role

MIN_PASSWORD, MAX_PASSWORD, MAX_NAME = 10, 1000, 64  # characters
ADMINISTRATOR = "admin"

_TOKEN_LASTS = timedelta(days=3)
_FREE_FAILURES = 5
_FIRST_LOCK, _LONGEST_LOCK = timedelta(seconds=30), timedelta(hours=1)
_REFUSED = "name or password is wrong, or the account is disabled"


def first_administrator(session: Session) -> str | None:
    """Return the one-time token of the administrator, made now, if no administrator has set a password yet."""
    lock(session, "first administrator")
    if administrator_is_set(session):
        return None
    user = session.scalar(select(User).where(User.name == ADMINISTRATOR))
    if user is None:
        return create(session, ADMINISTRATOR, Role.ADMIN, by="tipdesk")[1]
    return reset_password(session, user.id, by="tipdesk")


def administrator_is_set(session: Session) -> bool:
    """Whether some administrator can log in."""
    wanted = (User.role == Role.ADMIN, User.password_hash.is_not(None), User.disabled.is_(False))
    return session.scalar(select(User.id).where(*wanted).limit(1)) is not None


def create(session: Session, name: str, role: Role, *, by: str) -> tuple[User, str]:
    """Return a new account and the one-time token that sets its password.

    Raises
    ------
    ConflictError
        If the name is taken.
    InvalidValueError
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidValueError(f"a name has 1 to {MAX_NAME} printable characters")
    lock(session, "accounts")
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise ConflictError("there is an account of this name already; choose another")
    user = User(name=name, role=role, failures=0, disabled=False, created_at=now(session))
    session.add(user)
    token = _new_token(session, user)
    audit.record(session, by, "user.create", name, {"role": role})
    return user, token


def get(session: Session, user_id: int) -> User:
    """Return an account.

    Raises
    ------
    NotFoundError
    """
    if (user := session.get(User, user_id, with_for_update=True, populate_existing=True)) is None:
        raise NotFoundError(f"there is no account {user_id}")
    return user


def everybody(session: Session) -> Sequence[User]:
    """Return all accounts by name."""
    return session.scalars(select(User).order_by(User.name)).all()


def reset_password(session: Session, user_id: int, *, by: str) -> str:
    """Take an account's password and sessions away and return the one-time token that sets a new one."""
    user = get(session, user_id)
    user.password_hash, user.failures, user.locked_until = None, 0, None
    session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    audit.record(session, by, "user.reset_password", user.name)
    return _new_token(session, user)


def change(session: Session, user_id: int, *, by: str, role: Role | None = None, disabled: bool | None = None) -> User:
    """Change an account's role, or disable it, which ends its sessions, or enable it again.

    Raises
    ------
    ConflictError
        If no administrator would be left.
    NotFoundError
    """
    lock(session, "accounts")
    user = get(session, user_id)
    if role is not None:
        user.role = role
    if disabled is not None:
        user.disabled = disabled
        if disabled:
            session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    session.flush()
    administrators = select(func.count()).where(User.role == Role.ADMIN, User.disabled.is_(False))
    if not session.scalar(administrators):
        raise ConflictError("an enabled administrator must be left; make another one first")
    audit.record(session, by, "user.change", user.name, {"role": user.role, "disabled": user.disabled})
    return user


def set_password(database: Database, token: str, password: str) -> User:
    """Set the password of the account whose one-time token this is. The token is used up.

    Raises
    ------
    CredentialsError
        If the token is none, used or expired.
    InvalidValueError
        If the password is too short or too long.
    """
    hashed = _hash(password)
    with database.writing() as session:
        user = session.scalar(select(User).where(User.token_hash == digest(token)).with_for_update())
        if user is None or user.disabled or (user.token_expires_at or now(session)) <= now(session):
            raise CredentialsError("this link was used or has expired; ask an administrator for a new one")
        user.password_hash, user.token_hash, user.token_expires_at = hashed, None, None
        user.failures, user.locked_until = 0, None
        audit.record(session, user.name, "user.set_password", user.name)
    return user


def change_password(database: Database, name: str, old: str, new: str) -> None:
    """Set the password of an account whose owner knows the old one; a wrong one counts as a failed log-in.

    Raises
    ------
    CredentialsError
    InvalidValueError
        If the new password is too short or too long.
    """
    hashed = _hash(new)
    user = log_in(database, name, old)
    with database.writing() as session:
        user = get(session, user.id)
        user.password_hash = hashed
        audit.record(session, user.name, "user.set_password", user.name)


def log_in(database: Database, name: str, password: str) -> User:
    """Return the account that has this name and password.

    An attempt is counted before the password is looked at, so that guesses at the same time count too. After five
    failures each further one locks the account, for 30 s, then twice as long each time, at most an hour.

    Raises
    ------
    CredentialsError
    """
    with database.writing() as session:
        user = session.scalar(select(User).where(User.name == name.strip()).with_for_update())
        hashed = None
        if user is not None:
            if user.locked_until and user.locked_until > now(session):
                wait = int((user.locked_until - now(session)).total_seconds()) + 1
                raise CredentialsError(f"too many failed log-ins; try again in {wait} s", wait)
            hashed = None if user.disabled else user.password_hash
            user.failures += 1
            if (beyond := user.failures - _FREE_FAILURES) >= 0:
                lasts = _LONGEST_LOCK if beyond > 9 else min(_FIRST_LOCK * 2**beyond, _LONGEST_LOCK)
                user.locked_until = now(session) + lasts
    right = _verify(hashed or _nobodys_hash(), password)  # who is no user takes as long as who is one
    if user is None or hashed is None or not right:
        raise CredentialsError(_REFUSED)
    with database.writing() as session:
        user = get(session, user.id)
        if user.disabled or user.password_hash != hashed:
            raise CredentialsError(_REFUSED)
        user.failures, user.locked_until = 0, None
        if _hasher().check_needs_rehash(hashed):
            user.password_hash = _hasher().hash(_bytes(password))
    return user


def _new_token(session: Session, user: User) -> str:
    token = secrets.token_urlsafe(32)
    user.token_hash, user.token_expires_at = digest(token), now(session) + _TOKEN_LASTS
    session.flush()
    return token


def _hash(password: str) -> str:
    """Return the hash to store. It takes long: not while others wait for the database."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidValueError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters, found {len(password)}")
    return _hasher().hash(_bytes(password))


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_bytes(16))


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, _bytes(password[:MAX_PASSWORD]))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
