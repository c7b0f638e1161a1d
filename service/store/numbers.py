"""Case numbers such as 20261130-000123: a day and a count within it. A case is stored under the number as an integer.

So that numbers sort as the cases came in, a day of cases is an interval of numbers, and a page of a list ends at one.
"""

import base64
import binascii
import re
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store.database import lock, today
from service.store.errors import InvalidValueError
from service.store.tables import CaseDay

A_DAY = 10**7
"""Numbers of a day. With the day in front they stay below 2**53, up to which JSON's readers count exactly."""

_NUMBER = re.compile(r"([0-9]{8})-([0-9]{6,7})")
_BELIEVED_BACK = timedelta(days=2)


def next_case_id(session: Session) -> int:
    """Return a number that no case has had. Cases are committed in the order of their numbers.

    A clock that was moved back by up to two days does not move the numbers back; were it more, then the clock was wrong
    before, and numbers follow it.
    """
    lock(session, "case numbers")
    day = today(session)
    last = session.scalar(select(func.max(CaseDay.day)))
    if last is not None and day < _to_date(last) <= day + _BELIEVED_BACK:
        day = _to_date(last)
    counter = session.get(CaseDay, _to_int(day)) or CaseDay(day=_to_int(day), last=0)
    counter.last += 1
    session.add(counter)
    if counter.last >= A_DAY:
        raise InvalidValueError(f"there are {A_DAY - 1} cases of {day} already, more than a day's numbers")
    return counter.day * A_DAY + counter.last


def format_number(case_id: int) -> str:
    """Return the number as people read it."""
    day, count = divmod(case_id, A_DAY)
    return f"{day:08}-{count:06}"


def parse_number(number: str) -> int:
    """Return the integer under which the case with this number is stored.

    Raises
    ------
    InvalidValueError
        If it is no case number.
    """
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise InvalidValueError("that is no case number; expected one such as 20261130-000123")
    return int(match[1]) * A_DAY + int(match[2])


def first_id_of(day: date) -> int:
    """Return the number below all those of `day` and above all those of earlier days."""
    return _to_int(day) * A_DAY


def day_of(case_id: int) -> date:
    """Return the day of a case number."""
    return _to_date(case_id // A_DAY)


def encode_cursor(case_id: int) -> str:
    """Return the end of a page, as clients hand it back."""
    return base64.urlsafe_b64encode(case_id.to_bytes(8)).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> int:
    """Return the case at the end of a page.

    Raises
    ------
    InvalidValueError
        If that is no cursor.
    """
    try:
        content = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 8 or content[0] > 127:
        raise InvalidValueError("that is no cursor; hand back the one that came with the page before")
    return int.from_bytes(content)


def _to_int(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _to_date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)
