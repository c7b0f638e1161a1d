"""How far a job is, as people are shown it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.jobs import Job, State

STATE_NAMES = {State.RUNNING: "进行中", State.DONE: "已完成", State.FAILED: "没有办成", State.CANCELLED: "已取消"}
KIND_NAMES = {"train": "训练", "compare": "比较", "drift": "漂移", "score": "批量分派"}


@dataclass(frozen=True)
class JobView:
    """A job and how long it takes.

    Attributes
    ----------
    elapsed : str
        How long it has been running, or ran.
    left : str
        About how long it still takes: what the last one like it took, less what has passed; empty where nothing tells.
    share : float or None
        How much of that time has passed; None where nothing tells.
    """

    job: Job
    elapsed: str
    left: str
    share: float | None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.job.state is State.RUNNING


def view(job: Job, others: Sequence[Job]) -> JobView:
    """Return how far a job is, judged by `others` that have ended."""
    now = datetime.now(UTC)
    elapsed = (job.ended_at or now) - job.started_at
    if job.state is not State.RUNNING or (usual := _usual(job, others)) is None:
        return JobView(job, _duration(elapsed), "", None)
    left = usual - elapsed
    return JobView(job, _duration(elapsed), _duration(left) if left > timedelta(0) else "", min(elapsed / usual, 0.97))


def _usual(job: Job, others: Sequence[Job]) -> timedelta | None:
    """Return how long the last job took that did the same."""
    wanted = _flags(job)
    took = (other.ended_at - other.started_at for other in others if other.ended_at and _is_like(other, job, wanted))
    return next(took, None)


def _is_like(other: Job, job: Job, flags: frozenset[str]) -> bool:
    return other.state is State.DONE and other.kind == job.kind and _flags(other) == flags


def _flags(job: Job) -> frozenset[str]:
    return frozenset(argument for argument in job.argv if argument.startswith("--") and "=" not in argument)


def _duration(time: timedelta) -> str:
    minutes, seconds = divmod(max(int(time.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分 {seconds:02} 秒" if minutes else f"{seconds} 秒"
