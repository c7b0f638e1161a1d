"""The server killed while clients write: ``python -m benchmarks.kill_server [--kills 20] [--only sqlite]``.

Eight clients create cases as fast as they can, each with an idempotency key of its own, and send a request again under
the same key until it is acknowledged. Meanwhile all processes of the server are killed with signal 9, at moments drawn
from a seed, and it is started again. In the end every acknowledged case must be there, exactly once. Exit status 1 if
one is not.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from http.client import HTTPException
from pathlib import Path
from typing import Annotated
from urllib.request import Request, urlopen

import typer
from sqlalchemy import URL, select

from benchmarks.speed.service import wait_for
from model.registry import DEFAULT_HOME
from service.store.database import Database
from service.store.numbers import format_number
from service.store.tables import Case
from tests.postgres import new_postgres_database, running_postgres

PORT = 8709  # none of those that connections are given, or a client might connect to itself
CLIENTS = 8
SEED = 0
_BACKENDS = ("sqlite", "postgresql")
_LONGEST_S = 2.0  # from the first answer to the kill
_AGAIN_AFTER_S = 0.05


def main(
    kills: int = 20,
    workers: Annotated[int, typer.Option(help="Processes of the server.")] = 2,
    only: Annotated[str | None, typer.Option(help=f"{' or '.join(_BACKENDS)} alone.")] = None,
) -> None:
    """Kill, start again, and look what is there."""
    lost = 0
    for backend in [only] if only else _BACKENDS:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_postgres() if backend == "postgresql" else nullcontext() as server,
        ):
            home = Path(folder)
            (home / "models").symlink_to((DEFAULT_HOME / "models").absolute())
            url = new_postgres_database(server) if server else URL.create("sqlite", database=f"{folder}/tipdesk.sqlite")
            acknowledged = write_and_kill(home, url, kills, workers)
            stored = read_stored(url)
        there = sum(stored.get(key) == [number] for key, number in acknowledged.items())
        twice = sum(len(numbers) > 1 for numbers in stored.values())
        lost += len(acknowledged) - there + twice
        typer.echo(
            f"{backend}: {kills} kills, {len(acknowledged)} cases acknowledged, {there} of them there under their "
            f"number, {twice} stored twice, {len(stored) - there} stored and not acknowledged"
        )
    sys.exit(min(lost, 1))


def write_and_kill(home: Path, url: URL, kills: int, workers: int) -> dict[str, str]:
    """Return the case number of each key that was acknowledged."""
    rng = random.Random(SEED)
    acknowledged: dict[str, str] = {}
    done = threading.Event()
    with socket.socket() as free:  # no other server must answer in place of the killed one
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last run's connections may linger
        free.bind(("127.0.0.1", PORT))
    clients = [
        threading.Thread(target=write, args=(client, acknowledged, done), daemon=True) for client in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for kill in range(kills + 1):
        server = start(home, url, workers)
        known = len(acknowledged)
        while len(acknowledged) == known:
            time.sleep(0.01)
        time.sleep(rng.random() * _LONGEST_S)
        if kill == kills:
            done.set()
            for client in clients:
                client.join()
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        sys.stderr.write(f"{url.get_backend_name()}: kill {kill}, {len(acknowledged)} acknowledged\n")
    return acknowledged


def start(home: Path, url: URL, workers: int) -> "subprocess.Popen[bytes]":
    """Return the server once it answers."""
    command = [
        str(Path(sys.executable).with_name("tipdesk")),
        "serve",
        "--port",
        str(PORT),
        "--workers",
        str(workers),
    ]
    environment = {**os.environ, "TIPDESK_HOME": str(home), "TIPDESK_AUTH": "off"}
    if url.get_backend_name() == "postgresql":
        environment["TIPDESK_DATABASE_URL"] = url.render_as_string(hide_password=False)
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{PORT}/healthz/live")
    except RuntimeError:
        os.killpg(server.pid, signal.SIGKILL)
        raise
    if server.poll() is not None:
        raise RuntimeError(f"the server ended with status {server.returncode}, expected that it serves")
    return server


def write(client: int, acknowledged: dict[str, str], done: threading.Event) -> None:
    """Create cases, the next one when the one before is acknowledged."""
    count = 0
    while not done.is_set():
        key = f"key {client} {count}"
        body = json.dumps({"text": "厂里三个月没有发工资", "channel": "web", "employer": key}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            with urlopen(Request(f"http://127.0.0.1:{PORT}/v1/cases", body, headers)) as answer:
                acknowledged[key] = json.load(answer)["number"]
                count += 1
        except (OSError, HTTPException, ValueError):  # killed, or not started yet
            time.sleep(_AGAIN_AFTER_S)


def read_stored(url: URL) -> dict[str, list[str]]:
    """Return the numbers of the cases that are stored of each key."""
    database = Database(url)
    with database.reading() as session:
        rows = session.execute(select(Case.employer, Case.id)).all()
    database.close()
    stored: dict[str, list[str]] = {}
    for key, case_id in rows:
        stored.setdefault(key or "", []).append(format_number(case_id))
    return stored


if __name__ == "__main__":
    typer.run(main)
