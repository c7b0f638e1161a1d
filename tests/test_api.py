"""The API: routings, and one shape for every error, which never quotes a tip."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from model.errors import ArtefactNotFoundError
from model.router import Router
from model.routing import PIECES
from service.app import create_app
from service.settings import Settings
from tests.accounts import LOCAL

SECRET = "王某某在东风路欠我钱"


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    app = create_app(Settings(home=home, max_body_bytes=700_000, auth="off"))
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        yield client


def test_one_tip_is_routed_as_the_router_does(client: TestClient, router: Router) -> None:
    text = "😀老板拖欠我们三个月工资了,一共十二个人"
    answer = client.post("/v1/route", json={"text": text}).json()
    assert answer == json.loads(json.dumps(router.route([text])[0].to_dict()))
    span = answer["evidence"][0]
    assert text[span["start"] : span["end"]] == span["text"]


def test_a_tip_is_routed_with_all_that_its_desk_needs(client: TestClient) -> None:
    text = "老板拖欠我们三个月工资,一共十二个人,有人说要跳楼"
    answer = client.post("/v1/route", json={"text": text}).json()
    assert answer["urgency"]["level"] == "critical"
    (count,) = [fact for fact in answer["facts"] if fact["kind"] == "headcount"]
    assert text[count["start"] : count["end"]] == count["text"] == "十二个人"
    assert count["value"] == 12
    assert "跟您一样没拿到钱的有多少人？" not in answer["questions"]
    assert answer["questions"]
    assert answer["law"][0].keys() == {"law", "number", "title", "says", "limits"}


def test_a_tip_may_be_routed_without_what_is_not_wanted(client: TestClient) -> None:
    plain = client.post("/v1/route", json={"text": "欠薪", "explain": False}).json()
    assert not PIECES & plain.keys()
    some = client.post("/v1/route", json={"text": "欠薪", "explain": ["evidence"]}).json()
    assert PIECES & some.keys() == {"evidence"}
    assert client.post("/v1/route", json={"text": "欠薪", "explain": ["weather"]}).status_code == 422


def test_a_batch_gets_the_pieces_that_it_asks_for(client: TestClient) -> None:
    answer = client.post("/v1/route/batch", json={"texts": ["欠薪"], "explain": ["urgency", "law"]}).json()
    (routing,) = answer["routings"]
    assert routing["urgency"] == {"level": "normal", "signals": []}
    assert "law" in routing
    assert not {"facts", "questions", "evidence"} & routing.keys()


def test_a_batch_keeps_its_order_and_explains_on_demand(client: TestClient, router: Router) -> None:
    texts = ["老板拖欠工资", "", "工伤怎么认定"]
    plain = client.post("/v1/route/batch", json={"texts": texts}).json()["routings"]
    assert [routing["desk"] for routing in plain] == [routing.desk for routing in router.route(texts)]
    assert "evidence" not in plain[0]
    explained = client.post("/v1/route/batch", json={"texts": texts, "explain": True}).json()["routings"]
    assert explained[0]["evidence"]


@pytest.mark.parametrize("text", ["", "欠", "😀", "hello", "a\x00b", "欠薪" * 50_000, "\u202e倒"])
def test_any_text_gets_a_routing(client: TestClient, text: str) -> None:
    answer = client.post("/v1/route", json={"text": text})
    assert answer.status_code == 200
    assert answer.json()["model_version"]


BAD_REQUESTS = {
    "broken JSON": ("/v1/route", b'{"text": "' + SECRET.encode(), 422),
    "no object": ("/v1/route", b'"x"', 422),
    "nothing": ("/v1/route", b"", 422),
    "no text": ("/v1/route", b"{}", 422),
    "wrong type": ("/v1/route", json.dumps({"text": [SECRET]}).encode(), 422),
    "unknown field": ("/v1/route", json.dumps({"text": SECRET, "colour": SECRET}).encode(), 422),
    "lone surrogate": ("/v1/route", b'{"text": "\\ud800"}', 422),
    "no UTF-8": ("/v1/route", b'{"text": "\xff"}', 400),
    "too long a text": ("/v1/route", json.dumps({"text": "x" * 100_001}).encode(), 422),
    "too long a body": ("/v1/route", json.dumps({"text": "x" * 800_000}).encode(), 413),
    "too many texts": ("/v1/route/batch", json.dumps({"texts": ["x"] * 1001}).encode(), 422),
    "nested without end": ("/v1/route", b"[" * 100_000, 400),
}


@pytest.mark.parametrize(("path", "body", "status"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request_is_a_problem(client: TestClient, path: str, body: bytes, status: int) -> None:
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert "\n" not in problem["detail"]
    assert SECRET not in answer.text


def test_a_body_of_unknown_length_is_limited_too(client: TestClient) -> None:
    chunks = (b"x" * 100_000 for _ in range(10))
    answer = client.post("/v1/route", content=chunks, headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/v1/route", 405), ("DELETE", "/v1/desks", 405)]
)
def test_wrong_paths_and_methods_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unexpected_error_says_nothing_of_the_tip(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        version = "x"

        def route(self, texts: list[str], **_: object) -> None:
            raise KeyError(texts[0])

    app = create_app(Settings(home=home, auth="off"))
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as client:
        app.state.served.router = Broken()
        answer = client.post("/v1/route", json={"text": SECRET})
    assert answer.status_code == answer.json()["status"] == 500
    assert SECRET not in answer.text
    assert SECRET not in caplog.text
    assert "KeyError" in caplog.text


def test_desks_are_the_models(client: TestClient, router: Router) -> None:
    desks = client.get("/v1/desks").json()
    assert [desk["id"] for desk in desks] == list(router.desks)
    assert desks[0].keys() >= {"name", "handles", "questions", "legal_basis", "time_limit_days", "transfer_to"}


def test_the_model_says_what_it_is(client: TestClient, router: Router) -> None:
    answer = client.get("/v1/model").json()
    assert answer["version"] == router.version
    assert 0 < answer["metrics"]["accuracy"] < 1
    assert set(answer["policy"]["auto_thresholds"]) == set(router.desks)


def test_health(client: TestClient, router: Router) -> None:
    assert client.get("/healthz/live").json() == {"status": "live"}
    assert client.get("/healthz/ready").json() == {"status": "ready", "model_version": router.version}


def test_without_a_model_the_service_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ArtefactNotFoundError), TestClient(create_app(Settings(home=tmp_path))):
        pass


def test_openapi_has_examples_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["schemas"]["RouteRequest"]["examples"]
    responses = document["paths"]["/v1/route"]["post"]["responses"]
    assert {"200", "400", "413", "422"} <= set(responses)
    assert "HTTPValidationError" not in json.dumps(document)
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


@pytest.mark.parametrize("url", ["http://tipdesk.example.org", "http://127.0.0.1.example.org", "http://10.0.0.1"])
def test_without_accounts_no_other_name_leads_here(client: TestClient, url: str) -> None:
    """A page on the internet may have its name lead to this machine; then its requests are its own."""
    answer = TestClient(client.app, base_url=url).get("/v1/desks")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert client.get("/v1/desks", headers={"Host": "example.org"}).status_code == 403
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert client.get("/v1/desks", headers={"Host": host}).status_code == 200


def test_every_response_keeps_browsers_strict(client: TestClient) -> None:
    for path in ("/", "/v1/desks", "/nothing", "/static/console.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
