"""`tipdesk store`: the case store's own commands."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.store.database import Database

store = typer.Typer(help="The case store.", no_args_is_help=True)

_BY = "tipdesk store"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@store.command("backup")
def back_up_store(file: Annotated[Path, typer.Argument(help="The backup to write.")], as_json: AsJson = False) -> None:
    """Write everything into one file, while the service runs too. Keep it safe: it holds tips and secrets."""
    from service.store.backup import back_up

    rows = back_up(_open(), file)
    _print({"file": str(file), "rows": rows}, f"已备份 {rows.get('cases', 0)} 件，写入 {file}", as_json)


@store.command("restore")
def restore_store(file: Annotated[Path, typer.Argument(help="A backup.")], as_json: AsJson = False) -> None:
    """Read a backup into an empty store, of the same database or the other."""
    from service.store.backup import restore

    rows = restore(_open(), file)
    _print({"file": str(file), "rows": rows}, f"已从 {file} 恢复 {rows.get('cases', 0)} 件", as_json)


@store.command("purge")
def purge_store(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day whose cases stay.")],
    as_json: AsJson = False,
) -> None:
    """Delete closed cases created before a day, for good."""
    from service.store.retention import purge

    purged = purge(_open(), before.date(), by=_BY)
    message = f"已删除 {purged.deleted} 件，未办结的 {purged.kept_open} 件保留"
    _print({"deleted": purged.deleted, "kept_open": purged.kept_open}, message, as_json)


@store.command("export")
def export_store(
    file: Annotated[Path, typer.Argument(help="The table to write, in the format of its name, as for score.")],
    as_json: AsJson = False,
) -> None:
    """Write all cases as a table."""
    from service.store.backup import export

    written = export(_open(), file)
    _print({"file": str(file), "cases": written}, f"已导出 {written} 件，写入 {file}", as_json)


def _open() -> "Database":
    from service.settings import Settings
    from service.store.database import Database

    return Database.of_settings(Settings())


def _print(record: dict[str, object], message: str, as_json: bool) -> None:
    typer.echo(json.dumps(record, ensure_ascii=False, indent=2) if as_json else message)
