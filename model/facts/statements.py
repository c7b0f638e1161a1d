"""What a tip states or asks, by RE2 patterns that are data."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import re2

_GAP = re.compile(r"<(\d+)>")
_MOST = 100  # places at which a pattern is looked at
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # whoever reads the data tells of them


class Statement(NamedTuple):
    """What is stated and where: ``[start, end)``."""

    kind: str
    start: int
    end: int
    value: bool | str


@dataclass(frozen=True)
class StatementPattern:
    """A pattern, and what a text states in which it occurs.

    Attributes
    ----------
    pattern : str
        In RE2's syntax; ``<8>`` between its pieces stands for up to eight characters of the same clause.
    """

    kind: str
    value: bool | str
    pattern: str


class StatementFinder:
    """Finds where patterns first occur in normalised texts.

    Parameters
    ----------
    clause_marks : str
        Characters that end a clause.

    Notes
    -----
    RE2's Set of whole patterns with gaps runs out of states (100 µs and more on 80 characters), so that it holds the
    pieces between the gaps (1 µs), and a pattern is looked for where all its pieces occur.
    """

    def __init__(self, patterns: Sequence[StatementPattern], clause_marks: str) -> None:
        pieces = list(dict.fromkeys(piece for item in patterns for piece in _GAP.split(item.pattern)[::2]))
        numbers = {piece: number for number, piece in enumerate(pieces)}
        self._pieces = re2.Set.SearchSet(_OPTIONS)
        for piece in pieces:
            self._pieces.Add(piece.encode())
        self._pieces.Compile()
        self._by_last_piece: defaultdict[int, list[tuple[StatementPattern, set[int], Any]]] = defaultdict(list)
        for item in patterns:
            needed = [numbers[piece] for piece in _GAP.split(item.pattern)[::2]]
            compiled = _compile(item.pattern, clause_marks)
            self._by_last_piece[needed[-1]].append((item, set(needed), compiled))

    def find(self, text: str) -> list[Statement]:
        """Return each statement once, where it is made first; what lies within a denial is not stated."""
        encoded = text.encode("utf-8", "replace")  # RE2 reads bytes; a lone surrogate becomes one other character
        matched = self._pieces.Match(encoded) or ()
        occurring = set(matched)
        spans: defaultdict[tuple[str, bool | str], list[tuple[int, int]]] = defaultdict(list)
        for piece in matched:
            for item, pieces, pattern in self._by_last_piece.get(piece, ()):
                if pieces <= occurring:
                    spans[item.kind, item.value] += (m.span() for m in islice(pattern.finditer(encoded), _MOST))
        statements = []
        for (kind, value), places in spans.items():
            denied = spans.get((kind, False), ()) if value is True else ()
            stated = [(start, end) for start, end in places if all(end <= no or start >= yes for no, yes in denied)]
            if stated:
                start, end = min(stated)
                first = len(encoded[:start].decode())
                statements.append(Statement(kind, first, first + len(encoded[start:end].decode()), value))
        return statements


def is_pattern(pattern: str, clause_marks: str) -> bool:
    """Whether RE2 can read a pattern and its pieces between the gaps."""
    try:
        for part in (pattern, *_GAP.split(pattern)[::2]):
            _compile(part, clause_marks)
    except re2.error:
        return False
    return True


def _compile(pattern: str, clause_marks: str) -> Any:
    marks = "".join(f"\\x{{{ord(mark):x}}}" for mark in clause_marks)
    return re2.compile(_GAP.sub(lambda gap: f"[^{marks}]{{0,{gap[1]}}}", pattern).encode(), _OPTIONS)
