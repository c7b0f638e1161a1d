"""What happens to a case is told to other systems: signed, until they have taken it, and to no address within."""

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from sqlalchemy import URL

from model.router import Router
from service import webhooks
from service.app import create_app
from service.store import cases, outbox
from service.store.cases import NewCase
from service.store.database import Database, now
from service.store.tables import OutboxMessage
from service.store.vocabulary import Channel, Role
from service.webhooks import WebhookSender, is_public
from tests.accounts import client_as, settings_of
from tests.conftest import ROOT

TEXT = "琉璃厂拖欠工资"
PATIENCE_S = 30  # until a test gives up; none waits for it to pass


class Receiver(ThreadingHTTPServer):
    """Another system on this machine: it answers as it is told to and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: SimpleQueue[tuple[str, dict[str, str], bytes]] = SimpleQueue()
        self.answers: SimpleQueue[bytes] = SimpleQueue()
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook?from=tipdesk"

    def next(self) -> tuple[dict[str, str], dict[str, Any], bytes]:
        path, headers, body = self.received.get(timeout=PATIENCE_S)
        assert path == "/hook?from=tipdesk"
        return headers, json.loads(body), body


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.put((self.path, headers, body))
        answer = b"HTTP/1.1 204 No Content\r\n\r\n" if self.server.answers.empty() else self.server.answers.get()
        if not answer:
            self.server.closing.wait()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def database(store_url: URL) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(outbox, "_FIRST_WAIT", timedelta(seconds=0.01))


def create(database: Database, router: Router) -> None:
    with database.writing() as session:
        cases.create(session, NewCase(TEXT, Channel.WEB), router.route([TEXT])[0], router, by="王")


def add(database: Database, url: str) -> tuple[int, str]:
    with database.writing() as session:
        target = outbox.add_target(session, url, by="管")
        return target.id, target.secret


def why(database: Database) -> str:
    """Return why the only message was not taken."""
    with database.reading() as session:
        message = session.query(OutboxMessage).one()
        assert message.last_error
        return message.last_error


@contextmanager
def sending(database: Database, allow_private: bool = True) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Run a sender in a thread; give what waits until something is so."""
    tick = threading.Event()

    def until(is_so: Callable[[], bool]) -> None:
        for _ in range(PATIENCE_S * 50):
            if is_so():
                return
            tick.wait(0.02)
        raise AssertionError("it did not come true")

    with start_blocking_portal() as portal:
        sender = portal.start_task_soon(WebhookSender(database, allow_private=allow_private).run)
        yield until
        assert sender.cancel() or sender.cancelled()


def depth(database: Database) -> int:
    with database.reading() as session:
        return outbox.depth(session)


def attempts(database: Database) -> int:
    with database.reading() as session:
        return session.query(OutboxMessage).one().attempts


def test_an_event_is_told_and_its_signature_is_right(database: Database, router: Router, receiver: Receiver) -> None:
    _, secret = add(database, receiver.url)
    create(database, router)
    with sending(database) as until:
        headers, told, body = receiver.next()
        until(lambda: depth(database) == 0)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["content-type"] == "application/json"
    assert told["type"] == "case.create"
    assert told["timestamp"].endswith("+00:00")
    assert told["data"].keys() == {"number", "version", "status", "desk", "also", "urgency"}
    assert told["data"]["status"] == "pending"
    assert "琉璃" not in body.decode() + json.dumps(told, ensure_ascii=False)


FAULTS = {
    "an error": (b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n" + "琉璃厂".encode(), "answered 500"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n", "answered 302"),
    "no HTTP": (b"220 mail.example.org ESMTP\r\n", "no HTTP"),
    "an endless head": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "no HTTP"),
}


@pytest.mark.parametrize("answer", [answer for answer, _ in FAULTS.values()], ids=FAULTS.keys())
def test_what_was_not_taken_comes_again_under_the_same_id(
    database: Database, router: Router, receiver: Receiver, answer: bytes
) -> None:
    add(database, receiver.url)
    receiver.answers.put(answer)
    create(database, router)
    with sending(database) as until:
        (first, _, body), (again, _, same) = receiver.next(), receiver.next()
        until(lambda: depth(database) == 0)
    assert first["webhook-id"] == again["webhook-id"]
    assert body == same
    assert receiver.received.empty()  # a redirect is not followed


