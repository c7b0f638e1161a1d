"""Puts a version through the gate and says in Chinese what that found: for `train --publish` and `models promote`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from model.errors import PromotionError
from model.registry import Registry
from training.commands.common import DATA, info_record, print_info, print_json

GOLDEN = DATA / "golden.csv"


def promote(
    registry: Registry,
    name: str,
    data: Path | None,
    as_json: bool,
    *,
    force: bool = False,
    why: str | None = None,
    also: Mapping[str, Any] | None = None,
) -> None:
    """Make a version the champion if it passes the gate, or by force.

    Parameters
    ----------
    also : mapping, optional
        What else the JSON is to say.

    Raises
    ------
    PromotionError
        With all reasons, if it does not; the findings are printed all the same.
    """
    from training.publish import publish

    gate = publish(registry, name, GOLDEN, data, force=force, why=why)
    info = registry.info(gate.version)
    if as_json:
        print_json({**info_record(info, registry), "gate": gate.to_dict(), **(also or {})})
    else:
        print_info(info, registry, as_json)
        for note in gate.notes:
            typer.echo(f"门禁  {note}")
    if gate.passed:
        return
    reasons = "；".join(gate.reasons)
    if not force:
        raise PromotionError(f"{gate.version} 未通过门禁，没有发布，现任模型不变：{reasons}")
    typer.echo(f"warning: {gate.version} 未通过门禁，强制发布：{reasons}", err=True)
