"""Every error that leaves the service is one shape: RFC 9457 problem details, for people a page. None quotes a tip.

Clients of the Open Inference Protocol (/v2) get the one that it prescribes.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from service.access import CHALLENGE
from service.console import templates
from service.console.carried import carry, packed
from service.promotion import PromotionRefusedError
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
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""

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
    reasons: list[str] | None = Field(None, description="With 409: why the gate refused a model, for people.")


class InferenceError(BaseModel):
    """An error of the Open Inference Protocol."""

    error: str


def is_inference(path: str) -> bool:
    """Whether clients of the Open Inference Protocol ask for `path`."""
    return path == "/v2" or path.startswith("/v2/")


def error_response(
    path: str, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return an error in the shape that is known to who asks for `path`; `members` are further ones of `Problem`."""
    if is_inference(path):
        return JSONResponse(InferenceError(error=detail).model_dump(), status, dict(headers or {}))
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
            return await _log_in_page(request)
        headers = error.headers
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
            headers = {"Allow": ", ".join(methods)}
        return await answer(request, error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> Response:
        # Pydantic's own records hold the input: a tip. Only place and message go out.
        errors = [
            FieldProblem(location=".".join(map(str, item["loc"])), message=item["msg"]) for item in error.errors()
        ]
        detail = "; ".join(f"{item.location}: {item.message}" for item in errors[:3])
        missing = [item["loc"] for item in error.errors() if item["type"] == "missing"]
        if ("header", "If-Match") in missing:
            return error_response(
                request.url.path, 428, "send the ETag of the case as you saw it in the header If-Match"
            )
        if "inference-header-content-length" in request.headers:
            return error_response(request.url.path, 400, "tensors in binary are not understood; send them as JSON")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if any(item["loc"] == ("body",) for item in error.errors()) and media_type not in ("application/json", ""):
            return error_response(request.url.path, 415, "the body's media type is another one; send application/json")
        return await answer(request, 422, detail, errors=errors)

    @app.exception_handler(PromotionRefusedError)
    async def on_refused_promotion(request: Request, error: PromotionRefusedError) -> Response:
        return await answer(request, 409, str(error), reasons=list(error.reasons))

    @app.exception_handler(StoreError)
    async def on_store_error(request: Request, error: StoreError) -> Response:
        match error:
            case StaleVersionError():
                headers = {"ETag": f'"{error.current}"'}
                return await answer(request, 412, str(error), headers, current_version=error.current)
            case CredentialsError() if error.retry_after_s:
                return await answer(request, 429, str(error), _later(error.retry_after_s))
            case CredentialsError():
                return await answer(request, 401, str(error), CHALLENGE)
            case StoreUnavailableError():
                logger.error("%s; request %s", error, request_id.get())
                return await answer(request, 503, str(error), _later(error.retry_after_s))
            case NotFoundError():
                return await answer(request, 404, str(error))
            case ConflictError():
                return await answer(request, 409, str(error))
            case InvalidValueError():
                return await answer(request, 422, str(error))
        return await on_unexpected_error(request, error)

    @app.exception_handler(Exception)
    async def on_unexpected_error(request: Request, error: Exception) -> Response:
        # The traceback's lines are code, but its last one may quote a value: the type alone is logged.
        path = request.url.path
        logger.error("unexpected %s in %s %s, request %s", type(error).__name__, request.method, path, request_id.get())
        detail = "unexpected error; the administrator finds its kind in the service's log by the request id"
        # No middleware of ours sees this answer.
        return await answer(request, 500, detail, {REQUEST_ID: request_id.get() or ""})


_EXPLANATIONS = {
    403: "您的账号没有这个权限。请换一个账号登录，或者找管理员。",
    404: "没有这个页面，或者这条记录已经删除。",
    409: "现在不能这样办理，可能已有别人办过。请看一下最新情况再试。",
    412: "在您打开之后有人改过。请看一下最新情况再试。",
    413: "内容太长，请分开提交。",
    422: "填写的内容有误，请改正后再试。",
    429: "操作太频繁，请稍等片刻再试。",
    503: "数据库暂时不能用，什么也没有保存。请稍等片刻，再按“重试”。",
}
_UNEXPECTED = "服务出了差错。请把下面的编号告诉管理员。"


async def answer(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return an error as a page, where a person looks at it in a browser, else as a problem.

    The page carries on what was sent, for another try.
    """
    if not _is_page(request):
        return error_response(request.url.path, status, detail, headers, **members)
    if not hasattr(request.state, "principal"):  # there is no such page, or it is open to everybody
        request.state.principal = await request.app.state.doorkeeper.principal(request)
    context = {
        "status": status,
        "explanation": _EXPLANATIONS.get(status, _UNEXPECTED),
        "request_id": request_id.get(),
        "next": _address(request),
        "carried": await carry(request) if status in (429, 500, 503) else [],
    }
    return templates.TemplateResponse(request, "problem.html", context, status, headers)


async def _log_in_page(request: Request) -> Response:
    if carried := await carry(request):
        context = {"name": "", "next": _address(request), "carried": packed(carried)}
        context["problem"] = "登录已过期。请重新登录，填写的内容还在。"
        return templates.TemplateResponse(request, "login.html", context, 401)
    wanted = _address(request)
    return RedirectResponse("/login" if wanted == "/" else f"/login?{urlencode({'next': wanted})}", 303)


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _later(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes of the request's path; Starlette's own answer names those of the first."""
    routes = [context.original_route for context in iter_route_contexts(request.app.routes)]
    here = [route for route in routes if isinstance(route, APIRoute) and route.path_regex.match(request.url.path)]
    return sorted({method for route in here for method in route.methods or ()})


def _is_page(request: Request) -> bool:
    """Whether a person looks at the answer in a browser."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/v1/", "/v2"))
