"""`tipdesk train`: labelled tips -> a model version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import ArtefactError
from model.registry import CHAMPION, Registry
from training.commands.common import (
    CONSTANTS,
    CORPUS,
    DATA,
    DESKS,
    PREAMBLES,
    USER_WORDS,
    AsJson,
    info_record,
    print_info,
    print_json,
    registry_of,
    say,
    stored_cases,
)
from training.commands.gate import GOLDEN, promote

if TYPE_CHECKING:
    from training.report.training import Champion

_INTERRUPTED = 130  # exit status, as of a shell's command that SIGINT ended
# How long the steps take beside each other, on two cores with the shipped corpus.
_COSTS = (3.0, 60.0, 400.0)
_COSTS_WITH_REPORT = (*_COSTS, 240.0, 30.0)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn Ctrl-C into one line; what is staged is removed on the way out."""
    try:
        yield
    except KeyboardInterrupt:
        say("已中断，没有写下不完整的模型或报告")
        raise typer.Exit(_INTERRUPTED) from None


@_interruptible()
def train(
    ctx: typer.Context,
    corpus: Annotated[Path, typer.Option(help="The starter corpus: a folder or a CSV file.")] = CORPUS,
    own: Annotated[list[Path] | None, typer.Option(help="The hotline's own labelled cases; may be repeated.")] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Learn from the case store too: what operators confirmed or corrected.")
    ] = False,
    shares: Annotated[
        Path | None, typer.Option(help="CSV with the columns desk,share: how a hotline's tips spread over the desks.")
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns desk,precision: how precise a desk's automatic decisions are to be."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Write an HTML report: intervals, learning curve, errors, and more.")
    ] = False,
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
    from training.apart import without_pandas

    with without_pandas():
        from model.segment import read_word_list
        from training.check import check_tips
        from training.commands.progress import StepProgress
        from training.config import TrainingConfig
        from training.constants import load_constants
        from training.corpus import read_corpus, read_shares, read_targets, read_taxonomy, require_sound
        from training.fit import fit_model
        from training.noise import read_preambles
        from training.publish import read_golden, require_unseen
        from training.stored import learnable
        from training.triage import read_triage
        from training.validate import Measured, learning_curve

    registry, report_path = registry_of(ctx), None
    with StepProgress("读取并检查诉求", _COSTS_WITH_REPORT if report else _COSTS) as progress:
        taxonomy, config = read_taxonomy(DESKS), TrainingConfig()
        tips, problems = read_corpus([corpus], taxonomy)
        own_tips, own_problems = read_corpus(own or [], taxonomy)
        if from_store:
            stored, left_out = learnable(stored_cases(ctx), taxonomy, [*tips, *own_tips])
            own_tips += stored
            say(f"工单库：取 {len(stored)} 件有结论的工单" + (f"，另有 {left_out} 件无法学习" if left_out else ""))
        require_sound([*problems, *own_problems, *check_tips([*tips, *own_tips], taxonomy)])
        golden, _ = read_golden(GOLDEN, taxonomy)
        if publish:  # what would be wrong after minutes of training is found before
            held_out, data_problems = read_corpus([data] if data else [], taxonomy)
            require_sound(data_problems)
            require_unseen(held_out, [*tips, *own_tips])
        constants = None if own_tips else load_constants(CONSTANTS, tips, config)
        observed: list[Measured] = []
        artefact = fit_model(
            tips,
            taxonomy,
            read_word_list(USER_WORDS),
            read_triage(DATA, taxonomy),
            config,
            preambles=read_preambles(PREAMBLES),
            own=own_tips,
            shares=read_shares(shares, taxonomy) if shares else None,
            precision_targets=read_targets(targets, taxonomy) if targets else None,
            constants=constants,
            golden=[tip.text for tip in golden],
            n_jobs=workers,
            progress=progress,
            observe=observed.append if report else lambda _: None,
        )
        curve = learning_curve(observed[0], n_jobs=workers, progress=progress) if report else None
        version = registry.add(artefact)
        registry.challenge(version)
        if report:
            # Before the version is published: where it is refused, the report tells why.
            from training.report.training import write_training_report

            progress("写训练报告")
            report_path = (registry.folder.parent / "reports" / f"{version}.html").absolute()
            write_training_report(report_path, version, artefact, observed[0], curve, _champion(registry))
    if report_path and not as_json:
        typer.echo(f"report    {report_path}")
    also = {"report": str(report_path)} if report_path else {}
    if publish:
        promote(registry, version, data, as_json, also=also)
    elif as_json:
        print_json(info_record(registry.info(version), registry) | also)
    else:
        print_info(registry.info(version), registry, as_json)


def _champion(registry: Registry) -> "Champion | None":
    """Return the model in use until now, to compare with."""
    from training.report.training import Champion

    version = registry.aliases().get(CHAMPION)
    if version is None:
        return None
    try:
        return Champion(version, registry.info(version).manifest)
    except ArtefactError:
        return Champion(version, None)
