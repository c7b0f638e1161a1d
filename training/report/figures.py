"""The charts of the training report."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from training.report.charts import chart
from training.validate import Figure, LearningCurve

Floats = NDArray[np.float64]

_ACCENT, _GOOD, _BAD, _SOFT, _LINE = "#1a5fa8", "#1b7f4b", "#b3261e", "#5a6876", "#d8dee5"
_PERCENT = PercentFormatter(1, decimals=0)
_GRID_COLUMNS = 4
_MOST_POINTS = 120  # of a line; more cannot be seen


def draw_confusion(names: Sequence[str], counts: NDArray[np.int64]) -> Markup:
    """Return the confusion matrix, a row for each labelled desk, in shares of its tips."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with chart("混淆矩阵", width=10.5, height=7.6) as drawn:
        axes = drawn.axes
        axes.pcolormesh(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1), edgecolors="white", linewidth=1)
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.005:  # what rounds to 0% would only be clutter
                ink = "white" if share > 0.4 else "#1c2733"
                weight = "bold" if row == column else "normal"
                axes.text(column + 0.5, row + 0.5, f"{share:.0%}", ha="center", va="center", color=ink, weight=weight)
        places = np.arange(len(names)) + 0.5
        axes.set_xticks(places, names, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("模型首选的受理席")
        axes.set_ylabel("标注的受理席")
    return drawn.svg


def draw_reliability(bins: Sequence[tuple[float, Figure]]) -> Markup:
    """Return the reliability diagram: for bins of tips, mean confidence and share of right ones with interval."""
    confidence = np.array([mean for mean, _ in bins])
    low, right, high = (np.array([share[i] for _, share in bins], dtype=float) for i in (1, 0, 2))
    with chart("概率与实际正确率", width=5.2, height=4.4) as drawn:
        axes = drawn.axes
        axes.plot([0, 1], [0, 1], color=_SOFT, linestyle="--", linewidth=1, label="说多少就是多少")
        axes.errorbar(
            confidence, right, [right - low, high - right], color=_ACCENT, marker="o", capsize=3, label="这个模型"
        )
        start = max(0, np.floor(10 * min(low.min(), confidence.min())) / 10)
        axes.set(xlim=(start, 1.005), ylim=(start, 1.005), xlabel="模型给出的概率", ylabel="实际正确的比例")
        _in_percent(axes, both=True)
        axes.legend(frameon=False, loc="upper left")
    return drawn.svg


def draw_precision(
    names: Sequence[str],
    ranked: Sequence[NDArray[np.bool_]],
    targets: Sequence[float],
    points: Sequence[tuple[float, float | None]],
) -> Markup:
    """Return, for each desk, how precise it is on the surest share of the tips that go to it.

    Parameters
    ----------
    ranked : sequence of ndarray of bool
        Whether each such tip is right, the surest first.
    targets : sequence of float
    points : sequence of (float, float or None)
        Where the policy stands: the share that is ``auto`` and how precise that is.
    """
    lowest = min((right.mean() for right in ranked if right.size), default=0.0)

    def draw(axes: Axes, desk: int) -> None:
        right = ranked[desk]
        taken = np.unique(np.linspace(min(10, right.size), right.size, _MOST_POINTS).astype(int))
        taken = taken[taken > 0]
        if taken.size:
            axes.plot(taken / right.size, np.cumsum(right)[taken - 1] / taken, color=_ACCENT)
        axes.axhline(targets[desk], color=_SOFT, linestyle="--", linewidth=1)
        share, precision = points[desk]
        if precision is not None:
            axes.plot(share, precision, marker="o", color=_GOOD)
        axes.set(xlim=(0, 1.02), ylim=(np.floor(10 * lowest) / 10, 1.005))
        _in_percent(axes, both=True)

    return _draw_grid("各受理席：派得越多，准得越少", names, draw)


def draw_curve(curve: LearningCurve) -> Markup:
    """Return the learning curve of all desks together."""
    with chart("学习曲线", width=6.4, height=3.6) as drawn:
        for figures, label, colour in ((curve.accuracy, "准确率", _ACCENT), (curve.macro_f1, "宏平均 F1", _GOOD)):
            _draw_growth(drawn.axes, curve.n_tips, figures, colour, label)
        _count_axis(drawn.axes, curve.n_tips, curve.n_tips)
        drawn.axes.set_xlabel("学习所用的诉求条数（每格翻一倍）")
        drawn.axes.legend(frameon=False, loc="lower right")
    return drawn.svg


def draw_desk_curves(names: Sequence[str], curve: LearningCurve) -> Markup:
    """Return the learning curve of each desk, in F1."""
    by_desk = list(curve.f1.values())

    def draw(axes: Axes, desk: int) -> None:
        _draw_growth(axes, curve.n_tips, by_desk[desk], _ACCENT, "F1")
        axes.set_ylim(max(0, min(f.value or 0 for figures in by_desk for f in figures) - 0.05), 1)
        _count_axis(axes, curve.n_tips, [curve.n_tips[0], curve.n_tips[-1]])

    return _draw_grid("各受理席的学习曲线（F1）", names, draw)


def draw_counts(names: Sequence[str], corpus: Sequence[int], own: Sequence[int]) -> Markup:
    """Return how many tips each desk has, of the corpus and of the hotline's own."""
    with chart("各受理席的诉求条数", width=7.5, height=0.4 + 0.28 * len(names)) as drawn:
        axes = drawn.axes
        axes.barh(names, corpus, color=_ACCENT, label="起步语料")
        bars = axes.barh(names, own, left=corpus, color=_GOOD, label="本热线工单")
        axes.bar_label(bars, [f"{a + b:,}" for a, b in zip(corpus, own, strict=True)], padding=3)
        axes.invert_yaxis()
        axes.tick_params(left=False, bottom=False, labelbottom=False)
        axes.spines[:].set_visible(False)
        if any(own):
            axes.legend(frameon=False, loc="lower right")
    return drawn.svg


def _draw_grid(title: str, names: Sequence[str], draw: Callable[[Axes, int], None]) -> Markup:
    """Return a grid of small charts, one for each desk."""
    n_rows = -(-len(names) // _GRID_COLUMNS)
    with chart(title, width=10.5, height=0.3 + 1.75 * n_rows) as drawn:
        drawn.axes.remove()
        grid = drawn.figure.subplots(n_rows, _GRID_COLUMNS, squeeze=False)
        cells: Iterator[tuple[Axes, str | None]] = zip_longest(grid.flat, names)
        for desk, (axes, name) in enumerate(cells):
            if name is None:
                axes.set_visible(False)
                continue
            draw(axes, desk)
            axes.set_title(name, fontsize=9, loc="left")
            axes.tick_params(labelsize=7)
    return drawn.svg


def _draw_growth(axes: Axes, n_tips: Sequence[int], figures: Sequence[Figure], colour: str, label: str) -> None:
    low, value, high = (np.array([figure[i] for figure in figures], dtype=float) for i in (1, 0, 2))
    axes.fill_between(n_tips, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(n_tips, value, color=colour, marker="o", markersize=3, label=label)
    _in_percent(axes)


def _count_axis(axes: Axes, n_tips: Sequence[int], shown: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(shown, [f"{n:,}" for n in shown])
    axes.set_xticks([], minor=True)
    axes.set_xlim(n_tips[0] * 0.9, n_tips[-1] * 1.1)


def _in_percent(axes: Axes, *, both: bool = False) -> None:
    axes.grid(color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(_PERCENT)
    if both:
        axes.xaxis.set_major_formatter(_PERCENT)
