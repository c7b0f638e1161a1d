"""`POST /v1/route` against an empty FastAPI endpoint with the same models, one worker each, under the same load."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.request import urlopen

from fastapi import FastAPI

from benchmarks.speed.load import Load, put_load_on
from benchmarks.speed.rounds import Figure, at_least, at_most
from model.routing import Routing
from service.schemas.route import RouteRequest

CONNECTIONS = 8
EMPTY, EVIDENCE, ALL = "empty endpoint", "POST /v1/route, evidence", "POST /v1/route, everything"
_ROUNDS = 5
_EMPTY_PORT, _SERVICE_PORT = 8701, 8702
_PATIENCE = 300  # seconds until a server must answer


def create_empty_app() -> FastAPI:
    """Return a service that gives every tip the same routing, made when it starts."""
    from model.registry import CHAMPION, Registry
    from model.router import Router

    router = Router.load(Registry.of_home(Path(os.environ["TIPDESK_HOME"])).path(CHAMPION))
    text = "老板拖欠我们三个月工资了,一共十二个人,找他就躲,去劳动局投诉也没有结果,现在连房租都交不上,请问怎么才能要回来"
    routing = router.route([text], explain=["evidence"])[0]
    app = FastAPI()

    @app.post("/v1/route", response_model_exclude_none=True)
    async def route_tip(request: RouteRequest) -> Routing:  # noqa: ARG001 (read and checked, as by the service)
        return routing

    @app.get("/healthz/live")
    async def live() -> str:
        return "live"

    return app


def measure_service(home: Path, texts: list[str]) -> tuple[list[Figure], dict[str, list[Load]]]:
    """Return the figures, and the load of both in each round."""
    with (
        _serving("benchmarks.speed.service:create_empty_app", _EMPTY_PORT, home),
        _serving("service.app:create_app_from_environment", _SERVICE_PORT, home),
    ):
        contestants = {
            EMPTY: (_EMPTY_PORT, ["evidence"]),
            EVIDENCE: (_SERVICE_PORT, ["evidence"]),
            ALL: (_SERVICE_PORT, True),
        }
        loads: dict[str, list[Load]] = {name: [] for name in contestants}
        for number in range(_ROUNDS + 1):
            for name, (port, explain) in contestants.items():
                bodies: list[dict[str, object]] = [{"text": text, "explain": explain} for text in texts]
                load = put_load_on(port, "/v1/route", bodies, CONNECTIONS)
                if number:
                    loads[name].append(load)
    pairs = list(zip(loads[EVIDENCE], loads[EMPTY], strict=True))
    figures = [
        at_least(f"{EVIDENCE}, requests : {EMPTY}", [a.per_second / b.per_second for a, b in pairs], 0.4),
        at_most(f"{EVIDENCE}, p99 : {EMPTY}", [a.p99 / b.p99 for a, b in pairs], 3),
    ]
    return figures, loads


@contextmanager
def _serving(factory: str, port: int, home: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(
        [*command, "--no-access-log"], env={**os.environ, "TIPDESK_HOME": str(home.absolute()), "TIPDESK_AUTH": "off"}
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz/live")
            yield
        finally:
            server.terminate()


def wait_for(url: str) -> None:
    """Return when `url` answers.

    Raises
    ------
    RuntimeError
        If it does not within five minutes.
    """
    until = monotonic() + _PATIENCE
    while monotonic() < until:
        try:
            with urlopen(url) as answer:  # noqa: S310 (always http)
                answer.read()
                return
        except OSError:  # nobody listens yet, or not for long
            sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {_PATIENCE} s")
