"""`tipdesk train`: labelled tips -> a model version."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import (
    CONSTANTS,
    CORPUS,
    DATA,
    DESKS,
    PREAMBLES,
    USER_WORDS,
    AsJson,
    print_info,
    registry_of,
    say,
)


def train(
    ctx: typer.Context,
    corpus: Annotated[Path, typer.Option(help="The starter corpus: a folder or a CSV file.")] = CORPUS,
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

    taxonomy, config = read_taxonomy(DESKS), TrainingConfig()
    tips, problems = read_corpus([corpus], taxonomy)
    own_tips, own_problems = read_corpus(own or [], taxonomy)
    require_sound([*problems, *own_problems, *check_tips([*tips, *own_tips], taxonomy)])
    constants = None if own_tips else load_constants(CONSTANTS, tips, config)
    artefact = fit_model(
        tips,
        taxonomy,
        read_word_list(USER_WORDS),
        read_triage(DATA, taxonomy),
        config,
        preambles=read_preambles(PREAMBLES),
        own=own_tips,
        shares=read_shares(shares, taxonomy) if shares else None,
        constants=constants,
        n_jobs=workers,
        progress=say,
    )
    registry = registry_of(ctx)
    version = registry.add(artefact)
    if publish:
        registry.promote(version)
    else:
        registry.challenge(version)
    print_info(registry.info(version), registry, as_json)
