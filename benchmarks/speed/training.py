"""`tipdesk train` in time and memory, on the shipped corpus and on corpora of many sizes made from it."""

import csv
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.speed.rounds import Figure, at_most
from model.featuretext import feature_text
from model.text import normalise
from training.corpus import Tip, read_corpus, read_taxonomy

_CORPUS = Path("data/corpus")
SIZES = (1_000, 10_000, 50_000, 200_000)
_SECONDS, _PEAK_MIB, _GROWTH = 60, 1024, 1.3
_EVERY = 0.2  # seconds between two looks at the memory
_MARKS = ",，。;；!！?？"


@dataclass(frozen=True)
class Training:
    """What a training took; the memory is that of all its processes.

    Attributes
    ----------
    rows : int
    seconds, mib : float
    """

    rows: int
    seconds: float
    mib: float


def measure_training(seed: int, sizes: tuple[int, ...] = SIZES) -> tuple[list[Figure], list[Training]]:
    """Return the figures, and what each training took, that on the shipped corpus first."""
    tips, _ = read_corpus([_CORPUS], read_taxonomy(_CORPUS.with_name("desks.yaml")))
    trainings = [_train(_CORPUS, len(tips))]
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in sizes:
            path = Path(folder) / f"{n_rows}.csv"
            write_made_corpus(path, tips, n_rows, seed)
            trainings.append(_train(path, n_rows))
    shipped, by_rows = trainings[0], {training.rows: training for training in trainings[1:]}
    figures = [
        at_most("tipdesk train, shipped corpus, seconds", [shipped.seconds], _SECONDS),
        at_most("tipdesk train, shipped corpus, peak MiB", [shipped.mib], _PEAK_MIB),
    ]
    if {10_000, 200_000} <= by_rows.keys():
        growth = by_rows[200_000].seconds / by_rows[10_000].seconds / 20
        figures.append(at_most("training time, 10,000 to 200,000 rows : linear", [growth], _GROWTH))
    return figures, trainings


def write_made_corpus(path: Path, tips: list[Tip], n_rows: int, seed: int) -> None:
    """Write labelled tips, each made of the beginning of one tip and the end of another of the same desk."""
    draw = random.Random(seed)
    by_desk: dict[str, list[Tip]] = {}
    for tip in tips:
        by_desk.setdefault(tip.desk, []).append(tip)
    written: set[str] = set()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "desk", "also", "kind"])
        while len(written) < n_rows:
            first = draw.choice(tips)
            second = draw.choice(by_desk[first.desk])
            text = first.text[: _cut(first.text, draw)] + second.text[_cut(second.text, draw) :]
            compact = feature_text(normalise(text)).replace(" ", "")
            if compact and compact not in written:  # the same text for two desks would be refused
                written.add(compact)
                writer.writerow([text, first.desk, "|".join(first.also or ()), first.kind or ""])


def _cut(text: str, draw: random.Random) -> int:
    """Return a place after a mark, or any where there is none."""
    marks = [place + 1 for place, char in enumerate(text) if char in _MARKS]
    return draw.choice(marks) if marks else draw.randint(0, len(text))


def _train(corpus: Path, n_rows: int) -> Training:
    with tempfile.TemporaryDirectory() as home:
        command = [str(Path(sys.executable).with_name("tipdesk")), "--home", home, "train", "--corpus", str(corpus)]
        began, peak = perf_counter(), 0.0
        with Path(home, "errors.txt").open("w+") as errors:
            training = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
            while training.poll() is None:
                peak = max(peak, _memory(training.pid))
                sleep(_EVERY)
            seconds = perf_counter() - began
            if training.returncode:
                errors.seek(0)
                raise RuntimeError(f"training on {n_rows} rows: {errors.read().splitlines()[-1]}")
    return Training(n_rows, seconds, peak)


def _memory(process: int) -> float:
    """Return the MiB of a process and all below it, what they share counted once (Linux's proportional set size)."""
    folder = Path("/proc") / str(process)
    try:
        sizes = [line.split() for line in (folder / "smaps_rollup").read_text().splitlines()]
        children = (folder / "task" / str(process) / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0.0
    own = sum(int(line[1]) for line in sizes if line[0] == "Pss:") / 1024
    return own + sum(_memory(int(child)) for child in children)
