"""Thousands of listed words found in one pass over a text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from ahocorasick_rs import AhoCorasick, Implementation

Hit = tuple[int, int, str]
"""A listed word and where it stands: start, end, word."""


class Lexicon:
    """Finds words of two characters or more.

    Parameters
    ----------
    words_by_kind : dict of str to iterable of str
        A word may be of several kinds.
    """

    def __init__(self, words_by_kind: Mapping[str, Iterable[str]]) -> None:
        kinds_of: dict[str, list[str]] = {}
        for kind, words in words_by_kind.items():
            for word in words:
                if len(word) > 1:
                    kinds_of.setdefault(word, []).append(kind)
        self._words = list(kinds_of.items())
        self._automaton = AhoCorasick(list(kinds_of), implementation=Implementation.ContiguousNFA)

    def find(self, text: str) -> defaultdict[str, list[Hit]]:
        """Return the words in `text` by kind, wherever they stand, in order, longer ones first."""
        found: defaultdict[str, list[Hit]] = defaultdict(list)
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            word, kinds = self._words[number]
            for kind in kinds:
                found[kind].append((start, end, word))
        for hits in found.values():
            if len(hits) > 1:
                hits.sort(key=_where)
        return found


def _where(hit: Hit) -> tuple[int, int]:
    return hit[0], -hit[1]


class WordSet:
    """Tells which of many words stands right before or right behind a place.

    Notes
    -----
    Four times as fast for 60 words as ``str.startswith`` and ``str.endswith`` with a tuple of them.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._lengths = sorted({len(word) for word in self._words})

    def before(self, text: str, end: int) -> int:
        """Return the length of the shortest of the words that ends at `end`, 0 if none does."""
        words = self._words
        for length in self._lengths:
            if end >= length and text[end - length : end] in words:
                return length
        return 0

    def behind(self, text: str, start: int) -> int:
        """Return the length of the shortest of the words that begins at `start`, 0 if none does."""
        words = self._words
        for length in self._lengths:
            if text[start : start + length] in words:
                return length
        return 0


def any_of(words: Iterable[str]) -> str:
    """Return the regular expression of any of `words`, the longest that fits."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"
