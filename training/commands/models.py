"""`tipdesk models`: the registry."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from model.errors import ArtefactError
from model.registry import CHAMPION
from training.commands.common import AsJson, info_record, print_info, print_json, registry_of, say
from training.commands.compare import compare
from training.commands.gate import promote

models = typer.Typer(help="The published models.", no_args_is_help=True)
models.command()(compare)


@models.command("list")
def list_models(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the versions, the one trained last first; one that cannot be read is listed with the reason."""
    registry = registry_of(ctx)
    records: list[dict[str, Any]] = []
    for version in dict.fromkeys([*registry.versions(), *registry.aliases().values()]):
        try:
            info = registry.info(version)
        except ArtefactError as error:
            records.append({"version": version, "error": str(error)})
            line = f"{version}  {error}"
        else:
            records.append(info_record(info, registry))
            created = info.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
            tips, accuracy = info.manifest.corpus["tips"], info.manifest.metrics["accuracy"]
            line = f"{version}  {created}  {tips} tips  accuracy {accuracy:.3f}  {' '.join(info.aliases)}".rstrip()
        if not as_json:
            typer.echo(line)
    if as_json:
        print_json(records)
    elif not records:
        say("no published model yet; train one with 'tipdesk train --publish'")


@models.command("show")
def show_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Version or alias.")] = CHAMPION,
    as_json: AsJson = False,
) -> None:
    """Show one version: where it is, what it learned from, how well it did in cross-validation."""
    registry = registry_of(ctx)
    print_info(registry.info(name), registry, as_json)


@models.command("export")
def export_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Version or alias.")] = CHAMPION,
    *,
    skops: Annotated[Path, typer.Option(metavar="FILE", help="Write the scikit-learn pipeline there, for notebooks.")],
    as_json: AsJson = False,
) -> None:
    """Write a version as a scikit-learn pipeline, in the format of skops, which runs no code when it is read."""
    from model.artefact import load_artefact
    from training.pipeline import export_skops

    registry = registry_of(ctx)
    trusted = export_skops(load_artefact(registry.path(name)), skops)
    if as_json:
        print_json({"version": registry.info(name).version, "file": str(skops), "trusted": trusted})
    else:
        typer.echo(f"{skops}: read it with skops.io.load({str(skops)!r}, trusted={trusted})")


@models.command("promote")
def promote_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Version or alias.")],
    data: Annotated[
        Path | None, typer.Option(help="Labelled CSV file, or folder, that neither model has learned from.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Promote it whatever the gate says; needs --why.")] = False,
    why: Annotated[str | None, typer.Option(help="A reason, for the history.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion, which is what the service serves, if it passes the gate."""
    why = " ".join((why or "").split()) or None
    if force and not why:
        raise typer.BadParameter('--force needs a reason: --why "…"')
    promote(registry_of(ctx), name, data, as_json, force=force, why=why)


@models.command("rollback")
def roll_back_model(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make the previous champion the champion again."""
    registry = registry_of(ctx)
    print_info(registry.info(registry.roll_back()), registry, as_json)


@models.command("history")
def show_history(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the changes of the champion, the last first: when, by whom, from which to which, and why."""
    records = registry_of(ctx).history()[::-1]
    if as_json:
        print_json(records)
        return
    for record in records:
        gate = record["gate"]
        forced = gate is not None and not gate["passed"]
        action = "回退" if record["action"] == "rollback" else "强制发布" if forced else "发布"
        at = datetime.fromisoformat(record["at"]).astimezone()
        line = f"{at:%Y-%m-%d %H:%M}  {record['who']}  {action}  {record['from'] or '（无）'} → {record['to']}"
        why = f"  理由：{record['why']}" if record["why"] else ""
        reasons = f"  未通过：{'；'.join(gate['reasons'])}" if forced else ""
        typer.echo(line + why + reasons)
