"""The Open Inference Protocol, as a client of other model servers speaks it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput  # type: ignore[import-untyped]
from tritonclient.utils import InferenceServerException  # type: ignore[import-untyped]

from model.router import Router
from service.access import Permission
from service.app import create_app
from service.settings import Settings
from tests.accounts import LOCAL, key_of, settings_of
from tests.processes import serving

TEXTS = ["老板拖欠我们三个月工资", "", "在工地摔断了腿😀"]
OUTPUTS = ["desk", "decision", "probabilities"]


@pytest.fixture(scope="module")
def triton(home: Path) -> Iterator[InferenceServerClient]:
    """A client of a real server."""
    with serving(home) as (_, port), InferenceServerClient(f"127.0.0.1:{port}") as client:
        yield client


def text_input(texts: list[str], shape: list[int]) -> InferInput:
    tensor = InferInput("text", shape, "BYTES")
    tensor.set_data_from_numpy(np.array(texts, dtype=np.object_).reshape(shape), binary_data=False)
    return tensor


def wanted(*names: str) -> list[InferRequestedOutput]:
    return [InferRequestedOutput(name, binary_data=False) for name in names]


def test_a_client_finds_the_model_and_what_it_takes(triton: InferenceServerClient, router: Router) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.get_server_metadata()["name"] == "tipdesk"
    assert triton.is_model_ready("tipdesk")
    assert triton.is_model_ready("tipdesk", router.version)
    assert not triton.is_model_ready("tipdesk", "0")
    assert not triton.is_model_ready("resnet")
    metadata = triton.get_model_metadata("tipdesk")
    assert metadata == triton.get_model_metadata("tipdesk", router.version)
    assert metadata["versions"] == [router.version]
    assert [tensor["name"] for tensor in metadata["outputs"]] == OUTPUTS
    assert metadata["outputs"][2]["labels"] == list(router.desks)


@pytest.mark.parametrize("shape", [[3], [3, 1]], ids=str)
def test_a_client_gets_what_the_router_says(triton: InferenceServerClient, router: Router, shape: list[int]) -> None:
    result = triton.infer("tipdesk", [text_input(TEXTS, shape)], outputs=wanted(*OUTPUTS), request_id="42")
    response = result.get_response()
    assert (response["id"], response["model_name"], response["model_version"]) == ("42", "tipdesk", router.version)
    routings = router.route(TEXTS)
    assert result.as_numpy("desk").tolist() == [routing.desk for routing in routings]
    assert result.as_numpy("decision").tolist() == [routing.decision for routing in routings]
    np.testing.assert_allclose(result.as_numpy("probabilities"), router.predict_proba(TEXTS))


def test_a_client_may_name_the_version_and_ask_for_less(triton: InferenceServerClient, router: Router) -> None:
    tensor = text_input(TEXTS, [3])
    result = triton.infer("tipdesk", [tensor], model_version=router.version, outputs=wanted("probabilities"))
    assert [output["name"] for output in result.get_response()["outputs"]] == ["probabilities"]
    assert "id" not in result.get_response()
    everything = triton.infer("tipdesk", [tensor], priority=1)
    assert [output["name"] for output in everything.get_response()["outputs"]] == OUTPUTS


def test_a_client_is_told_what_is_wrong(triton: InferenceServerClient, router: Router) -> None:
    tensor = text_input(TEXTS, [3])
    with pytest.raises(InferenceServerException, match=f"version 7 does not serve; {router.version} does") as caught:
        triton.infer("tipdesk", [tensor], model_version="7")
    assert caught.value.status() == "404"
    with pytest.raises(InferenceServerException, match="desk"):
        triton.infer("tipdesk", [tensor], outputs=wanted("weather"))
    binary = InferInput("text", [3], "BYTES")
    binary.set_data_from_numpy(np.array(TEXTS, dtype=np.object_))
    with pytest.raises(InferenceServerException, match="send them as JSON"):
        triton.infer("tipdesk", [binary])


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home, auth="off", max_body_bytes=700_000)), base_url=LOCAL) as client:
        yield client


def request_of(**changes: object) -> dict[str, Any]:
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": TEXTS}
    return {"inputs": [tensor | changes]}


def test_nested_and_empty_tensors_are_tensors(client: TestClient) -> None:
    flat = client.post("/v2/models/tipdesk/infer", json=request_of(shape=[3, 1])).json()
    nested = client.post("/v2/models/tipdesk/infer", json=request_of(shape=[3, 1], data=[[text] for text in TEXTS]))
    assert nested.json() == flat
    empty = client.post("/v2/models/tipdesk/infer", json=request_of(shape=[0], data=[])).json()
    assert [output["shape"][0] for output in empty["outputs"]] == [0, 0, 0]


BAD = {
    "another shape": (json.dumps(request_of(shape=[2])), 422),
    "no number": (json.dumps(request_of(shape=[False], data=[])), 422),
    "too many dimensions": (json.dumps(request_of(shape=[3, 1, 1])), 422),
    "another name": (json.dumps(request_of(name="tip")), 422),
    "another type": (json.dumps(request_of(datatype="FP32", data=[1, 2, 3])), 422),
    "two texts a row": (json.dumps(request_of(shape=[3, 2], data=[TEXTS[:2]] * 3)), 422),
    "no inputs": ('{"inputs": []}', 422),
    "too many texts": (json.dumps(request_of(shape=[1001], data=["x"] * 1001)), 422),
    "too long a text": (json.dumps(request_of(shape=[1], data=["x" * 100_001])), 422),
    "too long a body": (json.dumps(request_of(shape=[1], data=["x" * 800_000])), 413),
    "no JSON": ("{", 422),
    "a lone surrogate": ('{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["\\ud800"]}]}', 422),
}


@pytest.mark.parametrize(("body", "status"), BAD.values(), ids=BAD.keys())
def test_errors_are_the_protocols_and_quote_no_tip(client: TestClient, body: str, status: int) -> None:
    answer = client.post("/v2/models/tipdesk/infer", content=body)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert "\n" not in answer.json()["error"]
    assert TEXTS[0] not in answer.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v2/models/bert", 404), ("POST", "/v2", 405)])
def test_wrong_paths_and_methods_are_told_in_the_protocols_shape(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_a_key_needs_the_permission_to_route(home: Path, tmp_path: Path, store_url: URL) -> None:
    app = create_app(settings_of(home, tmp_path, store_url))
    with TestClient(app) as client:
        nobody = client.post("/v2/models/tipdesk/infer", json=request_of())
        assert (nobody.status_code, list(nobody.json())) == (401, ["error"])
        reader = key_of(app, Permission.MODELS_READ)
        assert client.get("/v2/models/tipdesk", headers=reader).status_code == 200
        assert client.post("/v2/models/tipdesk/infer", json=request_of(), headers=reader).status_code == 403
        router = key_of(app, Permission.ROUTE)
        assert client.post("/v2/models/tipdesk/infer", json=request_of(), headers=router).status_code == 200
