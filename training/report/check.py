"""What `tipdesk check` found, told to hotline people: in the terminal, and as a page."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.personal import redact
from model.taxonomy import Taxonomy
from training.corpus import Problem, Tip

_SEVERITIES = {"error": "错误", "warning": "提醒", "mended": "已处理"}
_KINDS = {
    "broken_csv": ("CSV 不完整", "在表格软件里打开，另存为“CSV UTF-8”或 XLSX"),
    "ragged_row": ("格数不对", "内容里的逗号、引号没有转义；用表格软件另存"),
    "formula_without_value": ("公式没有结果", "在表格软件里打开、保存一次"),
    "other_sheets": ("还有别的工作表", "要用的话各存一个文件"),
    "empty_text": ("内容为空", "补上或删去"),
    "long_text": ("内容过长", "多半是几条粘在一起，请拆开"),
    "unknown_desk": ("受理席不认识", "改成列出的名称或编号"),
    "bad_also": ("另涉受理席有误", "去掉重复的、多出的"),
    "unknown_kind": ("诉求类型不认识", "改成列出的名称或编号"),
    "bad_urgent": ("是否紧急填写有误", "填 1、0 或者是、否"),
    "duplicate_id": ("编号重复", "一条一个编号"),
    "duplicate_text": ("内容重复", "留一条；--fix 会删去多余的"),
    "conflicting_desk": ("同一内容不同受理席", "定下一个受理席"),
    "near_duplicate": ("内容几乎相同", "多半是转抄，考虑只留一条"),
    "near_conflict": ("几乎相同却不同受理席", "核对是否真有区别"),
    "rare_desk": ("受理席条数太少", "补充标注，或与起步语料一起检查"),
    "leak": ("与评测数据相同", "从训练数据里删去，否则评测结果偏高"),
    "mojibake": ("乱码", "能还原的 --fix 会还原，其余重新导出"),
    "lost_characters": ("丢失了字", "从原系统重新导出"),
    "control_characters": ("控制字符", "--fix 会去掉"),
    "personal_data": ("含个人信息", "--fix 会遮盖"),
    "drifted_shares": ("受理席占比有变", "符合实际就不用改；训练时可用 --shares 告知"),
    "unfamiliar_text": ("用词陌生", "确认选对了列和文件"),
    "label_error": ("受理席可能标错", "逐条看，错了就改；--fix 不改标注"),
    "dropped": ("删去", ""),
    "decoded": ("还原乱码", ""),
    "tidied": ("整理字符", ""),
    "masked": ("遮盖个人信息", ""),
}
_EXAMPLES = 10  # rows of a kind in the terminal
_MAX_ROWS = 2000  # of a kind on the page
_EXCERPT = 120  # characters


@dataclass(frozen=True)
class Check:
    """What was checked, and what was found.

    Attributes
    ----------
    summary : dict
        As `training.check.summarise` returns it.
    champion : mapping of str to float, or None
        Share of each desk in the tips of the model in use.
    notes : sequence of str
        What could not be checked, in Chinese.
    """

    tips: Sequence[Tip]
    problems: Sequence[Problem]
    summary: Mapping[str, Any]
    champion: Mapping[str, float] | None
    notes: Sequence[str]
    taxonomy: Taxonomy


def print_check(check: Check) -> None:
    """Print what was found: figures, then each kind of problem with its first rows."""
    console = Console(highlight=False, soft_wrap=True)
    summary = check.summary
    console.print(
        f"共 {summary['tips']} 条，近似重复 {summary['near_duplicate_share']:.1%}，"
        f"不同的四字串 {summary['distinct_4grams']:.1%}，最常见的十种开头 {summary['common_openings']:.1%}\n"
    )
    table = Table("受理席", box=None, pad_edge=False)
    for title in ("条数", "占比", *(["现用模型占比"] if check.champion else [])):
        table.add_column(title, justify="right")
    for name, count, share, before in _desk_rows(check):
        table.add_row(name, str(count), f"{share:.1%}", *([] if before is None else [f"{before:.1%}"]))
    console.print(table)
    for kind, problems in _by_kind(check.problems).items():
        name, advice = _KINDS[kind]
        console.print(Text(f"\n{_SEVERITIES[problems[0].severity]}  {name}  {len(problems)} 处", style="bold"))
        if advice:
            console.print(Text(f"  怎么办：{advice}"))
        for problem in problems[:_EXAMPLES]:
            console.print(Text(f"  {problem}"))
        if len(problems) > _EXAMPLES:
            console.print(f"  其余 {len(problems) - _EXAMPLES} 处用 --report 或 --json 查看")
    console.print()
    for note in check.notes:
        console.print(Text(note))
    console.print(_verdict(check))


def write_check(path: Path, check: Check) -> None:
    """Write what was found as a page, with the beginnings of the tips concerned, personal data masked."""
    from training.report.page import write_page

    texts = {(tip.file, tip.row): tip.text for tip in check.tips}
    sections = [
        {
            "severity": _SEVERITIES[problems[0].severity],
            "is_error": problems[0].severity == "error",
            "name": _KINDS[kind][0],
            "advice": _KINDS[kind][1],
            "count": len(problems),
            "rows": [(problem, _excerpt(texts.get((problem.file, problem.row)))) for problem in problems[:_MAX_ROWS]],
        }
        for kind, problems in _by_kind(check.problems).items()
    ]
    write_page(
        path,
        "check.html",
        summary=check.summary,
        files=Counter(tip.file for tip in check.tips),
        severities=Counter(problem.severity for problem in check.problems),
        verdict=_verdict(check),
        notes=check.notes,
        desks=_desk_rows(check),
        shares=_draw_shares(check),
        sections=sections,
        max_rows=_MAX_ROWS,
    )


def _by_kind(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Return the problems by kind: errors, then warnings, then what was mended."""
    by_kind: defaultdict[str, list[Problem]] = defaultdict(list)
    for severity in _SEVERITIES:
        for problem in problems:
            if problem.severity == severity:
                # A kind may be an error here and a warning there.
                by_kind[problem.kind].append(problem)
    return dict(by_kind)


