"""What a run did, in figures."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Summary:
    """What was done, earlier parts of a resumed run included.

    Attributes
    ----------
    rows : int
        Rows of OUTPUT; with `rejects` they add up to the input.
    seconds : float
        Time spent, without that between an interruption and the resuming.
    notes : list of str
        What the reader of the result must know.
    """

    rows: int = 0
    rejects: int = 0
    desks: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    urgencies: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Summary":
        """Return the summary whose attributes these are, as JSON kept them."""
        summary = cls(**record)
        for name in ("desks", "decisions", "urgencies"):
            setattr(summary, name, Counter(record[name]))
        return summary

    @property
    def speed(self) -> float:
        """Rows a second."""
        return (self.rows + self.rejects) / self.seconds if self.seconds else 0.0
