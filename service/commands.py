"""The tipdesk command as a process, for what the service does not do itself: training, and its gate."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ERROR = "error: "


@dataclass(frozen=True)
class Answer:
    """What a command answered.

    Attributes
    ----------
    status : int
        Its exit status.
    result : object
        What it printed as JSON; None where it printed none.
    message : str
        What it said last to people: of one that failed, why.
    """

    status: int
    result: Any
    message: str


def command_line(arguments: Iterable[str]) -> list[str]:
    """Return what runs ``tipdesk`` with these arguments, by the Python and the code that run this."""
    return [sys.executable, "-P", "-m", "service", *arguments]


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works on `home`."""
    return {**os.environ, "TIPDESK_HOME": str(home.absolute())}


def run_command(home: Path, arguments: Iterable[str], timeout_s: float) -> Answer:
    """Run a command to its end.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer; it is killed then.
    """
    done = subprocess.run(  # noqa: S603 (our own command, arguments as a list)
        command_line(arguments),
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=timeout_s,
    )
    return Answer(done.returncode, read_result(done.stdout), last_words(done.stderr))


def read_result(stdout: bytes) -> Any:
    """Return the JSON that a command printed; None where it is none."""
    try:
        return json.loads(stdout)
    except ValueError:
        return None


def last_words(stderr: bytes) -> str:
    """Return in one line the error that a command ended with; of one that had none, the last line that it said."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    error = max((number for number, line in enumerate(lines) if line.startswith(_ERROR)), default=len(lines) - 1)
    return "; ".join(lines[max(error, 0) :]).removeprefix(_ERROR)
