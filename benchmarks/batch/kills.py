"""Runs killed at random moments and on a disk that fills up, then resumed: the same bytes each time.

``python -m benchmarks.batch.kills [--rows 30000] [--kills 30] [--seed 0]``; the full disk needs root, to mount one.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from benchmarks.batch.backlog import TIPDESK, kill_9, sha256, write_backlog

_SUFFIXES = (".csv", ".xlsx", ".parquet", ".jsonl.gz", ".csv.zst")
_DISK_MB = 50


def main(rows: int = 30_000, kills: int = 30, seed: int = 0) -> None:
    """Print what came of it; exit status 1 when a result differs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in.csv"
        write_backlog(source, rows, seed)
        with source.open("a", encoding="utf-8", newline="") as file:
            file.write("只有一格\r\n")
        expected, seconds = {}, {}
        for suffix in _SUFFIXES[:kills]:
            began = time.perf_counter()
            _score(source, folder / f"whole{suffix}").wait()
            seconds[suffix] = time.perf_counter() - began
            expected[suffix] = sha256(folder / f"whole{suffix}")
        n_same, n_resumed = kill_and_resume(source, folder, expected, seconds, kills, seed)
        typer.echo(f"{n_same} of {kills} killed runs gave the same SHA-256; {n_resumed} had something to go on with")
        filled = fill_the_disk(source, folder, expected[".csv"], (folder / "whole.csv").stat().st_size)
        typer.echo(f"a full disk of {_DISK_MB} MB: {filled}")
        sys.exit(n_same != kills or filled.startswith("different"))


def kill_and_resume(
    source: Path, folder: Path, expected: dict[str, str], seconds: dict[str, float], n_kills: int, seed: int
) -> tuple[int, int]:
    """Return how many runs gave the expected result, and how many had kept something when they were killed."""
    drawn = random.Random(seed)
    n_same = n_resumed = 0
    for number in range(n_kills):
        suffix = list(expected)[number % len(expected)]
        target = folder / f"out{number}{suffix}"
        workers = 1 + number % 2
        process = _score(source, target, workers)
        moment = drawn.uniform(0, seconds[suffix])
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            kill_9(process.pid)
            process.wait()
        n_resumed += (folder / f"{target.name}.parts" / "state.json").exists()
        if not target.exists():
            _score(source, target, workers).wait()
        is_same = target.exists() and sha256(target) == expected[suffix]
        n_same += is_same
        typer.echo(f"killed after {moment:5.1f} s  {suffix:<10} {'same' if is_same else 'DIFFERENT'}", err=True)
        target.unlink(missing_ok=True)
    return n_same, n_resumed


def fill_the_disk(source: Path, folder: Path, expected: str, n_bytes: int) -> str:
    """Return what came of a run on a disk with room for less than half of the result, resumed when there was more."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return "skipped, mounting one needs root"
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", disk], check=True)  # noqa: S607
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * (_DISK_MB * (1 << 20) - int(0.4 * n_bytes)))
        process = _score(source, disk / "out.csv")
        said = process.communicate()[1].decode().strip().splitlines()[-1]
        ballast.unlink()
        _score(source, disk / "out.csv").wait()
        same = "same" if sha256(disk / "out.csv") == expected else "different"
        return f"{same} SHA-256 once there was room; exit status {process.returncode}, said: {said}"
    finally:
        subprocess.run(["umount", disk], check=True)  # noqa: S607


def _score(source: Path, target: Path, workers: int = 1) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [TIPDESK, "score", source, target, "--resume", "--workers", str(workers)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


if __name__ == "__main__":
    typer.run(main)
