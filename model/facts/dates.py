"""Points and periods in time as callers say them: 2019年3月5日, 19年三月, 上个月15号, 去年年底, 上周三, 8、9月.

Own code because jionlp 1.5.31 resolves 24 of 30 such phrases written by hand but needs 2.7 ms for each once it is
found, and Time-NLP 1.1.3 and recognizers-text 1.0.2a2 do not import on Python 3.11.
"""

import calendar
import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from model.facts.lexicon import WordSet, any_of

_DIGITS = {digit: str(value) for value, digit in enumerate("零一二三四五六七八九")} | {"〇": "0", "○": "0", "元": "1"}
_HAN = "零〇○一二三四五六七八九"
_YEAR = rf"(?:19|20)\d\d|[一二][{_HAN}]{{3}}|\d\d|[{_HAN}]{{2}}"
_YEARS = r"(?:(?:19|20)?\d\d[、~-]){1,9}(?:19|20)?\d\d年"  # 2004、2005年, 57-63年
_MONTH = r"1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九元]"
_DAY = r"3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九]"
# a day without 日 or 号: 十月二十四, 3月20
_DAY_ALONE = rf"[二三]?十[{_HAN}]?(?![{_HAN}十个年天])|(?:[12]\d|3[01])(?![\d.:%个多年天元万千月人])"
_ISO = r"(?:19|20)\d\d[-/.](?:1[0-2]|0?[1-9])(?:[-/.](?:3[01]|[12]\d|0?[1-9]))?(?![\d万元%])(?:月份?|[日号])?"
_AFTER_NUMERALS = frozenset("年月日号./、~-和")  # what follows the numerals that a date begins with
_LUNAR_OPENINGS = ("正月", "腊月", "冬月", "农历", "阴历")
_LUNAR = re.compile("[农阴]历|[正腊冬]月|初.|大年")
_WEEKDAYS = "一二三四五六日天"
# beside these, four digits are no year
_NO_YEAR_BEFORE = re.compile(r"[a-z\d\[({〔【〖*.+/号]$|(?<!年)[~-]$")
_NO_YEAR_AFTER = re.compile(r"[a-z\d\])}〕】〗*.+/~\-%元块多余人名个万千号]|,\d")
_FIRST_BARE_YEAR, _LAST_BARE_YEAR = 1990, 2049  # what is taken for a year without 年 …
_SUM = "2000"  # … but this is oftener yuan
_LAST_BIRTH = 48  # two digits above it are a year of the last century


class DateMention(NamedTuple):
    """A date and where it stands: ``[start, end)``.

    `value` is a day, a month, a year or an interval of days (``2026-10-01/2026-10-31``) in ISO 8601, None where the
    day of the call is needed and not known, or where the calendar is not the Gregorian one.
    """

    start: int
    end: int
    value: str | None


@dataclass(frozen=True)
class DateWords:
    """The words for times, as data.

    Attributes
    ----------
    years, months, weeks, days : dict of str to int
        Words that count from the day of the call, with how far they count.
    years_told : dict of str to int
        Words that count from the year told before.
    year_parts : dict of str to list of int
        What may follow a year, with its first and last month.
    month_parts : tuple of str
        What may follow a month.
    feasts : dict of str to str
        Days and times of the year; ``01-01`` for those with a fixed day, else empty.
    length_before, length_after : tuple of str
        Next to these, two digits and 年 are a length of time.
    no_day_before, no_day_after : tuple of str
        Next to these, a number and 号 or 日 are no day of the month.
    """

    years: dict[str, int]
    years_told: dict[str, int]
    months: dict[str, int]
    weeks: dict[str, int]
    days: dict[str, int]
    year_parts: dict[str, list[int]]
    month_parts: tuple[str, ...]
    feasts: dict[str, str]
    length_before: tuple[str, ...]
    length_after: tuple[str, ...]
    no_day_before: tuple[str, ...]
    no_day_after: tuple[str, ...]

    @property
    def openings(self) -> Iterable[str]:
        """The words that a date may begin with."""
        words = {**self.years, **self.years_told, **self.months, **self.weeks, **self.days, **self.feasts}
        return (*words, *_LUNAR_OPENINGS)