@pytest.mark.parametrize(("answer", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_why_it_was_not_taken_is_kept_in_our_own_words(
    database: Database, router: Router, receiver: Receiver, answer: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FIRST_WAIT", timedelta(hours=1))
    add(database, receiver.url)
    receiver.answers.put(answer)
    create(database, router)
    with sending(database) as until:
        until(lambda: attempts(database) == 1)
    assert reason in why(database)
    assert "琉璃" not in why(database)


def test_a_target_that_hangs_holds_up_no_other(
    database: Database, router: Router, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as hanging:
        thread = threading.Thread(target=hanging.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        hanging.answers.put(b"")
        add(database, hanging.url)
        add(database, receiver.url)
        create(database, router)
        with sending(database) as until:
            hanging.next()
            receiver.next()
            until(lambda: depth(database) == 1)
        hanging.closing.set()
        monkeypatch.setattr(webhooks, "LASTS_S", 0.1)
        monkeypatch.setattr(outbox, "_FIRST_WAIT", timedelta(hours=1))  # it is tried once while we look
        with database.writing() as session:
            session.query(OutboxMessage).one().next_try_at = now(session)
        hanging.closing.clear()
        hanging.answers.put(b"")
        with sending(database) as until:
            until(lambda: attempts(database) == 1)
        assert "no answer" in why(database)
        hanging.closing.set()
        hanging.shutdown()
        thread.join()


def test_nobody_listens_and_then_somebody_does(database: Database, router: Router, receiver: Receiver) -> None:
    closed = Receiver()
    closed.server_close()
    target, _ = add(database, closed.url)
    create(database, router)
    with sending(database) as until:
        until(lambda: attempts(database) > 1)
        assert "connection failed" in why(database)
        with database.writing() as session:
            outbox.remove_target(session, target, by="管")
        add(database, receiver.url)
        create(database, router)
        receiver.next()
        until(lambda: depth(database) == 0)


def test_a_certificate_must_be_that_of_the_name(
    database: Database, router: Router, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", "req", "-x509", *names, *kind, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    monkeypatch.setattr(webhooks, "_tls", lambda: ssl.create_default_context(cafile=str(certificate)))
    monkeypatch.setattr(outbox, "_FIRST_WAIT", timedelta(hours=1))
    url = receiver.url.replace("http:", "https:")
    add(database, url)
    add(database, url.replace("127.0.0.1", "localhost"))
    create(database, router)
    with sending(database) as until:
        receiver.next()
        until(lambda: depth(database) == 1 and attempts(database) == 1)
    assert "no secure connection" in why(database)


_CLAIMS_AND_DIES = """
import os, sys
from sqlalchemy import make_url
from service.store import outbox
from service.store.database import Database
database = Database(make_url(sys.argv[1]))
with database.writing() as session:
    (target,) = outbox.due_targets(session)
    assert outbox.claim(session, target)
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_sender_had_claimed_is_sent_by_another(
    database: Database, router: Router, receiver: Receiver
) -> None:
    add(database, receiver.url)
    create(database, router)
    address = database.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-c", _CLAIMS_AND_DIES, address], check=False, cwd=ROOT).returncode == -9
    clock = database._sessions.kw["info"]
    time = clock["clock"]
    clock["clock"] = lambda: time() + timedelta(minutes=3)
    with sending(database) as until:
        receiver.next()
        until(lambda: depth(database) == 0)


def test_two_senders_send_each_message_once(database: Database, router: Router, receiver: Receiver) -> None:
    add(database, receiver.url)
    for _ in range(20):
        create(database, router)
    with sending(database) as until, sending(database):
        until(lambda: depth(database) == 0)
    names = [receiver.next()[0]["webhook-id"] for _ in range(20)]
    assert len(set(names)) == 20
    assert receiver.received.empty()


PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd12::1", "ff02::1",
    "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_within_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "240e::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


WITHIN = [
    "http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
    "http://0x7f.1/", "http://169.254.169.254/latest/meta-data", "https://user:secret@example.org/",
]  # fmt: skip


@pytest.fixture
def admin(home: Path, tmp_path: Path, store_url: URL) -> Iterator[TestClient]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield client_as(app, "管", Role.ADMIN)


@pytest.mark.parametrize("url", WITHIN)
def test_a_target_within_is_refused_when_it_is_added(admin: TestClient, url: str) -> None:
    answer = admin.post("/v1/webhooks", json={"url": url})
    assert answer.status_code == 422, answer.text
    assert "secret" not in answer.text
    assert admin.get("/v1/webhooks").json() == []


def test_a_target_within_is_refused_when_it_is_sent_to(
    database: Database, router: Router, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name led elsewhere when it was added."""
    monkeypatch.setattr(outbox, "_FIRST_WAIT", timedelta(hours=1))
    add(database, receiver.url.replace("127.0.0.1", "localhost"))
    create(database, router)
    with sending(database, allow_private=False) as until:
        until(lambda: attempts(database) == 1)
    assert "private network" in why(database)
    assert receiver.received.empty()


def test_the_service_sends_and_says_what_waits(home: Path, tmp_path: Path, store_url: URL, receiver: Receiver) -> None:
    receiver.answers.put(b"HTTP/1.1 503 Later\r\n\r\n")
    app = create_app(settings_of(home, tmp_path, store_url, webhook_allow_private=True))
    with TestClient(app):
        admin = client_as(app, "管", Role.ADMIN)
        admin.post("/v1/webhooks", json={"url": receiver.url})
        assert admin.post("/v1/cases", json={"text": TEXT, "channel": "phone"}).status_code == 201
        receiver.next()
        receiver.next()
        (listed,) = admin.get("/v1/webhooks").json()
        assert listed["waiting"] in (0, 1)  # the answer is on its way
        assert listed["last_error"] in (None, "it answered 503, expected 200 to 299")
