"""The model that serves, and how another takes its place while requests run."""

import ctypes
import gc
import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Self

from model.errors import RoutingError
from model.golden import require_golden
from model.registry import CHAMPION, Registry
from model.router import Router

_POLL_S = 0.5  # the champion is to serve within 2 s
_RETRY_S = 10.0  # a model that failed is tried again, in case it was restored

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Why the champion does not serve.

    Attributes
    ----------
    version : str or None
        None where the registry does not tell the champion.
    reason : str
        One line, without the folder's place on this machine.
    """

    version: str | None
    reason: str


class ServedModel:
    """Holds the router that serves, and exchanges it when the registry has another champion.

    Within the context a thread asks the registry twice a second. What it finds is loaded and must give its golden
    answers again; then it takes the other's place by one assignment. Who answers a request takes `router` once and
    keeps it to the end; the old one goes with its last request. Each worker process does all this for itself, on the
    same memory-mapped files.

    Attributes
    ----------
    router : Router
    failure : Failure or None
        Why `router` is not the champion's, where it is not.

    Raises
    ------
    ArtefactError
        If there is no champion, or it is damaged or fails its golden tips.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._retry_at = 0.0
        self._stopped = Event()
        self._watcher = Thread(target=self._watch, name="model watcher", daemon=True)
        self.router = _load(registry.path(CHAMPION))
        self.failure: Failure | None = None

    def __enter__(self) -> Self:
        _settle_memory()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._watcher.join()

    def refresh(self) -> None:
        """Let the champion serve, if it does not yet; if it cannot, say so in `failure`. Nothing is raised."""
        version: str | None = None
        try:
            version = self._registry.aliases().get(CHAMPION)
            if version == self.router.version:
                self.failure = None
            elif version is None or not self._has_just_failed(version):
                self.router, self.failure = _load(self._registry.path(CHAMPION)), None
        except Exception as error:  # whatever it is, the old model goes on serving
            self._fail(version, error)

    def _has_just_failed(self, version: str) -> bool:
        return self.failure is not None and self.failure.version == version and monotonic() < self._retry_at

    def _fail(self, version: str | None, error: Exception) -> None:
        known = isinstance(error, (RoutingError, OSError))  # what else it says might quote a tip
        reason = self._registry.without_place(str(error)) if known else f"unexpected {type(error).__name__}"
        self._retry_at = monotonic() + _RETRY_S
        if self.failure != (failure := Failure(version, reason)):
            logger.error("model %s does not serve, %s goes on: %s", version, self.router.version, reason)
        self.failure = failure

    def _watch(self) -> None:
        while not self._stopped.wait(_POLL_S):
            before = self.router.version
            self.refresh()
            if self.router.version != before and not self._stopped.wait(_POLL_S):  # by then the old one is gone
                gc.unfreeze()  # what was frozen before may be garbage by now
                _settle_memory()


def _settle_memory() -> None:
    """Give back what is free, and take what is there now out of the garbage collector's rounds.

    A model is many objects that stay: without this the collector walks through them again and again.
    """
    gc.collect()
    gc.freeze()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # the GNU C library keeps it otherwise
        trim(0)


def _load(folder: Path) -> Router:
    router = Router.load(folder)
    require_golden(router)
    return router
