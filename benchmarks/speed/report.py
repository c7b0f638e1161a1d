"""The figures as Markdown and as a chart, for the docs."""

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure as Chart

from benchmarks.speed.load import Load
from benchmarks.speed.rounds import Figure
from benchmarks.speed.training import Training


def figures_table(figures: Sequence[Figure]) -> list[str]:
    """Return the lines of a table of ratios."""
    lines = ["| ratio | median | lowest to highest | asked | |", "|---|---|---|---|---|"]
    for figure in figures:
        spread = f"{figure.lowest:.2f} to {figure.highest:.2f}"
        lines.append(
            f"| {figure.name} | {figure.median:.2f} | {spread} | {figure.asked} | {'met' if figure.met else 'missed'} |"
        )
    return lines


def times_table(unit: str, times: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the lines of a table of what was measured, in `unit`."""
    lines = [f"| {unit} | median | lowest to highest |", "|---|---|---|"]
    for name, values in times.items():
        lines.append(f"| {name} | {statistics.median(values):.3g} | {min(values):.3g} to {max(values):.3g} |")
    return lines


def loads_table(loads: Mapping[str, Sequence[Load]]) -> list[str]:
    """Return the lines of a table of loads: medians over the rounds."""
    lines = ["| endpoint | requests a second | p50 ms | p99 ms |", "|---|---|---|---|"]
    for name, rounds in loads.items():
        medians = [statistics.median(v) for v in zip(*((r.per_second, r.p50, r.p99) for r in rounds), strict=True)]
        lines.append(f"| {name} | {medians[0]:.0f} | {medians[1]:.2f} | {medians[2]:.2f} |")
    return lines


def trainings_table(trainings: Sequence[Training]) -> list[str]:
    """Return the lines of a table of trainings."""
    lines = ["| rows | seconds | MiB, all processes |", "|---|---|---|"]
    lines += [f"| {t.rows:,} | {t.seconds:.0f} | {t.mib:.0f} |" for t in trainings]
    return lines


def machine() -> str:
    """Return in a line what this machine is."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def draw_routing(times: Mapping[str, Sequence[float]], path: Path) -> None:
    """Write a bar chart of texts a second."""
    chart = Chart(figsize=(8, 2.8), layout="constrained")
    axes = chart.subplots()
    names = list(times)[::-1]
    rates = [1e6 / statistics.median(times[name]) for name in names]
    bars = axes.barh(names, rates, color=["#b3261e" if name.startswith("Router") else "#7a8794" for name in names])
    axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=4)
    axes.set_xlabel("texts a second, one thread")
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    chart.savefig(path, metadata={"Date": None})


def draw_training(trainings: Sequence[Training], path: Path) -> None:
    """Write a chart of time and memory against rows, both axes logarithmic."""
    made = sorted(trainings[1:], key=lambda training: training.rows)
    chart = Chart(figsize=(8, 3), layout="constrained")
    for axes, values, label in zip(
        chart.subplots(1, 2), ([t.seconds for t in made], [t.mib for t in made]), ("seconds", "MiB"), strict=True
    ):
        axes.loglog([t.rows for t in made], values, marker="o", color="#b3261e")
        axes.set_xlabel("rows")
        axes.set_ylabel(label)
        axes.grid(visible=True, which="both", alpha=0.3)
    chart.savefig(path, metadata={"Date": None})
