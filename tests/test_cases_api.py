"""A case over HTTP, from its creation to its rating, on both databases; who comes too late is told so."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL

from service.app import create_app
from service.store.vocabulary import Role
from tests.accounts import client_as, settings_of

NEW = {"text": "厂里三个月没有发工资,我的电话是13812345678", "channel": "phone", "people": 12, "region": "430100"}


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield app


@pytest.fixture
def operator(app: FastAPI) -> TestClient:
    return client_as(app, "王芳", Role.OPERATOR)


def create(client: TestClient, **facts: object) -> dict[str, Any]:
    answer = client.post("/v1/cases", json={**NEW, **facts})
    assert answer.status_code == 201
    case: dict[str, Any] = answer.json()
    return case


def change(client: TestClient, case: dict[str, Any], action: str = "", **body: object) -> Any:
    path, headers = f"/v1/cases/{case['number']}", {"If-Match": f'"{case["version"]}"'}
    if not action:
        return client.patch(path, json=body, headers=headers)
    return client.post(f"{path}/{action}", json=body or None, headers=headers)


def test_a_case_is_created_routed_and_masked(operator: TestClient) -> None:
    answer = operator.post("/v1/cases", json=NEW)
    case = answer.json()
    assert case["status"] == "pending"
    assert case["suggested_desk"] == case["desk"]
    assert case["created_by"] == "王芳"
    assert "13812345678" not in case["text"]
    shown = operator.get(answer.headers["location"])
    assert shown.json() == case
    assert shown.headers["etag"] == answer.headers["etag"] == '"1"'


def test_a_repeated_request_creates_nothing_twice(operator: TestClient) -> None:
    def send(**facts: object) -> Any:
        return operator.post("/v1/cases", json={**NEW, **facts}, headers={"Idempotency-Key": "call 17"})

    first, again, other = send(), send(), send(people=13)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert len(operator.get("/v1/cases").json()["cases"]) == 1


def test_a_case_from_confirmation_to_rating(operator: TestClient) -> None:
    desks = [desk["id"] for desk in operator.get("/v1/desks").json()]
    case = create(operator)
    other = next(desk for desk in desks if desk != case["suggested_desk"])
    steps: list[tuple[str, dict[str, object], str]] = [
        ("confirm", {"desk": other, "also": [case["suggested_desk"]], "urgency": "high"}, "assigned"),
        ("return", {"note": "不归我们管"}, "returned"),
        ("transfer", {"desk": case["suggested_desk"]}, "assigned"),
        ("start", {}, "in_progress"),
        ("", {"people": 14, "employer": "鸿运达电子厂", "region": None}, "in_progress"),
        ("close", {}, "closed"),
        ("rate", {"satisfaction": 4}, "closed"),
    ]
    for action, body, status in steps:
        answer = change(operator, case, action, **body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        case = answer.json()
        assert case["status"] == status
    assert (case["people"], case["region"], case["satisfaction"]) == (14, None, 4)
    history = operator.get(f"/v1/cases/{case['number']}/history").json()
    assert [step["action"] for step in history] == ["create", *(action or "correct" for action, _, _ in steps)]
    assert history[2]["note"] == "不归我们管"
    assert history[5]["before"]["people"] == 12
    assert history[5]["after"]["people"] == 14


def test_a_suggestion_is_confirmed_without_a_word(operator: TestClient) -> None:
    case = create(operator)
    assert change(operator, case, "confirm").json()["confirmed_desk"] == case["suggested_desk"]


def test_who_comes_too_late_is_told_the_version(operator: TestClient) -> None:
    case = create(operator)
    assert change(operator, case, people=13).status_code == 200
    late = change(operator, case, people=15)
    assert late.status_code == 412
    assert late.json()["current_version"] == 2
    assert late.headers["etag"] == '"2"'
    blind = operator.patch(f"/v1/cases/{case['number']}", json={"people": 15})
    assert blind.status_code == 428
    weak = operator.patch(f"/v1/cases/{case['number']}", json={"people": 15}, headers={"If-Match": 'W/"2"'})
    assert weak.status_code == 200
    assert operator.get(f"/v1/cases/{case['number']}").json()["people"] == 15


def test_of_two_at_once_one_wins(operator: TestClient) -> None:
    case = create(operator)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda people: change(operator, case, people=people).status_code, range(20, 24)))
    assert sorted(answers) == [200, 412, 412, 412]


REFUSED: dict[str, tuple[str, dict[str, object], int]] = {
    "status": ("start", {}, 409),
    "no such desk": ("confirm", {"desk": "weather"}, 422),
    "no such field": ("", {"colour": "red"}, 422),
    "not to be emptied": ("", {"people": None}, 422),
    "no people": ("", {"people": 0}, 422),
    "no region": ("", {"region": "43010"}, 422),
    "too many stars": ("rate", {"satisfaction": 6}, 422),
}


@pytest.mark.parametrize(("action", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_refused(operator: TestClient, action: str, body: dict[str, object], status: int) -> None:
    case = create(operator)
    answer = change(operator, case, action, **body)
    assert answer.status_code == answer.json()["status"] == status
    assert operator.get(f"/v1/cases/{case['number']}").json() == case


def test_unknown_numbers_and_media_types(operator: TestClient) -> None:
    assert operator.get("/v1/cases/20261130-999999").status_code == 404
    assert operator.get("/v1/cases/17").status_code == 422
    answer = operator.post("/v1/cases", content=b"text=x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


HOSTILE = ["\x00", "\u202e倒", "<script>alert(1)</script>", "😀" * 50_000, " ", "'; DROP TABLE cases; --"]


def test_any_text_is_kept(operator: TestClient) -> None:
    for text in HOSTILE:
        kept = create(operator, text=text)
        assert kept["text"] == text.replace("\x00", "\ufffd")


def test_cases_are_found_page_by_page(operator: TestClient) -> None:
    texts = ["工地欠薪", "工伤认定怎么办", "工资少发了", "加班没有加班费", "欠薪半年"]
    numbers = [create(operator, text=text)["number"] for text in texts]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2, "status": "pending", "channel": "phone", "region": "430000"}
    while True:
        page = operator.get("/v1/cases", params=query).json()
        found += [case["number"] for case in page["cases"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == numbers[::-1]
    searched = operator.get("/v1/cases", params={"q": "欠薪"}).json()["cases"]
    assert [case["text"] for case in searched] == ["欠薪半年", "工地欠薪"]
    assert operator.get("/v1/cases", params={"until": "2000-01-01"}).json()["cases"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"cursor": "x"},
        {"region": "湖南"},
        {"since": "9999-12-31"},
        {"until": "0"},
        {"colour": "red"},
        {"status": "lost"},
        {"q": "x" * 201},
    ],
    ids=str,
)
def test_queries_that_make_no_sense_are_problems(operator: TestClient, query: dict[str, Any]) -> None:
    answer = operator.get("/v1/cases", params=query)
    assert answer.status_code == answer.json()["status"] == 422
