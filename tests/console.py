"""The console for tests: a real server on a free port with accounts, and pages of real Chromium that are watched."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from service.access import SESSION_COOKIE
from service.settings import Settings
from service.store import sessions, users
from service.store.database import Database
from service.store.vocabulary import Role
from tests.accounts import settings_of

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[1]
TIPDESK = Path(sys.executable).with_name("tipdesk")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 60_000
"""How long a page may take to show what is expected: others may have the processors."""

_AXE = Axe()
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Console:
    """A running service, its store, and how to get into it."""

    address: str
    database: Database

    def add_user(self, name: str, role: Role, password: str | None = None) -> int:
        """Make an account; with a password only where a test logs in by it, since hashing takes long."""
        with self.database.writing() as session:
            user, token = users.create(session, name, role, by="test")
        if password is not None:
            users.set_password(self.database, token, password)
        return user.id

    def cookie_of(self, name: str, role: Role) -> Any:
        """Return the cookie of a new session of the account `name`, which is made where there is none."""
        with self.database.writing() as session:
            user = next((user for user in users.everybody(session) if user.name == name), None)
            if user is None:
                user, _ = users.create(session, name, role, by="test")
            token = sessions.begin(session, user)
        return {"name": SESSION_COOKIE, "value": token, "url": self.address, "httpOnly": True, "sameSite": "Strict"}


@contextmanager
def serving(settings: Settings, port: int | None = None, cwd: Path = ROOT) -> Iterator[Console]:
    """Run the service of `settings` in a process of its own until the block ends; `cwd` has the data for training."""
    port = port or free_port()
    environment = {"PATH": "/usr/bin:/bin", "TIPDESK_HOME": str(settings.home), "LANG": "C.UTF-8"}
    command = [str(TIPDESK), "serve", "--port", str(port)]
    database = Database.of_settings(settings)
    with subprocess.Popen(command, env=environment, cwd=cwd, stderr=subprocess.PIPE) as server:
        try:
            wait_until_it_answers(server, port)
            yield Console(f"http://127.0.0.1:{port}", database)
        finally:
            database.close()
            server.terminate()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_until_it_answers(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            continue
        return
    pytest.fail((server.stderr.read() if server.stderr else b"").decode())


@pytest.fixture(scope="session")
def console(home: Path, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Console]:
    """A service with the small model, an empty store and accounts."""
    with serving(settings_of(home, tmp_path_factory.mktemp("console"), sqlite_template)) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "Chromium is missing: run `make test`, which installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


PageAs = Callable[..., Page]


@pytest.fixture
def page_as(browser: Browser, console: Console) -> Iterator[PageAs]:
    """Return a page, logged in with a role, at the first address: ``page_as(Role.OPERATOR, "/cases")``.

    It must raise no error, write nothing to its console and ask nobody but the service: that is asserted at the end.
    ``fails=True`` allows what a browser itself writes about answers that are errors; other keywords are the context's.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(role: Role, path: str = "/", *, fails: bool = False, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.add_cookies([console.cookie_of(f"{role}-1", role)])
        page = context.new_page()
        watch(page, console.address, complaints, fails=fails)
        page.goto(console.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def watch(page: Page, address: str, complaints: list[str], *, fails: bool = False) -> None:
    """Gather what a page must not do."""

    def on_console(message: ConsoleMessage) -> None:
        if not (fails and message.text.startswith("Failed to load resource")):
            complaints.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            complaints.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", on_request)


def check_page(page: Page) -> None:
    """Assert that axe finds nothing wrong with the page, light and dark, and that nothing runs out of it sideways."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = _AXE.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{page.url}, {scheme}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
