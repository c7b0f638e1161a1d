"""The operator's console: server-rendered pages and their files."""

from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader

from service.access import Principal
from service.console.highlight import visible
from service.console.messages import message_of
from service.console.names import details
from service.console.navigation import is_within, sections_of
from service.console.shortcuts import SHORTCUTS
from service.store.database import CHINA
from service.store.numbers import format_number
from service.store.vocabulary import CHANNEL_NAMES, ROLE_NAMES, STATUS_NAMES
from service.wording import DECISIONS, URGENCIES

STATIC = Path(__file__).parent / "static"


def local_time(time: datetime) -> str:
    """Return a time as a hotline's clocks show it."""
    return f"{time.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _frame(request: Request) -> dict[str, Any]:
    """Return what `_base.html` shows around every page."""
    principal: Principal | None = getattr(request.state, "principal", None)
    return {
        "principal": principal,
        "sections": [(s, is_within(request.url.path, s)) for s in sections_of(principal)] if principal else [],
        "said": message_of(request),
    }


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    auto_reload=False,  # no file is looked at again for every page
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "visible": visible,
    "case_number": format_number,
    "local_time": local_time,
    "details": details,
}
_environment.globals |= {
    "role_names": ROLE_NAMES,
    "channel_names": CHANNEL_NAMES,
    "status_names": STATUS_NAMES,
    "decision_names": DECISIONS,
    "urgency_names": URGENCIES,
    "shortcuts": SHORTCUTS,
}
templates = Jinja2Templates(env=_environment, context_processors=[_frame])
