"""Features of texts that were laid out: which stand where, and their TF-IDF values. Training and serving share it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.gramindex import GramIndex
from model.layout import LINE_FEED, LONGEST_RUN, Layout, code_points, pack

_LENGTHS = range(1, LONGEST_RUN + 1)
Integers = NDArray[np.int64]
_Found = tuple[Integers, Integers, Integers]  # features, their starts, their lengths


class Occurrences(NamedTuple):
    """Where known features of one sort stand.

    Attributes
    ----------
    keys : ndarray of int32 or int64, shape (n_occurrences,)
        From the highest bit down: the text, the feature (``n_features.bit_length()`` bits), and whether the place is in
        the opening of its text and counts twice: what is put first decides more often than not.
    starts : ndarray of int64, shape (n_occurrences,)
        First character in the layout.
    lengths : ndarray of int64, shape (n_occurrences,)
        In characters.
    """

    keys: NDArray[Any]
    starts: Integers
    lengths: Integers


class Values(NamedTuple):
    """Feature values of texts in compressed sparse rows, as scipy has them, which takes a third of start-up to import.

    Attributes
    ----------
    data : ndarray of float32, shape (n_values,)
    indices : ndarray of int32, shape (n_values,)
        Features, ascending within a text.
    indptr : ndarray of int32, shape (n_texts + 1,)
        Where each text's values begin; the last is `n_values`.
    """

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]

    def times(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product with a dense matrix, shape (n_texts, n_columns)."""
        product = np.empty((self.indptr.size - 1, weights.shape[1]), dtype=np.float32)
        longest = (self.indptr[1:] - self.indptr[:-1]).max(initial=0)
        rows = np.empty((longest, weights.shape[1]), dtype=np.float32)
        features = self.indices.astype(np.intp)
        for result, (start, end) in zip(product, pairwise(self.indptr.tolist()), strict=True):
            own = rows[: end - start]
            weights.take(features[start:end], axis=0, out=own, mode="clip")  # other modes copy `out` first
            np.dot(self.data[start:end], own, out=result)
        return product


