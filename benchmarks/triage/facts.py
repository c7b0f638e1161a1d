"""Facts found in real tips, against what people marked there: ``python -m benchmarks.triage.facts``.

The files of marks hold ids and spans alone; the tips stand beside this checkout. `facts_fresh.jsonl`, employers and
head-counts alone, was marked before the finder was last widened, and is for the report; `facts.jsonl` was marked
without seeing the finder, and its misses were then read. A found fact is right when one of its kind
was marked with an overlap (intersection over union of the spans) of at least 0.5; each counts once, the best overlap
first. Of money and head-counts the value must be right, too: two ranges agree when they meet and begin within a tenth
of each other.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.real import FOLDER
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router
from model.routing import Fact

MARKED = {"looked at": Path(__file__).with_name("facts.jsonl"), "fresh": Path(__file__).with_name("facts_fresh.jsonl")}
ASKED = {"money": 0.9, "headcount": 0.9, "employer": 0.8, "date": 0.8}  # least F1
VALUED = ("money", "headcount")
MIN_IOU = 0.5
TODAY = date(2026, 11, 30)
_BATCH = 500

Value = float | Sequence[float] | None


class Span(NamedTuple):
    """A fact in a text as received."""

    start: int
    end: int
    value: Value


def main() -> None:
    """Print precision, recall and F1 of each kind, of each file of marks."""
    texts = dict(_read_texts())
    if not texts:
        sys.exit(f"{FOLDER} is not here: facts are measured on real tips that this project does not hold")
    router = Router.load(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    for name, path in MARKED.items():
        with path.open(encoding="utf-8") as file:
            marked = [record for record in map(json.loads, file) if record["id"] in texts]
        _print_table(name, _compare(router, marked, texts))


def _compare(router: Router, marked: Sequence[dict[str, Any]], texts: Mapping[str, str]) -> Mapping[str, Counter[str]]:
    """Return by kind how many facts were marked, found and right."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for first in range(0, len(marked), _BATCH):
        records = marked[first : first + _BATCH]
        routings = router.route([texts[record["id"]] for record in records], explain=["facts"], today=TODAY)
        for record, routing in zip(records, routings, strict=True):
            for kind in record["kinds"]:
                _count(kind, routing.facts or (), record["facts"], counts[kind])
    return counts


def _print_table(name: str, counts: Mapping[str, Counter[str]]) -> None:
    title = f"facts in real tips, {name}"
    table = Table("kind", "tips", "marked", "found", "precision", "recall", "F1", "asked", title=title)
    for kind, count in sorted(counts.items()):
        precision, recall = count["right"] / max(count["found"], 1), count["right"] / max(count["marked"], 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        figures = [f"{count[name]}" for name in ("tips", "marked", "found")]
        table.add_row(kind, *figures, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{ASKED.get(kind, '')}")
    Console().print(table)


def _count(kind: str, found: Sequence[Fact], marked: Sequence[dict[str, object]], count: Counter[str]) -> None:
    ours = [Span(fact.start, fact.end, fact.value) for fact in found if fact.kind == kind]  # type: ignore[arg-type]
    theirs = [Span(f["start"], f["end"], f.get("value")) for f in marked if f["kind"] == kind]  # type: ignore[arg-type]
    pairs = sorted(((_iou(a, b), i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs)), reverse=True)
    used_ours, used_theirs = set[int](), set[int]()
    for overlap, i, j in pairs:
        if overlap < MIN_IOU or i in used_ours or j in used_theirs:
            continue
        if kind not in VALUED or _agree(ours[i].value, theirs[j].value):
            used_ours.add(i)
            used_theirs.add(j)
    count.update(tips=1, marked=len(theirs), found=len(ours), right=len(used_ours))


def _iou(a: Span, b: Span) -> float:
    both = min(a.end, b.end) - max(a.start, b.start)
    return max(both, 0) / (max(a.end, b.end) - min(a.start, b.start))


def _agree(found: Value, marked: Value) -> bool:
    if marked is None:
        return True
    if found is None:
        return False
    low, high = found if isinstance(found, Sequence) else (found, found)
    first, last = marked if isinstance(marked, Sequence) else (marked, marked)
    if low == high and first == last:
        return abs(low - first) <= 0.005 * max(abs(low), abs(first))
    return low <= last and first <= high and abs(low - first) <= 0.1 * max(low, first) + 1


def _read_texts() -> Iterator[tuple[str, str]]:
    """Yield ids and texts of the real tips that are here."""
    if (path := FOLDER / "practice.csv").exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from ((row["id"], row["text"]) for row in csv.DictReader(file))
    if (path := FOLDER / "unlabelled.jsonl").exists():
        with path.open(encoding="utf-8") as file:
            yield from ((record["id"], record["text"]) for record in map(json.loads, file))


if __name__ == "__main__":
    main()
