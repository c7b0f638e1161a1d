"""What tips are told in: how a model sees their words, which of them it does not know, which terms are new or gone."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from scipy.special import xlogy

from model.artefact import Artefact
from model.features import FeatureFinder
from model.featuretext import feature_lines
from model.gramindex import GramIndex
from model.layout import LINE_FEED, Layout
from model.personal import MASKED_KINDS, find_personal
from model.segment import Segmenter
from model.text import normalise

MIN_TERM_TIPS = 5
"""What is told in fewer tips is no theme, and may point to a person."""

MIN_Z = 4.0
"""How clear a term's change must be: of 10,000 terms that did not change, chance takes less than one beyond it."""

_MAX_TERMS = 20
_NEARLY_ALL = 0.9
_FIGURES = re.compile("[0-9]+")
_TEXTS_AT_ONCE = 256
_MIN_CHARS, _MAX_CHARS = 2, 8  # of a term
_FILLING_IDF = 1 + float(np.log(10))  # of words in every tenth text that the model learned from
_JOINT = " "  # of a pair: words hold none

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or two that follow each other: in how many tips of each side, and whether the model knows it."""

    text: str
    reference: int
    current: int
    known: bool


@dataclass(frozen=True)
class Wording:
    """The words of tips.

    Attributes
    ----------
    n_words, n_known : ndarray of int, shape (n_tips,)
        How many words each tip has, and how many of those the model knows.
    values : csr_array of shape (n_tips, n_features)
        The model's feature values.
    terms : list of str
        Terms in at least `MIN_TERM_TIPS` tips.
    in_tips : csr_array of shape (n_tips, n_terms)
        1 where a tip has a term.
    """

    n_words: Integers
    n_known: Integers
    values: csr_array
    terms: list[str]
    in_tips: csr_array

    def common_words(self, n: int) -> csr_array:
        """Return which tips have which of the `n` terms that most tips have, shape (n_tips, n)."""
        common = np.argsort(-self.in_tips.sum(axis=0), kind="stable")[:n]
        return self.in_tips[:, np.sort(common)]


def read_wording(artefact: Artefact, texts: Sequence[str]) -> Wording:
    """Return the words of texts, as the model's own segmenter cuts them and its vocabulary knows them.

    Figures are left out: dates alone would tell any two months apart.
    """
    segmenter = Segmenter(artefact.user_words)
    finder = FeatureFinder(
        artefact.words,
        GramIndex(np.asarray(artefact.char_index)),
        np.asarray(artefact.idf),
        artefact.manifest.char_ngrams,
        artefact.manifest.opening_chars,
    )
    n_words, n_known, values = list[Integers](), list[Integers](), list[csr_array]()
    idf = np.asarray(artefact.idf[: len(artefact.words)])
    filling = {artefact.words[number] for number in np.flatnonzero(idf < _FILLING_IDF).tolist()}
    numbers: dict[str, int] = {}
    columns, ends = list[int](), [0]
    for i in range(0, len(texts), _TEXTS_AT_ONCE):
        layout = segmenter.lay_out(_FIGURES.sub(" ", feature_lines(texts[i : i + _TEXTS_AT_ONCE])))
        found = finder.find(layout)
        short, long, _ = found
        solid = layout.word_starts[layout.word_lengths > 0]
        solid = solid[layout.codes[solid] != LINE_FEED]
        starts = np.concatenate([short.starts, long.starts])
        n_words.append(np.bincount(layout.rows[solid], minlength=layout.n_texts))
        n_known.append(np.bincount(layout.rows[starts], minlength=layout.n_texts))
        values.append(csr_array(tuple(finder.weigh(found, layout)), shape=(layout.n_texts, artefact.idf.size)))
        for told in _terms(layout, filling):
            columns += [numbers.setdefault(term, len(numbers)) for term in sorted(told)]
            ends.append(len(columns))
    in_tips = csr_array((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(texts), len(numbers)))
    enough = np.flatnonzero(in_tips.sum(axis=0) >= MIN_TERM_TIPS)
    terms = list(numbers)
    return Wording(
        n_words=np.concatenate(n_words),
        n_known=np.concatenate(n_known),
        values=vstack(values, format="csr"),
        terms=[terms[number] for number in enough.tolist()],
        in_tips=in_tips[:, enough],
    )


def find_terms(
    wording: Wording, artefact: Artefact, texts: Sequence[str], is_current: NDArray[np.bool_]
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """Return the terms that current tips tell more often than the others, and those that they tell less often.

    Names of persons are none of them.

    Notes
    -----
    By the log-likelihood ratio of a term's shares, which holds for few tips as well: T. Dunning, Accurate methods for
    the statistics of surprise and coincidence, 1993. Of terms within each other one is given: the clearest, or a longer
    one that nearly as many tips tell.
    """
    now, before = (
        np.asarray(wording.in_tips[side].sum(axis=0), dtype=np.float64) for side in (is_current, ~is_current)
    )
    n_now, n_before = is_current.sum(), (~is_current).sum()
    ratio = 2 * (
        _log_likelihood(now, n_now)
        + _log_likelihood(before, n_before)
        - _log_likelihood(now + before, n_now + n_before)
    )
    z = np.sign(now / n_now - before / n_before) * np.sqrt(np.maximum(ratio, 0))
    names = _names(texts)
    known = set(artefact.words)

    def clearest(order: Integers) -> tuple[Term, ...]:
        terms = list[Term]()
        for number in order.tolist():
            text, parts = wording.terms[number], wording.terms[number].split(_JOINT)
            text = "".join(parts)
            term = Term(text, int(before[number]), int(now[number]), known.issuperset(parts))
            if any(text in other.text for other in terms) or not names.isdisjoint([text, *parts]):
                continue
            within = [place for place, other in enumerate(terms) if other.text in text]
            if not within and len(terms) < _MAX_TERMS:
                terms.append(term)
            elif within and _tips(term) >= _NEARLY_ALL * _tips(terms[within[0]]):
                terms[within[0]] = term  # says more of the same tips
        return tuple(terms)

    order = np.argsort(-z, kind="stable")
    return (
        clearest(order[(z[order] >= MIN_Z) & (now[order] >= MIN_TERM_TIPS)]),
        clearest(order[::-1][(z[order[::-1]] <= -MIN_Z) & (before[order[::-1]] >= MIN_TERM_TIPS)]),
    )


def _tips(term: Term) -> int:
    """Return in how many tips of its side a term is told."""
    return max(term.reference, term.current)


def _names(texts: Sequence[str]) -> set[str]:
    """Return all runs of two characters and more in the names of persons that stand in texts."""
    names = {
        normalised[datum.start : datum.end]
        for normalised in map(normalise, texts)
        for datum in find_personal(normalised)
        if datum.kind not in MASKED_KINDS
    }
    return {name[i:j] for name in names for i in range(len(name)) for j in range(i + _MIN_CHARS, len(name) + 1)}


def _log_likelihood(told: Floats, n: np.int64) -> Floats:
    """Return how likely it is that a term is told in just so many of `n` tips by the share that it has there."""
    likelihood: Floats = xlogy(told, told / n) + xlogy(n - told, 1 - told / n)
    return likelihood


def _terms(layout: Layout, filling: Collection[str]) -> list[set[str]]:
    """Return the terms of each text: its words, and pairs of words that follow each other, joined by a blank.

    No pair has one of the words `filling`, which go with everything.
    """
    terms: list[set[str]] = [set() for _ in range(layout.n_texts)]
    text, before = 0, ""
    for word in layout.words:
        if word == "\n":
            text, before = text + 1, ""
            continue
        if _MIN_CHARS <= len(word) <= _MAX_CHARS and not word.isspace():
            terms[text].add(word)
        if word.isspace() or word in filling:
            before = ""
        else:
            if before and _MIN_CHARS < len(before) + len(word) <= _MAX_CHARS:
                terms[text].add(before + _JOINT + word)
            before = word
    return terms
