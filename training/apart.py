"""Work in processes that end with it: what it leaves behind in memory, several times its result, is gone with them."""

import signal
from collections.abc import Callable, Sequence
from typing import Any

from joblib.externals.loky.process_executor import ProcessPoolExecutor


def run_apart(calls: Sequence[Callable[[], Any]], n_jobs: int) -> list[Any]:
    """Return what the calls return, in their order; with one worker they run one after the other, here."""
    if n_jobs == 1:
        return [call() for call in calls]
    executor = ProcessPoolExecutor(max_workers=min(n_jobs, len(calls)), initializer=_leave_interrupts)
    try:
        return [future.result() for future in [executor.submit(call) for call in calls]]
    finally:
        executor.shutdown(kill_workers=True)


def _leave_interrupts() -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the one that waits for this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
