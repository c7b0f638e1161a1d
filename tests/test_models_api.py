"""The registry over HTTP: what is there, what may become the champion, and who made it so."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model.artefact import WEIGHTS, Artefact
from model.registry import CHALLENGER, CHAMPION, Registry
from service.app import create_app
from service.settings import Settings
from service.store.vocabulary import Role
from tests.accounts import client_as


@pytest.fixture
def registry(artefact: Artefact, tmp_path: Path) -> Registry:
    """A champion, a challenger, and a version that is damaged."""
    registry = Registry.of_home(tmp_path)
    changed = [
        replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": n}))
        for n in (1, 2, 3)
    ]
    champion, challenger, damaged = map(registry.add, changed)
    registry.promote(champion)
    registry.challenge(challenger)
    (registry.path(damaged) / WEIGHTS).unlink()
    return registry


@pytest.fixture
def app(registry: Registry, sqlite_template: Path) -> Iterator[FastAPI]:
    shutil.copy(sqlite_template, registry.folder.parent / "tipdesk.sqlite")
    app = create_app(Settings(home=registry.folder.parent))
    with TestClient(app):
        yield app


@pytest.fixture
def keeper(app: FastAPI) -> TestClient:
    return client_as(app, "数据员小赵", Role.DATA)


def damaged_of(registry: Registry) -> str:
    (damaged,) = set(registry.versions()) - set(registry.aliases().values())
    return damaged


def test_versions_are_listed_and_shown(keeper: TestClient, registry: Registry) -> None:
    listed = {record["version"]: record for record in keeper.get("/v1/models").json()}
    assert set(listed) == set(registry.versions())
    champion = registry.aliases()[CHAMPION]
    assert listed[champion]["aliases"] == ["champion"]
    assert 0 < listed[champion]["metrics"]["accuracy"] < 1
    shown = keeper.get("/v1/models/champion").json()
    assert shown == keeper.get(f"/v1/models/{champion}").json()
    assert shown["version"] == champion
    assert shown["recipe"]
    assert set(shown["policy"]["auto_thresholds"]) == {desk["id"] for desk in keeper.get("/v1/desks").json()}
    assert keeper.get("/v1/models/000000000000").status_code == 404
    assert keeper.get("/v1/models/previous").status_code == 404
    assert keeper.get("/v1/models/..").status_code in (404, 422)
    wrong_method = keeper.get("/v1/models/rollback")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")


def test_a_version_that_cannot_be_read_is_listed_with_the_reason(keeper: TestClient, registry: Registry) -> None:
    damaged = damaged_of(registry)
    (registry.path(damaged) / "manifest.json").write_text("{}")
    (record,) = (record for record in keeper.get("/v1/models").json() if record["version"] == damaged)
    assert record.keys() == {"version", "aliases", "error"}
    assert str(registry.folder) not in record["error"]
    assert keeper.get(f"/v1/models/{damaged}").status_code == 409


def test_a_version_becomes_the_champion_by_the_gate_or_by_force_and_back(
    app: FastAPI, keeper: TestClient, registry: Registry
) -> None:
    """A model of a few tips does not route the golden tips rightly: the gate refuses it."""
    old, new = registry.aliases()[CHAMPION], registry.aliases()[CHALLENGER]
    refused = keeper.post(f"/v1/models/{new}/promote")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "必过例句" in refused.json()["reasons"][0]
    assert registry.aliases()[CHAMPION] == old
    assert keeper.post("/v1/models/rollback").status_code == 409

    forced = keeper.post(f"/v1/models/{new}/promote", json={"force": True, "why": "--新增受理席"}).json()
    assert (forced["version"], forced["aliases"], forced["gate"]["passed"]) == (new, ["champion"], False)
    (_, last) = registry.history()
    assert (last["to"], last["why"]) == (new, "--新增受理席")
    assert keeper.post("/v1/models/rollback").json()["version"] == old
    assert [change["to_version"] for change in keeper.get("/v1/models/history").json()] == [old, new, old]

    admin = client_as(app, "李管理", Role.ADMIN)
    trail = [(e["by"], e["action"], e["object"]) for e in admin.get("/v1/audit").json()["entries"][:3]]
    assert ("数据员小赵", "model.promote", new) in trail
    assert ("数据员小赵", "model.rollback", old) in trail


def test_a_damaged_version_is_not_promoted_even_by_force(keeper: TestClient, registry: Registry) -> None:
    damaged, champion = damaged_of(registry), registry.aliases()[CHAMPION]
    answer = keeper.post(f"/v1/models/{damaged}/promote", json={"force": True, "why": "试试"})
    assert answer.status_code == 409
    assert WEIGHTS in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert str(registry.folder) not in answer.json()["detail"]
    assert registry.aliases()[CHAMPION] == champion


@pytest.mark.parametrize(
    ("version", "body", "status"),
    [
        ("000000000000", {}, 404),
        ("--force", {}, 422),
        ("champion", {}, 422),
        (CHAMPION, {"force": True}, 422),
        ("000000000000", {"force": True, "why": "  "}, 422),
        ("000000000000", {"force": True, "why": "a\x00b"}, 422),
        ("000000000000", {"data": "/etc/passwd"}, 422),
    ],
)
def test_no_command_is_run_on_what_makes_no_sense(
    keeper: TestClient, registry: Registry, version: str, body: dict[str, object], status: int
) -> None:
    before = registry.history()
    assert keeper.post(f"/v1/models/{version}/promote", json=body).status_code == status
    assert registry.history() == before
