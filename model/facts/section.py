"""Sections of a parsed YAML or JSON document read into dataclasses, with all that is wrong with them."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

Section = TypeVar("Section")


def read_section(cls: type[Section], item: object, where: str, problems: list[str]) -> Section | None:
    """Return the `cls` that `item` holds; what is wrong with it goes into `problems`, and then None is returned.

    Parameters
    ----------
    cls : type
        A dataclass whose fields are texts, whole numbers above 0, tuples of texts, or dictionaries from texts.
    """
    if not isinstance(item, Mapping):
        problems.append(f"{where} is {type(item).__name__}, not a mapping")
        return None
    known = len(problems)
    wanted = {field.name: field.type for field in fields(cls)}  # type: ignore[arg-type]
    if missing := sorted(wanted.keys() - item.keys()):
        problems.append(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(map(str, item.keys() - wanted.keys())):
        problems.append(f"{where} has unknown {', '.join(unknown)}")
    values: dict[str, Any] = {}
    for name in wanted.keys() & item.keys():
        fits, wording = _CHECKS[wanted[name]]
        if not fits(item[name]):
            problems.append(f"{where}: {name} must be {wording}")
        elif isinstance(item[name], list):
            if twice := sorted({word for word in item[name] if item[name].count(word) > 1}):
                problems.append(f"{where}: {name} has {', '.join(twice)} twice")
            values[name] = tuple(item[name])
        else:
            values[name] = item[name]
    return None if len(problems) > known else cls(**values)


def is_text(value: object) -> bool:
    """Whether `value` is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip("\t "))


def is_number(value: object) -> bool:
    """Whether `value` is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_texts(value: object) -> bool:
    """Whether `value` is a list of texts that are not blank."""
    return isinstance(value, list) and bool(value) and all(map(is_text, value))


def _is_mapping_to(check: Callable[[object], bool]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, Mapping) and all(is_text(k) and check(v) for k, v in value.items())

    return fits


_CHECKS: dict[object, tuple[Callable[[object], bool], str]] = {
    str: (is_text, "a text"),
    int: (lambda value: is_whole(value) and value > 0, "a whole number above 0"),  # type: ignore[operator]
    tuple[str, ...]: (is_texts, "a list of texts"),
    dict[str, int]: (_is_mapping_to(is_whole), "a mapping from texts to whole numbers"),
    dict[str, float]: (_is_mapping_to(is_number), "a mapping from texts to numbers"),
    dict[str, str]: (_is_mapping_to(lambda value: isinstance(value, str)), "a mapping from texts to texts"),
    dict[str, list[int]]: (
        _is_mapping_to(lambda value: isinstance(value, list) and len(value) == 2 and all(map(is_whole, value))),
        "a mapping from texts to pairs of whole numbers",
    ),
}
