"""What a person has sent and must not lose: a form that could not be carried out goes on in the page that says so."""

import re

from fastapi import Request

_PREFIX = "carried:"
_OWN_PAGE = re.compile(r"/(?![/\\])[^\s\\]*")

Fields = list[tuple[str, str]]


async def carry(request: Request) -> Fields:
    """Return what was sent as names and values of hidden fields; nothing of a request without a form, or with files."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or media_type != "application/x-www-form-urlencoded":
        return []
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def packed(fields: Fields) -> Fields:
    """Return the fields under names that do not meet those of the form that carries them."""
    return [(_PREFIX + name, value) for name, value in fields]


async def unpack(request: Request) -> Fields:
    """Return the fields that a form carries on for another one."""
    return [(name.removeprefix(_PREFIX), value) for name, value in await carry(request) if name.startswith(_PREFIX)]


def own_page(path: str) -> str:
    """Return `path` if it is one of this service, else that of the first page: addresses can be forged."""
    return path if _OWN_PAGE.fullmatch(path) else "/"
