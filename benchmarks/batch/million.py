"""A million tips from CSV to CSV: all rows come back, in how much memory, and in how many times what copying takes.

``python -m benchmarks.batch.million [--rows 1000000] [--workers 2] [--no-urgency]``
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import typer

from benchmarks.batch.backlog import TIPDESK, family, peak_mib, write_backlog

_LIMIT_MIB = 600


def main(rows: int = 1_000_000, workers: int = 2, seed: int = 0, urgency: bool = True) -> None:
    """Print the figures; exit status 1 when rows are missing or a process took too much memory."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.csv", Path(folder) / "out.csv"
        write_backlog(source, rows, seed)
        copying = _copy(source, Path(folder) / "copy.csv")
        option = "--urgency" if urgency else "--no-urgency"
        command: list[str | Path] = [TIPDESK, "score", source, target, "--workers", str(workers), "--json", option]
        seconds, peaks, summary = _watch(command)
        n_rows = _count_in_order(target)
        typer.echo(f"input              {source.stat().st_size / 1e6:.0f} MB, {rows} rows")
        typer.echo(f"rows               {n_rows} of {rows} in order, {summary['rejects']} rejects")
        typer.echo(f"tipdesk score      {seconds:.1f} s, {summary['rows_per_second']:.0f} rows a second")
        typer.echo(f"read and write     {copying:.1f} s with nothing in between; ratio {seconds / copying:.1f}")
        typer.echo(f"peak of a process  {', '.join(f'{peak:.0f}' for peak in sorted(peaks, reverse=True)[:4])} MiB")
        sys.exit(n_rows != rows or max(peaks) >= _LIMIT_MIB)


def _copy(source: Path, target: Path) -> float:
    """Return how many seconds it takes to parse and write every row."""
    began = time.perf_counter()
    with source.open(encoding="utf-8-sig", newline="") as file, target.open("w", encoding="utf-8", newline="") as copy:
        csv.writer(copy).writerows(csv.reader(file))
    return time.perf_counter() - began


def _watch(command: list[str | Path]) -> tuple[float, list[float], dict[str, float]]:
    """Return seconds, the peak of each process in MiB, and the summary."""
    began = time.perf_counter()
    peaks: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            for pid in family(process.pid):
                peaks[pid] = max(peaks.get(pid, 0.0), peak_mib(pid))
            time.sleep(0.2)
        if process.returncode or process.stdout is None:
            sys.exit(f"tipdesk score ended with {process.returncode}")
        return time.perf_counter() - began, list(peaks.values()), json.load(process.stdout)


def _count_in_order(target: Path) -> int:
    """Return how many rows there are before the first that is not the next."""
    with target.open(encoding="utf-8-sig", newline="") as file:
        n_rows = 0
        for row in csv.DictReader(file):
            if row["编号"] != str(n_rows) or not row["tip_desk"]:
                break
            n_rows += 1
    return n_rows


if __name__ == "__main__":
    typer.run(main)
