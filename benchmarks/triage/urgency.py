"""Urgency against labels, on the project's own tips and on real ones: ``python -m benchmarks.triage.urgency``.

Urgent is what is `critical` or `high`. `urgency_test.csv` was written by people who did not know the rules and is for
the report; `urgency.csv` was written so, too, `urgency_more.csv` by one who had seen part of them, and both were then
looked at when rules were widened, as the practice tips were.
"""

import csv
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real import DEV, FOLDER, PRACTICE
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router

OWN = Path(__file__).parent
SETS = {  # path, least recall, least precision
    "own, unseen": (OWN / "urgency_test.csv", 0.95, 0.90),
    "own, looked at": (OWN / "urgency.csv", 0.95, 0.90),
    "own, more, looked at": (OWN / "urgency_more.csv", 0.95, 0.90),
    "real, unseen (dev)": (FOLDER / f"{DEV}.csv", 0.85, 0.65),
    "real, looked at (practice)": (FOLDER / f"{PRACTICE}.csv", 0.85, 0.65),
}


def main() -> None:
    """Print recall and precision for each set, and recall for each signal of the project's own."""
    router = Router.load(Registry.of_home(DEFAULT_HOME).path(CHAMPION))
    table = Table("tips", "n", "urgent", "recall", "precision", "asked", title="urgency")
    signals = Table("signal", *(name for name in SETS if name.startswith("own")), title="recall by signal")
    by_signal: dict[str, list[str]] = {}
    for name, (path, least_recall, least_precision) in SETS.items():
        if not path.exists():
            table.add_row(name, "not here", "", "", "", "")
            continue
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        routings = router.route([row["text"] for row in rows], explain=["urgency"])
        found = [routing.urgency is not None and routing.urgency.level != "normal" for routing in routings]
        urgent = [row["urgent"] == "1" for row in rows]
        right = sum(f and u for f, u in zip(found, urgent, strict=True))
        recall, precision = right / sum(urgent), right / max(sum(found), 1)
        asked = f"{least_recall} / {least_precision}"
        table.add_row(name, f"{len(rows)}", f"{sum(urgent)}", f"{recall:.3f}", f"{precision:.3f}", asked)
        if "signal" in rows[0]:
            of = Counter(row["signal"] for row in rows)
            hits = Counter(row["signal"] for row, f in zip(rows, found, strict=True) if f)
            for signal in sorted(of - Counter({"": of[""]})):
                by_signal.setdefault(signal, []).append(f"{hits[signal]} of {of[signal]}")
    for signal, recalls in by_signal.items():
        signals.add_row(signal, *recalls)
    Console().print(table, signals)


if __name__ == "__main__":
    main()
