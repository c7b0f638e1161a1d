"""Employers by name: companies, factories, sites, schools and offices as employers, and bosses by their names."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from model.facts.lexicon import Hit, WordSet, any_of
from model.facts.places import Place

_LONGEST = 24  # characters of a name …
_LONGEST_SHORT = 6  # … that no end like 公司 shows to be one
_SURE_REPEAT = 3  # characters of a name, without its place and its end, that are it wherever they stand
_LONGEST_BRAND = 4  # of a longer name so many characters may stand for it
_NEAR = 60  # characters within which a word of labour speaks for an employer
_SAME_TEXT = 2000  # characters within which a name that is said again is looked for
_MOST_NAMES = 50  # whose further mentions are looked for
_MOST_CANDIDATES = 1000  # after that many a text holds no news, and time stays linear
_ENOUGH = 1  # score
_OPENS = ("在", '"', "“", "《")  # after one of these the whole of a name is likelier
_TOWNS = ("乡", "镇", "街道")
_DIVISIONS = "省市县区州旗镇乡道"  # what the full name of a place ends with


@dataclass(frozen=True)
class EmployerWords:
    """How employers are named, as data.

    Attributes
    ----------
    legal, companies, trades, institutions, offices : tuple of str
        What their names end with, by how surely such a name is an employer's.
    suffix_not_before, suffix_before : tuple of str
        With one of the first behind it, but for the second, such an end is another word.
    not_suffix : tuple of str
        Words that hold such an end by chance.
    authorities : tuple of str
        Ends of names of those who see to labour matters.
    stop_characters, stops : str, tuple of str
        A name begins after these.
    strip : tuple of str
        No part of a name at its beginning.
    addresses, not_address : tuple of str
        Ends of an address, after which a name begins; words that hold one by chance.
    generic : tuple of str
        What alone or with others of these makes no name.
    indefinite : tuple of str
        What stands between a place and the rest of no name.
    adverbs, works_here : tuple of str
        What follows an employer's name.
    brand_cues : tuple of str
        What follows an employer's name that has no such end.
    names_it : tuple of str
        What stands before an employer's name.
    serves, served : tuple of str
        What stands before and behind the name of one that serves the public and is no employer here.
    labour : tuple of str
        Words of a tip that tells of labour.
    other_matters : tuple of str
        Words of a tip that tells of something else.
    verbs, workplace_not : tuple of str
        Work, as in 在 X 上班; how X does not end.
    name_characters : str
        What names are often made of.
    titles, titles_behind : tuple of str
        What stands before and behind a boss's name.
    before_surname : str
        Characters after which a boss's name begins.
    surnames : tuple of str
    not_given : str
        Characters that are in no given name.
    """

    legal: tuple[str, ...]
    companies: tuple[str, ...]
    trades: tuple[str, ...]
    institutions: tuple[str, ...]
    offices: tuple[str, ...]
    suffix_not_before: tuple[str, ...]
    suffix_before: tuple[str, ...]
    not_suffix: tuple[str, ...]
    authorities: tuple[str, ...]
    stop_characters: str
    stops: tuple[str, ...]
    strip: tuple[str, ...]
    addresses: tuple[str, ...]
    not_address: tuple[str, ...]
    generic: tuple[str, ...]
    indefinite: tuple[str, ...]
    adverbs: tuple[str, ...]
    works_here: tuple[str, ...]
    brand_cues: tuple[str, ...]
    names_it: tuple[str, ...]
    serves: tuple[str, ...]
    served: tuple[str, ...]
    labour: tuple[str, ...]
    other_matters: tuple[str, ...]
    verbs: tuple[str, ...]
    workplace_not: tuple[str, ...]
    name_characters: str
    titles: tuple[str, ...]
    titles_behind: tuple[str, ...]
    before_surname: str
    surnames: tuple[str, ...]
    not_given: str

    @cached_property
    def ranks(self) -> dict[str, int]:
        """How much the end of a name speaks for an employer."""
        kinds = ((self.offices, -2), (self.institutions, -1), (self.trades, -1), (self.companies, 0), (self.legal, 1))
        return {suffix: rank for suffixes, rank in kinds for suffix in suffixes}

    @property
    def listed(self) -> Mapping[str, Iterable[str]]:
        """The words that `EmployerFinder.find` must be told of, by kind."""
        return {
            "suffix": [*self.ranks, *self.not_suffix],
            "stop": self.stops,
            "labour": self.labour,
            "other_matter": self.other_matters,
            "title": {*self.titles, *self.titles_behind},
        }


class Employer(NamedTuple):
    """An employer's name and where it stands: ``[start, end)``."""

    start: int
    end: int


