"""The OpenAPI document: as it stands in docs/, with examples that hold, and nothing that leads nowhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from service.app import create_app
from service.settings import Settings
from tests.conftest import ROOT

FILE = ROOT / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def nodes(node: object) -> Iterator[dict[str, Any]]:
    """Yield all objects within a document."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from nodes(value)


def test_the_file_is_what_the_service_says() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == DOCUMENT, (
        "the API has changed: .venv/bin/python -m service.openapi > docs/openapi.json"
    )


def test_references_lead_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert {node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)} <= known
    ids = {operation["operationId"] for operation in OPERATIONS.values()}
    assert len(ids) == len(OPERATIONS)
    for node in nodes(DOCUMENT):
        if isinstance(links := node.get("links"), dict):
            assert {link["operationId"] for link in links.values()} <= ids


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_all_that_a_client_needs(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["description"]
    assert any(status.startswith("2") for status in operation["responses"])
    error = "application/json" if "/v2" in name else "application/problem+json"
    for status, response in operation["responses"].items():
        if status >= "4":
            assert list(response["content"]) == [error]
    if body := operation.get("requestBody"):
        schema = body["content"]["application/json"]["schema"]
        names = [node["$ref"].rpartition("/")[2] for node in nodes(schema) if "$ref" in node]
        assert names
        for schema_name in names:
            examples = DOCUMENT["components"]["schemas"][schema_name]["examples"]
            validator = Draft202012Validator({**DOCUMENT, "$ref": f"#/components/schemas/{schema_name}"})
            for example in examples:
                validator.validate(example)
