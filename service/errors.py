"""Every error that leaves the service is one shape: RFC 9457 problem details, and never quotes a tip."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service.access import CHALLENGE
from service.console import templates
from service.logs import describe_error, fields, request_id
from service.store.errors import (
    ConflictError,
    CredentialsError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    StoreError,
    StoreUnavailableError,
)

REQUEST_ID = "X-Request-ID"

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
    request_id: str | None = Field(None, description="By which the service's log names the request.")
    errors: list[FieldProblem] | None = None
    current_version: int | None = Field(None, description="With 412: the version that the case has by now.")


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return an error as ``application/problem+json``; `members` are further ones of `Problem`."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request_id.get(), **members
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, dict(headers or {}), media_type="application/problem+json"
    )


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
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.UNAUTHORIZED and _is_page(request):
            return RedirectResponse("/login", 303)
        if error.status_code == HTTPStatus.FORBIDDEN and _is_page(request):
            context = {"name": "", "message": "您的账号没有这个权限。请换一个账号登录，或者找管理员。"}
            return templates.TemplateResponse(request, "login.html", context, 403)
        headers = error.headers
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
            headers = {"Allow": ", ".join(methods)}
        return problem_response(error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        # Pydantic's own records hold the input: a tip. Only place and message go out.
        errors = [
            FieldProblem(location=".".join(map(str, item["loc"])), message=item["msg"]) for item in error.errors()
        ]
        detail = "; ".join(f"{item.location}: {item.message}" for item in errors[:3])
        missing = [item["loc"] for item in error.errors() if item["type"] == "missing"]
        if ("header", "If-Match") in missing:
            return problem_response(428, "send the ETag of the case as you saw it in the header If-Match")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if any(item["loc"] == ("body",) for item in error.errors()) and media_type not in ("application/json", ""):
            return problem_response(415, "the body's media type is another one; send application/json")
        return problem_response(422, detail, errors=errors)

    @app.exception_handler(StoreError)
    async def on_store_error(request: Request, error: StoreError) -> JSONResponse:
        match error:
            case StaleVersionError():
                headers = {"ETag": f'"{error.current}"'}
                return problem_response(412, str(error), headers, current_version=error.current)
            case CredentialsError() if error.retry_after_s:
                return problem_response(429, str(error), _later(error.retry_after_s))
            case CredentialsError():
                return problem_response(401, str(error), CHALLENGE)
            case StoreUnavailableError():
                logger.error("%s", error)
                return problem_response(503, str(error), _later(error.retry_after_s))
            case NotFoundError():
                return problem_response(404, str(error))
            case ConflictError():
                return problem_response(409, str(error))
            case InvalidValueError():
                return problem_response(422, str(error))
        log_unexpected(error)
        return await on_unexpected_error(request, error)

    @app.exception_handler(Exception)
    async def on_unexpected_error(_request: Request, _error: Exception) -> JSONResponse:
        detail = "unexpected error; the administrator finds its kind in the service's log by the request id"
        # No middleware of ours sees this answer.
        return problem_response(500, detail, {REQUEST_ID: request_id.get() or ""})


def log_unexpected(error: Exception) -> None:
    """Log an error that nobody foresaw: its kind and the lines of code, never its message, which may quote a tip."""
    logger.error("unexpected %s", type(error).__name__, extra=fields(errors=describe_error(error)))


def _later(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes of the request's path; Starlette's own answer names those of the first."""
    routes = [context.original_route for context in iter_route_contexts(request.app.routes)]
    here = [route for route in routes if isinstance(route, APIRoute) and route.path_regex.match(request.url.path)]
    return sorted({method for route in here for method in route.methods or ()})


def _is_page(request: Request) -> bool:
    """Whether a person looks at the answer in a browser."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
