"""The Spark engine on a standalone cluster against the local engine: ``python -m benchmarks.batch.spark``.

The same rows, cell by cell, also when half-way one of the two executors is killed.
"""

import csv
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Annotated

import typer

from benchmarks.batch.cluster import ON_LOOPBACK, Cluster, descendants, standalone_cluster
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from service.batch.score import score_table
from training.corpus import read_corpus, read_taxonomy

SEED = 12351
_CONFIGURATION = "--conf spark.executor.memory=1g --conf spark.ui.enabled=false pyspark-shell"


def main(rows: Annotated[int, typer.Option(min=1, help="Tips to score.")] = 200_000) -> None:
    """Print times, memory, and whether the results are equal; exit status 1 if they are not."""
    model = Registry.of_home(DEFAULT_HOME).path(CHAMPION)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in.csv"
        _write_tips(source, rows)
        began = perf_counter()
        score_table(model, source, folder / "local.csv", workers=2)
        local_s = perf_counter() - began
        print(f"local engine, 2 workers: {local_s:.1f} s for {rows} rows")  # noqa: T201
        expected = sorted(_read(folder / "local.csv"))
        differ, seconds = False, 0.0
        with standalone_cluster(folder / "work") as cluster:
            for kill_after_s in (None, 0.5):
                target = folder / f"spark-{kill_after_s}.csv"
                with _watched(cluster, kill_after_s and seconds * kill_after_s) as seen:
                    began = perf_counter()
                    _score_on(cluster, source, target)
                    seconds = perf_counter() - began
                got = sorted(row for part in target.glob("part-*") for row in _read(part))
                differ |= got != expected
                print(  # noqa: T201
                    f"standalone cluster, 2 executors of one core{', one killed half-way' if kill_after_s else ''}: "
                    f"{seconds:.1f} s, {seconds / local_s:.2f} of the local engine's; "
                    f"{'equal' if got == expected else 'DIFFERENT'}, cell by cell, in {len(got)} rows; "
                    f"Python workers peak at {max(seen.peaks, default=0) // 1000} MB; killed {len(seen.killed)}"
                )
    sys.exit(int(differ))


def _write_tips(path: Path, n: int) -> None:
    """Write distinct tips: of the corpus, drawn again and again, each with a number of its own."""
    taxonomy = read_taxonomy(Path("data/desks.yaml"))
    tips, _ = read_corpus([Path("data/corpus")], taxonomy)
    chosen = random.Random(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for i in range(n):
            text = chosen.choice(tips).text
            cut = chosen.randrange(len(text) + 1)
            writer.writerow([i, f"{text[:cut]}，编号{i}，{text[cut:]}"])


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def _score_on(cluster: Cluster, source: Path, target: Path) -> None:
    environment = os.environ | ON_LOOPBACK | {"PYSPARK_SUBMIT_ARGS": f"--master {cluster.address} {_CONFIGURATION}"}
    tipdesk = Path(sys.executable).with_name("tipdesk")
    command: list[str | Path] = [tipdesk, "score", source, target, "--engine", "spark"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)


class _Seen:
    """What was seen of a run: peak memory of the Python workers in kB, executors killed."""

    def __init__(self) -> None:
        self.peaks: list[int] = []
        self.killed: list[int] = []


@contextmanager
def _watched(cluster: Cluster, kill_after_s: float | None) -> Iterator[_Seen]:
    """Look at the cluster's processes again and again; after a time kill one executor."""
    seen, done = _Seen(), Event()

    def watch() -> None:
        began = perf_counter()
        while not done.wait(1):
            for worker in cluster.workers:
                below = descendants(worker)
                seen.peaks += [_peak_kb(process) for process, command in below.items() if "pyspark.daemon" in command]
                if kill_after_s is not None and perf_counter() - began > kill_after_s and not seen.killed:
                    executors = [p for p, command in below.items() if "CoarseGrainedExecutorBackend" in command]
                    for executor in executors[:1]:
                        os.kill(executor, signal.SIGKILL)
                        seen.killed.append(executor)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _peak_kb(process: int) -> int:
    try:
        status = Path("/proc", str(process), "status").read_text(encoding="utf-8")
    except OSError:
        return 0  # it has ended
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    typer.run(main)
