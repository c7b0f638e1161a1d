"""The documentation is true: its commands run, and every command and setting is in it."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from service.cli import app
from service.settings import Settings
from tests.conftest import DATA, ROOT, run_tipdesk

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\$ tipdesk (.+)\n((?:(?!```|\$ ).*\n)*)", README + CHINESE, re.MULTILINE)
CHANGES_WITH_THE_MACHINE = re.compile(r"[0-9a-f]{12,}|\d+(?:\.\d+)?|/\S+")


def likeness(output: str) -> list[str]:
    """Return the lines of an output without figures, versions and paths, which change with corpus and machine."""
    return [CHANGES_WITH_THE_MACHINE.sub("#", line).split()[0] for line in output.splitlines() if line.strip()]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command[:40] for command, _ in SHOWN])
def test_shown_commands_run_and_print_what_is_shown(
    command: str, output: str, shipped_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").symlink_to(DATA)
    done = run_tipdesk(*shlex.split(command), home=shipped_home, cwd=tmp_path)
    assert likeness(done.stdout.decode()) == likeness(output)


def test_at_least_these_are_shown() -> None:
    assert {command.split()[0] for command, _ in SHOWN} >= {"route", "score", "check", "models"}


def test_every_command_is_in_both_readmes() -> None:
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"tipdesk {name}" in README
        assert f"tipdesk {name}" in CHINESE


def test_the_table_of_settings_is_the_settings() -> None:
    rows = [
        f"| `TIPDESK_{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    assert "\n".join(rows) in README


def test_the_file_tree_is_the_tree() -> None:
    tree = README.split("## The house")[1].split("```")[1]
    for package in ("model", "training", "service"):
        for path in (ROOT / package).glob("*.py"):
            assert path.name in tree or path.name == "__init__.py", path


def test_make_targets_are_explained() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    for target in targets[1].split():
        assert f"make {target}" in README
