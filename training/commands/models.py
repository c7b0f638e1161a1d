"""`tipdesk models`: the registry."""

from typing import Annotated, Any

import typer

from model.errors import ArtefactError
from model.registry import CHAMPION
from training.commands.common import AsJson, info_record, print_info, print_json, registry_of, say

models = typer.Typer(help="The published models.", no_args_is_help=True)


@models.command("list")
def list_models(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the versions, the one trained last first; one that cannot be read is listed with the reason."""
    registry = registry_of(ctx)
    records: list[dict[str, Any]] = []
    for version in registry.versions():
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


@models.command("promote")
def promote_model(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="Version or alias.")], as_json: AsJson = False
) -> None:
    """Make a version the champion, which is what the service serves."""
    registry = registry_of(ctx)
    print_info(registry.info(registry.promote(name)), registry, as_json)


@models.command("rollback")
def roll_back_model(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make the previous champion the champion again."""
    registry = registry_of(ctx)
    print_info(registry.info(registry.roll_back()), registry, as_json)
