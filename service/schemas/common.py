"""What several nouns share: case numbers, days, pages."""

import re
from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator

from service.store.listing import MAX_PAGE

CaseNumber = Annotated[
    str, Path(pattern=r"^[0-9]{8}-[0-9]{6,7}$", description="The case's number.", examples=["20261130-000123"])
]
Cursor = Annotated[str | None, Query(max_length=20, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]

_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST, LATEST = date(1970, 1, 1), date(2999, 12, 31)


def _require_iso(day: object) -> object:
    if isinstance(day, str) and not _ISO.fullmatch(day):  # Pydantic takes digits for seconds since 1970
        raise ValueError("a day as YYYY-MM-DD is expected")
    return day


def _require_likely(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"a day from {EARLIEST} to {LATEST} is expected")
    return day


Day = Annotated[date, BeforeValidator(_require_iso), AfterValidator(_require_likely)]
