"""The log is lines of JSON by which a fault is found, and never holds what a tip says."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from benchmarks.speed.service import wait_for
from service.logs import JsonFormatter, describe_error
from tests.conftest import ROOT, TIPDESK

MARK = "琉璃孔雀"
QUOTED = "%E7%90%89%E7%92%83%E5%AD%94%E9%9B%80"
_BREAKS = """
import asyncio, logging, sys, threading, uvicorn
from service.app import create_app_from_environment
from service.batcher import TipBatcher
async def fail(text):
    raise KeyError(text)
async def route(self, text, explain=True):
    asyncio.create_task(fail(text))
    logging.getLogger("sqlalchemy.engine").error("cannot store %s", text)
    try:
        raise KeyError(text)
    except KeyError as error:
        raise ValueError(text) from error
TipBatcher.route = route
uvicorn.run(create_app_from_environment, factory=True, port=int(sys.argv[1]), log_level="info")
"""


class Served:
    """A service in a process of its own, and what it said once it has ended."""

    log = said = ""


@contextmanager
def serve(command: list[str], folder: Path, port: int, **variables: str) -> Iterator[Served]:
    environment = {"PATH": os.environ["PATH"], "TIPDESK_HOME": str(folder), "TIPDESK_AUTH": "off", "LANG": "C.UTF-8"}
    with subprocess.Popen(
        command, env={**environment, **variables}, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz/live")
            served = Served()
            yield served
        finally:
            server.terminate()
            said, log = server.communicate()
    served.said, served.log = said, log


def send(port: int, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    headers = {"Content-Type": "application/json", **(headers or {})}
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers)) as answer:
            answer.read()
            status: int = answer.status
            return status
    except HTTPError as error:
        with error:
            return error.code


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_no_failing_request_leaves_its_text_in_the_log(home: Path, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(home / "models")
    port, text = free_port(), MARK.encode()
    variables = {"TIPDESK_ACCESS_LOG": "true", "TIPDESK_MAX_BODY_BYTES": "10000"}
    with serve([sys.executable, "-c", _BREAKS, str(port)], tmp_path, port, **variables) as server:
        assert send(port, "/v1/route", json.dumps({"text": MARK}, ensure_ascii=False).encode()) == 500
        assert send(port, "/v1/route", b'{"text": "' + text) == 422
        assert send(port, "/v1/route", b'{"text": ["' + text + b'"], "' + text + b'": 1}') == 422
        assert send(port, "/v1/cases", b'{"text": "' + text + b'", "channel": "' + text + b'"}') == 422
        assert send(port, "/v1/cases", b'{"text": "\xff' + text + b'"}') == 400
        assert send(port, "/v1/cases", text * 1000) == 413
        assert send(port, f"/v1/cases/{QUOTED}") == 422
        assert send(port, f"/v1/cases?q={QUOTED}&status={QUOTED}") == 422
        assert send(port, f"/{QUOTED}?{QUOTED}") == 404
        assert send(port, "/v1/desks", headers={"X-Request-ID": QUOTED, "User-Agent": QUOTED}) == 200
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(text + b"\r\n\r\n")
            assert b"400" in raw.recv(1000)
    log = server.log
    assert MARK not in log + server.said
    assert MARK.encode("unicode_escape").decode() not in log
    assert QUOTED not in log
    lines = [json.loads(line) for line in log.splitlines()]
    (unexpected,) = [line for line in lines if line.get("message") == "unexpected ValueError"]
    assert [error["type"] for error in unexpected["errors"]] == ["ValueError", "KeyError"]
    assert any("routes/route.py" in frame for frame in unexpected["errors"][0]["frames"])
    (requested,) = [line for line in lines if line.get("status") == 500]
    assert requested["request_id"] == unexpected["request_id"]


def test_each_request_is_logged_if_that_is_wanted(home: Path, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(home / "models")
    port = free_port()
    command = [str(TIPDESK), "serve", "--port", str(port)]
    with serve([*command, "--access-log"], tmp_path, port) as server:
        send(port, "/v1/cases/20261130-000001", headers={"X-Request-ID": "call-17"})
    lines: list[dict[str, Any]] = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["request_id"] == "call-17"]
    assert line.pop("time").endswith("+00:00")
    assert line.pop("ms") > 0
    assert line == {
        "level": "info",
        "logger": "service.access_log",
        "message": "",
        "request_id": "call-17",
        "method": "GET",
        "route": "/v1/cases/{number}",
        "status": 404,
        "who": "local",
    }


def test_a_line_is_one_line_whatever_it_holds() -> None:
    record = logging.LogRecord("service.x", logging.ERROR, "x.py", 1, "a\n\ud800\x00%s", ("b\r\n",), None)
    line = JsonFormatter().format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == "a\n\ud800\x00b\r\n"


def test_an_error_is_described_without_its_message() -> None:
    try:
        raise ValueError(MARK)
    except ValueError as error:
        (described,) = describe_error(error)
    assert described["type"] == "ValueError"
    assert described["frames"][0].endswith("test_an_error_is_described_without_its_message")
