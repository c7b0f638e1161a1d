"""`tipdesk check`: data problems, before anybody trains on them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.errors import ArtefactNotFoundError
from model.registry import CHAMPION, Registry
from training.commands.common import DESKS, USER_WORDS, AsJson, print_json, registry_of, say

if TYPE_CHECKING:
    from model.artefact import Artefact

_PROBLEMS = 5  # exit status


def check(
    ctx: typer.Context,
    data: Annotated[list[Path], typer.Argument(help="Labelled CSV or XLSX files, or folders of them.")],
    against: Annotated[
        list[Path] | None, typer.Option(help="Evaluation data that no tip of DATA may stand in; may be repeated.")
    ] = None,
    fix: Annotated[
        Path | None, typer.Option(help="Folder for cleaned copies, as CSV; the originals stay as they are.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file for the report.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Find data problems before anybody trains on them. Exit status 5 when there are errors."""
    from model.segment import read_word_list
    from training.check import check_leaks, check_likeness, check_texts, check_tips, summarise
    from training.corpus import Problem, read_corpus, read_taxonomy
    from training.duplicates import near_duplicate_groups
    from training.labelerrors import MAX_PROBA, MIN_GROUPS, checkable_desks, find_label_errors
    from training.likeness import champion_shares, drifted_shares, unfamiliar_files
    from training.mending import write_mended
    from training.report.check import Check, print_check, write_check

    taxonomy = read_taxonomy(DESKS)
    names = {desk.id: desk.name for desk in taxonomy.desks}
    tips, problems = read_corpus(data, taxonomy)
    held_out, held_out_problems = read_corpus(against or [], taxonomy)
    say(f"comparing {len(tips)} tips with each other")
    groups = near_duplicate_groups([tip.text for tip in [*tips, *held_out]])
    problems += [
        *held_out_problems,
        *check_tips(tips, taxonomy),
        *check_texts(tips),
        *check_likeness(tips, groups[: len(tips)], taxonomy),
        *check_leaks(tips, held_out, groups),
    ]
    shares = None
    if champion := _champion(registry_of(ctx)):
        shares = champion_shares(champion)
        problems += [*drifted_shares(tips, taxonomy, shares), *unfamiliar_files(tips, champion)]
    notes = [] if champion else ["没有已发布的模型，没有比较受理席占比和用词"]
    desks = checkable_desks(tips, taxonomy, groups[: len(tips)])
    if left_out := [names[desk] for desk in names if desk not in desks]:
        notes.append(f"不同内容不足 {MIN_GROUPS} 条，没有检查受理席是否标错：{'、'.join(left_out)}")
    if desks:
        say("learning from parts of the tips to doubt the labels of the rest")
        problems += [
            Problem(
                "label_error",
                "warning",
                tips[error.number].file,
                tips[error.number].row,
                f"标的是{names[tips[error.number].desk]}，模型认为这个可能性不到 {MAX_PROBA:.0%}，"
                f"更像{names[error.likelier]}（{error.likelier_proba:.0%}）",
            )
            for error in find_label_errors(tips, taxonomy, read_word_list(USER_WORDS), desks, n_jobs=workers)
        ]
    if fix:
        problems += write_mended(data, fix, taxonomy)
    checked = Check(tips, problems, summarise(tips, groups[: len(tips)]), shares, notes, taxonomy)
    if report:
        write_check(report, checked)
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        print_check(checked)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(_PROBLEMS)


def _champion(registry: Registry) -> "Artefact | None":
    from model.artefact import load_artefact

    try:
        return load_artefact(registry.path(CHAMPION))
    except ArtefactNotFoundError:
        return None
