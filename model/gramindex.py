"""From packed character n-grams to their numbers, for a whole batch at once."""

import numpy as np
from numpy.typing import NDArray

Grams = NDArray[np.uint64]
Integers = NDArray[np.int64]

# Odd, so that each turns every n-gram into another number: 2**64 over the golden ratio, and a prime.
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)
_INVERSES = np.array([pow(int(factor), -1, 2**64) for factor in _FACTORS], dtype=np.uint64)
_EMPTY = np.uint64(2**64 - 1)
_MAX_ROUNDS = 100


class GramIndex:
    """A hash table read by NumPy: an n-gram stands at one of two places, or nowhere.

    Parameters
    ----------
    table : ndarray of uint64, shape (2**bits,)
        Its `table` again, as `GramIndex.of` made it.

    Notes
    -----
    R. Pagh and F. Rodler, Cuckoo Hashing, 2004: a look-up reads one place and seldom a second. The place holds the
    upper bits of the product that led there; a slot has room for the lower ones beside the number, so that 64 bits
    tell an n-gram and its number exactly (quotienting: D. Knuth, The Art of Computer Programming, vol. 3, 6.4).
    """

    def __init__(self, table: Grams) -> None:
        bits = table.size.bit_length() - 1
        self.table = table
        self._bits, self._shift, self._end = np.uint64(bits), np.uint64(64 - bits), np.uint64(1 << (bits - 1))

    @classmethod
    def of(cls, grams: Grams) -> "GramIndex":
        """Return the index of n-grams, each there once, shape (n_grams,); they are numbered in their order."""
        bits = (2 * grams.size + 1).bit_length()  # less than half full, so that no slot in use looks empty
        while not (index := cls(np.full(1 << bits, _EMPTY, dtype=np.uint64)))._seat(grams):
            bits += 1
        return index

    def numbers(self) -> Integers:
        """Return the numbers of all n-grams, in no order."""
        numbers: Grams = self.table[self.table != _EMPTY] & (self._end - np.uint64(1))
        return numbers.view(np.int64)

    def grams(self) -> Grams:
        """Return all n-grams in the order of their numbers, as `GramIndex.of` was given them."""
        places = (self.table != _EMPTY).nonzero()[0]
        slots = self.table[places]
        products = (places.astype(np.uint64) << self._shift) | (slots >> self._bits)
        choices = ((slots & self._end) != 0).astype(np.int64)
        grams: Grams = np.empty_like(slots)
        grams[(slots & (self._end - np.uint64(1))).view(np.int64)] = products * _INVERSES[choices]
        return grams

    def find(self, grams: Grams) -> tuple[Integers, Integers]:
        """Return the positions in `grams` of those that are known, ascending, and their numbers."""
        places, first = self._slots(grams, 0)
        found = self.table.take(places)
        numbers = found ^ first  # what is left of a slot when all but its number is as wanted
        # Whoever stands at the second place was turned out of the first, where somebody stands since.
        again = ((numbers >= self._end) & (found != _EMPTY)).nonzero()[0]
        places, second = self._slots(grams[again], 1)
        numbers[again] = self.table.take(places) ^ second
        known = (numbers < self._end).nonzero()[0]
        return known, numbers[known].view(np.int64)

    def _slots(self, grams: Grams, choice: int | Integers) -> tuple[Integers, Grams]:
        """Return the places of n-grams by their first or second choice, and the slots that number 0 would have."""
        products = grams * _FACTORS[choice]
        slots = (products << self._bits) | (self._end * np.asarray(choice, dtype=np.uint64))
        return (products >> self._shift).view(np.int64), slots

    def _seat(self, grams: Grams) -> bool:
        """Fill the table; say whether every n-gram found a place."""
        choices = np.zeros(grams.size, dtype=np.int64)
        waiting = np.arange(grams.size)
        for _ in range(_MAX_ROUNDS):
            if not waiting.size:
                return True
            places, slots = self._slots(grams[waiting], choices[waiting])
            slots |= waiting.astype(np.uint64)
            before = self.table[places]
            self.table[places] = slots  # of several that want one place, the last gets it
            too_late = waiting[self.table[places] != slots]
            turned_out = np.zeros(grams.size, dtype=np.bool_)
            turned_out[(before[before != _EMPTY] & (self._end - np.uint64(1))).view(np.int64)] = True
            waiting = np.concatenate((too_late, np.flatnonzero(turned_out)))
            choices[waiting] ^= 1
        return False
