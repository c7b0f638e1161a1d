"""The commands of data staff: check, train, evaluate, models. Results go to stdout, progress to stderr.

What a command needs beyond the model is imported when it runs, so that `tipdesk route` starts without scikit-learn.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from model.errors import ArtefactError, CorpusError
from model.registry import CHAMPION, Registry, VersionInfo

DATA = Path("data")
_DESKS, _USER_WORDS, _CORPUS = DATA / "desks.yaml", DATA / "userdict.txt", DATA / "corpus"
_CONSTANTS, _PREAMBLES = DATA / "calibration.json", DATA / "preambles.txt"
_PROBLEMS = 5  # exit status

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

models = typer.Typer(help="The published models.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of data staff to the `tipdesk` command, whose context object is the registry."""
    app.command()(check)
    app.command()(train)
    app.command()(evaluate)
    app.add_typer(models, name="models")


def check(
    data: Annotated[list[Path], typer.Argument(help="Labelled CSV files, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Find data problems before anybody trains on them. Exit status 5 when there are errors."""
    from training.check import check_tips, summarise
    from training.corpus import read_corpus, read_taxonomy

    taxonomy = read_taxonomy(_DESKS)
    tips, problems = read_corpus(data, taxonomy)
    problems += check_tips(tips, taxonomy)
    if as_json:
        _print_json([{name: getattr(problem, name) for name in problem.__slots__} for problem in problems])
    else:
        for problem in problems:
            typer.echo(f"{problem.severity}: {problem}")
        summary = summarise(tips)
        desks = ", ".join(f"{desk} {count}" for desk, count in summary["desks"].items())
        typer.echo(f"{summary['tips']} tips: {desks}")
        typer.echo(
            f"near-duplicates {summary['near_duplicate_share']:.1%}, "
            f"distinct 4-grams {summary['distinct_4grams']:.1%}, "
            f"ten commonest openings {summary['common_openings']:.1%}"
        )
        typer.echo(f"{len(problems)} problem(s)")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(_PROBLEMS)


def train(
    ctx: typer.Context,
    corpus: Annotated[Path, typer.Option(help="The starter corpus: a folder or a CSV file.")] = _CORPUS,
    own: Annotated[list[Path] | None, typer.Option(help="The hotline's own labelled cases; may be repeated.")] = None,
    shares: Annotated[
        Path | None, typer.Option(help="CSV with the columns desk,share: how a hotline's tips spread over the desks.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Make the new version the champion.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Check the corpus, fit, calibrate, evaluate and write a model version."""
    from model.segment import read_word_list
    from training.check import check_tips
    from training.config import TrainingConfig
    from training.constants import load_constants
    from training.corpus import read_corpus, read_shares, read_taxonomy, require_sound
    from training.fit import fit_model
    from training.noise import read_preambles
    from training.triage import read_triage

    taxonomy, config = read_taxonomy(_DESKS), TrainingConfig()
    tips, problems = read_corpus([corpus], taxonomy)
    own_tips, own_problems = read_corpus(own or [], taxonomy)
    require_sound([*problems, *own_problems, *check_tips([*tips, *own_tips], taxonomy)])
    constants = None if own_tips else load_constants(_CONSTANTS, tips, config)
    artefact = fit_model(
        tips,
        taxonomy,
        read_word_list(_USER_WORDS),
        read_triage(DATA, taxonomy),
        config,
        preambles=read_preambles(_PREAMBLES),
        own=own_tips,
        shares=read_shares(shares, taxonomy) if shares else None,
        constants=constants,
        n_jobs=workers,
        progress=_say,
    )
    registry = _registry(ctx)
    version = registry.add(artefact)
    if publish:
        registry.promote(version)
    else:
        registry.challenge(version)
    _print_info(registry.info(version), registry, as_json)


def evaluate(
    ctx: typer.Context,
    data: Annotated[Path, typer.Argument(help="A labelled CSV file, or a folder of them.")],
    model: Annotated[str, typer.Option(help="Version or alias.")] = CHAMPION,
    as_json: AsJson = False,
) -> None:
    """Measure a published model on labelled tips."""
    from model.router import Router
    from training import evaluate as evaluation
    from training.corpus import read_corpus, require_sound

    router = Router.load(_registry(ctx).path(model))
    tips, problems = read_corpus([data], router.taxonomy)
    require_sound(problems)
    if not tips:
        raise CorpusError(f"{data}: no labelled tip; rows with the columns text,desk are expected")
    metrics = {"model_version": router.version, **evaluation.evaluate(router, tips)}
    if as_json:
        _print_json(metrics)
    else:
        _print_metrics(metrics)


@models.command("list")
def list_models(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the versions, the one trained last first; one that cannot be read is listed with the reason."""
    registry = _registry(ctx)
    records: list[dict[str, Any]] = []
    for version in registry.versions():
        try:
            info = registry.info(version)
        except ArtefactError as error:
            records.append({"version": version, "error": str(error)})
            line = f"{version}  {error}"
        else:
            records.append(_info_record(info, registry))
            created = info.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
            tips, accuracy = info.manifest.corpus["tips"], info.manifest.metrics["accuracy"]
            line = f"{version}  {created}  {tips} tips  accuracy {accuracy:.3f}  {' '.join(info.aliases)}".rstrip()
        if not as_json:
            typer.echo(line)
    if as_json:
        _print_json(records)
    elif not records:
        _say("no published model yet; train one with 'tipdesk train --publish'")


@models.command("show")
def show_model(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Version or alias.")] = CHAMPION,
    as_json: AsJson = False,
) -> None:
    """Show one version: where it is, what it learned from, how well it did in cross-validation."""
    registry = _registry(ctx)
    _print_info(registry.info(name), registry, as_json)


@models.command("promote")
def promote_model(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="Version or alias.")], as_json: AsJson = False
) -> None:
    """Make a version the champion, which is what the service serves."""
    registry = _registry(ctx)
    _print_info(registry.info(registry.promote(name)), registry, as_json)


@models.command("rollback")
def roll_back_model(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make the previous champion the champion again."""
    registry = _registry(ctx)
    _print_info(registry.info(registry.roll_back()), registry, as_json)


def _registry(ctx: typer.Context) -> Registry:
    return ctx.ensure_object(Registry)


def _info_record(info: VersionInfo, registry: Registry) -> dict[str, Any]:
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


def _print_info(info: VersionInfo, registry: Registry, as_json: bool) -> None:
    record = _info_record(info, registry)
    if as_json:
        _print_json(record)
        return
    typer.echo(f"version   {info.version}  {' '.join(info.aliases)}".rstrip())
    typer.echo(f"created   {info.created_at.astimezone():%Y-%m-%d %H:%M}")
    typer.echo(f"path      {record['path']}")
    typer.echo(f"corpus    {info.manifest.corpus['tips']} tips, sha256 {info.manifest.corpus['sha256']}")
    typer.echo(f"probabilities and thresholds: {info.manifest.calibration}")
    typer.echo("cross-validated:")
    _print_metrics(info.manifest.metrics)


def _print_metrics(metrics: dict[str, Any]) -> None:
    for name, value in metrics.items():
        if name != "per_desk":
            typer.echo(f"  {name:<16} {value:.4f}" if isinstance(value, float) else f"  {name:<16} {value}")
    typer.echo(f"  {'desk':<12} precision  recall      f1  support")
    for desk, row in metrics["per_desk"].items():
        typer.echo(f"  {desk:<12} {row['precision']:>9.3f} {row['recall']:>7.3f} {row['f1']:>7.3f} {row['support']:>8}")


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _say(message: str) -> None:
    typer.echo(message, err=True)
