"""What administrators do over HTTP: accounts, keys, webhooks, how long cases are kept, and the trail of it all."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL

from service.access import Permission
from service.app import create_app
from service.store.vocabulary import Role
from tests.accounts import OWN_PAGE, PASSWORD, client_as, key_of, settings_of


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield app


@pytest.fixture
def admin(app: FastAPI) -> TestClient:
    return client_as(app, "李管理", Role.ADMIN)


def test_an_account_from_invitation_to_its_end(app: FastAPI, admin: TestClient) -> None:
    invitation = admin.post("/v1/users", json={"name": "王芳", "role": "operator"}).json()
    user = invitation["user"]
    assert (user["has_password"], user["disabled"], user["role"]) == (False, False, "operator")
    browser = TestClient(app, headers=OWN_PAGE)
    assert browser.get(invitation["link"]).status_code == 200
    browser.post("/v1/password", json={"token": invitation["token"], "password": PASSWORD})
    assert browser.post("/v1/session", json={"name": "王芳", "password": PASSWORD}).status_code == 200
    assert browser.get("/v1/audit").status_code == 403

    assert admin.patch(f"/v1/users/{user['id']}", json={"role": "admin"}).json()["role"] == "admin"
    assert browser.get("/v1/audit").status_code == 200
    assert admin.patch(f"/v1/users/{user['id']}", json={"disabled": True}).json()["disabled"] is True
    assert browser.get("/v1/session").status_code == 401
    admin.patch(f"/v1/users/{user['id']}", json={"disabled": False})
    assert browser.post("/v1/session", json={"name": "王芳", "password": PASSWORD}).status_code == 200
    assert admin.post(f"/v1/users/{user['id']}/password-reset").json()["user"]["has_password"] is False
    assert browser.get("/v1/session").status_code == 401
    assert "password" not in admin.get("/v1/users").text.replace("has_password", "")


def test_the_last_administrator_stays(admin: TestClient) -> None:
    (user,) = admin.get("/v1/users").json()
    for change in ({"role": "viewer"}, {"disabled": True}):
        assert admin.patch(f"/v1/users/{user['id']}", json=change).status_code == 409
    assert admin.post("/v1/users", json={"name": "李管理", "role": "viewer"}).status_code == 409
    assert admin.post("/v1/users", json={"name": "a\tb", "role": "viewer"}).status_code == 422


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(app: FastAPI, admin: TestClient) -> None:
    body = {"name": "呼叫中心", "scopes": ["models:read"], "expires_in_days": 30}
    issued = admin.post("/v1/keys", json=body).json()
    program = TestClient(app, headers={"Authorization": f"Bearer {issued['key']}"})
    assert program.get("/v1/desks").status_code == 200
    assert program.get("/v1/session").json()["permissions"] == ["models:read"]
    (listed,) = admin.get("/v1/keys").json()
    assert listed["last_used_at"]
    assert issued["key"] not in admin.get("/v1/keys").text
    assert issued["key"].startswith(listed["hint"])
    assert admin.delete(f"/v1/keys/{listed['id']}").json()["revoked_at"]
    assert program.get("/v1/desks").status_code == 401
    assert admin.post("/v1/keys", json={**body, "scopes": ["everything"]}).status_code == 422


def test_an_expired_key_opens_nothing(app: FastAPI) -> None:
    program = TestClient(app)
    key = key_of(app, Permission.MODELS_READ, lasts=timedelta(days=1))
    assert program.get("/v1/desks", headers=key).status_code == 200
    clock = app.state.database._sessions.kw["info"]
    now = clock["clock"]
    clock["clock"] = lambda: now() + timedelta(days=2)
    app.state.doorkeeper.forget()
    assert program.get("/v1/desks", headers=key).status_code == 401


def test_webhooks_come_and_go(admin: TestClient) -> None:
    added = admin.post("/v1/webhooks", json={"url": "https://example.org/tips"}).json()
    (listed,) = admin.get("/v1/webhooks").json()
    assert added["secret"]
    assert "secret" not in listed
    assert admin.post("/v1/webhooks", json={"url": "file:///etc/passwd"}).status_code == 422
    assert admin.delete(f"/v1/webhooks/{listed['id']}").status_code == 204
    assert admin.delete(f"/v1/webhooks/{listed['id']}").status_code == 404
    assert admin.get("/v1/webhooks").json() == []


def test_the_trail_tells_who_did_what(admin: TestClient) -> None:
    assert admin.get("/v1/retention").json() == {"days": None}
    assert admin.put("/v1/retention", json={"days": 1095}).json() == {"days": 1095}
    assert admin.get("/v1/retention").json() == {"days": 1095}
    assert admin.put("/v1/retention", json={"days": 0}).status_code == 422
    for number in range(3):
        admin.post("/v1/users", json={"name": f"u{number}", "role": "viewer"})
    actions: list[tuple[str, str]] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = admin.get("/v1/audit", params=query).json()
        actions += [(entry["by"], entry["action"]) for entry in page["entries"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert actions == [("李管理", "user.create")] * 3 + [("李管理", "retention.set"), ("test", "user.create")]
