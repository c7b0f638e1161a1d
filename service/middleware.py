"""What holds for every request and response.

A limit on bodies, ids by which the log names requests, what is counted and logged of each, and what keeps browsers
strict: no request that another site makes them send, no page that loads or runs anything but its own.
"""

import logging
import re
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access import is_loopback
from service.errors import REQUEST_ID, error_response, log_unexpected
from service.logs import fields, request_id
from service.metrics import Metrics

_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        # With no-referrer browsers would hide a form's own origin, which `SameOrigin` asks for.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }.items()
]

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM = 2**16  # bytes of a form around a file
_NO_ROUTE = "none"  # static files, and paths that lead nowhere
_DIGITS = 20  # of a length; what has more is too long anyway

access_logger = logging.getLogger("service.access_log")


class Observer:
    """Counts every request, logs it if asked to, and logs the error that nobody else handles.

    A request is named by its route's template: paths and queries hold numbers of cases and words that are searched for.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except Exception as error:
            log_unexpected(error)
            raise
        finally:
            seconds = perf_counter() - began
            method, route = scope["method"], getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.count_request(method, route, status, seconds)
            if self._access_log:
                who = getattr(scope.get("state", {}).get("principal"), "name", None)
                ms = round(1000 * seconds, 2)
                access_logger.info("", extra=fields(method=method, route=route, status=status, ms=ms, who=who))


class BodyLimit:
    """Answers 413 to a body above the limit, whether it is announced or only turns out to be.

    Parameters
    ----------
    app : ASGIApp
    max_bytes : int
    upload_paths : frozenset of str
        Where files are sent to, of up to `max_upload` bytes; they go to the disk, not into memory.
    max_upload : int
    """

    def __init__(self, app: ASGIApp, max_bytes: int, upload_paths: frozenset[str], max_upload: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._upload_paths = upload_paths
        self._max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        lengths = (value.decode("latin-1") for name, value in scope["headers"] if name == b"content-length")
        announced = next(lengths, "0")
        n_bytes = int(announced[:_DIGITS]) if announced.isdecimal() else 0
        max_bytes = self._max_upload + _FORM if scope["path"] in self._upload_paths else self._max_bytes

        async def limited() -> Message:
            nonlocal n_bytes
            _require(n_bytes, max_bytes)
            message = await receive()
            if not announced.isdecimal() or announced == "0":
                n_bytes += len(message.get("body", b""))
                _require(n_bytes, max_bytes)
            return message

        await self._app(scope, limited, send)


def _require(n_bytes: int, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise HTTPException(413, f"the body is longer than {max_bytes} bytes; send fewer or shorter texts")


class SecurityHeaders:
    """Adds the headers that let no page load, run or send anything but its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                set_already = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in _HEADERS if header[0] not in set_already]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class RequestIds:
    """Gives every request an id, the client's own if it sends a sane one, and says it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = REQUEST_ID.lower().encode()
        sent = next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
        chosen = sent if _SANE_ID.fullmatch(sent) else uuid4().hex
        request_id.set(chosen)

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((name, chosen.encode()))
            await send(message)

        await self._app(scope, receive, send_with_id)


class LocalOnly:
    """Answers 403 to what does not come from this machine under a name of this machine, where accounts are off.

    The name is what a page on the internet cannot forge that has its own name lead to 127.0.0.1 (DNS rebinding).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host, _ = scope["server"] or ("", None)
            if not (is_loopback(host) and is_loopback(_host_name(Headers(scope=scope).get("host", "")))):
                detail = "accounts are off, so only this machine is let in, as http://127.0.0.1 or http://localhost"
                await error_response(scope["path"], 403, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class SameOrigin:
    """Answers 403 to requests that another site makes a browser send, so that it changes nothing in its user's name.

    A browser says where a request comes from in Sec-Fetch-Site, over plain HTTP in Origin or Referer alone; what
    carries the session's cookie but says nothing is refused too. Programs with a key have no cookie and say nothing.

    Notes
    -----
    OWASP, Cross-Site Request Forgery Prevention Cheat Sheet: fetch metadata; origins by standard headers.
    """

    def __init__(self, app: ASGIApp, cookie: str) -> None:
        self._app = app
        self._cookie = f"{cookie}="

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE and not self._is_same(Headers(scope=scope)):
            answer = error_response(
                scope["path"], 403, "the request comes from another site than this service's own pages"
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_same(self, headers: Headers) -> bool:
        if site := headers.get("sec-fetch-site"):
            return site in ("same-origin", "none")  # none: the user's own doing
        if source := headers.get("origin") or headers.get("referer"):
            try:
                return urlsplit(source).netloc.lower() == headers["host"].lower()
            except (KeyError, ValueError):
                return False
        return self._cookie not in headers.get("cookie", "")
