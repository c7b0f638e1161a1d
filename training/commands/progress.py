"""How far a long command is: a bar with the time left on a terminal, a line for each step elsewhere."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from training.commands.common import say


class StepProgress:
    """Shows the steps of a command. Called with the line that says what comes next, it begins the next step.

    Within a step the bar moves by the clock, as fast as the steps before it went: the steps are too few, and too unlike
    each other, for a bar that only moves between them.

    Parameters
    ----------
    first : str
        The step that the command begins with; it is too short for a line of its own.
    costs : sequence of float
        About how long each step takes, in any unit.
    """

    def __init__(self, first: str, costs: Sequence[float]) -> None:
        self._costs, self._total = costs, sum(costs)
        self._step, self._done = 0, 0.0
        self._begun = self._step_begun = time.monotonic()
        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(), BarColumn(), _Left(self), TextColumn("{task.description}"), console=console, transient=True
        )
        self._task = self._bar.add_task(first, total=None)
        self._is_terminal = console.is_terminal

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_terminal:
            self._bar.stop()

    def __call__(self, line: str) -> None:
        """Begin the next step."""
        self._done += self._costs[self._step]
        self._step, self._step_begun = self._step + 1, time.monotonic()
        if self._is_terminal:
            self._bar.update(self._task, description=line)
        else:
            say(line)

    def advance(self) -> float | None:
        """Move the bar to where it should be now, and return the seconds left; None while nothing tells that."""
        if not self._done:
            return None
        now = time.monotonic()
        pace = self._done / (self._step_begun - self._begun)
        expected = self._done + min(pace * (now - self._step_begun), 0.95 * self._costs[self._step])
        self._bar.update(self._task, total=self._total, completed=expected)
        return (self._total - expected) / pace


class _Left(ProgressColumn):
    """The time left."""

    def __init__(self, progress: StepProgress) -> None:
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:  # noqa: ARG002 - rich's signature
        seconds = self._progress.advance()
        return Text("" if seconds is None else f"约剩 {int(seconds) // 60}:{int(seconds) % 60:02}", no_wrap=True)
