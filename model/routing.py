"""What a routing is: a desk and how sure that is, and all that an operator is told beside it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Decision = Literal["auto", "confirm", "review"]
Level = Literal["critical", "high", "normal"]
Piece = Literal["evidence", "urgency", "facts", "questions", "law"]
Value = float | int | str | tuple[float, float] | bool | None

PIECES: frozenset[Piece] = frozenset(get_args(Piece))
"""All that a routing may hold beyond the decision."""


def wanted_pieces(explain: bool | Collection[Piece]) -> frozenset[Piece]:
    """Return which pieces `explain` asks for: True all, False none, or those that it names."""
    if isinstance(explain, bool):
        return PIECES if explain else frozenset()
    return frozenset(explain)


# These are made by the million, one for each word of a text and more: frozen, they would take three times as long.


@dataclass(slots=True)
class Candidate:
    """A desk with its probability."""

    desk: str
    name: str
    probability: float


@dataclass(slots=True)
class KindGuess:
    """A demand type with its probability."""

    id: str
    name: str
    probability: float


@dataclass(slots=True)
class Evidence:
    """A span ``[start, end)`` of the text as received, in code points, and what it adds to the winning desk's score.

    The shares of all spans and the desk's intercept add up to its calibrated logit, counted from the mean over all
    desks: a share of 0.7 doubles the desk's odds against the average desk.
    """

    start: int
    end: int
    text: str
    share: float


@dataclass(slots=True)
class Signal:
    """A rule that fired, and a place where it did: ``[start, end)`` in code points of the text assessed."""

    rule: str
    level: Level
    reason: str
    start: int
    end: int


@dataclass(slots=True)
class Urgency:
    """How urgent a tip is: the highest level of its signals, "normal" without any."""

    level: Level
    signals: tuple[Signal, ...]


@dataclass(slots=True)
class Fact:
    """A fact and where it stands: ``[start, end)`` in code points of the text looked at.

    Attributes
    ----------
    kind : str
        "money", "headcount", "duration", "date", "employer", "place", "occupation", "wage", "claim", or a kind of
        statement of the data.
    value
        Normalised: yuan, people, a length in `unit`, a day, month, year or interval in ISO 8601, an employer's name, a
        place's division code, whether what is stated is so, the id of a claim. A pair is a range. None where it cannot
        be told.
    unit : str or None
        "yuan", "people", "minute", "hour", "day", "week", "month", "year", "yuan/month" or "gb2260".
    """

    kind: str
    start: int
    end: int
    text: str
    value: Value = None
    unit: str | None = None


@dataclass(slots=True)
class TimeLimit:
    """A period that an article sets.

    Attributes
    ----------
    what : str
        What is due by its end, or what it is the length of.
    length, unit : int, str
        How long: 30 and "日".
    start : str
        From when it runs; ``from`` in the file.
    """

    what: str
    length: int
    unit: str
    start: str


@dataclass(slots=True)
class Article:
    """One or more articles of a law that settle one matter, as operators are shown them.

    Attributes
    ----------
    law : str
        Short title of the law.
    number : str
        The article as it is cited, such as "第三十条".
    title, says : str
        What it is about, and what it says in one sentence: a summary, not the wording of the law.
    """

    law: str
    number: str
    title: str
    says: str
    limits: tuple[TimeLimit, ...]


@dataclass(slots=True)
class Routing:
    """Where a tip should go, how sure that is, and why.

    Attributes
    ----------
    desk, desk_name, confidence
        First choice and its calibrated probability.
    candidates : tuple of Candidate
        Every desk worth showing, best first, at least three.
    also : tuple of Candidate
        Further desks with a separate demand in the tip, likeliest first.
    decision : {"auto", "confirm", "review"}
        ``auto`` meets the desk's precision target, ``confirm`` is a choice among few, at ``review`` a person must
        read the tip.
    prediction_set : tuple of str
        The desks that hold the right one with the guaranteed coverage, likeliest first.
    kind : KindGuess
    model_version : str
    evidence, urgency, facts, questions, law
        Which words decided, how urgent the tip is, what it tells, what is still to be asked, and the articles that bear
        on it; each None where it was not asked for.
    """

    desk: str
    desk_name: str
    confidence: float
    candidates: tuple[Candidate, ...]
    also: tuple[Candidate, ...]
    decision: Decision
    prediction_set: tuple[str, ...]
    kind: KindGuess
    model_version: str
    evidence: tuple[Evidence, ...] | None = None
    urgency: Urgency | None = None
    facts: tuple[Fact, ...] | None = None
    questions: tuple[str, ...] | None = None
    law: tuple[Article, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the routing as JSON can hold it; what was not asked for is absent."""
        return {name: value for name, value in asdict(self).items() if value is not None}
