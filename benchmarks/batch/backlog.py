"""A backlog to score: tips of the shipped corpus, drawn with a seed, as a table of any length."""

import csv
import hashlib
import os
import random
import signal
import sys
from pathlib import Path

from training.corpus import read_corpus, read_taxonomy

DATA = Path("data")
TIPDESK = Path(sys.executable).with_name("tipdesk")
HEADER = ["编号", "日期", "诉求内容", "备注"]


def write_backlog(path: Path, n_rows: int, seed: int) -> None:
    """Write `n_rows` tips as CSV; rows are numbered from 0 and hold what awkward cells rows hold."""
    tips, _ = read_corpus([DATA / "corpus"], read_taxonomy(DATA / "desks.yaml"))
    drawn = random.Random(seed)
    notes = ["", "-", "=1+1", "两行\n备注", '带"引号"', "含,逗号"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(n_rows):
            day = f"2024-{drawn.randint(1, 12):02}-{drawn.randint(1, 28):02}"
            writer.writerow([number, day, drawn.choice(tips).text, drawn.choice(notes)])


def sha256(path: Path) -> str:
    """Return the digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def family(pid: int) -> list[int]:
    """Return the process and its descendants, those that have ended left out."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found += parents.get(member, [])
    return found


def peak_mib(pid: int) -> float:
    """Return the largest resident memory that a process has had so far, in MiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def kill_9(pid: int) -> None:
    """Kill a process that was started as leader of a session, with all that it started there."""
    os.killpg(pid, signal.SIGKILL)