class FeatureFinder:
    """Finds and weighs the features of a vocabulary in two blocks: words, and character n-grams (blanks left out).

    Parameters
    ----------
    words : sequence of str
        Word number i is feature i.
    char_grams : GramIndex
        Of character n-grams without line feeds; number j is feature ``len(words) + j``.
    idf : ndarray of float32, shape (n_features,)
    char_ngrams : tuple of int
        Shortest and longest character n-gram.
    opening_chars : int
        What stands in the first so many characters counts twice.
    """

    def __init__(
        self,
        words: Sequence[str],
        char_grams: GramIndex,
        idf: NDArray[np.float32],
        char_ngrams: tuple[int, int],
        opening_chars: int,
    ) -> None:
        # Nine words of ten are short enough to be looked up as n-grams are, all at once.
        codes = code_points("\n".join(words))
        ends = np.append(np.flatnonzero(codes == LINE_FEED), codes.size)
        starts = np.append(0, ends[:-1] + 1)
        by_length = [np.flatnonzero(ends - starts == n) for n in _LENGTHS]
        packed = [pack(codes, n)[starts[numbers]] for n, numbers in zip(_LENGTHS, by_length, strict=True)]
        self._short_words = GramIndex.of(np.concatenate(packed))
        self._short_numbers = np.concatenate(by_length)
        long = np.flatnonzero(ends - starts > LONGEST_RUN)
        self._long_words = {words[number]: number for number in long.tolist()}
        self._char_grams = char_grams
        self._n_words = len(words)
        self._idf = idf
        self._bits = idf.size.bit_length() + 1  # of a key, below the text
        self._char_ngrams = char_ngrams
        self._opening_chars = opening_chars

    def find(self, layout: Layout) -> list[Occurrences]:
        """Return where features of the vocabulary stand: words, then character n-grams, each length apart."""
        by_length = [pack(layout.codes, n) for n in _LENGTHS]
        runs, first = np.concatenate(by_length), np.cumsum([0, 0, *map(len, by_length)])  # `first` run of each length
        integer = np.int32 if layout.n_texts << self._bits < 2**31 else np.int64  # smaller is faster
        texts: NDArray[Any] = layout.rows.astype(integer)
        texts <<= self._bits
        room = self._opening_chars - layout.places
        found = []
        for features, starts, lengths in (
            self._find_short_words(layout, runs, first),
            self._find_long_words(layout),
            self._find_char_grams(runs, first),
        ):
            keys: NDArray[Any] = features.astype(integer)
            keys <<= 1
            keys |= room[starts] >= lengths
            keys |= texts[starts]
            found.append(Occurrences(keys, starts, lengths))
        return found

    def weigh(self, found: Sequence[Occurrences], layout: Layout) -> Values:
        """Return the values of each text; those of words and those of n-grams are of length 1, or there are none.

        A value is ``(1 + ln tf) * idf``, as in scikit-learn's `TfidfVectorizer(sublinear_tf=True)`.
        """
        # Equal keys become neighbours: several times faster than a sparse matrix that adds up what is there twice.
        keys: NDArray[Any] = np.concatenate([one.keys for one in found])
        keys.sort()
        pairs, times = keys >> 1, (keys & 1) + 1
        first, total = begins_run(pairs).nonzero()[0], times.cumsum()
        before = total[first] - times[first]
        counts = np.concatenate((before[1:], total[-1:])) - before
        pairs = pairs[first]
        rows = pairs >> (self._bits - 1)
        features = (pairs & ((1 << (self._bits - 1)) - 1)).astype(np.int32, copy=False)
        values = (1 + np.log(counts, dtype=np.float32)) * self._idf[features]
        # A text's words come first, then its n-grams: each a block, and no block is empty.
        is_gram = features >= self._n_words
        starts = np.concatenate(([0], ((rows[1:] != rows[:-1]) | (is_gram[1:] != is_gram[:-1])).nonzero()[0] + 1))
        if values.size:
            lengths = np.sqrt(np.add.reduceat(np.square(values, dtype=np.float64), starts)).astype(np.float32)
            values /= lengths.repeat(np.concatenate((starts[1:], [values.size])) - starts)
        ends = rows.searchsorted(np.arange(layout.n_texts + 1, dtype=rows.dtype)).astype(np.int32)
        return Values(values, features, ends)

    def _find_short_words(self, layout: Layout, runs: NDArray[np.uint64], first: Integers) -> _Found:
        short = ((layout.word_lengths > 0) & (layout.word_lengths <= LONGEST_RUN)).nonzero()[0]
        starts, lengths = layout.word_starts[short], layout.word_lengths[short]
        known, numbers = self._short_words.find(runs[first[lengths] + starts])
        return self._short_numbers[numbers], starts[known], lengths[known]

    def _find_long_words(self, layout: Layout) -> _Found:
        long = (layout.word_lengths > LONGEST_RUN).nonzero()[0]
        numbers = np.array([self._long_words.get(layout.words[place], -1) for place in long.tolist()], dtype=np.int64)
        known = long[numbers >= 0]
        return numbers[numbers >= 0], layout.word_starts[known], layout.word_lengths[known]

    def _find_char_grams(self, runs: NDArray[np.uint64], first: Integers) -> _Found:
        low, high = self._char_ngrams
        starts, numbers = self._char_grams.find(runs[first[low] : first[high + 1]])
        offsets = first[low : high + 2] - first[low]
        bounds = starts.searchsorted(offsets)
        lengths = np.arange(low, high + 1).repeat(bounds[1:] - bounds[:-1])
        for offset, (begin, end) in zip(offsets.tolist(), pairwise(bounds.tolist()), strict=False):
            starts[begin:end] -= offset
        return numbers + self._n_words, starts, lengths


def begins_run(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values differ from the one before them, shape (n_values,); the first does."""
    new = np.ones(values.size, dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new
