"""What holds for every request and response: a limit on bodies, and headers that keep browsers strict."""

from collections.abc import MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }.items()
]


_DIGITS = 20  # of a length; what has more is too long anyway


class BodyLimit:
    """Answers 413 to a body above the limit, whether it is announced or only turns out to be."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        lengths = (value.decode("latin-1") for name, value in scope["headers"] if name == b"content-length")
        announced = next(lengths, "0")
        n_bytes = int(announced[:_DIGITS]) if announced.isdecimal() else 0

        async def limited() -> Message:
            nonlocal n_bytes
            self._require(n_bytes)
            message = await receive()
            if not announced.isdecimal() or announced == "0":
                n_bytes += len(message.get("body", b""))
                self._require(n_bytes)
            return message

        await self._app(scope, limited, send)

    def _require(self, n_bytes: int) -> None:
        if n_bytes > self._max_bytes:
            raise HTTPException(413, f"the body is longer than {self._max_bytes} bytes; send fewer or shorter texts")


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
