"""Contestants that take turns, so that whatever else the machine does hits all of them alike."""

import gc
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Figure:
    """A ratio, and what is asked of it.

    Attributes
    ----------
    name : str
    median, lowest, highest : float
        Over the rounds.
    asked : str
        ``>=`` or ``<=`` and the bar, for people.
    met : bool
        By the median.
    """

    name: str
    median: float
    lowest: float
    highest: float
    asked: str
    met: bool


def take_turns(contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return what each contestant measured in each round; a round before the first is not counted."""
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    gc.collect()
    gc.freeze()  # what the contestants were made of is not garbage: no collector need walk through it again and again
    for number in range(rounds + 1):
        for name, run in contestants.items():
            gc.collect()
            result = run()
            if number:
                measured[name].append(result)
    return measured


def at_least(name: str, ratios: list[float], bar: float) -> Figure:
    """Return the figure of a ratio that should be high."""
    median = statistics.median(ratios)
    return Figure(name, median, min(ratios), max(ratios), f">= {bar:g}", median >= bar)


def at_most(name: str, ratios: list[float], bar: float) -> Figure:
    """Return the figure of a ratio that should be low."""
    median = statistics.median(ratios)
    return Figure(name, median, min(ratios), max(ratios), f"<= {bar:g}", median <= bar)


def divide(numbers: list[float], others: list[float]) -> list[float]:
    """Return the ratios, round by round."""
    return [number / other for number, other in zip(numbers, others, strict=True)]
