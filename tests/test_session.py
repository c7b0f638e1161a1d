"""Logging in and out, in browsers and by programs; who is refused, and how the first administrator gets in."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL

from service.access import SESSION_COOKIE, Permission, RateLimiter
from service.app import create_app
from service.settings import Settings
from service.store import users
from service.store.vocabulary import Role
from tests.accounts import OWN_PAGE, PASSWORD, add_user, client_as, database_of, key_of, settings_of
from tests.conftest import ROOT, TIPDESK, run_tipdesk
from tests.postgres import gone

TIP = {"text": "老板拖欠工资", "explain": False}


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield app


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    """A browser on the service's own pages that nobody has logged in with."""
    return TestClient(app, headers={**OWN_PAGE, "Accept": "text/html"}, raise_server_exceptions=False)


def log_in(browser: TestClient, password: str = PASSWORD) -> int:
    return browser.post("/v1/session", json={"name": "王芳", "password": password}).status_code


def test_log_in_use_and_log_out(app: FastAPI, browser: TestClient) -> None:
    add_user(app, "王芳", Role.OPERATOR, PASSWORD)
    assert browser.get("/v1/session").status_code == 401
    answer = browser.post("/v1/session", json={"name": "王芳", "password": PASSWORD})
    assert answer.json()["name"] == "王芳"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert browser.get("/v1/session").json() == answer.json()
    assert browser.post("/v1/route", json=TIP).status_code == 200
    stolen = browser.cookies[SESSION_COOKIE]
    assert browser.delete("/v1/session").status_code == 204
    assert SESSION_COOKIE not in browser.cookies
    browser.cookies[SESSION_COOKIE] = stolen
    assert browser.get("/v1/session").status_code == 401


