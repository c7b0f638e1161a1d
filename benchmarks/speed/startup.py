"""`tipdesk route` as a whole process, against importing jieba and cutting two characters."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.speed.rounds import Figure, at_most, divide, take_turns

ROUTE, IMPORT = "tipdesk route", "import jieba"
_PEAK_MIB = 120
_WATCH = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def measure_startup(home: Path) -> tuple[list[Figure], dict[str, list[float]]]:
    """Return the figures, and seconds of each process in each round."""
    environment = {**os.environ, "TIPDESK_HOME": str(home)}
    route = [str(Path(sys.executable).with_name("tipdesk")), "route", "老板拖欠我们三个月工资了,一共十二个人"]
    peaks: list[float] = []

    def run(command: list[str], peaks: list[float]) -> Callable[[], float]:
        def seconds() -> float:
            # Measured from a small process: a child begins with the memory of its parent.
            watched = subprocess.run(
                [sys.executable, "-c", _WATCH, *command], env=environment, check=True, capture_output=True
            )
            took, peak = map(float, watched.stdout.split()[-2:])
            peaks.append(peak)
            return took

        return seconds

    cut = [sys.executable, "-W", "ignore", "-c", "import jieba; jieba.lcut('你好')"]
    times = take_turns({ROUTE: run(route, peaks), IMPORT: run(cut, [])}, rounds=11)
    figures = [
        at_most(f"{ROUTE} : {IMPORT}", divide(times[ROUTE], times[IMPORT]), 0.5),
        at_most(f"{ROUTE}, peak MiB", peaks, _PEAK_MIB),
    ]
    return figures, times
