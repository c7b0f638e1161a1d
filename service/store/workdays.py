"""Working days in China: holidays and the week-ends that are worked instead, by the calendar of `chinesecalendar`."""

from datetime import date, timedelta

from chinese_calendar import is_workday  # type: ignore[import-untyped]

_FRIDAY = 4


def due_date(start: date, working_days: int) -> tuple[date, bool]:
    """Return the last of so many working days after `start`, and whether it is provisional.

    It is where the State Council's calendar of a year in between is not known yet: then Monday to Friday are worked.
    """
    day, provisional = start, False
    while working_days:
        day += timedelta(days=1)
        try:
            works = is_workday(day)
        except NotImplementedError:
            works, provisional = day.weekday() <= _FRIDAY, True
        working_days -= works
    return day, provisional
