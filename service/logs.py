"""The log: a line of JSON for each event on standard error, in which no text of a tip can stand.

What our own modules and the server say is logged as they say it. An exception is logged by its type and the lines of
code that it came through, without its message, which may quote anything; so may what other libraries say: of that only
who says it is logged.
"""

import json
import logging
import logging.config
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""

_TRUSTED = ("service", "model", "uvicorn")
_MOST_FRAMES = 30
_FIELDS = "fields"


def fields(**values: object) -> dict[str, Mapping[str, object]]:
    """Return what to give a logger as ``extra`` so that its line has these members too."""
    return {_FIELDS: values}


def describe_error(error: BaseException) -> list[dict[str, Any]]:
    """Return the types of an exception and of those behind it, each with the lines of code that it came through."""
    found: list[dict[str, Any]] = []
    behind: BaseException | None = error
    while behind is not None and len(found) < _MOST_FRAMES:
        frames = [
            f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
            for frame, line in traceback.walk_tb(behind.__traceback__)
        ]
        found.append({"type": type(behind).__qualname__, "frames": frames[-_MOST_FRAMES:]})
        behind = behind.__cause__ or (None if behind.__suppress_context__ else behind.__context__)
    return found


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.partition(".")[0] in _TRUSTED:
            line["message"] = record.getMessage()
        if (name := request_id.get()) is not None:
            line["request_id"] = name
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info and record.exc_info[1]:
            line["errors"] = describe_error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class NotTwice(logging.Filter):
    """Leaves out what the server says of an exception that `service.middleware.Observer` has logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name == "uvicorn.error" and record.exc_info and "ASGI" in record.msg)


def set_up() -> None:
    """Log in this way from now on, whatever the server was told; its own access log would show what is searched for."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"not twice": {"()": NotTwice}},
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["not twice"]}},
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "service": {"level": "INFO"},
                "uvicorn": {"handlers": [], "propagate": True},
                "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
                "uvicorn.access": {"handlers": [], "propagate": False},
            },
        }
    )
