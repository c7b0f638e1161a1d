"""`tipdesk check`: data problems, before anybody trains on them."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import DESKS, AsJson, print_json

_PROBLEMS = 5  # exit status


def check(
    data: Annotated[list[Path], typer.Argument(help="Labelled CSV files, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Find data problems before anybody trains on them. Exit status 5 when there are errors."""
    from training.check import check_tips, summarise
    from training.corpus import read_corpus, read_taxonomy

    taxonomy = read_taxonomy(DESKS)
    tips, problems = read_corpus(data, taxonomy)
    problems += check_tips(tips, taxonomy)
    if as_json:
        print_json([{name: getattr(problem, name) for name in problem.__slots__} for problem in problems])
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
