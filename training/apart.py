"""Work in other processes, which need little memory."""

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from joblib import Parallel
from joblib.externals.loky.process_executor import ProcessPoolExecutor


def run_apart(calls: Sequence[Callable[[], Any]], n_jobs: int) -> list[Any]:
    """Return what the calls return, in their order; with one worker they run one after the other, here.

    The processes end with their work: what it leaves behind in memory, several times its result, is gone with them.
    """
    if n_jobs == 1:
        return [call() for call in calls]
    executor = ProcessPoolExecutor(max_workers=min(n_jobs, len(calls)), initializer=_prepare)
    try:
        with _deaf():
            futures = [executor.submit(call) for call in calls]
        return [future.result() for future in futures]
    finally:
        executor.shutdown(kill_workers=True)


def run_side_by_side(calls: Iterable[tuple[Any, ...]], n_jobs: int) -> list[Any]:
    """Return what joblib's delayed calls return, in their order; large arrays are shared, the processes kept."""
    with _deaf():
        results = Parallel(n_jobs=n_jobs, return_as="generator", initializer=_prepare)(calls)
    return list(results)


@contextmanager
def without_pandas() -> Iterator[None]:
    """Keep what is imported inside from importing pandas.

    Scikit-learn takes it wherever it is installed, which is 65 MiB a process, and training never hands it a data frame.
    """
    known = "pandas" in sys.modules
    if not known:
        sys.modules["pandas"] = None  # type: ignore[assignment] # the language's way to say: not to be found
    try:
        yield
    finally:
        if not known:
            del sys.modules["pandas"]


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that are started inside inherit deafness to Ctrl-C: it reaches all of a terminal, one is to act."""
    if threading.current_thread() is not threading.main_thread():  # nor does SIGINT reach others
        yield
        return
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


def _prepare() -> None:
    with without_pandas():
        import sklearn.base  # noqa: F401