def _desk_rows(check: Check) -> list[tuple[str, int, float, float | None]]:
    """Return for each desk its name, its tips, their share, and their share in the tips of the model in use."""
    counts, n_tips = check.summary["desks"], max(check.summary["tips"], 1)
    return [
        (
            desk.name,
            counts.get(desk.id, 0),
            counts.get(desk.id, 0) / n_tips,
            None if check.champion is None else check.champion.get(desk.id, 0.0),
        )
        for desk in check.taxonomy.desks
    ]


def _draw_shares(check: Check) -> Markup:
    from training.report.charts import chart

    rows = _desk_rows(check)[::-1]
    height = 0.4
    with chart("各受理席占比", height=0.8 + 0.3 * len(rows)) as drawn:
        places = range(len(rows))
        drawn.axes.barh([place + height / 2 for place in places], [row[2] for row in rows], height, label="这批数据")
        if check.champion:
            before = [row[3] or 0.0 for row in rows]
            drawn.axes.barh([place - height / 2 for place in places], before, height, label="现用模型", color="#b8c2cc")
            drawn.axes.legend(frameon=False)
        drawn.axes.set_yticks(list(places), [row[0] for row in rows])
        drawn.axes.xaxis.set_major_formatter("{x:.0%}")
    return drawn.svg


def _excerpt(text: str | None) -> str:
    return redact(text[: 2 * _EXCERPT])[:_EXCERPT] if text else ""


def _verdict(check: Check) -> str:
    counts = Counter(problem.severity for problem in check.problems)
    end = "改好错误再训练" if counts["error"] else "可以用来训练"
    return f"{counts['error']} 处错误，{counts['warning']} 处提醒；{end}"
