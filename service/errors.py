"""Every error that leaves the service is one shape: RFC 9457 problem details, and never quotes a tip."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one place of a request."""

    location: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


def problem_response(status: int, detail: str, errors: list[FieldProblem] | None = None, **kwargs: Any) -> JSONResponse:
    """Return an error as ``application/problem+json``."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)
    return JSONResponse(problem.model_dump(exclude_none=True), status, media_type="application/problem+json", **kwargs)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the errors that a route may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install_error_handlers(app: FastAPI) -> None:
    """Turn whatever a route raises into a problem."""

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        # Pydantic's own records hold the input: a tip. Only place and message go out.
        errors = [
            FieldProblem(location=".".join(map(str, item["loc"])), message=item["msg"]) for item in error.errors()
        ]
        detail = "; ".join(f"{item.location}: {item.message}" for item in errors[:3])
        return problem_response(422, detail, errors)

    @app.exception_handler(Exception)
    async def on_unexpected_error(request: Request, error: Exception) -> JSONResponse:
        # The traceback's lines are code, but its last one may quote a value: the type alone is logged.
        logger.error("unexpected %s in %s %s", type(error).__name__, request.method, request.url.path)
        return problem_response(500, "unexpected error; the administrator finds its kind in the service's log")
