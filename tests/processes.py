"""A real server, and waiting for what other processes and threads do without a guess at how long it takes."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.conftest import TIPDESK


def eventually(is_so: Callable[[], bool], patience_s: float = 60) -> None:
    """Return as soon as `is_so`; fail when it never is."""
    until = monotonic() + patience_s
    while not is_so():
        assert monotonic() < until
        sleep(0.05)


@contextmanager
def serving(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run ``tipdesk serve``; yield the process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {"PATH": "/usr/bin:/bin", "TIPDESK_HOME": str(home), "TIPDESK_AUTH": "off", "LANG": "C.UTF-8"}
    command: list[str | Path] = [TIPDESK, "serve", "--port", str(port), *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            eventually(lambda: is_listening(port))
            yield server, port
        finally:
            server.terminate()


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