class EmployerFinder:
    """Finds the names of employers in normalised texts."""

    def __init__(self, words: EmployerWords) -> None:
        self._words = words
        stop = re.escape(words.stop_characters)
        self._single = re.compile(f"[{''.join(suffix for suffix in words.ranks if len(suffix) == 1)}]")
        self._strip = WordSet(words.strip)
        self._names_it, self._serves, self._served = map(WordSet, (words.names_it, words.serves, words.served))
        self._no_workplace, self._indefinite = WordSet(words.workplace_not), WordSet(words.indefinite)
        self._not_suffix = frozenset(words.not_suffix)
        self._public = {*words.institutions, *words.offices}
        self._private = (*words.legal, *words.companies, *words.trades)
        ends = any_of(self._private)
        kinds = any_of(word for word in words.generic if len(word) > 1)
        self._kind = re.compile(f"(?:{ends}|{kinds})++")
        self._kind_at_end = re.compile(f"(?:{ends}|{kinds})++$")
        self._other_word = re.compile(f"(?!{any_of(words.suffix_before)})(?:{any_of(words.suffix_not_before)})")
        self._stop = re.compile(rf"[\W_{stop}]")
        self._address = re.compile(f"{any_of(words.not_address)}|({any_of(words.addresses)})")
        self._generic = re.compile(f"(?:{any_of(words.generic)})++")
        adverbs = f"(?:{any_of(words.adverbs)}){{0,6}}"
        self._works_here = re.compile(f"{adverbs}(?:{any_of(words.works_here)})")
        self._brand = re.compile(rf"([^\W_a-z\d{stop}]{{2,6}}?)(?={adverbs}(?:{any_of(words.brand_cues)}))")
        ends = any_of((*words.companies, *words.legal, "企业", "单位"))
        self._described = re.compile(rf"[就真]?是(?:一?家|一?个)[^\W_]{{0,8}}?(?:{ends})")
        self._workplace = re.compile(rf"[在到进]([^\W_{stop}]{{2,16}}?)(?={any_of(words.verbs)})")
        self._name_like = re.compile(
            f"[{re.escape(words.name_characters)}]{{2,}}(?:{any_of([*words.generic, *words.trades])})*+"
        )
        surname = any_of(words.surnames)
        name = rf"(?:{surname})[^\W\d_a-z{re.escape(words.not_given)}]{{1,2}}"
        self._name_behind = re.compile(rf"[:是叫姓 ]{{0,2}}({name})")
        self._name_before = re.compile(
            rf"(?:(?<![^\W\d_])|(?<=[{re.escape(words.before_surname)}]))(?:({name})|(?:{surname}))$"
        )

    def find(
        self, text: str, hits: Mapping[str, Sequence[Hit]], places: Sequence[Place], others: Iterable[int]
    ) -> list[Employer]:
        """Return the employers that are named in `text`, in order.

        Parameters
        ----------
        hits : dict of str to sequence of (start, end, word)
            The words of `EmployerWords.listed` in the text, by kind, in order, longer ones first.
        places : sequence of Place
            Those in the text.
        others : iterable of int
            Where dates and numbers with their units end, which no name holds.
        """
        return _Reading(self, text, hits, places, others).employers()


