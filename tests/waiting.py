"""Waiting for what other processes and threads do, without a guess at how long it takes."""

from collections.abc import Callable
from time import monotonic, sleep


def eventually(is_so: Callable[[], bool], patience_s: float = 60) -> None:
    """Return as soon as `is_so`; fail when it never is."""
    until = monotonic() + patience_s
    while not is_so():
        assert monotonic() < until
        sleep(0.05)
