"""Divisions as people write them, and as cases keep them: codes of six digits (GB/T 2260)."""

from collections.abc import Iterable

from model.router import Router
from model.routing import Fact

_MOST = 12  # names offered


def region_name(router: Router, code: str | None) -> str:
    """Return a division's name within its province and city, such as 湖南省长沙市; the code itself if it has none.

    Codes may be cut to four digits (cities) or two (provinces).
    """
    if not code:
        return ""
    parents = dict.fromkeys([code[:2] + "0000", code[:4].ljust(6, "0"), code.ljust(6, "0")])
    return "".join(router.divisions[part] for part in parents if part in router.divisions) or code


def find_region(router: Router, words: str) -> str | None:
    """Return the code of the division that `words` name, as a code or in any form that a tip could; else None."""
    words = words.strip()
    if words in router.divisions:
        return words
    for code, name in router.divisions.items():
        if words.endswith(name) and region_name(router, code) == words:
            return code
    facts = router.route([words], explain=["facts"])[0].facts if words else None
    return told_region(facts or ())


def told_region(facts: Iterable[Fact]) -> str | None:
    """Return the one division that facts name; None where there are several, or none."""
    codes = {str(fact.value) for fact in facts if fact.kind == "place" and fact.value}
    narrowest = max(codes, key=lambda code: len(code.rstrip("0")), default="")
    within = narrowest.rstrip("0")
    return narrowest if codes and all(within.startswith(code.rstrip("0")) for code in codes) else None


def regions_like(router: Router, words: str) -> list[str]:
    """Return full names of divisions that hold `words`, provinces and cities first."""
    words = words.strip()
    found = [code for code, name in router.divisions.items() if words and words in name]
    found.sort(key=lambda code: (not router.divisions[code].startswith(words), code[2:] != "0000", code[4:] != "00"))
    return [region_name(router, code) for code in found[:_MOST]]
