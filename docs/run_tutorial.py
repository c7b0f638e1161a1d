"""Runs the commands that tutorial.zh-CN.md shows, in order and in one folder, and writes what they print into it.

    .venv/bin/python docs/run_tutorial.py

It starts from the model published in `var`, of which it takes a copy: what is published stays as it is.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.zh-CN.md"
TABLES = ROOT / "docs" / "tutorial"

_TIPDESK = Path(sys.executable).with_name("tipdesk")
_SHOWN = re.compile(r"^\$ tipdesk (?P<arguments>.+)\n(?:(?!\$ |```).*\n)*", re.MULTILINE)
_FAILED = (1, 2)  # exit statuses that no finding has


def prepare(folder: Path, home: Path) -> None:
    """Put into an empty folder what the tutorial begins with: its tables, the project's data, the models of `home`."""
    shutil.copytree(TABLES, folder, dirs_exist_ok=True)
    shutil.copytree(home, folder / "var")
    (folder / "data").symlink_to(ROOT / "data")


def run(markdown: str, folder: Path) -> str:
    """Return a Markdown text in which each command shown is followed by what it prints today.

    Raises
    ------
    SystemExit
        At the first command that fails, with what it said.
    """

    def run_shown(shown: re.Match[str]) -> str:
        arguments = shown["arguments"]
        done = subprocess.run(  # noqa: S603 - the project's own command
            [_TIPDESK, *shlex.split(arguments)],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode in _FAILED:
            raise SystemExit(f"tipdesk {arguments}: {done.stderr.strip()}")
        lines = [line.rstrip() for line in done.stdout.replace(str(folder), "/home/me/tipdesk").splitlines()]
        return "\n".join([f"$ tipdesk {arguments}", *lines, ""])

    return _SHOWN.sub(run_shown, markdown)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        prepare(Path(temporary), ROOT / "var")
        TUTORIAL.write_text(run(TUTORIAL.read_text(encoding="utf-8"), Path(temporary)), encoding="utf-8")
