"""Requests of every shape that the OpenAPI document allows and forbids; `benchmarks.fuzz_api` sends many more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from benchmarks.fuzz_api import CONFIG, LEFT_OUT
from service.access import Permission
from service.app import create_app
from service.openapi import needed
from service.settings import Settings
from tests.accounts import key_of, settings_of

OPERATIONS = [
    f"{method} {path}"
    for method, path in needed(create_app(Settings()))
    if path.startswith(("/v1/", "/v2", "/healthz/"))
]


@pytest.fixture(scope="module")
def api(home: Path, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Any, Any]]:
    """The document of a running service, and the headers of a program that may do everything."""
    folder = tmp_path_factory.mktemp("fuzz")
    app = create_app(settings_of(home, folder, sqlite_template, rate_limit_per_minute=1_000_000))
    with TestClient(app):
        config = SchemathesisConfig.from_str(CONFIG)
        yield schemathesis.openapi.from_asgi("/openapi.json", app, config=config), key_of(app, *Permission)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in LEFT_OUT])
def test_any_request_gets_an_answer_that_the_document_knows(name: str, api: tuple[Any, Any]) -> None:
    document, key = api
    method, path = name.split()
    operation = document[path][method]
    few = settings(
        max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )

    modes = [GenerationMode.POSITIVE]
    if {"parameters", "requestBody"} & operation.definition.raw.keys():
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:

        @few
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            case.call_and_validate(headers=key)

        send()
