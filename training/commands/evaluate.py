"""`tipdesk evaluate`: how good a published model is on labelled tips."""

from pathlib import Path
from typing import Annotated

import typer

from model.errors import CorpusError
from model.registry import CHAMPION
from training.commands.common import AsJson, print_json, print_metrics, registry_of


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

    router = Router.load(registry_of(ctx).path(model))
    tips, problems = read_corpus([data], router.taxonomy)
    require_sound(problems)
    if not tips:
        raise CorpusError(f"{data}: no labelled tip; rows with the columns text,desk are expected")
    metrics = {"model_version": router.version, **evaluation.evaluate(router, tips)}
    if as_json:
        print_json(metrics)
    else:
        print_metrics(metrics)