class _Reading:
    """One text on its way through an `EmployerFinder`, with what is known of it."""

    def __init__(
        self,
        finder: EmployerFinder,
        text: str,
        hits: Mapping[str, Sequence[Hit]],
        places: Sequence[Place],
        others: Iterable[int],
    ) -> None:
        self.finder, self.words, self.text, self.places = finder, finder._words, text, places
        self.place_starts = [place.start for place in places]
        self.labour = [start for start, _, _ in hits["labour"]]
        self.others_outweigh = len(hits["other_matter"]) > 2 * len(hits["labour"])
        self.titles = hits["title"]
        self.suffix_hits = hits["suffix"]
        self.stop_hits, self.others = hits["stop"], others

    @cached_property
    def stops(self) -> list[int]:
        """Where the words and numbers end that no name holds."""
        return sorted({*(end for _, end, _ in self.stop_hits), *self.others})

    def employers(self) -> list[Employer]:
        if self.others_outweigh:
            return []
        found = list(self.by_suffix())
        if self.labour:
            found += self.workplaces()
            found += self.brands()
            found += self.told()
        found += self.bosses()
        return self.with_repeats(found) if found else []

    def suffixes(self) -> list[Hit]:
        """Return the ends of names, the longest at a place, in order."""
        single = [(*match.span(), match.group()) for match in self.finder._single.finditer(self.text)]
        suffixes: list[Hit] = []
        end = 0
        for hit in islice(sorted([*self.suffix_hits, *single], key=_longest_first), _MOST_CANDIDATES):
            if hit[0] >= end:
                if suffixes and suffixes[-1][1] == hit[0]:  # 科技公司
                    suffixes.pop()
                end = hit[1]
                if hit[2] not in self.finder._not_suffix and not self.finder._other_word.match(self.text, end):
                    suffixes.append(hit)
        return suffixes

    def by_suffix(self) -> Iterator[Employer]:
        """Yield the names with an end like 公司; from the last on, so that the longest name is found first."""
        limit = len(self.text)
        for start, end, suffix in reversed(self.suffixes()):
            # most 公司 stand where no name ends
            if end > limit or start == 0 or self.finder._stop.match(self.text, start - 1):
                continue
            begin = self.begin(end, start)
            if (
                begin is None
                or self.score(begin, start, end, suffix) < _ENOUGH
                or not self.is_name(begin, start, suffix)
            ):
                continue
            limit = begin
            yield Employer(self.behind_town(begin, start, suffix), end)

    def behind_town(self, begin: int, start: int, suffix: str) -> int:
        """Return where a name begins that tells who is meant without the town before it, which is its address."""
        rest = self.behind_place(begin, start)
        return rest if self.text.endswith(_TOWNS, begin, rest) and self.is_name(rest, start, suffix) else begin

    def begin(self, end: int, own_end: int | None = None) -> int | None:
        """Return where a name that ends at `end` begins at the earliest, None where there is none.

        No word that parts names is looked for behind `own_end`, where a suffix like 咨询有限公司 begins.
        """
        text, stops = self.text, self.words.stop_characters
        start, least = end, max(0, end - _LONGEST)
        if nearest := bisect_right(self.stops, end if own_end is None else own_end):
            least = max(least, self.stops[nearest - 1])
        while start > least and text[start - 1] not in stops and text[start - 1].isalnum():
            start -= 1
        for address in self.finder._address.finditer(text, start, end - 1):
            if address[1] and not self.finder._generic.fullmatch(text, address.end(), end):
                start = address.end()
        while start < end and (stripped := self.finder._strip.behind(text, start)) and not self.place_at(start):
            start += stripped
        address_place = self.place_at(start)
        for place in self.places_within(start + 1, end):  # 提高 A市啤酒厂; an address with its own place goes before
            begins = (address_place or self.text[place.end - 1] in _DIVISIONS) and place.end + 2 <= end
            if (
                begins
                and not text.startswith(self.finder._private, place.end)
                and not self.holds_suffix(start, place.start)
            ):
                start = place.start
                break
        first = self.place_at(start)
        if first and first.end < end and text[first.end] == "原":  # A市原锅炉厂
            return first.end + 1
        return start if start < end else None

    def place_at(self, start: int) -> Place | None:
        """Return the place whose name begins at `start`."""
        at = bisect_left(self.place_starts, start)
        return self.places[at] if at < len(self.places) and self.places[at].start == start else None

    def places_within(self, start: int, end: int) -> Sequence[Place]:
        """Return the places whose names begin in ``[start, end)``."""
        return self.places[bisect_left(self.place_starts, start) : bisect_left(self.place_starts, end)]

    def holds_suffix(self, start: int, end: int) -> bool:
        """Whether a name may end in ``[start, end)``."""
        return any(suffix in self.text[start:end] for suffix in self.words.companies)

    def behind_place(self, start: int, end: int) -> int:
        """Return where the place ends with which a name begins."""
        place = self.place_at(start)
        return place.end if place and place.end <= end else start

    def is_name(self, start: int, end: int, suffix: str) -> bool:
        """Whether what stands before a suffix names somebody."""
        rest = self.behind_place(start, end)
        if rest > start:
            named = rest < end or suffix in self.finder._public
            if suffix in self.words.trades:
                named = not self.finder._generic.fullmatch(self.text, rest, end)
            return named and not self.finder._indefinite.behind(self.text, rest)
        kind = self.finder._generic if suffix else self.finder._kind
        return end - start >= 2 and not kind.fullmatch(self.text, start, end)

    def score(self, begin: int, start: int, end: int, suffix: str) -> int:
        """Return how much speaks for an employer."""
        text, words = self.text, self.words
        works_here = self.finder._works_here.match(text, end) is not None
        near = bisect_right(self.labour, end + _NEAR) - bisect_left(self.labour, begin - _NEAR)
        if not (works_here or len(self.labour) > 1 or near):
            return 0
        score = words.ranks[suffix] + 2 * works_here
        rest = self.behind_place(begin, start)
        score += rest > begin or text[begin] in _DIVISIONS or text[start - 1] in _DIVISIONS
        score += rest == begin and self.finder._name_like.fullmatch(text, rest, start) is not None
        repeatable = suffix not in words.offices  # callers name an office over and over that is no employer of theirs
        score += text[begin - 1 : begin] in _OPENS or (repeatable and (begin <= 1 or self.is_said_again(rest, start)))
        score += bool(self.finder._names_it.before(text, begin))
        score -= 2 * bool(self.finder._served.behind(text, end) or self.finder._serves.before(text, begin))
        return score - 3 * text.endswith(words.authorities, begin, end)

    def is_said_again(self, start: int, end: int) -> bool:
        """Whether what is no word for a kind of employers stands elsewhere too."""
        own = self.text[start:end]
        if len(own) < 2 or self.finder._generic.fullmatch(own):
            return False
        return own in self.text[end : end + _SAME_TEXT] or own in self.text[max(0, start - _SAME_TEXT) : start]

    def workplaces(self) -> Iterator[Employer]:
        """Yield X of 在 X 上班."""
        for match in islice(self.finder._workplace.finditer(self.text), _MOST_CANDIDATES):
            start, end = match.span(1)
            if self.finder._no_workplace.before(self.text, end) or self.begin(end) != start:
                continue
            rest = self.behind_place(start, end)
            name = self.text[rest:end]
            if not 2 <= len(name) <= _LONGEST_SHORT or name.isascii() or not self.is_name(start, end, ""):
                continue
            if rest > start or self.finder._name_like.fullmatch(name) or self.is_said_again(rest, end):
                yield Employer(start, end)

    def brands(self) -> Iterator[Employer]:
        """Yield names that only a place before and what is said behind show to be an employer's."""
        for place in self.places[:_MOST_CANDIDATES]:
            match = self.finder._brand.match(self.text, place.end)
            if (
                not match
                or self.finder._no_workplace.before(match[1], len(match[1]))
                or self.finder._generic.fullmatch(match[1])
            ):
                continue
            if not self.finder._indefinite.behind(match[1], 0) and self.begin(match.end()) == place.start:
                yield Employer(place.start, match.end())

    def told(self) -> Iterator[Employer]:
        """Yield X of X 是一家公司."""
        for match in islice(self.finder._described.finditer(self.text), _MOST_CANDIDATES):
            end = match.start()
            begin = self.begin(end)
            if begin is not None and 2 <= end - begin <= _LONGEST_SHORT and self.is_name(begin, end, ""):
                yield Employer(begin, end)

    def bosses(self) -> Iterator[Employer]:
        """Yield the names of bosses, and what stands before 老板 and a name: X of X 老板张三."""
        text, words, end = self.text, self.words, 0
        for start, title_end, title in self.titles[:_MOST_CANDIDATES]:
            if start < end:
                continue
            end = title_end
            name = self.finder._name_behind.match(text, end) if title in words.titles else None
            if name:
                yield Employer(*name.span(1))
                begin = self.begin(start)
                if begin is not None and 2 <= start - begin <= _LONGEST_SHORT and self.is_name(begin, start, ""):
                    yield Employer(begin, start)
            elif title in words.titles_behind:
                name = self.finder._name_before.search(text, max(0, start - 3), start)
                if name:
                    yield Employer(name.start(), name.end(1) if name[1] else end)

    def with_repeats(self, found: Iterable[Employer]) -> list[Employer]:
        """Return the longest of names that overlap, and where else they stand, also without their place."""
        names: list[Employer] = []
        for name in sorted(found, key=lambda name: (name.start, -name.end)):
            if not names or name.start >= names[-1].end:
                names.append(name)
        taken = {at for name in names for at in range(*name)}
        again: list[Employer] = []
        for form, sure in sorted(self.forms(names[:_MOST_NAMES]).items(), key=_longest_form):
            end = 0
            while (start := self.text.find(form, end)) >= 0:
                end = start + len(form)
                if start in taken or end - 1 in taken or (longer := self.longer(end)) - 1 in taken:
                    continue
                if longer > end or self.is_alone(start, end, sure=sure):
                    name = Employer(self.with_place(start), longer)
                    taken.update(range(*name))
                    again.append(name)
        return sorted([*names, *again])

    def longer(self, end: int) -> int:
        """Return where the words end, like 科技公司, that make a longer name of one that ends at `end`, or `end`."""
        kind = self.finder._kind.match(self.text, end)
        return kind.end() if kind and kind[0].endswith(self.finder._private) else end

    def is_alone(self, start: int, end: int, *, sure: bool) -> bool:
        """Whether a short name that stands there is no part of a longer one."""
        if self.finder._works_here.match(self.text, end):
            return True
        over = end == len(self.text) or self.finder._stop.match(self.text, end) is not None
        return sure and (end - start >= _SURE_REPEAT or over or self.text[start - 1 : start] in _OPENS)

    def forms(self, names: Iterable[Employer]) -> dict[str, bool]:
        """Return how else the named are named, and whether it is they wherever it stands."""
        forms: dict[str, bool] = {}
        for name in names:
            forms[self.text[slice(*name)]] = True
            rest = self.behind_place(*name)
            own = self.text[rest : name.end]
            if own.endswith(self.finder._private):
                kind = self.finder._kind_at_end.search(own)
                own = own[: kind.start()] if kind else own
                for length in range(2, min(_LONGEST_BRAND, len(own) - 1) + 1):
                    if not self.finder._generic.fullmatch(own, 0, length):
                        forms.setdefault(own[:length], False)
            elif rest == name.start:
                continue
            if len(own) > 1 and not self.finder._generic.fullmatch(own):
                forms[own] = True
        return forms

    def with_place(self, start: int) -> int:
        """Return where the place begins that ends at `start`, or `start`."""
        at = bisect_left(self.place_starts, start) - 1
        return self.places[at].start if at >= 0 and self.places[at].end == start else start


def _longest_first(hit: Hit) -> tuple[int, int]:
    return hit[0], -hit[1]


def _longest_form(form: tuple[str, bool]) -> int:
    return -len(form[0])
