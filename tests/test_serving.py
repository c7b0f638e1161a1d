"""A promoted model serves without a restart and without a gap; one that does not work leaves the other in its place."""

import gc
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from weakref import ref

import pytest
from fastapi.testclient import TestClient

from model.artefact import WEIGHTS, Artefact
from model.errors import ArtefactError
from model.golden import GoldenTip, answer_golden
from model.registry import CHAMPION, Registry
from model.router import Router
from service.app import create_app
from service.serving import ServedModel
from service.settings import Settings
from tests.accounts import LOCAL
from tests.processes import eventually, is_listening, serving

TEXTS = ["老板拖欠我们三个月工资", "在工地摔断了腿，包工头不认账", "公司不给交社保"]


def other(artefact: Artefact, n: int) -> Artefact:
    """Return the same model as another version."""
    return replace(artefact, manifest=replace(artefact.manifest, metrics={**artefact.manifest.metrics, "n": n}))


@pytest.fixture
def registry(artefact: Artefact, router: Router, tmp_path: Path) -> Registry:
    """Two versions that keep golden answers; the first is the champion."""
    registry = Registry.of_home(tmp_path)
    artefact = replace(artefact, golden=answer_golden(router, TEXTS))
    versions = [registry.add(other(artefact, n)) for n in (1, 2)]
    registry.promote(versions[0])
    return registry


def second(registry: Registry) -> str:
    return next(version for version in registry.versions() if version != registry.aliases()[CHAMPION])


def test_a_promoted_model_serves_and_the_old_one_is_gone(registry: Registry) -> None:
    with TestClient(create_app(Settings(home=registry.folder.parent, auth="off")), base_url=LOCAL) as client:
        before = client.post("/v1/route", json={"text": TEXTS[0]}).json()
        old = ref(client.app.state.served.router)  # type: ignore[attr-defined]
        version = registry.promote(second(registry))
        eventually(lambda: client.get("/healthz/ready").json()["model_version"] == version)
        after = client.post("/v1/route", json={"text": TEXTS[0]}).json()
        assert after == {**before, "model_version": version}
        assert client.get("/v1/model").json()["version"] == version
        eventually(lambda: old() is None)


def test_a_router_is_no_cycle(registry: Registry) -> None:
    """A frozen cycle would stay in memory for ever."""
    served = ServedModel(registry)
    served.router.route(TEXTS)
    old = ref(served.router)
    gc.disable()
    try:
        registry.promote(second(registry))
        served.refresh()
        assert old() is None
    finally:
        gc.enable()


def test_who_began_with_a_model_ends_with_it(registry: Registry) -> None:
    served = ServedModel(registry)
    begun = served.router
    registry.promote(second(registry))
    served.refresh()
    assert begun.version != served.router.version
    assert {routing.model_version for routing in begun.route(TEXTS)} == {begun.version}


def break_bytes(registry: Registry, version: str) -> None:
    path = registry.path(version) / WEIGHTS
    broken = path.with_suffix(".broken")
    broken.write_bytes(path.read_bytes()[:-1] + b"\x01")
    broken.replace(path)  # in whose place the service may have it mapped by now


def remove_folder(registry: Registry, version: str) -> None:
    shutil.rmtree(registry.path(version))


def break_aliases(registry: Registry, _version: str) -> None:
    (registry.folder / "aliases.json").write_text("{")


@pytest.mark.parametrize("harm", [break_bytes, remove_folder, break_aliases])
def test_a_damaged_model_leaves_the_old_one_serving(registry: Registry, harm: Callable[[Registry, str], None]) -> None:
    home, version = registry.folder.parent, second(registry)
    with TestClient(create_app(Settings(home=home, auth="off")), base_url=LOCAL) as client:
        old = client.get("/v1/model").json()["version"]
        registry.promote(version)
        harm(registry, version)
        # The service may have looked in between: let it look again.
        client.app.state.served.router = Router.load(registry.folder / "versions" / old)  # type: ignore[attr-defined]
        eventually(lambda: "failure" in client.get("/healthz/ready").json())
        answer = client.get("/healthz/ready")
        assert (answer.status_code, answer.json()["status"], answer.json()["model_version"]) == (200, "ready", old)
        told = client.get("/v1/model").json()
        assert told.get("failed_version") == (None if harm is break_aliases else version)
        assert told["failure"] == answer.json()["failure"]
        assert "\n" not in told["failure"]
        assert str(home) not in told["failure"]
        assert client.post("/v1/route", json={"text": TEXTS[0]}).json()["model_version"] == old
        (registry.folder / "aliases.json").write_text(f'{{"champion": "{old}"}}')
        eventually(lambda: "failure" not in client.get("/healthz/ready").json())


def test_a_model_that_answers_otherwise_than_where_it_was_trained_does_not_serve(
    registry: Registry, artefact: Artefact, router: Router
) -> None:
    served = ServedModel(registry)
    old = served.router.version
    right = answer_golden(router, TEXTS)[0]
    wrong = GoldenTip(right.text, right.desk, right.confidence - 0.01)
    version = registry.promote(registry.add(other(replace(artefact, golden=(right, wrong)), 3)))
    served.refresh()
    assert served.router.version == old
    assert served.failure is not None
    assert (served.failure.version, "1 of its 2 golden tips" in served.failure.reason) == (version, True)
    assert right.text not in served.failure.reason
    with pytest.raises(ArtefactError, match="golden"):
        ServedModel(registry)


def weights_of(pid: int) -> dict[str, int]:
    """Return which versions' weights a process maps, and how many kB of each it has to itself and wrote."""
    try:
        maps = Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
        return {}
    pattern = rf"^\S.*/versions/([0-9a-f]+)/{re.escape(WEIGHTS)}\n(?:(?!Private_Dirty).*\n)*Private_Dirty: +(\d+) kB"
    return {version: int(size) for version, size in re.findall(pattern, maps, re.MULTILINE)}


def test_all_workers_share_one_model_and_exchange_it(registry: Registry) -> None:
    old, new = registry.aliases()[CHAMPION], second(registry)
    with serving(registry.folder.parent, "--workers", "2") as (server, _):

        def mapped() -> list[dict[str, int]]:
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="utf-8").split()
            return [weights for pid in map(int, children) if (weights := weights_of(pid))]

        eventually(lambda: mapped() == [{old: 0}] * 2)
        registry.promote(new)
        eventually(lambda: mapped() == [{new: 0}] * 2)


def test_a_service_that_is_told_to_stop_finishes_what_runs(home: Path, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(home / "models")
    body = b'{"text": "' + TEXTS[0].encode() + b'"}'
    with serving(tmp_path) as (server, port):
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.putrequest("POST", "/v1/route")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(1000).startswith(b"HTTP/1.1 100")  # the request runs and waits for its body
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: not is_listening(port))
        connection.send(body)
        with connection.getresponse() as answer:
            assert answer.status == 200
            assert b"model_version" in answer.read()
        connection.close()
        assert server.wait(20) in (0, -signal.SIGTERM)
