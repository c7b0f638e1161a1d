"""`tipdesk score` from CSV to CSV, against `Router.route` alone."""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.speed.rounds import Figure, at_least, divide, take_turns
from model.router import Router
from model.routing import Piece
from service.batch.score import score_table

_AT_ONCE = 1_000  # texts, as `tipdesk score` hands them on
ALONE, ONE, TWO = "Router.route, urgency", "tipdesk score, 1 worker", "tipdesk score, 2 workers"
PLAIN_ALONE, PLAIN_ONE = "Router.route, decisions only", "tipdesk score --no-urgency, 1 worker"


def measure_batch(router: Router, model: Path, texts: list[str]) -> tuple[list[Figure], dict[str, list[float]]]:
    """Return the figures, and microseconds a row of each contestant in each round. Workers are warm."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.csv", Path(folder) / "out.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "text"], *enumerate(texts)])

        def score(workers: int, *, urgency: bool = True) -> Callable[[], float]:
            def microseconds_a_row() -> float:
                began = perf_counter()
                summary = score_table(model, source, target, "text", workers=workers, urgency=urgency)
                if summary.rows != len(texts):
                    raise RuntimeError(f"{summary.rows} rows came back of {len(texts)}")
                return 1e6 * (perf_counter() - began) / len(texts)

            return microseconds_a_row

        def route(pieces: list[Piece]) -> Callable[[], float]:
            def microseconds_a_text() -> float:
                began = perf_counter()
                for first in range(0, len(texts), _AT_ONCE):
                    router.route(texts[first : first + _AT_ONCE], explain=pieces)
                return 1e6 * (perf_counter() - began) / len(texts)

            return microseconds_a_text

        times = take_turns(
            {
                PLAIN_ALONE: route([]),
                PLAIN_ONE: score(1, urgency=False),
                ALONE: route(["urgency"]),
                ONE: score(1),
                TWO: score(2),
            },
            rounds=5,
        )
    figures = [
        at_least(f"{PLAIN_ONE} : {PLAIN_ALONE}", divide(times[PLAIN_ALONE], times[PLAIN_ONE]), 0.5),
        at_least(f"{ONE} : {ALONE}", divide(times[ALONE], times[ONE]), 0.5),
        at_least(f"{TWO} : 1 worker", divide(times[ONE], times[TWO]), 1.5),
    ]
    return figures, times
