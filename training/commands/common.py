"""What the commands share: where the data lies, and how results and progress are printed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from model.registry import Registry, VersionInfo

if TYPE_CHECKING:
    from training.tables import Row

DATA = Path("data")
DESKS, USER_WORDS, CORPUS = DATA / "desks.yaml", DATA / "userdict.txt", DATA / "corpus"
CONSTANTS, PREAMBLES = DATA / "calibration.json", DATA / "preambles.txt"

STORED_CASES = "tipdesk.stored_cases"
"""Key of the context's `meta` under which the command that puts all together leaves the reader of its case store."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def registry_of(ctx: typer.Context) -> Registry:
    """Return the registry of the folder that the command was given."""
    return ctx.ensure_object(Registry)


def stored_cases(ctx: typer.Context) -> "Iterable[Row]":
    """Yield the cases of the case store, oldest first.

    They have the titles id, date, text, desk (as confirmed, or empty), tip_desk (as suggested), also, kind, urgent.
    """
    return cast("Iterable[Row]", ctx.meta[STORED_CASES]())


def print_json(content: object) -> None:
    """Print a result for programs."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def say(message: str) -> None:
    """Tell people of progress, apart from results."""
    typer.echo(message, err=True)


def info_record(info: VersionInfo, registry: Registry) -> dict[str, Any]:
    """Return what is known of a version, for programs."""
    return {
        "version": info.version,
        "aliases": list(info.aliases),
        "created_at": info.created_at.isoformat(timespec="seconds"),
        "path": str(registry.path(info.version).absolute()),
        "files": info.manifest.files,
        "corpus": info.manifest.corpus,
        "recipe": info.manifest.recipe,
        "calibration": info.manifest.calibration,
        "metrics": info.manifest.metrics,
    }


def print_info(info: VersionInfo, registry: Registry, as_json: bool) -> None:
    """Print what is known of a version."""
    record = info_record(info, registry)
    if as_json:
        print_json(record)
        return
    typer.echo(f"version   {info.version}  {' '.join(info.aliases)}".rstrip())
    typer.echo(f"created   {info.created_at.astimezone():%Y-%m-%d %H:%M}")
    typer.echo(f"path      {record['path']}")
    typer.echo(f"corpus    {info.manifest.corpus['tips']} tips, sha256 {info.manifest.corpus['sha256']}")
    typer.echo(f"probabilities and thresholds: {info.manifest.calibration}")
    typer.echo("cross-validated:")
    print_metrics(info.manifest.metrics)


def print_metrics(metrics: dict[str, Any]) -> None:
    """Print the figures of an evaluation."""
    for name, value in metrics.items():
        if name != "per_desk":
            typer.echo(f"  {name:<16} {value:.4f}" if isinstance(value, float) else f"  {name:<16} {value}")
    typer.echo(f"  {'desk':<12} precision  recall      f1  support")
    for desk, row in metrics["per_desk"].items():
        typer.echo(f"  {desk:<12} {row['precision']:>9.3f} {row['recall']:>7.3f} {row['f1']:>7.3f} {row['support']:>8}")
