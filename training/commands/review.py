"""`tipdesk review`: what most needs a human label, out to people and back."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from model.registry import CHAMPION
from training.commands.common import AsJson, print_json, registry_of, say, stored_cases

_PROBLEMS = 5  # exit status
_REASONS = {"mislabelled": "可能标错", "overridden": "操作员改派", "uncertain": "模型拿不准"}

review = typer.Typer(help="What most needs a human label, out to people and back.", no_args_is_help=True)


@review.command("export")
def export_tips(
    ctx: typer.Context,
    tables: Annotated[
        list[Path],
        typer.Argument(
            metavar="[INPUT] OUTPUT",
            help="Tips as CSV, XLSX or JSON Lines, none for the case store; "
            "then XLSX, CSV, or JSON for Label Studio, by the file's name.",
        ),
    ],
    n: Annotated[int, typer.Option("--n", min=1, help="How many tips to pick.")] = 100,
    text_column: Annotated[str, typer.Option(help="The column that holds the tip.")] = "text",
    labelled: Annotated[
        list[Path] | None, typer.Option(help="Labelled file whose tips are not to be picked again; may be repeated.")
    ] = None,
    model: Annotated[str, typer.Option(help="Version or alias.")] = CHAMPION,
    as_json: AsJson = False,
) -> None:
    """Pick the tips most worth a human label: the model wavers, contradicts a confirmed desk, or was overridden."""
    if len(tables) > 2:
        raise typer.BadParameter(f"expected INPUT and OUTPUT, or OUTPUT alone, found {len(tables)} files")
    from model.router import Router
    from training.corpus import read_corpus, require_sound
    from training.review import choose, with_known_desks, write_selection
    from training.tables import read_rows

    router = Router.load(registry_of(ctx).path(model))
    tips, problems = read_corpus(labelled or [], router.taxonomy)
    require_sound(problems)
    *source, target = tables
    if source:
        rows = read_rows(source[0], (text_column,), "name the one to read with --text-column")
    else:
        rows = with_known_desks(stored_cases(ctx), router.taxonomy)
    selection = choose(rows, text_column, router, n, [tip.text for tip in tips])
    files = write_selection(selection, target, router.taxonomy)
    if as_json:
        print_json(
            {
                "picked": len(selection.rows),
                "reasons": selection.reasons,
                "tips": selection.n_tips,
                "unusable": selection.unusable,
                "known": selection.known,
                "files": [str(file) for file in files],
                "model_version": selection.model_version,
            }
        )
        return
    reasons = "，".join(f"{_REASONS[why]} {count}" for why, count in selection.reasons.items())
    typer.echo(f"从 {selection.n_tips} 条中选出 {len(selection.rows)} 条：{reasons}")
    if selection.unusable or selection.known:
        typer.echo(f"未参选：无法阅读或过长 {selection.unusable} 条，已标注或重复 {selection.known} 条")
    typer.echo(f"写入 {'，'.join(map(str, files))}（个人信息已遮盖）")
    typer.echo("填好受理席后用 tipdesk review import 导入")


@review.command("import")
def import_answers(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="ANSWERS...", help="Filled-in XLSX or CSV files, JSON of Label Studio."),
    ],
    into: Annotated[Path, typer.Option(help="The corpus file that answers are added to: for 'tipdesk train --own'.")],
    as_json: AsJson = False,
) -> None:
    """Check answers, compare labellers, add what they agree on to a corpus file. Exit status 5 when rows are wrong."""
    from training.answers import (
        add_to_corpus,
        decide,
        measure_agreement,
        overall_kappa,
        read_answers,
        write_disagreed,
    )
    from training.commands.common import DESKS
    from training.corpus import read_taxonomy

    taxonomy = read_taxonomy(DESKS)
    answers, problems = read_answers(data, taxonomy)
    agreements, verdicts = measure_agreement(answers), decide(answers)
    kappa = overall_kappa(agreements)
    added, contradicted = add_to_corpus(into, verdicts.agreed, taxonomy)
    disagreed = write_disagreed(into, verdicts.disagreed, taxonomy) if verdicts.disagreed else None
    wrong = [problem for problem in problems if problem.kind == "error"]
    unanswered = len(problems) - len(wrong)
    if as_json:
        print_json(
            {
                "answers": len(answers),
                "added": added,
                "present": len(verdicts.agreed) - added - len(contradicted),
                "contradicted": contradicted,
                "disagreed": [
                    {"id": tip[0].id, "desks": {answer.labeller: answer.desk for answer in tip}}
                    for tip in verdicts.disagreed
                ],
                "disagreed_file": str(disagreed) if disagreed else None,
                "kappa": kappa,
                "agreement": [asdict(agreement) for agreement in agreements],
                "unanswered": unanswered,
                "problems": [asdict(problem) for problem in problems],
            }
        )
    else:
        names = {desk.id: desk.name for desk in taxonomy.desks}
        for tip in verdicts.disagreed:
            said = "，".join(f"{answer.labeller}：{names[answer.desk]}" for answer in tip)
            typer.echo(f"意见不一  {tip[0].id}（{tip[0].file} 第 {tip[0].row} 行）  {said}")
        for agreement in agreements:
            one, other = agreement.labellers
            typer.echo(
                f"{one} 与 {other}  共同标注 {agreement.n} 条，一致 {agreement.agreed:.1%}，"
                f"Cohen's kappa {_kappa(agreement.kappa)}"
            )
        if len(agreements) > 1:
            typer.echo(f"总体 Cohen's kappa {_kappa(kappa)}（各对按条数加权平均）")
        for problem in problems:
            typer.echo(f"问题  {problem}")
        typer.echo(f"读到答案 {len(answers)} 份，未填 {unanswered} 行，有错 {len({(p.file, p.row) for p in wrong})} 行")
        typer.echo(
            f"写入 {into}：新增 {added} 条，已有 {len(verdicts.agreed) - added - len(contradicted)} 条，"
            f"与已有受理席不同而未写入 {len(contradicted)} 条"
        )
        if contradicted:
            typer.echo(f"与已有受理席不同  {'，'.join(contradicted)}")
    if disagreed:
        say(f"{len(verdicts.disagreed)} 条意见不一，没有写入；见 {disagreed}，商定后填好受理席，单独导入这个文件")
    if wrong:
        raise typer.Exit(_PROBLEMS)


def _kappa(kappa: float | None) -> str:
    return "无法计算（只用了一个受理席）" if kappa is None else f"{kappa:.2f}"
