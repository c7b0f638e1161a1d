"""The OpenAPI document: what every route has in common is written into it here, once.

``python -m service.openapi`` prints it, for ``docs/openapi.json``.
"""

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from service.access import SESSION_COOKIE, Allow
from service.errors import InferenceError, Problem, is_inference, problem_responses

_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "Set by POST /v1/session."},
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, made by POST /v1/keys."},
}


def needed(app: FastAPI) -> dict[tuple[str, str], Allow | None]:
    """Return what each route, by method and path, asks of who calls it; None where it is open to everybody."""
    found: dict[tuple[str, str], Allow | None] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            allow = _allow_of(route.dependant)
            found.update({(method, route.path_format): allow for method in route.methods or ()})
    return found


def describe(app: FastAPI) -> None:
    """Put into the app's document the shape of errors, those that any route may answer with, and who may call it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = generate()
        components = document.setdefault("components", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {}).update(problem.pop("$defs", {}) | {"Problem": problem})
        components["schemas"]["InferenceError"] = InferenceError.model_json_schema()
        components["schemas"].pop("HTTPValidationError", None)
        components["schemas"].pop("ValidationError", None)
        components["securitySchemes"] = _SCHEMES
        for (method, path), allow in needed(app).items():
            operation = document["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                _complete(operation, allow)
                if is_inference(path):
                    _use_inference_errors(operation)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(operation: dict[str, Any], allow: Allow | None) -> None:
    statuses = {500, 503}
    if "requestBody" in operation:
        statuses |= {400, 413, 415, 422}
    if "parameters" in operation:
        statuses |= {422}
    if allow is not None:
        statuses |= {401, 403, 429}
        scopes = [allow.permission.value] if allow.permission else []
        operation["security"] = [{name: scopes} for name in _SCHEMES]
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own shape
    for status, response in problem_responses(*statuses).items():
        responses.setdefault(str(status), response)
    operation["responses"] = dict(sorted(responses.items()))


def _use_inference_errors(operation: dict[str, Any]) -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}}
    for status, response in operation["responses"].items():
        if status >= "4":
            operation["responses"][status] = {**response, "content": content}


def _allow_of(dependant: Dependant) -> Allow | None:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Allow):
            return dependency.call
        if (found := _allow_of(dependency)) is not None:
            return found
    return None


if __name__ == "__main__":
    from service.app import create_app
    from service.settings import Settings

    sys.stdout.write(json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=1) + "\n")
