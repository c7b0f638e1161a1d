"""What `tipdesk drift` found, in Chinese: a summary for the terminal and a page with charts."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.taxonomy import Taxonomy
from training.drift import MIN_TIPS, N_SPLITS, Agreement, Drift, Measure, Share, Side
from training.report.charts import Chart, chart
from training.report.page import write_page
from training.wording import Term

_BEFORE, _NOW = "#9aa7b5", "#1a5fa8"
_COLOURS = {"reference": _BEFORE, "current": _NOW}
_SIDES = {"reference": "参照", "current": "现在"}
_VERDICTS = {"alike": "相近", "watch": "留意", "act": "超限", "unknown": "无法比较"}
_STYLES = {"alike": "green", "watch": "yellow", "act": "bold red", "unknown": "dim"}
_PERIODS = {"week": "周", "month": "月"}
_WORDS_SHOWN = 8  # in the terminal
_OTHER_DESK = "其他写法"


class _Wording(NamedTuple):
    """How a measure is called, how its values are written, what it says and what to do when it is beyond its limit."""

    name: str
    form: str
    meaning: str
    advice: str


_MEASURES = {
    "desks": _Wording(
        "受理席分布",
        "{:.3f}",
        "模型把诉求判到各受理席的占比变了多少（PSI）",
        "看哪个受理席多了、少了；若属实，用近期工单或 --shares 按新的占比重新训练",
    ),
    "confirmed_desks": _Wording(
        "确认的受理席",
        "{:.3f}",
        "话务员确认的受理席占比变了多少（PSI）",
        "来电的构成变了；用近期确认过的工单重新训练",
    ),
    "confidence": _Wording(
        "把握大小",
        "{:.3f}",
        "模型的把握（概率）高低变了多少（PSI，按参照的十等分）",
        "把握普遍变低时，抽查近期工单并重新训练",
    ),
    "unknown_words": _Wording(
        "不认识的词",
        "{:+.1%}",
        "模型词表里没有的词，占比增加了多少",
        "把新词补进 data/userdict.txt，标注近期工单后重新训练",
    ),
    "common_words": _Wording(
        "常用词语",
        "{:.3f}",
        "最常用的一百个词语，用得多少变了多少（PSI）",
        "看增多和减少的词：有新的诉求就标注近期工单后重新训练，是记录格式改了就让训练语料也用新格式",
    ),
    "domain": _Wording(
        "两边可分辨",
        "{:.3f}",
        "另训一个分类器，看它能否分清一条诉求出自哪一边（AUC，0.5 为分不清）",
        "内容或写法变了；看增多的词，标注近期工单后重新训练",
    ),
    "agreement": _Wording(
        "与话务员一致",
        "{:.1%}",
        "建议被话务员采纳的比例下降了多少",
        "抽查近期被改派的工单，标注后重新训练并比较新旧模型",
    ),
}


class _Line(NamedTuple):
    """A measure as it is shown."""

    wording: _Wording
    value: str
    chance: str
    limits: str
    verdict: str
    verdict_name: str


def print_summary(drift: Drift, undated: int) -> None:
    """Print what was found to standard output."""
    console = Console(markup=False, highlight=False, emoji=False)
    console.print("\n".join(_describe(drift, undated)), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for title in ("指标", "数值", "偶然可达", "留意／超限", "结论"):
        table.add_column(title, justify="left" if title in ("指标", "结论") else "right", no_wrap=True)
    for line in map(_line, drift.measures):
        cells = (line.wording.name, line.value, line.chance, line.limits)
        table.add_row(*cells, Text(line.verdict_name, style=_STYLES[line.verdict]))
    console.print(table)
    for title, terms in (("增多的词", drift.new), ("减少的词", drift.gone)):
        if terms:
            told = "，".join(_describe_term(term) for term in terms[:_WORDS_SHOWN])
            console.print(f"{title}  {told}", soft_wrap=True)
    console.print(_conclude(drift), soft_wrap=True)
    for measure in drift.measures:
        if measure.verdict == "act":
            wording = _MEASURES[measure.id]
            console.print(f"{wording.name}  {wording.advice}", soft_wrap=True)


def write_report(path: Path, drift: Drift, taxonomy: Taxonomy, undated: int) -> None:
    """Write the page."""
    names = {desk.id: desk.name for desk in taxonomy.desks}
    write_page(
        path,
        "drift.html",
        description=_describe(drift, undated),
        conclusion=_conclude(drift),
        verdict=drift.verdict,
        lines=[_line(measure) for measure in drift.measures],
        n_splits=N_SPLITS,
        min_tips=MIN_TIPS,
        routed=_draw_desks("模型判定的受理席占比", drift.routed, names),
        confirmed=_draw_desks("话务员确认的受理席占比", drift.confirmed, names) if drift.confirmed else None,
        confidence=_draw_confidence(drift.confidence),
        new=drift.new,
        gone=drift.gone,
        words=_draw_terms((*drift.new, *drift.gone), drift) if drift.new or drift.gone else None,
        reference=drift.reference,
        current=drift.current,
        period=_PERIODS[drift.period],
        agreement=_draw_agreement(drift.agreement) if drift.agreement else None,
    )


def _describe(drift: Drift, undated: int) -> list[str]:
    lines = [_describe_side(_SIDES["reference"], drift.reference), _describe_side(_SIDES["current"], drift.current)]
    if undated:
        lines.append(f"日期  {undated} 行的日期读不出，没有参加比较；日期写成 2026-11-03 这样")
    return [*lines, f"模型  {drift.model_version}"]


def _describe_side(name: str, side: Side) -> str:
    parts = [f"{side.tips} 条"]
    if side.first and side.last:
        parts.append(f"{side.first} 至 {side.last}")
    if side.compared < side.tips:
        parts.append(f"随机取 {side.compared} 条比较")
    if side.blank:
        parts.append(f"另有 {side.blank} 行没有内容")
    return f"{name}  " + "，".join(parts)


def _line(measure: Measure) -> _Line:
    wording = _MEASURES[measure.id]

    def written(value: float | None) -> str:
        return "–" if value is None else wording.form.format(value)

    return _Line(
        wording,
        written(measure.value),
        written(measure.chance),
        f"{written(measure.watch)}／{written(measure.act)}",
        measure.verdict,
        _VERDICTS[measure.verdict],
    )


def _describe_term(term: Term) -> str:
    return f"{term.text} {term.reference}→{term.current}" + ("" if term.known else "（词表没有）")


def _conclude(drift: Drift) -> str:
    beyond = [_MEASURES[measure.id].name for measure in drift.measures if measure.verdict == drift.verdict]
    if drift.verdict == "act":
        return f"结论  超出限值：{'、'.join(beyond)}"
    if drift.verdict == "watch":
        return f"结论  没有超出限值，需要留意：{'、'.join(beyond)}"
    return "结论  没有超出限值，也没有需要留意的变化"


def _draw_desks(title: str, shares: Sequence[Share], names: dict[str, str]) -> Markup:
    shown = [share for share in shares if share.desk or share.reference or share.current][::-1]
    with chart(title, height=0.4 * len(shown) + 0.8) as drawn:
        places = np.arange(len(shown))
        drawn.axes.barh(places + 0.2, [share.reference for share in shown], 0.38, color=_BEFORE, label="参照")
        drawn.axes.barh(places - 0.2, [share.current for share in shown], 0.38, color=_NOW, label="现在")
        drawn.axes.set_yticks(places, [names.get(share.desk or "", _OTHER_DESK) for share in shown])
        drawn.axes.xaxis.set_major_formatter("{x:.0%}")
        _add_legend(drawn)
    return drawn.svg


def _draw_confidence(shares: Sequence[Share]) -> Markup:
    with chart("模型把握的分布", height=2.8) as drawn:
        places = np.arange(len(shares))
        drawn.axes.bar(places - 0.2, [share.reference for share in shares], 0.38, color=_BEFORE, label="参照")
        drawn.axes.bar(places + 0.2, [share.current for share in shares], 0.38, color=_NOW, label="现在")
        width = 100 // len(shares)
        drawn.axes.set_xticks(places, [f"{place * width}–{(place + 1) * width}%" for place in places.tolist()])
        drawn.axes.set_xlabel("模型对所选受理席的概率")
        drawn.axes.set_ylabel("占诉求")
        drawn.axes.yaxis.set_major_formatter("{x:.0%}")
        _add_legend(drawn)
    return drawn.svg


def _draw_terms(terms: Sequence[Term], drift: Drift) -> Markup:
    with chart("增多和减少的词", height=0.22 * len(terms) + 0.8) as drawn:
        for place, term in enumerate(reversed(terms)):
            before, now = term.reference / drift.reference.compared, term.current / drift.current.compared
            drawn.axes.plot([before, now], [place, place], color=_BEFORE, linewidth=2, zorder=1)
            drawn.axes.scatter(before, place, color=_BEFORE, s=28, zorder=2, label="" if place else "参照")
            drawn.axes.scatter(now, place, color=_NOW, s=28, zorder=2, label="" if place else "现在")
        drawn.axes.set_yticks(range(len(terms)), [term.text for term in reversed(terms)])
        drawn.axes.xaxis.set_major_formatter("{x:.0%}")
        drawn.axes.set_xlabel("提到它的诉求占比")
        _add_legend(drawn)
    return drawn.svg


def _add_legend(drawn: Chart) -> None:
    drawn.axes.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))  # above all that is drawn


def _draw_agreement(series: Sequence[Agreement]) -> Markup:
    starts = sorted({point.start for point in series})
    with chart("建议与话务员确认一致的比例", height=2.8) as drawn:
        for side, colour in _COLOURS.items():
            points = [point for point in series if point.side == side]
            if not points:
                continue
            shares = np.array([point.share for point in points])
            reach = [shares - [point.low for point in points], [point.high for point in points] - shares]
            drawn.axes.errorbar(
                [starts.index(point.start) for point in points],
                shares,
                yerr=np.clip(reach, 0, 1),
                color=colour,
                marker="o",
                markersize=4,
                capsize=2,
                label=_SIDES[side],
            )
        step = -(-len(starts) // 10)  # so that labels do not run into each other
        drawn.axes.set_xticks(range(0, len(starts), step), [f"{start:%Y-%m-%d}" for start in starts[::step]])
        drawn.axes.tick_params(axis="x", labelrotation=30)
        drawn.axes.set_ylim(0, 1.02)
        drawn.axes.yaxis.set_major_formatter("{x:.0%}")
        _add_legend(drawn)
    return drawn.svg
