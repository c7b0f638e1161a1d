"""Trainings killed while they publish: ``python -m benchmarks.kill_publish``.

``tipdesk train --publish`` is killed with signal 9 at 30 seeded moments: half of them anywhere in the run, half between
the first file of the version and the change of the champion, most of these early. Each time the registry must load, its
champion must be the old one or the whole new one, and the next writer must clear away what was left. Exit status 1 if
that fails once.
"""

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model.artefact import load_artefact
from model.errors import RoutingError
from model.registry import CHAMPION, Registry
from model.router import Router
from training.corpus import Tip, read_corpus, read_taxonomy, require_sound

DATA = Path("data")
TIPDESK = Path(sys.executable).with_name("tipdesk")
RUNS = 30
TIPS_PER_DESK = 15
POLL_S = 0.002


def main() -> None:
    """Kill, look, and print what was found."""
    rng = random.Random(0)
    table = Table("killed", "runs", "champion the old one", "champion the new one", "half a version left", "not sound")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        first, second = prepare(work)
        train(first, work, work / "home").wait()
        writing, published = rehearse(second, work)
        sys.stderr.write(f"a run writes after {writing:.2f} s, publishes after {published:.2f} s\n")
        unsound = 0
        for label, when_writing in (("anywhere", False), ("while writing", True)):
            found: Counter[str] = Counter()
            for _ in range(RUNS // 2):
                share = rng.random()
                after_s = share**2 * (published - writing) if when_writing else share * published
                found += kill_and_look(second, work, after_s, when_writing=when_writing)
                sys.stderr.write(f"{label}: {dict(found)}\n")
            names = ("runs", "old", "new", "staging", "unsound")
            table.add_row(label, *(str(found[name]) for name in names))
            unsound += found["unsound"]
    Console(width=120).print(table)
    sys.exit(min(unsound, 1))


def prepare(work: Path) -> tuple[Path, Path]:
    """Make a project whose golden tips such small models pass, and return two corpora that differ in a tip."""
    (work / "data").mkdir()
    for path in DATA.resolve().iterdir():
        if path.name != "golden.csv":
            (work / "data" / path.name).symlink_to(path)
    (work / "data" / "golden.csv").write_text("text,desk\n", encoding="utf-8")
    tips, problems = read_corpus([DATA / "corpus"], read_taxonomy(DATA / "desks.yaml"))
    require_sound(problems)
    by_desk: defaultdict[str, list[Tip]] = defaultdict(list)
    for tip in tips:
        if len(by_desk[tip.desk]) < TIPS_PER_DESK:
            by_desk[tip.desk].append(tip)
    few = [tip for own in by_desk.values() for tip in own]
    return write(work / "first.csv", few), write(work / "second.csv", few[1:])


def write(path: Path, tips: list[Tip]) -> Path:
    """Write a labelled file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "desk", "also", "kind"])
        writer.writerows([tip.text, tip.desk, "|".join(tip.also or ()), tip.kind or ""] for tip in tips)
    return path


def train(corpus: Path, work: Path, home: Path) -> subprocess.Popen[bytes]:
    """Start a training that publishes."""
    return subprocess.Popen(
        [TIPDESK, "train", "--publish", "--workers", "1", "--corpus", corpus],
        cwd=work,
        env={**os.environ, "TIPDESK_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def rehearse(corpus: Path, work: Path) -> tuple[float, float]:
    """Return when a run begins to write, and when its version becomes the champion, in seconds."""
    registry = Registry.of_home(shutil.copytree(work / "home", work / "rehearsal"))
    old, begin = registry.aliases()[CHAMPION], time.perf_counter()
    process = train(corpus, work, work / "rehearsal")
    wait_for_writing(process, registry)
    writing = time.perf_counter() - begin
    while registry.aliases()[CHAMPION] == old:
        if process.poll():
            sys.exit("the training did not publish even when it was left alone")
        time.sleep(POLL_S)
    published = time.perf_counter() - begin
    process.wait()
    return writing, published


def wait_for_writing(process: subprocess.Popen[bytes], registry: Registry) -> None:
    """Wait until the run writes a version, or has ended."""
    while process.poll() is None and not staging_of(registry).exists():
        time.sleep(POLL_S)


def staging_of(registry: Registry) -> Path:
    """Return where a version is written before it is there."""
    return registry.folder / "versions" / ".staging"


def kill_and_look(corpus: Path, work: Path, after_s: float, *, when_writing: bool) -> Counter[str]:
    """Kill a run and return what the registry is like then."""
    home = Path(tempfile.mkdtemp(dir=work))
    shutil.copytree(work / "home", home, dirs_exist_ok=True)
    registry = Registry.of_home(home)
    old = registry.aliases()[CHAMPION]
    process = train(corpus, work, home)
    if when_writing:
        wait_for_writing(process, registry)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    found = Counter(runs=1)
    found["staging"] += staging_of(registry).exists()
    try:
        champion = Router.load(registry.path(CHAMPION)).version
        artefacts = [load_artefact(registry.path(version)) for version in registry.versions()]
        registry.history()
        registry.add(artefacts[0])
    except RoutingError as error:
        sys.stderr.write(f"{error}\n")
        found["unsound"] += 1
    else:
        found["old" if champion == old else "new"] += 1
        found["unsound"] += staging_of(registry).exists()
    return found


if __name__ == "__main__":
    main()