def test_over_https_the_cookie_stays_there(app: FastAPI) -> None:
    add_user(app, "王芳", Role.OPERATOR, PASSWORD)
    browser = TestClient(app, base_url="https://testserver", headers=OWN_PAGE)
    answer = browser.post("/v1/session", json={"name": "王芳", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


def test_guessing_is_stopped(app: FastAPI, browser: TestClient) -> None:
    add_user(app, "王芳", Role.OPERATOR, PASSWORD)
    wrong = browser.post("/v1/session", json={"name": "王芳", "password": "wrong horse"})
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"]
    for _ in range(4):
        log_in(browser, "wrong horse")
    locked = browser.post("/v1/session", json={"name": "王芳", "password": PASSWORD})
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 30
    page = browser.post("/login", data={"name": "王芳", "password": PASSWORD})
    assert page.status_code == 429
    assert "秒后再试" in page.text


def test_a_disabled_account_is_out_at_once(app: FastAPI) -> None:
    browser = client_as(app, "王芳", Role.OPERATOR)
    assert browser.get("/v1/session").status_code == 200
    with database_of(app).writing() as session:
        users.create(session, "管理", Role.ADMIN, by="test")
        (user,) = [user for user in users.everybody(session) if user.name == "王芳"]
        users.change(session, user.id, by="test", disabled=True)
    app.state.doorkeeper.forget()  # what the route for this does; another worker notices within two seconds
    assert browser.get("/v1/session").status_code == 401


def test_people_are_led_to_the_form_and_back(app: FastAPI, browser: TestClient) -> None:
    add_user(app, "王芳", Role.OPERATOR, PASSWORD)
    assert browser.get("/").url.path == "/login"
    wrong = browser.post("/login", data={"name": '"><script>', "password": "x"})
    assert wrong.status_code == 401
    assert "密码不对" in wrong.text
    assert "<script>" not in wrong.text
    right = browser.post("/login", data={"name": "王芳", "password": PASSWORD})
    assert right.url.path == "/"
    assert right.status_code == 200
    assert "王芳" in right.text
    assert browser.post("/logout").url.path == "/login"
    assert browser.get("/").url.path == "/login"


def test_who_may_not_route_is_told_so(app: FastAPI) -> None:
    reader = client_as(app, "孙", Role.VIEWER)
    page = reader.post("/suggestion", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert "没有这个权限" in page.text


def test_a_link_sets_the_password(app: FastAPI, browser: TestClient) -> None:
    with database_of(app).writing() as session:
        _, token = users.create(session, "王芳", Role.OPERATOR, by="test")
    assert token in browser.get("/password", params={"token": token}).text

    def send(password: str, again: str) -> str:
        return browser.post("/password", data={"token": token, "password": password, "again": again}).text

    assert "不一样" in send(PASSWORD, "other horse")
    assert "至少 10 个字符" in send("short", "short")
    assert "请登录" in send(PASSWORD, PASSWORD)
    assert "已用过" in send(PASSWORD, PASSWORD)
    assert log_in(browser) == 200


def test_a_program_sets_a_password_and_logs_in(app: FastAPI, browser: TestClient) -> None:
    with database_of(app).writing() as session:
        _, token = users.create(session, "王芳", Role.OPERATOR, by="test")
    assert browser.post("/v1/password", json={"token": token, "password": PASSWORD}).status_code == 204
    assert browser.post("/v1/password", json={"token": token, "password": PASSWORD}).status_code == 401
    assert log_in(browser) == 200


SOURCES = {
    "own page": ({"Sec-Fetch-Site": "same-origin"}, True),
    "typed": ({"Sec-Fetch-Site": "none"}, True),
    "other site": ({"Sec-Fetch-Site": "cross-site"}, False),
    "neighbour": ({"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"}, False),
    "own origin": ({"Origin": "http://testserver"}, True),
    "other origin": ({"Origin": "http://testserver.example"}, False),
    "hidden origin": ({"Origin": "null"}, False),
    "broken origin": ({"Origin": "http://["}, False),
    "own referer": ({"Referer": "http://testserver/login"}, True),
    "other referer": ({"Referer": "http://example.org/testserver"}, False),
    "silent": ({}, False),
}


@pytest.mark.parametrize(("headers", "passes"), SOURCES.values(), ids=SOURCES.keys())
def test_another_site_cannot_use_a_session(app: FastAPI, headers: dict[str, str], passes: bool) -> None:
    browser = client_as(app, "王芳", Role.OPERATOR)
    for name in OWN_PAGE:
        del browser.headers[name]
    assert browser.post("/v1/route", json=TIP, headers=headers).status_code == (200 if passes else 403)
    assert browser.get("/v1/desks", headers=headers).status_code == 200  # which changes nothing


def test_programs_need_a_key_and_its_scopes(app: FastAPI) -> None:
    program = TestClient(app, raise_server_exceptions=False)
    key = key_of(app, Permission.ROUTE)
    assert program.post("/v1/route", json=TIP, headers=key).status_code == 200
    assert program.get("/v1/desks", headers=key).status_code == 403
    for bad in ("Bearer tipdesk_nonsense", "Bearer ", "Basic YTpi", "Bearer \xff"):
        answer = program.post("/v1/route", json=TIP, headers={b"Authorization": bad.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_client_that_asks_too_much_waits(home: Path, tmp_path: Path, store_url: URL) -> None:
    app = create_app(settings_of(home, tmp_path, store_url, rate_limit_per_minute=3))
    with TestClient(app) as program:
        one, other = key_of(app, Permission.MODELS_READ), key_of(app, Permission.MODELS_READ)
        assert [program.get("/v1/desks", headers=one).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = program.get("/v1/desks", headers=one)
        assert 0 < int(refused.headers["retry-after"]) <= 20
        assert program.get("/v1/desks", headers=other).status_code == 200


def test_requests_come_back_as_time_passes() -> None:
    time = [0.0]
    limiter = RateLimiter(60, clock=lambda: time[0])
    assert [limiter.take("a") for _ in range(61)] == [0] * 60 + [1]
    time[0] = 2.0
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 1]
    time[0] = 1000.0
    assert [limiter.take("a") for _ in range(61)] == [0] * 60 + [1]


def test_routing_asks_the_store_nothing_once_it_knows_the_key(app: FastAPI, store_url: URL) -> None:
    key = key_of(app, Permission.ROUTE)
    program = TestClient(app)
    assert program.post("/v1/route", json=TIP, headers=key).status_code == 200
    with gone(store_url):
        assert program.post("/v1/route", json=TIP, headers=key).status_code == 200


def test_a_request_has_an_id_everywhere(app: FastAPI) -> None:
    program = TestClient(app, raise_server_exceptions=False)
    own = program.get("/v1/desks", headers={"X-Request-ID": "call-17.a_b"})
    assert own.headers["x-request-id"] == own.json()["request_id"] == "call-17.a_b"
    for strange in ("x" * 65, "a b", "<script>", ""):
        made = program.get("/v1/desks", headers={"X-Request-ID": strange}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", made)


def test_while_the_store_is_gone_the_service_says_so(app: FastAPI, store_url: URL) -> None:
    program = TestClient(app, raise_server_exceptions=False)
    key = key_of(app, Permission.MODELS_READ)
    with gone(store_url):
        for path in ("/v1/desks", "/healthz/ready"):
            answer = program.get(path, headers=key)
            assert answer.status_code == answer.json()["status"] == 503
            assert answer.headers["retry-after"]
        assert program.get("/healthz/live").status_code == 200
    assert program.get("/v1/desks", headers=key).status_code == 200
    assert program.get("/healthz/ready").status_code == 200


def test_the_first_administrator_gets_in_by_the_printed_link(home: Path, tmp_path: Path, sqlite_template: Path) -> None:
    settings_of(home, tmp_path, sqlite_template)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "TIPDESK_HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [str(TIPDESK), "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            link = next(found[0] for line in server.stderr if (found := re.findall(r"http://\S+token=\S+", line)))
        finally:
            server.terminate()
    # The store knows the token, whether or not the server had started.
    app = create_app(Settings(home=tmp_path))
    with TestClient(app, headers=OWN_PAGE) as browser:
        page = browser.get(link.partition(str(port))[2])
        assert page.status_code == 200
        token = link.partition("token=")[2]
        browser.post("/password", data={"token": token, "password": PASSWORD, "again": PASSWORD})
        answer = browser.post("/v1/session", json={"name": "admin", "password": PASSWORD})
        assert set(answer.json()["permissions"]) == set(Permission)


def test_other_machines_are_let_in_only_after_that(home: Path, tmp_path: Path, sqlite_template: Path) -> None:
    settings_of(home, tmp_path, sqlite_template)
    done = run_tipdesk("serve", "--host", "0.0.0.0", home=tmp_path, status=1)  # noqa: S104 (what is to be refused)
    assert "no administrator has a password yet" in done.stderr.decode()


@pytest.mark.parametrize(("auth", "says"), [("off", "everybody an administrator"), ("maybe", "TIPDESK_AUTH")])
def test_accounts_are_not_switched_off_for_others(
    home: Path, monkeypatch: pytest.MonkeyPatch, auth: str, says: str
) -> None:
    from typer.testing import CliRunner

    from service.cli import app

    monkeypatch.setenv("TIPDESK_AUTH", auth)
    result = CliRunner().invoke(app, ["--home", str(home), "serve", "--host", "0.0.0.0"])  # noqa: S104 (the same)
    assert says in str(result.exception)
