"""A service with accounts for tests: its store, and clients that are let in."""

import shutil
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import URL

from service.access import SESSION_COOKIE, Permission
from service.settings import Settings
from service.store import keys, sessions, users
from service.store.database import Database, now
from service.store.vocabulary import Role

PASSWORD = "correct horse"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
LOCAL = "http://127.0.0.1"
"""The only address at which a service without accounts answers."""


def settings_of(home: Path, folder: Path, store: URL | Path, **others: object) -> Settings:
    """Return settings with the models of `home`, and a store of `folder` or, if that is its address, of PostgreSQL."""
    (folder / "models").symlink_to(home / "models")
    if isinstance(store, Path):
        shutil.copy(store, folder / "tipdesk.sqlite")
    elif store.get_backend_name() == "postgresql":
        others["database_url"] = SecretStr(store.render_as_string(hide_password=False))
    return Settings.model_validate({"home": folder, **others})


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.database
    return database


def add_user(app: FastAPI, name: str, role: Role, password: str | None = None) -> int:
    """Make an account; with a password only where a test logs in by it, since hashing takes long."""
    with database_of(app).writing() as session:
        user, token = users.create(session, name, role, by="test")
    if password is not None:
        users.set_password(database_of(app), token, password)
    return user.id


def session_of(app: FastAPI, user_id: int) -> str:
    """Return the token of a new session."""
    with database_of(app).writing() as session:
        return sessions.begin(session, users.get(session, user_id))


def client_as(app: FastAPI, name: str, role: Role) -> TestClient:
    """Return the browser of a new account, logged in."""
    cookies = {SESSION_COOKIE: session_of(app, add_user(app, name, role))}
    return TestClient(app, cookies=cookies, headers=OWN_PAGE, raise_server_exceptions=False)


def key_of(app: FastAPI, *scopes: Permission, lasts: timedelta | None = None) -> dict[str, str]:
    """Return the headers of a program with a key of its own."""
    with database_of(app).writing() as session:
        expires_at = None if lasts is None else now(session) + lasts
        _, key = keys.issue(session, "程序", scopes, by="test", expires_at=expires_at)
    return {"Authorization": f"Bearer {key}"}
