"""Chunks routed by several processes, in order, and never more read ahead than they need."""

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

from model.errors import TableError
from service.batch.inputs import Chunk

Result = TypeVar("Result")

# Chunks under way for each worker. joblib.Parallel's generator reads on as fast as its workers are, however slowly the
# results are taken (1,000 chunks ahead in a trial); its executor leaves that to us. One of our own: the one that joblib
# keeps for reuse must not be configured behind its back.
_UNDER_WAY = 3
_WATCH_EVERY_S = 1.0


def route_in_order(
    route: Callable[[list[str]], Result], chunks: Iterable[Chunk], workers: int
) -> Iterator[tuple[Chunk, Result]]:
    """Yield each chunk with what `route` says of its texts.

    Raises
    ------
    TableError
        If a worker process was killed.
    """
    if workers == 1:
        for chunk in chunks:
            yield chunk, route(chunk.texts)
        return
    executor = ProcessPoolExecutor(max_workers=workers, initializer=_belong_to, initargs=(os.getpid(),))
    under_way: deque[tuple[Chunk, Future[Result]]] = deque()
    try:
        for chunk in chunks:
            under_way.append((chunk, executor.submit(route, chunk.texts)))
            if len(under_way) > _UNDER_WAY * workers:
                chunk, routed = under_way.popleft()
                yield chunk, routed.result()
        while under_way:
            chunk, routed = under_way.popleft()
            yield chunk, routed.result()
    except BaseException as error:
        executor.shutdown(wait=True, kill_workers=True)
        if isinstance(error, TerminatedWorkerError):
            raise TableError("a worker process was killed, perhaps for want of memory; use fewer --workers") from error
        raise
    executor.shutdown()


def _belong_to(parent: int) -> None:
    """Leave interrupts to the parent, and end when it does, however that was: an orphan would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_EVERY_S)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
