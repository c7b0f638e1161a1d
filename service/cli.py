"""Assembles the `tipdesk` command: the only file that knows both the service and training."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import RoutingError
from model.registry import CHAMPION, DEFAULT_HOME, Registry
from service.batch.cli import score
from service.store import cli as store_commands
from service.wording import DECISIONS, URGENCIES
from training import cli as training_commands
from training.commands.common import STORED_CASES

if TYPE_CHECKING:
    from model.routing import Routing
    from service.store.database import Database
    from training.tables import Row

_PATIENCE_S = 30
"""How long a service that is told to stop goes on with what runs, and a worker may be silent until it is replaced: on
a busy machine it starts for longer than the five seconds that uvicorn grants."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

app = typer.Typer(
    help="Routes what workers tell a labour hotline to the right desk.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the `tipdesk` command; a known error is one line and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except RoutingError as error:
        typer.echo(f"error: {error}", err=True)
    except OSError as error:
        typer.echo(f"error: {error.strerror or error}: {error.filename or 'input or output'}", err=True)
    sys.exit(1)


@app.callback()
def common(
    ctx: typer.Context,
    home: Annotated[
        Path, typer.Option(envvar="TIPDESK_HOME", help="Folder of models and all else that is written at run time.")
    ] = DEFAULT_HOME,
) -> None:
    """Routes what workers tell a labour hotline to the right desk."""
    ctx.obj = Registry.of_home(home)
    os.environ["TIPDESK_HOME"] = str(home)  # for the service's worker processes
    ctx.meta[STORED_CASES] = _stored_cases


@app.command()
def route(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="The tip, or - to read it from standard input.")],
    full: Annotated[bool, typer.Option("--full", help="Add urgency, facts, open questions and the law.")] = False,
    as_json: AsJson = False,
) -> None:
    """Route one tip: desk, probability, and the words that decided."""
    from datetime import date

    from model.router import Router

    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    router = Router.load(ctx.ensure_object(Registry).path(CHAMPION))
    routing = router.route([text], explain=full or ["evidence"], today=date.today())[0]
    if as_json:
        typer.echo(json.dumps(routing.to_dict(), ensure_ascii=False, indent=2))
    else:
        _show(routing, text)
    # All is written. To take the dictionary and the model apart before leaving takes as long as to route the tip.
    sys.stdout.flush()
    os._exit(0)


def _show(routing: "Routing", text: str) -> None:
    typer.echo(
        f"{routing.desk}  {routing.desk_name}  {_percent(routing.confidence)}  "
        f"{routing.decision}（{DECISIONS[routing.decision]}）"
    )
    others = [f"{c.desk} {c.name} {_percent(c.probability)}" for c in routing.candidates if c.desk != routing.desk]
    typer.echo("其他候选  " + "，".join(others))
    if routing.also:
        typer.echo("另涉  " + "，".join(f"{c.desk} {c.name} {_percent(c.probability)}" for c in routing.also))
    typer.echo(f"诉求类型  {routing.kind.name} {_percent(routing.kind.probability)}")
    strongest = sorted(routing.evidence or (), key=lambda span: -span.share)[:6]
    typer.echo("依据  " + "，".join(f"{span.text} {span.share:+.2f}" for span in strongest if span.share > 0))
    if routing.urgency:
        reasons = "，".join(f"{s.reason}（{text[s.start : s.end]}）" for s in routing.urgency.signals)
        typer.echo(f"紧急程度  {URGENCIES[routing.urgency.level]}  {reasons}".rstrip())
    for question in routing.questions or ():
        typer.echo(f"还需问清  {question}")
    for fact in routing.facts or ():
        typer.echo(
            f"情况  {fact.kind}  {fact.text}  {'' if fact.value is None else fact.value} {fact.unit or ''}".rstrip()
        )
    for article in routing.law or ():
        typer.echo(f"法条  {article.law}{article.number}  {article.says}")
    typer.echo(f"模型  {routing.model_version}")


@app.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the API and the console."""
    import uvicorn

    from model.router import Router
    from service.access import AccessError, is_loopback
    from service.settings import read_settings
    from service.store import users
    from service.store.database import Database

    router = Router.load(ctx.ensure_object(Registry).path(CHAMPION))  # no model, no service: say so before starting
    settings, address, token = read_settings(), f"http://{host}:{port}", None
    database = Database.of_settings(settings)  # and no service without it
    if settings.auth == "off":
        if not is_loopback(host):
            raise AccessError(
                f"TIPDESK_AUTH=off makes everybody an administrator, and {host} can be reached from other machines; "
                "switch accounts on, or listen on 127.0.0.1"
            )
        typer.echo("warning: TIPDESK_AUTH=off, every user of this machine is an administrator", err=True)
    else:
        token = _first_token(database, host)
    database.close()
    typer.echo(f"分派台  {address}/   接口文档  {address}/docs   模型  {router.version}", err=True)
    if token:
        typer.echo(
            f"请先为管理员 {users.ADMINISTRATOR} 设置密码（链接只能用一次）：{address}/password?token={token}", err=True
        )
    uvicorn.run(
        "service.app:create_app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_PATIENCE_S,
        timeout_worker_healthcheck=_PATIENCE_S,
    )


def _percent(probability: float) -> str:
    """Return a percentage that never claims certainty."""
    return f"{min(probability, 0.999):.1%}"


def _stored_cases() -> "Iterator[Row]":
    """Yield the cases of the store as rows of a table, for training."""
    from service.settings import read_settings
    from service.store import review
    from service.store.database import Database
    from training.tables import Row

    database = Database.of_settings(read_settings())
    try:
        with database.reading() as session:
            for place, case in enumerate(review.handled_cases(session), 1):
                cells = {
                    "id": case.number,
                    "date": case.day.isoformat(),
                    "text": case.text,
                    "desk": case.desk or "",
                    "tip_desk": case.suggested_desk,
                    "also": "|".join(case.also),
                    "kind": case.kind,
                    "urgent": str(int(case.urgent)),
                }
                yield Row("case store", place, cells)
    finally:
        database.close()


def _first_token(database: "Database", host: str) -> str | None:
    """Return the one-time token of the administrator, None if there is one with a password.

    Until then only this machine may reach the service.
    """
    from service.access import AccessError, is_loopback
    from service.store import users

    if is_loopback(host):
        with database.writing() as session:
            return users.first_administrator(session)
    with database.reading() as session:
        if not users.administrator_is_set(session):
            raise AccessError(
                f"{host} can be reached from other machines, and no administrator has a password yet; "
                "run 'tipdesk serve' without --host, set the password by the link that it prints, then start this again"
            )
    return None


app.add_typer(store_commands.store, name="store")
app.command()(score)
training_commands.register(app)
