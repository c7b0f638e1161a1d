"""Money, head-count and length of time: what the numbers of a tip count."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from model.facts.lexicon import WordSet, any_of
from model.facts.numerals import GOES_ON, NUMBER, Number, read_number

_RANGE_SIGN = re.compile(r" ?(?:-|~|—{1,2}|至|到) ?")
_MOST_BETWEEN = 5  # characters between the numbers of a range
_NO_SUM_BEFORE, _NO_SUM_AFTER = re.compile(r"[a-z\d.:/_\-\[({【〖〔#*]"), re.compile(r"[a-z\d.:/_\-]")
_NO_SUM = re.compile(r"[万亿]|.*亿|0\d|\d{7}|\d{1,2},|[十百千]$")  # a telephone number, two numbers, a word
_VAGUE = {"上十", "上百", "上千", "上万", "成百", "成千", "好几", "大半", "小半"}  # with a numeral's first character
_OVER = ("上", "成", "近", "好")
_FRACTION = "分之"
_FEW = 4  # so many people without a noun may be anybody: 我们两个人
_MOST_HEADS = 50_000  # more are a population, or a sum: 欠230W职工医保
_LONG = 20  # numerals in a row that are no single number


class Quantity(NamedTuple):
    """What a number counts, and where it stands with its unit: ``[start, end)``."""

    kind: str
    start: int
    end: int
    value: float | tuple[float, float] | None
    unit: str


@dataclass(frozen=True)
class MoneyWords:
    """How sums are said, as data.

    Attributes
    ----------
    units : dict of str to float
        In yuan.
    unit_not_before : tuple of str
        What makes another word of a unit: 元旦.
    not_money : tuple of str
        Numbers with units that are oftener something else: 一块.
    before, after : tuple of str
        Beside these a number without a unit is a sum.
    reach : int
        Characters within which one of `before` must stand.
    least : int
        The least sum without a unit.
    not_sums : tuple of str
        Numbers that are no sums without a unit: hotlines.
    other_counters : tuple of str
        Before these a number counts something else.
    """

    units: dict[str, float]
    unit_not_before: tuple[str, ...]
    not_money: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    reach: int
    least: int
    not_sums: tuple[str, ...]
    other_counters: tuple[str, ...]


@dataclass(frozen=True)
class HeadcountWords:
    """How people are counted, as data.

    Attributes
    ----------
    counters, nouns : tuple of str
        Of people, as in 30名工人; at most `between` characters stand between them.
    roles : tuple of str
        Nouns that name others than workers too (老师): they count as `alone` does.
    alone : tuple of str
        What counts people without a noun (人), where what stands around them tells of workers.
    reach_back, reach : int
        Characters before and behind that are looked at for that.
    beside, not_beside : tuple of str
        What tells of workers, and of others; the last before the number decides, and none of the second stands behind.
    bare : tuple of str
        With these, numbers count people at the end of a clause without a noun: 职工240名.
    noun_not_before : tuple of str
        What makes another word of a noun.
    not_between : tuple of str
        Between a counter and a noun, they show that somebody else is counted: 学生.
    not_after : tuple of str
        After these a number counts nobody of the matter: 第, 夫妻.
    ours : tuple of str
        After these a number that is not small counts the caller's own people, whoever stands around: 我们.
    not_alone_after, few_after : tuple of str
        After the first, 人 without another noun counts nobody; only after the second do few, as 几个人.
    whole, whole_not_before : tuple of str
        All of those whose noun follows, whatever their number, unless one of the second follows: 全体员工大会.
    everyone : tuple of str
        All of them without a noun.
    """

    counters: tuple[str, ...]
    nouns: tuple[str, ...]
    roles: tuple[str, ...]
    between: int
    alone: tuple[str, ...]
    bare: tuple[str, ...]
    reach_back: int
    reach: int
    beside: tuple[str, ...]
    not_beside: tuple[str, ...]
    noun_not_before: tuple[str, ...]
    not_between: tuple[str, ...]
    not_after: tuple[str, ...]
    ours: tuple[str, ...]
    not_alone_after: tuple[str, ...]
    few_after: tuple[str, ...]
    whole: tuple[str, ...]
    whole_not_before: tuple[str, ...]
    everyone: tuple[str, ...]


@dataclass(frozen=True)
class DurationWords:
    """How lengths of time are said, as data.

    Attributes
    ----------
    units, half_units : dict of str to str
        Names of the units; of those that say half of one more.
    unit_not_before : tuple of str
        What makes another word of a unit: 年级.
    not_after : tuple of str
        After these a number is no length: 第, 每.
    vague_after : tuple of str
        After these 几年 is some time or other.
    rate_after, length_before : tuple of str
        One unit is a rate before `rate_after` (一个月3000), unless it stands after `length_before`.
    not_length : tuple of str
        Phrases that are no lengths.
    others : dict of str to str
        Lengths without a number, with their units.
    """

    units: dict[str, str]
    half_units: dict[str, str]
    unit_not_before: tuple[str, ...]
    not_after: tuple[str, ...]
    vague_after: tuple[str, ...]
    rate_after: tuple[str, ...]
    length_before: tuple[str, ...]
    not_length: tuple[str, ...]
    others: dict[str, str]


class QuantityFinder:
    """Finds sums, head-counts and lengths of time in normalised texts."""

    def __init__(
        self, money: MoneyWords, headcount: HeadcountWords, durations: DurationWords, clause_marks: str
    ) -> None:
        self._money, self._headcount, self._durations = money, headcount, durations
        self._marks = re.escape(clause_marks)
        units = [*money.units, *durations.units, *durations.half_units]
        self._unit = re.compile(any_of(units))
        between = rf"[^\d 的是将把被、:\"(){self._marks}]{{0,{headcount.between}}}?"
        counter = rf"(?:{any_of(headcount.counters)})(?P<between>{between})"
        not_before = any_of(headcount.noun_not_before)
        self._heads = re.compile(
            rf" ?(?:(?:{counter})?(?:(?P<noun>{any_of(headcount.nouns)})|{any_of(headcount.roles)})"
            rf"|(?P<alone>{any_of(headcount.alone)}))(?!{not_before})"
            rf"|(?P<bare>{any_of(headcount.counters)})(?=[、){self._marks}]|$)"
        )
        self._beside = re.compile(any_of(headcount.beside))
        self._not_beside = re.compile(any_of(headcount.not_beside))
        self._not_between = re.compile(any_of(headcount.not_between))
        self._everyone = re.compile(
            rf"(?:{any_of(headcount.whole)})的?[^{self._marks}、由被把给是在及学]{{0,4}}?"
            rf"(?:{any_of((*headcount.nouns, *headcount.roles))})"
            rf"(?!{any_of(headcount.whole_not_before)})|{any_of(headcount.everyone)}"
        )
        self._cue = re.compile(rf"(?:{any_of(money.before)})[^{self._marks}]*$")
        self._clause_end = re.compile(rf"[ )\]{self._marks}]|$")
        counted_by = (*headcount.counters, *headcount.nouns, *headcount.roles, *headcount.alone)
        self._unit_of_another_word = WordSet(money.unit_not_before)
        self._sum_before, self._other_counters = WordSet(money.after), WordSet(money.other_counters)
        self._nobody_after = WordSet(headcount.not_after)
        self._time_of_another_word = WordSet(durations.unit_not_before)
        self._no_length_after, self._no_length = WordSet(durations.not_after), WordSet(durations.not_length)
        self._rate_before, self._length_after = WordSet(durations.rate_after), WordSet(durations.length_before)
        self._unit_openings = {word[0] for word in units}
        self._head_openings = {word[0] for word in counted_by} | {" "}
        self._may_follow = self._unit_openings | self._head_openings | GOES_ON | set("、-~至到")

    def find(
        self, text: str, numerals: Iterable[tuple[int, int]], taken: Sequence[tuple[int, int]]
    ) -> Iterator[Quantity]:
        """Yield what the numbers of `text` count, in order.

        Parameters
        ----------
        numerals : iterable of (start, end)
            Where numerals stand (`model.numerals.find_numerals`), in order.
        taken : sequence of (start, end)
            Spans that hold no such number, in order: dates.
        """
        last_end = last_sum = -1
        for number in self._joined(text, self._numbers(text, numerals, taken)):
            if number.start < last_end or text.endswith(_FRACTION, 0, number.start):
                continue
            following = text[number.end : number.end + 1]
            unit = self._unit.match(text, number.end) if following in self._unit_openings else None
            quantity = self._with_unit(text, number, unit.group()) if unit else None
            if not quantity and following in self._head_openings:
                quantity = self._heads_of(text, number)
            if not quantity and not unit and self._is_sum(text, number, last_sum):
                quantity = self._sum(text, number, number.end, 1)
            if quantity:
                last_end = quantity.end
                last_sum = quantity.end if quantity.kind == "money" else last_sum
                yield quantity

    def _numbers(
        self, text: str, numerals: Iterable[tuple[int, int]], taken: Sequence[tuple[int, int]]
    ) -> Iterator[Number]:
        spans = iter([*taken, (len(text) + 1, len(text) + 1)])
        first, last = next(spans)
        start = 0
        for begin, stop in numerals:
            start = max(start, begin)
            following = text[stop : stop + 1]
            lone = stop - start == 1
            # most numerals are part of a word: reading them would take half of all time
            if lone and following not in self._may_follow and not text[start].isdecimal():
                continue
            while start < stop:
                while start >= last:
                    first, last = next(spans)
                if (lone or (stop - start < _LONG and text[start:stop].isdecimal())) and following not in GOES_ON:
                    phrase = text[start:stop]
                elif match := NUMBER.match(text, start):
                    phrase = match.group()
                else:
                    start += 1  # the 数 of 人数30
                    continue
                number = read_number(phrase, start) if start < first else None
                start += len(phrase)
                if number:
                    yield number

    def _joined(self, text: str, numbers: Iterable[Number]) -> Iterator[Number]:
        """Yield the numbers; two with a sign of range between them are one: 3-5千, 三、四万, 2万元到3万元."""
        waiting: Number | None = None
        for number in numbers:
            joined = self._range(text, waiting, number) if waiting else None
            if waiting and not joined:
                yield waiting
            waiting = joined or number
        if waiting:
            yield waiting

    def _range(self, text: str, first: Number, second: Number) -> Number | None:
        if not 0 < second.start - first.end <= _MOST_BETWEEN:
            return None
        gap = text[first.end : second.start]
        unit = self._unit.match(gap)
        if unit:
            if not text.startswith(unit.group(), second.end):
                return None
            gap = gap[unit.end() :]
        count = second.low / second.scale
        if gap == "、":
            if unit or count - first.low != 1:
                return None
        elif not _RANGE_SIGN.fullmatch(gap):
            return None
        step = second.scale if second.scale > 1 else next((s for s in (1000, 100) if second.low % s == 0), 1)
        low = first.low * step if first.scale == 1 and first.low < second.low / step else first.low  # 3-5千, 2-300
        if low >= second.high:
            return None
        return Number(first.start, second.end, low, second.high, second.more, second.scale)

    def _with_unit(self, text: str, number: Number, unit: str) -> Quantity | None:
        end = number.end + len(unit)
        if unit not in self._money.units:
            return self._length(text, number, unit)
        money = self._money
        if self._unit_of_another_word.behind(text, end) or text[number.start : end] in money.not_money:
            return None
        return self._sum(text, number, end, money.units[unit])

    def _sum(self, text: str, number: Number, end: int, unit_value: float) -> Quantity:
        low, high = round(number.low * unit_value, 2), round(number.high * unit_value, 2)
        return Quantity("money", _start(text, number), end, low if low == high else (low, high), "yuan")

    def _is_sum(self, text: str, number: Number, last_sum: int) -> bool:
        """Whether a number without a unit is a sum."""
        words, start, end = self._money, number.start, number.end
        if number.high < words.least and number.scale < 1000:
            return False
        digits = text[start:end]
        if _NO_SUM.match(digits) or digits in words.not_sums or _NO_SUM_BEFORE.match(text, start - 1, start):
            return False
        if self._sum_before.behind(text, end) or "k" in digits or "w" in digits:
            return True
        if self._other_counters.behind(text, end) or _NO_SUM_AFTER.match(text, end):
            return False
        if number.scale >= 1000 and self._clause_end.match(text, end):
            return True
        return (
            0 <= start - last_sum <= words.reach
            or self._cue.search(text, max(0, start - words.reach), start) is not None
        )

    def _heads_of(self, text: str, number: Number) -> Quantity | None:
        words, start = self._headcount, number.start
        if number.low != int(number.low) or number.low == number.high == 1:
            return None
        heads = self._heads.match(text, number.end)
        if not heads:
            return None
        if number.high > _MOST_HEADS:
            return None
        few = number.high <= _FEW or (text[start] in "几数" and number.high < 10)
        if few and text[start] == "数":  # 大多数人
            return None
        ours = not few and text.endswith(words.ours, 0, start)
        if heads["between"] and self._not_between.search(heads["between"]):
            return None
        if not heads["noun"]:
            if heads["alone"] and not ours and text.endswith(words.not_alone_after, 0, start):
                return None
            if heads["alone"] and few and not text.endswith(words.few_after, 0, start):
                return None
            if heads["bare"] and not text.endswith(words.bare, 0, heads.end()):
                return None
            if not self._at_work(text, start, heads.end(), ours):
                return None
        if text[start] in "百千万亿" and not text.endswith(_OVER, 0, start):
            return None
        if (not ours and self._nobody_after.before(text, start)) or text[start : number.end] in self._money.not_sums:
            return None
        return Quantity("headcount", _start(text, number), heads.end(), _people(text, number), "people")

    def _at_work(self, text: str, start: int, end: int, ours: bool) -> bool:
        """Whether people without a noun, counted in ``[start, end)``, are workers: `ours`, or by what stands around."""
        before = text[max(0, start - self._headcount.reach_back) : start]
        behind = text[end : end + self._headcount.reach]
        if self._not_beside.search(behind):
            return False
        if ours:
            return True
        workers, others = _last_end(self._beside, before), _last_end(self._not_beside, before)
        return workers > others or (workers == others == 0 and self._beside.search(behind) is not None)

    def everyone(self, text: str, openings: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Yield where `text` speaks of all workers without their number: 全体员工, 全厂.

        Parameters
        ----------
        openings : iterable of int
            Where one of the words `whole` or `everyone` begins, in order.
        """
        last = 0
        for start in openings:
            match = self._everyone.match(text, start) if start >= last else None
            if match:
                last = match.end()
                yield match.span()

    def _length(self, text: str, number: Number, unit: str) -> Quantity | None:
        words, start = self._durations, number.start
        end = number.end + len(unit)
        if self._time_of_another_word.behind(text, end) or self._no_length_after.before(text, start):
            return None
        if self._no_length.behind(text, start):
            return None
        if text[start] == "几" and text.endswith(words.vague_after, 0, start):
            return None
        rate = self._rate_before.behind(text, end) or text[end : end + 1].isdecimal()
        if rate and number.low == number.high == 1 and not self._length_after.before(text, start):
            return None
        half = 0.5 if unit in words.half_units else 0.0
        value = number.low + half if number.low == number.high else (number.low, number.high)
        end += text.startswith(("多", "余"), end)
        return Quantity("duration", _start(text, number), end, value, words.half_units.get(unit) or words.units[unit])


def _start(text: str, number: Number) -> int:
    """Return where a number begins, with the word that makes it vague: 上百, 好几年, 小半年."""
    return number.start - (text[max(0, number.start - 1) : number.start + 1] in _VAGUE)


def _people(text: str, number: Number) -> int | tuple[int, int]:
    """Return how many people a number means: 二三十 are 20 to 39, 十来个 10 to 19, 40多 40 to 49."""
    low, high = int(number.low), int(number.high)
    if number.more or (low < high and not re.search("[几数]", text[number.start : number.end])):
        step = 1
        while high and high % (step * 10) == 0:
            step *= 10
        high += step - 1
    return low if low == high else (low, high)


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    """Return where the last match ends, 0 if there is none."""
    return max((match.end() for match in pattern.finditer(text)), default=0)
