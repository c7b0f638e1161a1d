"""`tipdesk models compare`: two models on the same labelled tips."""

from pathlib import Path
from typing import Annotated, Any

import typer

from model.registry import CHALLENGER, CHAMPION
from training.commands.common import AsJson, print_json, registry_of

_SHOWN = 20  # tips; all are in the JSON
_WIDTH = 110  # columns of a terminal


def compare(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="Labelled CSV file, or folder of them, that neither has learned from.")],
    a: Annotated[str, typer.Argument(help="Version or alias.")] = CHAMPION,
    b: Annotated[str, typer.Argument(help="Version or alias.")] = CHALLENGER,
    as_json: AsJson = False,
) -> None:
    """Compare two models on the same labelled tips: what differs, and which of it is more than chance."""
    from model.router import Router
    from training import compare as comparison
    from training.corpus import read_corpus, require_sound

    registry = registry_of(ctx)
    first, second = (Router.load(registry.path(name)) for name in (a, b))
    tips, problems = read_corpus([data], comparison.common_taxonomy(first, second))
    require_sound(problems)
    found = comparison.compare(first, second, tips)
    if as_json:
        print_json(found)
    else:
        _print(found, {desk.id: desk.name for desk in (*first.taxonomy.desks, *second.taxonomy.desks)}, (a, b))


def _print(found: dict[str, Any], names: dict[str, str], asked: tuple[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from training.compare import say_p

    console = Console(width=_WIDTH, highlight=False, markup=False)
    console.print(f"A {asked[0]} {found['a']}，B {asked[1]} {found['b']}，共同测试 {found['n']} 条")
    if found["left_out"]:
        console.print(f"另有 {found['left_out']} 条的受理席只有一个模型认得，不计")

    overall = Table("指标", "A", "B", "B−A", "95% 区间", "p", box=None, pad_edge=False)
    for label, name in (
        ("准确率", "accuracy"),
        ("平均 F1（≥12 条的受理席）", "macro_f1_min12"),
        ("对数损失（越小越好）", "log_loss"),
        ("校准误差 ECE（越小越好）", "ece"),
        ("可直接派单占比", "auto_coverage"),
        ("可直接派单准确率", "auto_precision"),
    ):
        figure = found[name]
        low, high = figure.get("interval") or (None, None)
        overall.add_row(
            label,
            *(_number(figure[key]) for key in ("a", "b")),
            _number(figure["difference"], "+.3f"),
            "" if low is None else f"{low:+.3f} 至 {high:+.3f}",
            say_p(figure["p_value"]).lstrip("=") if "p_value" in figure else "",
        )
    console.print(overall)
    accuracy = found["accuracy"]
    console.print(f"只有 A 派对 {accuracy['only_a_right']} 条，只有 B 派对 {accuracy['only_b_right']} 条")

    desks = Table("受理席", "条数", "查全率 A→B", "查准率 A→B", "F1 A→B", "查全率差", "p", box=None, pad_edge=False)
    for desk, row in found["per_desk"].items():
        desks.add_row(
            f"{desk} {names[desk]}",
            str(row["support"]),
            *(f"{row[name]['a']:.3f}→{row[name]['b']:.3f}" for name in ("recall", "precision", "f1")),
            f"{row['recall']['difference']:+.3f}",
            "–" if row["p_value"] is None else say_p(row["p_value"]).lstrip("="),
        )
    console.print("", desks, sep="\n")
    console.print("p：准确率和查全率之差的 McNemar 精确检验，各席已作多重校正（BH）；少于 12 条的受理席不检验")

    changed = found["changed"]
    console.print(
        f"\n改派 {len(changed)} 条" + (f"，列出前 {_SHOWN} 条，全部见 --json" if len(changed) > _SHOWN else "")
    )
    listed = Table("行", "编号", "标注", "A", "B", box=None, pad_edge=False)
    for tip in changed[:_SHOWN]:
        listed.add_row(str(tip["row"]), tip["id"] or "", tip["desk"], tip["a"], tip["b"])
    if changed:
        console.print(listed)


def _number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else format(value, form)
