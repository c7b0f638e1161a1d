"""Who may do what: every role, every scope and nobody at all against every route of the running service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.access import PERMISSIONS, SESSION_COOKIE, Allow, Permission
from service.app import create_app
from service.openapi import needed
from service.settings import Settings
from service.store.vocabulary import Role
from tests.accounts import OWN_PAGE, add_user, key_of, session_of, settings_of
from tests.postgres import BACKENDS, empty_store

ROUTES = needed(create_app(Settings()))
OPEN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/password"),
    ("POST", "/password"),
    ("POST", "/v1/session"),
    ("POST", "/v1/password"),
    ("GET", "/docs"),
    ("GET", "/healthz/live"),
    ("GET", "/healthz/ready"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/tipdesk/ready"),
    ("GET", "/v2/models/tipdesk/versions/{version}/ready"),
}
PATH = {
    "number": "20000101-000001",
    "user_id": "999999",
    "key_id": "999999",
    "target_id": "999999",
    "version": "000000000000",
    "upload_id": "20000101-000000-000000",
    "job_id": "20000101-000000-000000",
    "action": "close",
}


@pytest.fixture(scope="module", params=BACKENDS)
def app(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("access")
    app = create_app(settings_of(home, folder, empty_store(request, folder)))
    with TestClient(app):
        yield app


@pytest.fixture(scope="module")
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture(scope="module")
def users(app: FastAPI) -> dict[Role, int]:
    return {role: add_user(app, role, role) for role in Role}


@pytest.fixture(scope="module")
def keys(app: FastAPI) -> dict[Permission, dict[str, str]]:
    return {permission: key_of(app, permission) for permission in Permission}


def test_the_routes_that_are_open_to_everybody_are_these() -> None:
    assert {route for route, allow in ROUTES.items() if allow is None} == OPEN


def status_of(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    """Return the status of an answer to a request without a body; it may be well-formed or not."""
    return client.request(method, path.format(**PATH), headers={**OWN_PAGE, **headers}).status_code


GUARDED = {f"{method} {path}": (method, path, allow) for (method, path), allow in ROUTES.items() if allow}


@pytest.mark.parametrize(("method", "path", "allow"), GUARDED.values(), ids=GUARDED.keys())
def test_a_route_lets_in_who_may_and_nobody_else(
    app: FastAPI,
    client: TestClient,
    users: dict[Role, int],
    keys: dict[Permission, dict[str, str]],
    method: str,
    path: str,
    allow: Allow,
) -> None:
    assert status_of(client, method, path, {}) == 401
    assert status_of(client, method, path, {"Cookie": f"{SESSION_COOKIE}=nonsense"}) == 401
    for role, user_id in users.items():
        may = allow.permission is None or allow.permission in PERMISSIONS[role]
        cookie = {"Cookie": f"{SESSION_COOKIE}={session_of(app, user_id)}"}
        assert (status_of(client, method, path, cookie) not in (401, 403)) is may, role
    for scope, key in keys.items():
        may = allow.permission in (None, scope)
        assert (status_of(client, method, path, key) not in (401, 403)) is may, scope


def test_roles_hold_what_their_work_needs_and_no_more() -> None:
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    assert Permission.CASES_WRITE not in PERMISSIONS[Role.VIEWER] | PERMISSIONS[Role.DATA]
    assert Permission.REVIEW not in PERMISSIONS[Role.OPERATOR]


def test_a_browser_without_a_session_is_led_to_the_form(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.get("/v1/cases", headers={"Accept": "text/html"}).status_code == 401
