"""Periods that statistics are asked for: from day to day, or a quarter (一季一报)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from service.schemas.common import EARLIEST, LATEST

_QUARTER = re.compile("([0-9]{4})Q([1-4])")
_DAYS_BEFORE = timedelta(days=29)


@dataclass(frozen=True)
class Days:
    """Days from the first to the last, both included."""

    since: date
    until: date

    @property
    def length(self) -> int:
        """How many days these are."""
        return (self.until - self.since).days + 1


def read_days(since: str, until: str, today: date) -> tuple[Days, str]:
    """Return the days that a person asks for and an empty text, or the last 30 days and what is wrong with theirs."""
    usual = Days(today - _DAYS_BEFORE, today)
    try:
        last = date.fromisoformat(until) if until else today
        first = date.fromisoformat(since) if since else last - _DAYS_BEFORE
    except (ValueError, OverflowError):
        return usual, "日期填得不对，请按“2026-11-30”的样子填写。"
    if not EARLIEST <= first <= last <= LATEST:
        return usual, "起始日期要在截止日期之前，年份在 1970 到 2999 之间。"
    return Days(first, last), ""


@dataclass(frozen=True)
class Quarter:
    """A quarter of a year, 1 to 4."""

    year: int
    quarter: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Return the quarter of a day."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> "Quarter | None":
        """Return the quarter that a text such as 2026Q4 names; None if it names none."""
        match = _QUARTER.fullmatch(text)
        return cls(int(match[1]), int(match[2])) if match and EARLIEST.year <= int(match[1]) <= LATEST.year else None

    @property
    def days(self) -> Days:
        """From its first day to its last."""
        following = date(self.year + self.quarter // 4, self.quarter % 4 * 3 + 1, 1)
        return Days(date(self.year, self.quarter * 3 - 2, 1), following - timedelta(days=1))

    @property
    def before(self) -> "Quarter":
        """The quarter before."""
        return Quarter.of(self.days.since - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter}"

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.year} 年第{'一二三四'[self.quarter - 1]}季度"
