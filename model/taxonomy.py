"""The desks and the demand types, as data: no other code knows one of them by name."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from model.errors import TaxonomyError

_ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Kind:
    """A demand type: what the caller wants of the hotline."""

    id: str
    name: str


@dataclass(frozen=True)
class Desk:
    """A desk, and what an operator needs to know of it.

    Attributes
    ----------
    labour : bool
        False for a desk that takes what is no labour matter.
    questions : tuple of str
        What to ask the caller, in this order.
    legal_basis : tuple of str
        Titles and articles that bear on the desk's matters.
    time_limit_days : int
        Working days within which the desk answers a case.
    transfer_to : str
        Who takes the case when the desk cannot settle it.
    """

    id: str
    name: str
    labour: bool
    handles: str
    questions: tuple[str, ...]
    legal_basis: tuple[str, ...]
    time_limit_days: int
    transfer_to: str


@dataclass(frozen=True)
class Taxonomy:
    """All desks and all demand types, in the order of the file that they were read from.

    Attributes
    ----------
    kinds : tuple of Kind
        Where two fit, the earlier one is meant.
    answers : dict of str to list of str
        For kinds of facts, the desks' questions that such a fact in a tip answers.
    """

    desks: tuple[Desk, ...]
    kinds: tuple[Kind, ...]
    answers: Mapping[str, list[str]]

    @classmethod
    def from_dict(cls, content: object) -> "Taxonomy":
        """Return the taxonomy that a parsed YAML or JSON document describes.

        Raises
        ------
        TaxonomyError
            If anything is missing, unknown, of the wrong type or there twice; all of it is named at once.
        """
        if not isinstance(content, Mapping) or set(content) != {"desks", "kinds", "answers"}:
            raise TaxonomyError("the taxonomy must hold exactly 'kinds', 'desks' and 'answers'; see data/desks.yaml")
        problems: list[str] = []
        desks = [_record(Desk, item, f"desk {n}", problems) for n, item in enumerate(content["desks"] or [], 1)]
        kinds = [_record(Kind, item, f"kind {n}", problems) for n, item in enumerate(content["kinds"] or [], 1)]
        for noun, ids in (
            ("desk", [str(item.get("id")) for item in desks]),
            ("kind", [str(item.get("id")) for item in kinds]),
        ):
            problems += [f"{noun} id '{i}' is not of the form [a-z][a-z0-9_]*" for i in ids if not _ID.fullmatch(i)]
            problems += [f"{noun} id '{i}' is there twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
            if len(ids) < 2:
                problems.append(f"found {len(ids)} {noun}(s), at least 2 are needed")
        asked = {question for desk in desks for question in desk.get("questions", ())}
        problems += _wrong_answers(content["answers"], asked)
        if problems:
            raise TaxonomyError("taxonomy: " + "; ".join(problems))
        return cls(tuple(Desk(**item) for item in desks), tuple(Kind(**item) for item in kinds), content["answers"])

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        desks, kinds = [asdict(desk) for desk in self.desks], [asdict(kind) for kind in self.kinds]
        return {"kinds": kinds, "desks": desks, "answers": dict(self.answers)}

    @property
    def desk_ids(self) -> tuple[str, ...]:
        """Desk ids in order."""
        return tuple(desk.id for desk in self.desks)

    @property
    def kind_ids(self) -> tuple[str, ...]:
        """Demand type ids in order."""
        return tuple(kind.id for kind in self.kinds)


def _wrong_answers(answers: object, asked: Collection[str]) -> list[str]:
    if not isinstance(answers, Mapping) or not all(isinstance(questions, list) for questions in answers.values()):
        return ["answers must be a mapping from kinds of facts to lists of questions"]
    answered = [question for questions in answers.values() for question in questions]
    return [
        *(f"answers: no desk asks '{question}'" for question in answered if question not in asked),
        *(f"answers: '{q}' is there twice" for q in sorted({q for q in answered if answered.count(q) > 1})),
    ]


def _record(cls: type, item: object, where: str, problems: list[str]) -> dict[str, Any]:
    """Return the keyword arguments for `cls` that `item` holds; what is wrong with it goes into `problems`."""
    if not isinstance(item, Mapping):
        problems.append(f"{where} is {type(item).__name__}, not a mapping")
        return {}
    expected = {field.name: field.type for field in fields(cls)}
    if missing := sorted(expected.keys() - item.keys()):
        problems.append(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(map(str, item.keys() - expected.keys())):
        problems.append(f"{where} has unknown {', '.join(unknown)}")
    record: dict[str, Any] = {}
    for name in expected.keys() & item.keys():
        value, wanted = item[name], expected[name]
        if wanted == tuple[str, ...]:
            fits = isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
            value = tuple(value) if fits else ()
        elif wanted is int:
            fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
        elif wanted is bool:
            fits = isinstance(value, bool)
        else:
            fits = isinstance(value, str) and bool(value.strip())
        if not fits:
            problems.append(f"{where}: {name} must be {_WORDING[wanted]}")
        record[name] = value
    return record


_WORDING: dict[object, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number above 0",
    tuple[str, ...]: "a list of texts",
}
