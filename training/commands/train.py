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
from training.commands.gate import GOLDEN, promote


def train(
    ctx: typer.Context,
    corpus: Annotated[Path, typer.Option(help="The starter corpus: a folder or a CSV file.")] = CORPUS,
    own: Annotated[list[Path] | None, typer.Option(help="The hotline's own labelled cases; may be repeated.")] = None,
    shares: Annotated[
        Path | None, typer.Option(help="CSV with the columns desk,share: how a hotline's tips spread over the desks.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Make the new version the champion if it passes the gate.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="With --publish: labelled tips, in no corpus, on which it is compared with the champion."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Check the corpus, fit, calibrate, evaluate and write a model version."""
    if data and not publish:
        raise typer.BadParameter("--data goes with --publish")
    from model.segment import read_word_list
    from training.check import check_tips
    from training.config import TrainingConfig
    from training.constants import load_constants
    from training.corpus import read_corpus, read_shares, read_taxonomy, require_sound
    from training.fit import fit_model
    from training.noise import read_preambles
    from training.publish import read_golden, require_unseen
    from training.triage import read_triage

    taxonomy, config = read_taxonomy(DESKS), TrainingConfig()
    tips, problems = read_corpus([corpus], taxonomy)
    own_tips, own_problems = read_corpus(own or [], taxonomy)
    require_sound([*problems, *own_problems, *check_tips([*tips, *own_tips], taxonomy)])
    if publish:  # what would be wrong after minutes of training is found before
        read_golden(GOLDEN, taxonomy)
        held_out, data_problems = read_corpus([data] if data else [], taxonomy)
        require_sound(data_problems)
        require_unseen(held_out, [*tips, *own_tips])
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
    registry.challenge(version)
    if publish:
        promote(registry, version, data, as_json)
    else:
        print_info(registry.info(version), registry, as_json)
