"""Trainings killed while they publish: ``python -m benchmarks.kill_publish``.

``tipdesk train --publish`` is killed with signal 9 at 30 seeded moments: half of them anywhere in the run, half after
it has begun to write the version. Each time the registry must load, its champion must be the old one or the whole new
one, and the next writer must clear away what was left. Exit status 1 if that fails once.
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
    table = Table("killed", "runs", "champion the old one", "champion the new one", "staging left", "not sound")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        first, second = prepare(work)
        train(first, work, work / "home").wait()
        total, writing = rehearse(second, work)
        sys.stderr.write(f"a run takes {total:.1f} s, writes from {writing:.1f} s on\n")
        unsound = 0
        for label, begin, end in (("anywhere", 0.0, total), ("while writing", writing, total)):
            found: Counter[str] = Counter()
            for _ in range(RUNS // 2):
                found += kill_and_look(second, work, rng.uniform(0, end - begin), when_writing=begin > 0)
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
    """Return how long a run takes, and when it begins to write, in seconds."""
    home = shutil.copytree(work / "home", work / "rehearsal")
    begin = time.perf_counter()
    process = train(corpus, work, home)
    wait_for_writing(process, home)
    writing = time.perf_counter() - begin
    if process.wait():
        sys.exit("the training did not publish even when it was left alone")
    return time.perf_counter() - begin, writing


def wait_for_writing(process: subprocess.Popen[bytes], home: Path) -> None:
    """Wait until the run writes a version, or has ended."""
    staging = home / "models" / "versions" / ".staging"
    while process.poll() is None and not staging.exists():
        time.sleep(POLL_S)


def kill_and_look(corpus: Path, work: Path, after_s: float, *, when_writing: bool) -> Counter[str]:
    """Kill a run and return what the registry is like then."""
    home = Path(tempfile.mkdtemp(dir=work))
    shutil.copytree(work / "home", home, dirs_exist_ok=True)
    registry = Registry.of_home(home)
    old = registry.aliases()[CHAMPION]
    process = train(corpus, work, home)
    if when_writing:
        wait_for_writing(process, home)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    found = Counter(runs=1)
    found["staging"] += (registry.folder / "versions" / ".staging").exists()
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
        found["unsound"] += (registry.folder / "versions" / ".staging").exists()
    return found


if __name__ == "__main__":
    main()
