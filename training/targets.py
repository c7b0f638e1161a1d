"""Labels as arrays: what the separators learn and what calibration compares with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.taxonomy import Taxonomy
from training.corpus import Tip


@dataclass(frozen=True)
class Targets:
    """The labels of tips, columns in the taxonomy's order.

    Attributes
    ----------
    desk : ndarray of int, shape (n_tips,)
    also : ndarray of bool, shape (n_tips, n_desks)
    also_known : ndarray of bool, shape (n_tips,)
        False where the file does not say.
    kind : ndarray of int, shape (n_tips,)
        -1 where the file does not say.
    urgent : ndarray of int, shape (n_tips,)
        0 or 1; -1 where the file does not say.
    n_kinds : int
    """

    desk: NDArray[np.int64]
    also: NDArray[np.bool_]
    also_known: NDArray[np.bool_]
    kind: NDArray[np.int64]
    urgent: NDArray[np.int64]
    n_kinds: int

    @classmethod
    def of(cls, tips: Sequence[Tip], taxonomy: Taxonomy) -> Self:
        """Return the labels of `tips`."""
        desks, kinds = list(taxonomy.desk_ids), list(taxonomy.kind_ids)
        return cls(
            desk=np.array([desks.index(tip.desk) for tip in tips], dtype=np.int64),
            also=np.array([[desk in (tip.also or ()) for desk in desks] for tip in tips], dtype=np.bool_),
            also_known=np.array([tip.also is not None for tip in tips], dtype=np.bool_),
            kind=np.array([-1 if tip.kind is None else kinds.index(tip.kind) for tip in tips], dtype=np.int64),
            urgent=np.array([-1 if tip.urgent is None else int(tip.urgent) for tip in tips], dtype=np.int64),
            n_kinds=len(kinds),
        )

    @property
    def n_desks(self) -> int:
        """How many desks there are."""
        return int(self.also.shape[1])

    @property
    def n_outputs(self) -> int:
        """How many scores a tip gets: desks, further desks, demand types, urgency."""
        return 2 * self.n_desks + self.n_kinds + 1

    @property
    def is_desk(self) -> NDArray[np.bool_]:
        """Whether a desk is the first one, shape (n_tips, n_desks)."""
        first: NDArray[np.bool_] = self.desk[:, np.newaxis] == np.arange(self.n_desks)
        return first

    def with_copies(self, copied: NDArray[np.int64]) -> "Targets":
        """Return the labels of all tips, then the desks alone of copies of some of them."""
        copies = self.take(copied)
        return Targets(
            desk=np.concatenate([self.desk, copies.desk]),
            also=np.concatenate([self.also, copies.also]),
            also_known=np.concatenate([self.also_known, np.zeros_like(copies.also_known)]),
            kind=np.concatenate([self.kind, np.full_like(copies.kind, -1)]),
            urgent=np.concatenate([self.urgent, np.full_like(copies.urgent, -1)]),
            n_kinds=self.n_kinds,
        )

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Targets":
        """Return the labels of some of the tips."""
        return Targets(
            self.desk[rows], self.also[rows], self.also_known[rows], self.kind[rows], self.urgent[rows], self.n_kinds
        )