class DateFinder:
    """Finds the dates in normalised texts."""

    def __init__(self, words: DateWords) -> None:
        self._words = words
        self._no_day_after, self._no_day_before = WordSet(words.no_day_before), WordSet(words.no_day_after)
        self._length_after, self._length_before = WordSet(words.length_before), WordSet(words.length_after)
        month = rf"(?P<month>(?:[农阴]历)?(?:(?:{_MONTH})(?:[、和~-](?:{_MONTH})){{0,11}}|[正腊冬])月份?)"
        relative_month = rf"(?P<rmonth>{any_of(words.months)})份?"
        day = rf"(?P<day>(?:{_DAY})[日号]|初[{_HAN}十]|{_DAY_ALONE})"
        year_part = f"(?:{any_of(words.year_parts)}|{any_of(words.feasts)})(?!薪)"
        self._pattern = re.compile(
            rf"(?<!\d)(?<!\d\.)(?:(?P<iso>{_ISO})|(?P<list>{_YEARS})|(?P<decade>\d0|[{_HAN}]十)年代"
            rf"|(?:{self._year_pattern(1)}[的 ]?)?(?:{month}|{relative_month})"
            rf"(?:的?{day}|{any_of(words.month_parts)})?"
            rf"|{self._year_pattern(2)}(?:的?(?P<part>{year_part}))?"
            rf"|(?P<week>{any_of(words.weeks)})(?:的?(?:周|星期|礼拜)?(?P<weekday>[{_WEEKDAYS}]))?"
            rf"|(?P<rday>{any_of(words.days)})|(?P<feast>{any_of(words.feasts)})"
            rf"|(?P<dot>\d{{1,2}}\.\d{{1,2}})[日号]|(?P<alone>{_DAY})[日号])"
        )
        self._groups = [name.rstrip("12") for name in self._pattern.groupindex]

    def _year_pattern(self, number: int) -> str:
        relative = any_of({**self._words.years, **self._words.years_told})
        names = (f"{name}{number}" for name in ("year", "bare", "ryear"))
        patterns = (rf"(?P<{{}}>{_YEAR})年(?:度|份)?", r"(?P<{}>(?:19|20)\d\d)(?!\d)", f"(?P<{{}}>{relative})")
        return "(?:" + "|".join(p.replace("{}", n, 1) for p, n in zip(patterns, names, strict=True)) + ")"

    def find(
        self, text: str, openings: Iterable[int], numerals: Iterable[tuple[int, int]], today: datetime.date | None
    ) -> Iterator[DateMention]:
        """Yield the dates in `text` in order; without `today`, relative ones have no value.

        Parameters
        ----------
        openings : iterable of int
            Where the words stand that a date may begin with (`DateWords.openings`).
        numerals : iterable of (start, end)
            Where numerals stand (`model.numerals.find_numerals`).
        """
        told: int | None = None
        end = 0
        starts = {start for start, stop in numerals if text[stop : stop + 1] in _AFTER_NUMERALS or stop - start == 4}
        for start in sorted(starts.union(openings)):
            match = self._pattern.match(text, start) if start >= end else None
            if not match:
                continue
            found = {name: part for name, part in zip(self._groups, match.groups(), strict=True) if part}
            if self._means_date(found, match, text):
                end = match.end()
                year = self._year(found, today, told)
                told = year or told
                yield DateMention(start, end, self._value(found, match.group(), year, today))

    def _means_date(self, found: dict[str, str], match: re.Match[str], text: str) -> bool:
        """Whether what looks like a date is no length of time, number of a document, house or the like."""
        start, end = match.span()
        if "alone" in found:
            if found["alone"][0] in _HAN and text[end - 1] == "日":  # 三日
                return False
            return not (self._no_day_after.before(text, start) or self._no_day_before.behind(text, end))
        if found.keys() == {"bare"}:
            plausible = _FIRST_BARE_YEAR <= int(found["bare"]) <= _LAST_BARE_YEAR and found["bare"] != _SUM
            before = text[max(0, start - 2) : start]
            return plausible and not (_NO_YEAR_BEFORE.search(before) or _NO_YEAR_AFTER.match(text, end))
        if found.keys() == {"year"} and len(found["year"]) == 2:
            if self._length_after.before(text, start) or self._length_before.behind(text, end):
                return False
            tens, ones = (_read(digit) for digit in found["year"])
            if found["year"].isdecimal() or not tens:
                return True
            return tens * 10 + ones > _LAST_BIRTH and ones != tens + 1  # 七八年 is a length
        return True

    def _value(self, found: dict[str, str], phrase: str, year: int | None, today: datetime.date | None) -> str | None:
        words = self._words
        if "iso" in found:
            return _iso(*map(int, re.findall(r"\d+", found["iso"])))
        if "decade" in found:
            first = 1900 + _read(found["decade"]) // 10 * 10
            return f"{first}-01-01/{first + 9}-12-31"
        if today and "week" in found:
            monday = today - datetime.timedelta(today.weekday() - 7 * words.weeks[found["week"]])
            if "weekday" not in found:
                return f"{monday}/{monday + datetime.timedelta(6)}"
            return str(monday + datetime.timedelta(min(_WEEKDAYS.index(found["weekday"]), 6)))
        if today and "rday" in found:
            return str(today + datetime.timedelta(words.days[found["rday"]]))
        if _LUNAR.search(phrase):
            return _iso(year) if year else None
        if "part" in found and year:
            feast = words.feasts.get(found["part"])
            return f"{year}-{feast}" if feast else _interval(year, *words.year_parts.get(found["part"], (1, 12)))
        day = _read(found["day"].rstrip("日号")) if "day" in found else None
        if "rmonth" in found and today:
            months = (year or today.year) * 12 + today.month - 1 + words.months[found["rmonth"]]
            return _iso(months // 12, months % 12 + 1, day)
        if "month" in found:
            numbers = [_read(part) for part in re.split("[、和~-]", found["month"].rstrip("月份"))]
            if year and len(numbers) > 1:
                return _interval(year, numbers[0], numbers[-1])
            return _last_such(year, numbers[0], day, today)
        if "alone" in found and today:
            number = _read(found["alone"])
            month = today if number <= today.day else today.replace(day=1) - datetime.timedelta(1)
            return _iso(month.year, month.month, number)
        if fixed := found.get("dot", "").replace(".", "-") or words.feasts.get(found.get("feast", "")):
            first, second = map(int, fixed.split("-"))
            return _last_such(None, first, second, today)
        return _iso(year) if year else None

    def _year(self, found: dict[str, str], today: datetime.date | None, told: int | None) -> int | None:
        if "ryear" in found:
            if found["ryear"] in self._words.years_told:
                return told + self._words.years_told[found["ryear"]] if told else None
            return today.year + self._words.years[found["ryear"]] if today else None
        if not (numeral := found.get("year") or found.get("bare")):
            return None
        number = int("".join(_DIGITS.get(digit, digit) for digit in numeral))
        return number if number > 99 else number + (1900 if number > _LAST_BIRTH else 2000)


def _read(numeral: str) -> int:
    """Return the value of a month's or day's numeral: 12, 十二, 二十, 元."""
    tens, ten, ones = numeral.partition("十")
    if ten:
        return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0"))
    return int("".join(_DIGITS.get(digit, digit) for digit in numeral))


def _last_such(year: int | None, month: int, day: int | None, today: datetime.date | None) -> str | None:
    """Return a month or a day, without a `year` the last that is not after `today`: callers tell what has happened."""
    if not year and today:
        year = today.year - ((month, day or 1) > (today.month, today.day))
    return _iso(year, month, day) if year else None


def _iso(year: int, month: int | None = None, day: int | None = None) -> str | None:
    """Return the day, month or year in ISO 8601, None if there is no such day."""
    if month is None:
        return str(year)
    if not 1 <= month <= 12:
        return None
    if day is None:
        return f"{year}-{month:02}"
    return f"{year}-{month:02}-{day:02}" if 1 <= day <= calendar.monthrange(year, month)[1] else None


def _interval(year: int, first: int, last: int) -> str | None:
    if (first, last) == (1, 12):
        return str(year)
    if first >= last:
        return _iso(year, first)
    return f"{year}-{first:02}-01/{year}-{last:02}-{calendar.monthrange(year, last)[1]}"
