"""Labels, disagreements and statistics over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import URL

from service.app import create_app
from service.store.vocabulary import Role
from tests.accounts import client_as, settings_of


@pytest.fixture
def app(home: Path, tmp_path: Path, store_url: URL) -> Iterator[FastAPI]:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app):
        yield app


def create(operator: TestClient, text: str, people: int = 1) -> tuple[str, str]:
    """Return the number and the suggested desk of a new case."""
    case = operator.post("/v1/cases", json={"text": text, "channel": "phone", "people": people}).json()
    return case["number"], case["desk"]


def test_two_people_label_and_differ(app: FastAPI) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    one, other, third = (client_as(app, name, Role.DATA) for name in ("甲", "乙", "丙"))
    texts = ["", "嗯嗯", "你好在吗", "hello"]
    numbers = [create(operator, text or "。")[0] for text in texts][::-1]

    def queue(client: TestClient) -> list[str]:
        first = client.get("/v1/review", params={"limit": 3}).json()
        second = client.get("/v1/review", params={"limit": 3, "cursor": first["next"]}).json() if first["next"] else {}
        return [case["number"] for case in first["cases"] + second.get("cases", [])]

    assert queue(one) == numbers
    desks = [desk["id"] for desk in one.get("/v1/desks").json()][:2]
    for client, desk in zip((one, other), desks, strict=True):
        body = {"desk": desk, "kind": "consult", "urgent": False}
        assert client.put(f"/v1/cases/{numbers[0]}/label", json=body).json()["desk"] == desk
    assert queue(one) == queue(other) == queue(third) == numbers[1:]
    (found,) = third.get("/v1/review/disagreements").json()
    assert found["number"] == numbers[0]
    assert [(label["labeller"], label["desk"]) for label in found["labels"]] == list(zip("甲乙", desks, strict=True))
    assert operator.get(f"/v1/cases/{numbers[0]}").json()["version"] == 1
    agreed = {"desk": desks[0], "kind": "consult", "urgent": True}
    other.put(f"/v1/cases/{numbers[0]}/label", json=agreed)
    assert third.get("/v1/review/disagreements").json() == []
    assert one.put("/v1/cases/20000101-000001/label", json=agreed).status_code == 404
    assert one.put(f"/v1/cases/{numbers[1]}/label", json={**agreed, "desk": "weather"}).status_code == 422


def test_cases_and_people_are_counted(app: FastAPI) -> None:
    operator = client_as(app, "王芳", Role.OPERATOR)
    desks = [desk["id"] for desk in operator.get("/v1/desks").json()]
    made = [create(operator, "老板拖欠工资三个月了", 12), create(operator, "老板拖欠工资半年了", 3)]
    (first, suggested), (second, _) = made
    wrong = next(desk for desk in desks if desk != suggested)
    for number, body in ((first, {}), (second, {"desk": wrong})):
        operator.post(f"/v1/cases/{number}/confirm", json=body, headers={"If-Match": '"1"'})
    operator.post(f"/v1/cases/{first}/close", headers={"If-Match": '"2"'})

    by_channel = operator.get("/v1/statistics", params={"by": "channel"}).json()
    assert by_channel["counts"] == [{"value": "phone", "cases": 2, "people": 15}]
    by_desk = operator.get("/v1/statistics").json()["counts"]
    assert {count["value"]: count["people"] for count in by_desk} == {suggested: 12, wrong: 3}
    by_day = operator.get("/v1/statistics", params={"by": "day"}).json()
    assert by_day["counts"][0]["value"] == by_day["until"]
    on_time = operator.get("/v1/statistics/on-time").json()
    assert (on_time["closed"], on_time["on_time"]) == (1, 1)
    agreement = operator.get("/v1/statistics/agreement").json()
    assert (agreement["confirmed"], agreement["agreed"]) == (2, 1)
    assert {"suggested": suggested, "confirmed": wrong, "cases": 1} in agreement["pairs"]
    long_ago = {"since": "2000-01-01", "until": "2000-12-31"}
    assert operator.get("/v1/statistics", params=long_ago).json()["counts"] == []
    assert operator.get("/v1/statistics", params={"by": "weather"}).status_code == 422
