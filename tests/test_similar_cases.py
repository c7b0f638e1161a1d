"""Colleagues' cases of the same matter are found among the stored ones, as soon as they are stored and no longer."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL

from model.router import Router
from model.similar import SimilarIndex
from service.app import create_app
from service.store import cases, retention
from service.store.cases import NewCase
from service.store.database import Database, today
from service.store.numbers import format_number
from service.store.similar import SimilarCases
from service.store.tables import Case
from service.store.vocabulary import Channel, Role
from tests.accounts import client_as, settings_of

MATTER = (
    "我在城东的鸿达电子做了八年质检，上个月体检查出听力下降，车间冲压机噪声一直超标，公司不给做职业病鉴定，"
    "还把我调去仓库搬货，工资从六千降到三千五，请帮我问问该找哪个部门"
)
AGAIN = (
    "喂你好，我上次问过，就是冲压车间噪声超标那个事，我做质检八年了，体检说听力下降，厂里不给职业病鉴定，"
    "把人调到仓库，工资降了两千五"
)
OTHER = "孩子上小学要居住证，派出所说要先交社保满一年，请问积分怎么算"
EMPLOYER = "长沙市鸿达电子有限公司"


@pytest.fixture
def database(store_url: URL) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


@pytest.fixture
def create(database: Database, router: Router) -> Callable[..., Case]:
    def create(text: str = MATTER, **facts: Any) -> Case:
        with database.writing() as session:
            new = NewCase(text, Channel.PHONE, **facts)
            return cases.create(session, new, router.route([text])[0], router, by="王")[0]

    return create


@pytest.fixture
def opened(database: Database, router: Router, tmp_path: Path) -> Iterator[Callable[[], SimilarCases]]:
    """Open the index as a worker process does."""
    running: list[SimilarCases] = []

    def opened() -> SimilarCases:
        running.append(SimilarCases(database, tmp_path, lambda: router))
        running[-1].start()
        return running[-1]

    yield opened
    for similar in running:
        similar.close()


def find(similar: SimilarCases, database: Database, text: str = AGAIN, **known: Any) -> list[int]:
    with database.reading() as session:
        return [case.id for match, case in similar.find(session, text, **known) if match.similarity > 0.3]


def test_a_matter_is_found_from_its_first_telling_on(
    create: Callable[..., Case], opened: Callable[[], SimilarCases], database: Database
) -> None:
    before = create()
    one, two = opened(), opened()
    assert find(one, database) == [before.id]
    create(OTHER)
    after = create()
    for worker in (one, two):
        assert set(find(worker, database)) == {before.id, after.id}
        assert find(worker, database, exclude=[after.id]) == [before.id]


def test_a_corrected_employer_counts(
    create: Callable[..., Case], opened: Callable[[], SimilarCases], database: Database, router: Router
) -> None:
    plain, other = create(), create()
    similar = opened()

    def of_employer() -> list[int]:
        with database.reading() as session:
            found = similar.find(session, OTHER, employer_key="鸿达电子")
            return [case.id for match, case in found if match.same_employer]

    assert of_employer() == []
    with database.writing() as session:
        cases.correct(session, plain.id, 1, {"employer": EMPLOYER}, router, by="王")
    assert of_employer() == [plain.id]
    assert set(find(similar, database)) == {plain.id, other.id}


def purge(database: Database, router: Router, case: Case) -> None:
    with database.writing() as session:
        cases.confirm(session, case.id, 1, router, by="王")
        cases.close(session, case.id, 2, by="王")
        day = today(session)
    assert retention.purge(database, day + timedelta(days=1), by="管").deleted == 1


def test_a_purged_case_is_found_no_more_and_leaves_the_folder(
    create: Callable[..., Case], opened: Callable[[], SimilarCases], database: Database, router: Router, tmp_path: Path
) -> None:
    gone, stays = create(), create()
    similar = opened()
    assert set(find(similar, database)) == {gone.id, stays.id}
    purge(database, router, gone)
    assert find(similar, database) == [stays.id]
    similar.close()
    assert SimilarIndex.load(tmp_path / "similar").case_ids == [stays.id]
    similar = opened()
    assert find(similar, database) == [stays.id]
    purge(database, router, stays)
    similar.close()
    assert SimilarIndex.load(tmp_path / "similar").case_ids == []


def test_the_next_start_reads_what_was_kept(
    create: Callable[..., Case],
    opened: Callable[[], SimilarCases],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = create()
    similar = opened()
    assert find(similar, database) == [first.id]
    similar.close()
    second = create()

    def must_not(_: SimilarCases) -> bool:
        raise AssertionError("it was made anew")

    monkeypatch.setattr(SimilarCases, "_build", must_not)
    assert set(find(opened(), database)) == {first.id, second.id}


@pytest.mark.parametrize("damage", ["state", "index", "another store"])
def test_an_index_that_does_not_fit_is_made_anew(
    create: Callable[..., Case], opened: Callable[[], SimilarCases], database: Database, tmp_path: Path, damage: str
) -> None:
    case = create()
    similar = opened()
    assert find(similar, database) == [case.id]
    similar.close()
    folder = tmp_path / "similar"
    if damage == "state":
        (folder / "state.json").write_text('{"change": ')
    elif damage == "index":
        for path in folder.glob("*.npz"):
            path.write_bytes(path.read_bytes()[:100])
    else:
        state = (folder / "state.json").read_text().replace(str(case.id), "1")
        (folder / "state.json").write_text(state)
    assert find(opened(), database) == [case.id]


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield app


def test_an_operator_sees_what_colleagues_were_told(app: FastAPI) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    assert operator.post("/v1/similar", json={"text": MATTER}).json() == {"cases": [], "cluster": None}
    facts = {"channel": "phone", "employer": EMPLOYER, "region": "430102"}
    stored = operator.post("/v1/cases", json={"text": MATTER, "people": 12, **facts}).json()
    operator.post("/v1/cases", json={"text": OTHER, **facts})
    answer = operator.post("/v1/similar", json={"text": AGAIN, "employer": "鸿达电子厂", "region": "430111"}).json()
    best = answer["cases"][0]
    assert best["case"] == stored
    assert (best["same_employer"], best["same_place"], best["duplicate"]) == (True, True, False)
    since = date(int(stored["number"][:4]), int(stored["number"][4:6]), int(stored["number"][6:8])).isoformat()
    assert answer["cluster"] == {"employer": "鸿达电子", "cases": 2, "people": 13, "since": since}

    named = operator.post("/v1/similar", json={"text": f"{EMPLOYER}拖欠工资三个月了"}).json()
    assert named["cluster"]["cases"] == 2
    nobody = operator.post("/v1/similar", json={"text": "老板拖欠工资三个月了"}).json()
    assert nobody["cluster"] is None


def test_a_caller_who_calls_twice_is_proposed_for_merging_and_nothing_is_merged(app: FastAPI) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    numbers = [
        operator.post("/v1/cases", json={"text": text, "channel": "phone"}).json()["number"]
        for text in (MATTER, MATTER.replace("请帮我问问该找哪个部门", "急"), OTHER)
    ]
    answer = operator.get(f"/v1/cases/{numbers[1]}/similar", params={"limit": 1}).json()
    ((found, duplicate),) = [(similar["case"]["number"], similar["duplicate"]) for similar in answer["cases"]]
    assert (found, duplicate) == (numbers[0], True)
    assert [case["version"] for case in operator.get("/v1/cases").json()["cases"]] == [1, 1, 1]
    assert operator.get(f"/v1/cases/{format_number(1)}/similar").status_code == 404
