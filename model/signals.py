"""Signals of urgency in a tip, found by rules that are data: this code knows no rule and no cue by name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias

import re2

from model.errors import TaxonomyError
from model.routing import Level, Signal, Urgency

_LEVELS: tuple[Level, ...] = ("critical", "high", "normal")

_ID = re.compile(r"[a-z][a-z0-9_]*")
_TERM = re.compile(r"<([a-z][a-z0-9_]*)>")
_GAP = re.compile(r"~(\d+)")
_KEY = re.compile(r"(?:(?<=^)|(?<=~\d)|(?<=~\d\d))!")

# Where a pattern was excused this often, the rest of the text is not looked at: time stays linear on any text.
_MOST_EXCUSED = 500
_LONGEST_CUE = 24  # characters
# RE2 builds automata as texts come, the smaller the sooner, and begins anew when one outgrows its memory.
_KEYS_PER_SET = 160
_AUTOMATON_BYTES = 32 << 20
_BYTES_PER_CHARACTER = 4  # of UTF-8, at most


@dataclass(frozen=True)
class Cue:
    """What excuses a trigger in the same clause: a denial, a supposition, hearsay, the past.

    Attributes
    ----------
    within : int
        How many characters may stand between the cue and the trigger.
    before, after : tuple of str
        Patterns of the cue where it stands before, and where it stands after the trigger.
    """

    id: str
    within: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One reason why a tip is urgent.

    Attributes
    ----------
    level : str
        "critical" or "high".
    reason : str
        What operators are told.
    patterns : tuple of str
        Patterns of the trigger. Where a pattern has a group, the group is the trigger, else the whole match.
    examples, counter_examples : tuple of str
        Texts on which the rule fires, and on which it does not.
    needs, unless : tuple of str
        The rule fires only on texts in which one of the patterns `needs` occurs, if there are any, and none of
        `unless`.
    excuses : tuple of str
        Ids of the cues that excuse this rule's triggers.
    longest : int
        The rule fires only on texts of at most so many characters; 0: on any. For triggers that mean little in a long
        letter.
    """

    id: str
    level: Level
    reason: str
    patterns: tuple[str, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    excuses: tuple[str, ...] = ()
    longest: int = 0


@dataclass(frozen=True)
class Wording:
    """What is told where no rule fires and a learned score says that the tip is urgent."""

    id: str
    level: Level
    reason: str


@dataclass(frozen=True)
class SignalRules:
    """All rules, ready to be applied.

    A pattern is RE2 syntax and three things more: ``<name>`` stands for a term, ``~8``, outside of brackets, for at
    most eight characters of the same clause, and ``!`` marks the piece between such gaps that is the rarest in texts,
    if that is not the first. A pattern is only looked for in texts that hold this piece.

    Attributes
    ----------
    clause_marks : str
        Characters that end a clause.
    terms : dict of str
        Pieces of patterns by name; a term may use the ones before it.
    """

    clause_marks: str
    terms: dict[str, str]
    cues: tuple[Cue, ...]
    rules: tuple[Rule, ...]
    wording: Wording

    @classmethod
    def from_dict(cls, content: object) -> "SignalRules":
        """Return the rules that a parsed YAML or JSON document describes.

        Raises
        ------
        TaxonomyError
            If anything is missing, unknown, of the wrong type, there twice or no pattern; all of it is named at once.
        """
        expected = [field.name for field in fields(cls)]
        if not isinstance(content, Mapping) or set(content) != set(expected):
            raise TaxonomyError(f"the signals must hold exactly {', '.join(expected)}; see data/signals.yaml")
        problems: list[str] = []
        marks, terms = content["clause_marks"], content["terms"]
        if not isinstance(marks, str) or not marks:
            problems.append("clause_marks must be a text")
        if not isinstance(terms, Mapping) or not all(isinstance(text, str) for pair in terms.items() for text in pair):
            problems.append("terms must be texts by name")
        cues = _records(Cue, "cue", content["cues"], problems)
        rules = _records(Rule, "rule", content["rules"], problems)
        wording = _record(Wording, content["wording"], "wording", problems)
        for noun, records in (("cue", cues), ("rule", rules)):
            ids = [str(record.get("id")) for record in records]
            problems += [f"{noun} id '{i}' is not of the form [a-z][a-z0-9_]*" for i in ids if not _ID.fullmatch(i)]
            problems += [f"{noun} id '{i}' is there twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
        known = {cue.get("id") for cue in cues}
        for rule in [*rules, wording]:
            if rule.get("level") not in _LEVELS[:-1]:
                problems.append(f"rule '{rule.get('id')}': level must be critical or high")
        for rule in rules:
            problems += [f"rule '{rule.get('id')}': no cue '{c}'" for c in rule.get("excuses", ()) if c not in known]
        if not problems:
            all_cues, all_rules = tuple(Cue(**cue) for cue in cues), tuple(Rule(**rule) for rule in rules)
            signal_rules = cls(marks, dict(terms), all_cues, all_rules, Wording(**wording))
            problems = signal_rules._compiled.problems
        if problems:
            raise TaxonomyError("signals: " + "; ".join(problems))
        return signal_rules

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        return asdict(self)

    def assess(self, texts: Sequence[str]) -> list[Urgency]:
        """Return the urgency of normalised texts: one signal for each rule that fires, in the order of the text."""
        encoded = [text.encode("utf-8", "replace") for text in texts]  # a lone surrogate becomes one other character
        signals: list[list[Signal]] = [[] for _ in texts]
        for number, rule, (start, end) in self._compiled.fire(encoded, [*map(len, texts)]):
            first = len(encoded[number][:start].decode())
            last = first + len(encoded[number][start:end].decode())
            signals[number].append(Signal(rule.id, rule.level, rule.reason, first, last))
        urgencies = []
        for found in signals:
            found.sort(key=lambda signal: (signal.start, signal.end))
            level = min((signal.level for signal in found), key=_LEVELS.index, default=_LEVELS[-1])
            urgencies.append(Urgency(level, tuple(found)))
        return urgencies

    @cached_property
    def _compiled(self) -> "_Compiled":
        return _Compiled(self)


class _Regexp:
    """A pattern as RE2 reads it, compiled when it is first looked for."""

    def __init__(self, source: str, options: re2.Options) -> None:
        self._source = source
        self._options = options

    @cached_property
    def compiled(self) -> Any:
        return re2.compile(self._source, self._options)

    @cached_property
    def trigger(self) -> int:
        """The group that is the trigger; 0 is the whole match."""
        return 1 if self.compiled.groups else 0

    def occurs(self, encoded: bytes) -> bool:
        return self.compiled.search(encoded) is not None


# A set of keys, and of each key the patterns that need it, as numbers of rule and pattern.
_KeySet: TypeAlias = tuple[Any, list[list[tuple[int, int]]]]


@dataclass(frozen=True)
class _CompiledRule:
    rule: Rule
    patterns: tuple[_Regexp, ...]
    needs: _Regexp | None
    unless: _Regexp | None
    before: _Regexp | None  # the cues
    after: _Regexp | None
    reach: int  # in bytes, how far cues are looked for

    def find(self, patterns: Iterable[int], encoded: bytes) -> tuple[int, int] | None:
        """Return a span of bytes where one of `patterns` stands that no cue excuses."""
        if self.needs and not self.needs.occurs(encoded):
            return None
        for number in sorted(patterns):
            if span := self._first_unexcused(self.patterns[number], encoded):
                return None if self.unless and self.unless.occurs(encoded) else span  # few texts hold a trigger
        return None

    def _first_unexcused(self, regexp: _Regexp, encoded: bytes) -> tuple[int, int] | None:
        for match in islice(regexp.compiled.finditer(encoded), _MOST_EXCUSED):
            start, end = match.span(regexp.trigger)
            if self.before and self.before.occurs(encoded[max(0, start - self.reach) : start]):
                continue
            if self.after and self.after.occurs(encoded[end : end + self.reach]):
                continue
            return start, end
        return None


class _Compiled:
    """The rules as RE2 reads them.

    RE2 sets tell in a microsecond which keys occur in a text, and only their patterns are then looked for, one by one.
    The sets hold keys alone, because their automata would explode with whole patterns, whose gaps count characters.
    """

    def __init__(self, signal_rules: SignalRules) -> None:
        self.problems: list[str] = []
        self._options = re2.Options()
        self._options.log_errors = False
        self._options.max_mem = _AUTOMATON_BYTES
        self._gap = f"[^{re2.escape(signal_rules.clause_marks)}]"
        self._syntax = re2.Set.SearchSet(self._options)  # never compiled: adding to it is the cheapest check
        self._terms: dict[str, str] = {}
        for name, term in signal_rules.terms.items():
            self._terms[name] = f"(?:{self._fill(term, f'term {name}')})"
        self._cues = {cue.id: self._translate_cue(cue) for cue in signal_rules.cues}
        self._reach = _BYTES_PER_CHARACTER * (_LONGEST_CUE + max((cue.within for cue in signal_rules.cues), default=0))
        self._rules = [self._compile_rule(rule) for rule in signal_rules.rules]
        self._key_sets = [] if self.problems else list(self._build_key_sets())

    def fire(self, encoded: Sequence[bytes], lengths: Sequence[int]) -> Iterator[tuple[int, Rule, tuple[int, int]]]:
        """Yield the number of a text, each rule that fires on it, and a span of bytes where it does.

        Parameters
        ----------
        lengths : sequence of int
            Of the texts, in characters.
        """
        # An automaton reads all texts before the next does: it stays in the processor's cache.
        possible: dict[int, dict[int, list[int]]] = {}
        for keys, patterns_by_key in self._key_sets:
            for number, text in enumerate(encoded):
                for key in keys.Match(text) or ():
                    for rule, pattern in patterns_by_key[key]:
                        possible.setdefault(rule, {}).setdefault(number, []).append(pattern)
        for rule, texts in sorted(possible.items()):
            compiled = self._rules[rule]
            for number, patterns in texts.items():
                if compiled.rule.longest and lengths[number] > compiled.rule.longest:
                    continue
                if span := compiled.find(patterns, encoded[number]):
                    yield number, compiled.rule, span

    def _compile_rule(self, rule: Rule) -> _CompiledRule:
        where = f"rule '{rule.id}'"
        before, after = ([self._cues[cue][place] for cue in rule.excuses if self._cues[cue][place]] for place in (0, 1))
        return _CompiledRule(
            rule,
            tuple(_Regexp(self._translate(_KEY.sub("", p), where), self._options) for p in rule.patterns),
            self._any_of([self._translate(pattern, where) for pattern in rule.needs]),
            self._any_of([self._translate(pattern, where) for pattern in rule.unless]),
            self._any_of(before),
            self._any_of(after),
            self._reach,
        )

    def _any_of(self, sources: list[str]) -> _Regexp | None:
        return _Regexp("|".join(sources), self._options) if sources else None

    def _translate_cue(self, cue: Cue) -> tuple[str, str]:
        """Return what stands before a trigger and what stands after it."""
        where = f"cue '{cue.id}'"
        return (
            "|".join(self._translate(f"(?:{pattern})~{cue.within}$", where) for pattern in cue.before),
            "|".join(self._translate(f"^~{cue.within}(?:{pattern})", where) for pattern in cue.after),
        )

    def _build_key_sets(self) -> Iterator[_KeySet]:
        """Yield sets of keys: of each pattern the piece between gaps that is marked, else the first."""
        patterns_by_key: dict[str, list[tuple[int, int]]] = {}
        for rule_number, compiled in enumerate(self._rules):
            for pattern_number, pattern in enumerate(compiled.rule.patterns):
                pieces = _GAP.split(pattern)[::2]
                marked = [piece[1:] for piece in pieces if piece.startswith("!")]
                key = self._fill((marked or pieces)[0], "")
                patterns_by_key.setdefault(key, []).append((rule_number, pattern_number))
        for first in range(0, len(patterns_by_key), _KEYS_PER_SET):
            keys = re2.Set.SearchSet(self._options)
            chosen = list(patterns_by_key)[first : first + _KEYS_PER_SET]
            for key in chosen:
                keys.Add(key)
            keys.Compile()
            yield keys, [patterns_by_key[key] for key in chosen]

    def _translate(self, pattern: str, where: str) -> str:
        """Return `pattern` in RE2 syntax alone."""
        pieces = _GAP.split(self._fill(pattern, where))
        source = "".join(f"{self._gap}{{0,{piece}}}?" if n % 2 else f"(?:{piece})" for n, piece in enumerate(pieces))
        try:
            self._syntax.Add(source)
        except re2.error:
            self.problems.append(f"{where}: RE2 cannot read {pattern}")
        return source

    def _fill(self, pattern: str, where: str) -> str:
        """Return `pattern` with its terms filled in."""
        unknown = {name for name in _TERM.findall(pattern) if name not in self._terms}
        self.problems += [f"{where}: no term '{name}' before it" for name in sorted(unknown)]
        return _TERM.sub(lambda match: self._terms.get(match.group(1), ""), pattern)


def _records(kind: type, noun: str, items: object, problems: list[str]) -> list[dict[str, Any]]:
    if not isinstance(items, list | tuple):
        problems.append(f"{noun}s must be a list")
        return []
    return [_record(kind, item, f"{noun} {n}", problems) for n, item in enumerate(items, 1)]


def _record(kind: type, item: object, where: str, problems: list[str]) -> dict[str, Any]:
    """Return the keyword arguments for `kind` that `item` holds; what is wrong with it goes into `problems`."""
    if not isinstance(item, Mapping):
        problems.append(f"{where} is {type(item).__name__}, not a mapping")
        return {}
    expected = {field.name: field for field in fields(kind)}
    required = {name for name, field in expected.items() if field.default is MISSING}
    if missing := sorted(required - item.keys()):
        problems.append(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(map(str, item.keys() - expected.keys())):
        problems.append(f"{where} has unknown {', '.join(unknown)}")
    record: dict[str, Any] = {}
    for name in expected.keys() & item.keys():
        value, wanted = item[name], expected[name].type
        if wanted == tuple[str, ...]:
            fits = isinstance(value, list | tuple) and all(isinstance(v, str) and v for v in value)
            value = tuple(value) if fits else ()
        elif wanted is int:
            fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        else:
            fits = isinstance(value, str) and bool(value.strip())
        if not fits:
            problems.append(f"{where}: {name} must be {_WORDING.get(wanted, 'a text')}")
        record[name] = value
    return record


_WORDING: dict[object, str] = {int: "a whole number", tuple[str, ...]: "a list of texts"}
