"""From packed character n-grams to their numbers, for a whole batch at once."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio spreads neighbouring numbers
_EMPTY = np.uint64(0)


class GramIndex:
    """A hash table with open addressing, read by NumPy.

    Parameters
    ----------
    grams : ndarray of uint64, shape (n_grams,)
        Each once, none of them 0.

    Notes
    -----
    D. Knuth, The Art of Computer Programming, vol. 3, section 6.4: linear probing after multiplicative hashing. At most
    half full, so that most look-ups, also of what is not there, end at the first place.
    """

    def __init__(self, grams: NDArray[np.uint64]) -> None:
        bits = max(int(grams.size * 2 - 1).bit_length(), 1)
        self._shift, self._last = np.uint64(64 - bits), np.uint64((1 << bits) - 1)
        self._slots = np.zeros(1 << bits, dtype=np.uint64)
        self._numbers = np.zeros(1 << bits, dtype=np.int32)
        waiting = np.arange(grams.size, dtype=np.int32)
        places = self._first_place(grams)
        while waiting.size:
            free = self._slots[places] == _EMPTY
            self._slots[places[free]] = grams[waiting[free]]  # of several that want one place, the last gets it
            seated = self._slots[places] == grams[waiting]
            self._numbers[places[seated]] = waiting[seated]
            waiting, places = waiting[~seated], self._next_place(places[~seated])

    def find(self, grams: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the number of each n-gram, -1 where it is not known; shape as `grams`."""
        numbers = np.full(grams.size, -1, dtype=np.int32)
        going, places = np.arange(grams.size), self._first_place(grams)
        while going.size:
            found, sought = self._slots[places], grams[going]
            hit = np.flatnonzero(found == sought)
            numbers[going[hit]] = self._numbers[places[hit]]
            taken = np.flatnonzero((found != sought) & (found != _EMPTY))
            going, places = going[taken], self._next_place(places[taken])
        return numbers

    def _first_place(self, grams: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return (grams * _GOLDEN) >> self._shift

    def _next_place(self, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return (places + np.uint64(1)) & self._last
