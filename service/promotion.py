"""Models promoted and rolled back for users of the service: the gate is the tipdesk command's, and runs as one."""

from collections.abc import Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from model.errors import PromotionError
from model.registry import PREVIOUS, Registry
from service.commands import run_command
from service.store.errors import ConflictError, NotFoundError

_TIMEOUT_S = 300


class PromotionRefusedError(PromotionError):
    """The gate refused a version, for `reasons`."""

    def __init__(self, version: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{version} did not pass the gate; the champion is as it was")
        self.reasons = tuple(reasons)


def promote(home: Path, version: str, *, force: bool, why: str | None, data: Path | None = None) -> dict[str, Any]:
    """Make a version the champion, if it passes the gate or by force; return what ``tipdesk models promote`` says.

    Parameters
    ----------
    data : Path, optional
        Labelled tips that neither model has learned from, on which the gate compares the two.

    Raises
    ------
    NotFoundError
        If there is no such version.
    PromotionRefusedError
    ConflictError
        If it is damaged, another one was promoted meanwhile, or the gate cannot work.
    """
    if version not in Registry.of_home(home).versions():
        raise NotFoundError(f"there is no model version {version}")
    options = ["--force"] * force + ([f"--why={why}"] if why else []) + ([f"--data={data}"] if data else [])
    return _run(home, "promote", *options, version)


def roll_back(home: Path) -> dict[str, Any]:
    """Make the champion before this one the champion again; return what ``tipdesk models rollback`` says.

    Raises
    ------
    ConflictError
        If there was none before, or it is damaged.
    """
    if PREVIOUS not in Registry.of_home(home).aliases():
        raise ConflictError("there is no previous champion to go back to")
    return _run(home, "rollback")


def _run(home: Path, *arguments: str) -> dict[str, Any]:
    try:
        answer = run_command(home, ["models", *arguments, "--json"], _TIMEOUT_S)
    except TimeoutExpired:
        raise ConflictError(f"the gate took longer than {_TIMEOUT_S} s; the champion is as it was") from None
    if answer.status == 0:
        return dict(answer.result)
    gate = answer.result and answer.result.get("gate")
    if gate and not gate["passed"]:
        raise PromotionRefusedError(gate["version"], gate["reasons"])
    raise ConflictError(Registry.of_home(home).without_place(answer.message))
