"""`tipdesk score` from CSV to CSV, against `Router.route` alone."""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.speed.rounds import Figure, at_least, divide, take_turns
from model.router import Router
from service.batch.score import score_table

ALONE, ONE, TWO = "Router.route alone", "tipdesk score, 1 worker", "tipdesk score, 2 workers"


def measure_batch(router: Router, model: Path, texts: list[str]) -> tuple[list[Figure], dict[str, list[float]]]:
    """Return the figures, and microseconds a row of each contestant in each round. Workers are warm."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.csv", Path(folder) / "out.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text"], *enumerate(texts)])

        def score(workers: int) -> Callable[[], float]:
            def microseconds_a_row() -> float:
                began = perf_counter()
                summary = score_table(model, source, target, "text", workers=workers)
                if summary.rows != len(texts):
                    raise RuntimeError(f"{summary.rows} rows came back of {len(texts)}")
                return 1e6 * (perf_counter() - began) / len(texts)

            return microseconds_a_row

        def route() -> float:
            began = perf_counter()
            router.route(texts, explain=False)
            return 1e6 * (perf_counter() - began) / len(texts)

        times = take_turns({ALONE: route, ONE: score(1), TWO: score(2)}, rounds=5)
    figures = [
        at_least(f"{ONE} : {ALONE}", divide(times[ALONE], times[ONE]), 0.5),
        at_least(f"{TWO} : 1 worker", divide(times[ONE], times[TWO]), 1.5),
    ]
    return figures, times
