"""The command: measures, prints the tables, and writes them with two charts to ``docs/speed.md``."""

import random
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.speed import report
from benchmarks.speed.batch import measure_batch
from benchmarks.speed.rounds import Figure
from benchmarks.speed.routing import measure_routing
from benchmarks.speed.service import measure_service
from benchmarks.speed.startup import measure_startup
from benchmarks.speed.training import measure_training
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from model.router import Router
from training.corpus import read_corpus, read_taxonomy

SEED = 12351
DOCS = Path("docs")
_ROUTED, _SCORED, _POSTED = 10_000, 50_000, 3_000  # texts


class Part(StrEnum):
    """A part of the measurements."""

    ROUTING = "routing"
    BATCH = "batch"
    SERVICE = "service"
    STARTUP = "startup"
    TRAINING = "training"


def main(
    only: Annotated[list[Part] | None, typer.Option(help="A part alone; the docs are then not written.")] = None,
) -> None:
    """Measure tipdesk's speed as ratios against peers in the same run."""
    tips = _read_tips()
    texts = random.Random(SEED).choices([text for text, _ in tips], k=_SCORED)
    model = Registry.of_home(DEFAULT_HOME).path(CHAMPION)
    router = Router.load(model)
    DOCS.mkdir(exist_ok=True)
    figures: list[Figure] = []
    sections: list[str] = []

    def add(title: str, more: Sequence[Figure], table: Sequence[str]) -> None:
        figures.extend(more)
        sections.extend(["", f"## {title}", "", *table])
        print("\n".join([f"\n{title}", *table, "", *report.figures_table(more)]))  # noqa: T201 (its output)

    for part in only or Part:
        if part == Part.ROUTING:
            more, times = measure_routing(router, tips, texts[:_ROUTED])
            add("Routing, one thread", more, report.times_table("microseconds a text", times))
            if not only:
                report.draw_routing(times, DOCS / "speed-routing.svg")
                sections += ["", "![texts a second](speed-routing.svg)"]
        elif part == Part.BATCH:
            more, times = measure_batch(router, model, texts)
            add("Tables, CSV to CSV", more, report.times_table("microseconds a row", times))
        elif part == Part.SERVICE:
            more, loads = measure_service(DEFAULT_HOME, texts[:_POSTED])
            add("Service, one worker", more, report.loads_table(loads))
        elif part == Part.STARTUP:
            more, times = measure_startup(DEFAULT_HOME)
            add("Start-up", more, report.times_table("seconds", times))
        else:
            more, trainings = measure_training(SEED)
            add("Training, two workers", more, report.trainings_table(trainings))
            if not only:
                report.draw_training(trainings, DOCS / "speed-training.svg")
                sections += ["", "![time and memory](speed-training.svg)"]
    if not only:
        head = ["# Speed", "", f"Written by `python -m benchmarks.speed` ({report.machine()}). Ratios are of figures"]
        head += ["measured in turns in the same run; a machine that does other things too widens the spread.", ""]
        (DOCS / "speed.md").write_text("\n".join([*head, *report.figures_table(figures), *sections]) + "\n")


def _read_tips() -> list[tuple[str, str]]:
    """Return texts and desks: tuples of strings, which the garbage collector does not walk through again and again."""
    tips, _ = read_corpus([Path("data/corpus")], read_taxonomy(Path("data/desks.yaml")))
    return [(tip.text, tip.desk) for tip in tips]


if __name__ == "__main__":
    typer.run(main)
