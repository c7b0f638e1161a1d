"""Numbers as Chinese texts write them: 12,800, 3.5万, 4k, 三万五, 两千多, 二三十, 十几, 几百.

Own code because cn2an 0.5.24 reads 14 and jionlp 1.5.31 reads 15 of 30 such phrases written by hand (hardly one of the
approximate ones; 三万五 is 30005 to jionlp), at 23 to 43 µs each.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_DIGITS |= {digit: value for value, digit in enumerate("〇壹贰叁肆伍陆柒捌玖")} | {"○": 0, "两": 2, "俩": 2, "仨": 3}
_SCALES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000, "万": 10_000, "w": 10_000}
_SCALES["亿"] = 100_000_000
_SECTION = 10_000  # 万 and 亿 multiply all that stands before them
_FEW = (2.0, 9.0)  # 几, 数
_MOST_CHARS = 20  # of a number

_HAN, _HAN_SCALES = "".join(_DIGITS), "十拾百佰千仟万亿"
_PLAIN = r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?(?:[kw](?![a-z])|(?<=0)几)?"
# 三千一个月 is 3000 a month, 一百八一天 180 a day; but 十一个月 are eleven months
_ONE_OF = rf"(?<=[百千万k{_HAN}])一(?=个|天|月|年|次|晚|人|样|台|张|顿|小时|趟|套|份)"
_ATOM = rf"(?:{_PLAIN}|(?:(?!{_ONE_OF})[{_HAN}几半])+|数(?=[十百千万]))"
NUMBER = re.compile(
    rf"(?:{_ATOM}(?:[{_HAN_SCALES}]+{_ATOM}?)*|(?:[{_HAN_SCALES}]+{_ATOM}?)+)"
    rf"(?:(?:多|余|来(?=[{_HAN_SCALES}个号名位人元块天年小])|\+(?!\d))[{_HAN_SCALES}]*)?"
)
"""One number with what makes it approximate; what it counts follows it."""

_NUMERALS = re.compile(rf"[\d{_HAN}几半数{_HAN_SCALES}]+")

GOES_ON = frozenset(",.kw多余来+")
"""What may follow numerals as a part of the number."""

_TOKEN = re.compile(rf"({_PLAIN})|(.)")


def find_numerals(text: str) -> list[tuple[int, int]]:
    """Return where numbers begin, and how far what stands there is made of numerals."""
    return [match.span() for match in _NUMERALS.finditer(text)]


Bounds = tuple[float, float]


class Number(NamedTuple):
    """A number and where it stands: ``[start, end)``.

    Attributes
    ----------
    low, high : float
        The same, but for 几百 (200, 900), 二三十 (20, 30), 3-5k (3000, 5000) and the like.
    more : bool
        Whether 多, 余, 来 or + says that it is somewhat more.
    scale : float
        What its last digit counts: 10000 in 3.5万, 1000 in 4k and 三万五, 1 in 1200.
    """

    start: int
    end: int
    low: float
    high: float
    more: bool
    scale: float


def read_number(phrase: str, start: int) -> Number | None:
    """Return the number that `phrase` is, standing at `start`; None for what only looks like one (一半, 一一)."""
    if len(phrase) > _MOST_CHARS:
        return None
    meant = _read(phrase)  # the same few are said again and again: remembering them saves 5 µs on 80 characters
    return Number(start, start + len(phrase), *meant) if meant else None


@lru_cache(maxsize=4096)
def _read(phrase: str) -> tuple[float, float, bool, float] | None:
    """Return least, most, whether somewhat more, and scale."""
    closed = section = (0.0, 0.0)  # what 亿 or 万 has closed, and what stands after it
    digits: list[Bounds] = []  # that wait for their scale
    last = 0.0  # the scale before the digits that wait
    zero = more = False
    for token in _TOKEN.finditer(phrase):
        plain, sign = token.groups()
        if plain:
            if digits:
                return None
            scale = _SCALES.get(plain[-1], 1)
            value = float(plain.rstrip("kw几").replace(",", "")) * scale
            digits = [(value + 1, value + 9) if plain[-1] == "几" else (value, value)]
            last = max(last, float(scale)) if scale > 1 else last
        elif sign in "几数":
            digits.append((1, 9) if last == 10 and not digits else _FEW)
        elif sign == "半":
            if phrase != "半":
                return None
            digits.append((0.5, 0.5))
        elif sign in "多余来+":
            more = True
        elif sign in _DIGITS:
            if _DIGITS[sign] == 0 and last and not digits:
                zero = True  # 一千零五十
            else:
                digits.append((_DIGITS[sign], _DIGITS[sign]))
        else:
            if len(digits) > 2:
                return None
            scale = _SCALES[sign]
            pending = _bounds(digits)
            if scale < _SECTION:
                section = _sum(section, _times(pending, scale))
            else:
                # 亿 multiplies what 万 has closed too, 万 does not multiply what 亿 has closed
                multiplied = _sum(_sum(section, pending), closed if scale > _SECTION else (0, 0))
                closed = _sum((0, 0) if scale > _SECTION else closed, _times(multiplied, scale))
                section = (0.0, 0.0)
            digits, last, zero = [], float(scale), False
    if len(digits) > 2 or (len(digits) == 2 and digits[0][0] >= digits[1][1]):
        if last or len(digits) < 3 or any(low != high for low, high in digits):
            return None
        value = float("".join(str(int(digit)) for digit, _ in digits))  # 二零一九
        digits = [(value, value)]
    pending = _bounds(digits)
    if digits and last > 10 and not zero and pending[1] < 10 and _SCALES.get(phrase[-1], 1) == 1:
        last /= 10  # the scale below is left out: 三万五, 5万6, 一百八
        pending = _times(pending, last)
    elif digits and not (phrase[-1] in "kw" and last):
        last = 1
    low, high = _sum(_sum(closed, section), pending)
    return round(low, 2), round(high, 2), more, last or 1


def _bounds(digits: list[Bounds]) -> Bounds:
    """Return the least and the most that digits mean: two in a row, as in 二三十, are a range."""
    return (digits[0][0], digits[-1][1]) if digits else (0.0, 0.0)


def _times(bounds: Bounds, scale: float) -> Bounds:
    return (bounds[0] or 1) * scale, (bounds[1] or 1) * scale


def _sum(first: Bounds, second: Bounds) -> Bounds:
    return first[0] + second[0], first[1] + second[1]
