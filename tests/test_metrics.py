"""Prometheus is told what happened, in all worker processes, and nothing that clients wrote."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL

from benchmarks.speed.service import wait_for
from model.router import Router
from service.access import Permission
from service.app import create_app
from service.store.errors import StoreUnavailableError
from service.store.vocabulary import Role
from tests.accounts import client_as, key_of, settings_of
from tests.conftest import ROOT, TIPDESK

TEXT = "厂里三个月没有发工资"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    return sum(
        value for (found, its), value in samples.items() if found == name and labels.items() <= dict(its).items()
    )


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url, rate_limit_per_minute=50))
    with TestClient(app):
        yield app


@pytest.fixture
def prometheus(app: FastAPI) -> TestClient:
    return TestClient(app, headers=key_of(app, Permission.METRICS_READ))


def test_requests_are_counted_by_route_and_never_by_path(app: FastAPI, prometheus: TestClient) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    for number in range(3):
        operator.get(f"/v1/cases/20261130-00000{number}")
    operator.get("/v1/cases", params={"q": "琉璃"})
    operator.get("/琉璃")
    operator.request("琉璃".encode().hex().upper(), "/v1/cases")
    answer = prometheus.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples, name = parse(answer.text), "tipdesk_request_seconds_count"
    assert total(samples, name, method="GET", route="/v1/cases/{number}", status="404") == 3
    assert total(samples, name, route="/v1/cases", status="200") == 1
    assert total(samples, name, route="none", status="404") == 1
    assert total(samples, name, method="other") == 1
    assert "琉璃" not in answer.text
    assert "20261130" not in answer.text


def test_decisions_and_agreement_are_counted(app: FastAPI, prometheus: TestClient, router: Router) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    operator.post("/v1/route", json={"text": TEXT})
    operator.post("/v1/route/batch", json={"texts": [TEXT, TEXT]})
    operator.post("/suggestion", data={"text": TEXT})  # while somebody types: does not count
    desk = router.route([TEXT])[0].desk
    other = next(name for name in router.desks if name != desk)
    for chosen in (desk, other):
        for _ in range(2):  # the second time it is the same case
            case = operator.post(
                "/v1/cases", json={"text": TEXT, "channel": "web"}, headers={"Idempotency-Key": chosen}
            ).json()
        operator.post(f"/v1/cases/{case['number']}/confirm", json={"desk": chosen}, headers={"If-Match": '"1"'})
    operator.post("/confirm", data={"text": TEXT, "desk": desk, "kind": router.taxonomy.kind_ids[0]})
    samples = parse(prometheus.get("/metrics").text)
    assert total(samples, "tipdesk_routings_total", desk=desk) == 6
    assert total(samples, "tipdesk_confirmations_total", desk=desk, agreed="true") == 2
    assert total(samples, "tipdesk_confirmations_total", desk=desk, agreed="false") == 1
    assert total(samples, "tipdesk_model_info", version=router.version) == 1
    assert total(samples, "tipdesk_store_up") == 1


def test_what_waits_in_the_outbox_is_told(app: FastAPI, prometheus: TestClient) -> None:
    admin = client_as(app, "管", Role.ADMIN)
    admin.post("/v1/webhooks", json={"url": "https://nowhere.invalid/"})
    admin.post("/v1/cases", json={"text": TEXT, "channel": "web"})
    assert total(parse(prometheus.get("/metrics").text), "tipdesk_outbox_messages") == 1


def test_metrics_come_without_a_database_too(
    app: FastAPI, prometheus: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    prometheus.get("/metrics")  # the key is known from here on

    def gone() -> None:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(app.state.database, "reading", gone)
    samples = parse(prometheus.get("/metrics").text)
    assert total(samples, "tipdesk_store_up") == 0
    assert ("tipdesk_outbox_messages", frozenset()) not in samples


def test_what_all_workers_did_is_added_up(home: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "models").symlink_to(home / "models")
    environment = {"PATH": os.environ["PATH"], "TIPDESK_HOME": str(tmp_path), "TIPDESK_AUTH": "off", "LANG": "C.UTF-8"}
    command = [str(TIPDESK), "serve", "--port", url.rpartition(":")[2], "--workers", "2"]

    def get(path: str) -> str:
        with urlopen(Request(f"{url}{path}", headers={"Connection": "close"})) as answer:  # noqa: S310 (always http)
            text: str = answer.read().decode()
            return text

    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(f"{url}/healthz/live")
            before = total(parse(get("/metrics")), "tipdesk_request_seconds_count", route="/v1/desks")
            for _ in range(40):
                get("/v1/desks")
            after = total(parse(get("/metrics")), "tipdesk_request_seconds_count", route="/v1/desks")
            assert (before, after) == (0, 40)
        finally:
            server.terminate()
