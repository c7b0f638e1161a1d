"""Jobs: commands that take minutes, started as processes and watched by whoever asks.

A job is a folder ``jobs/<id>/`` of TIPDESK_HOME. ``job.json`` says what was started and by whom, ``pid`` as which
process, ``stdout`` and ``stderr`` are what it says, ``cancel`` that it is to stop, and ``end.json`` how it ended. As
long as a process of the job lives it holds a lock on ``lock``, which the system lets go of however that process dies.
So all worker processes see the same, and so does a service that was started again meanwhile.

``python -m service.jobs FOLDER LOCK`` is the process that stays with the command and writes down how it ended.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Thread
from typing import Any

from model.files import write_whole
from service.commands import command_line, environment, last_words, read_result
from service.store.errors import ConflictError, NotFoundError, StoreUnavailableError

TRAIN = "train"
"""The kind of which one runs at a time: it takes all processors."""

_KEEP = timedelta(days=30)
_NICENESS = 10  # who is on the phone goes first
_TAIL = 8192  # bytes
_RESULTS = frozenset({0, 3, 4, 5})
"""Exit statuses of commands that did their work; what is not 0 says that they found something."""


class State(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """A job as it is now.

    Attributes
    ----------
    id : str
    kind : str
    argv : tuple of str
        Arguments of the tipdesk command.
    by : str
        Who started it.
    started_at, ended_at : datetime
        The end is None while it runs, and where nobody wrote it down.
    state : State
    exit_status : int or None
        Negative: the signal that ended it.
    message : str
        What it said last: while it runs its progress, of one that failed why.
    """

    id: str
    kind: str
    argv: tuple[str, ...]
    by: str
    started_at: datetime
    ended_at: datetime | None
    state: State
    exit_status: int | None
    message: str


class Jobs:
    """The jobs of a TIPDESK_HOME."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()
        self._folder = self._home / "jobs"

    def start(self, kind: str, argv: Sequence[str], by: str) -> Job:
        """Start ``tipdesk`` with the arguments `argv`; jobs that ended a month ago are removed.

        Raises
        ------
        ConflictError
            If the job is a training and one runs already.
        StoreUnavailableError
            If the folder cannot be written to.
        """
        now = datetime.now(UTC)
        job_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        record = {"kind": kind, "argv": list(argv), "by": by, "started_at": now.isoformat()}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _holding(self._folder / ".lock"):
                self._tidy(now)
                running = [job for job in self.everything() if job.state is State.RUNNING and job.kind == kind]
                if running and kind == TRAIN:
                    raise ConflictError(f"training {running[0].id} runs already; wait for its end, or cancel it")
                self._launch(job_id, record)
        except OSError as error:
            raise StoreUnavailableError(f"the folder of jobs cannot be written to: {error.strerror or error}") from None
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        NotFoundError
        """
        folder = self._folder / job_id
        try:
            record = json.loads((folder / "job.json").read_bytes())
        except FileNotFoundError:
            raise NotFoundError(f"there is no job {job_id}") from None
        is_running = _is_locked(folder / "lock")  # asked first: what has ended by then has said how
        end: dict[str, Any] = {} if is_running else json.loads(_read(folder / "end.json") or b"{}")
        status = end.get("exit_status")
        if is_running:
            state = State.RUNNING
        elif status in _RESULTS:
            state = State.DONE
        else:
            state = State.CANCELLED if (folder / "cancel").exists() else State.FAILED
        return Job(
            id=job_id,
            kind=record["kind"],
            argv=tuple(record["argv"]),
            by=record["by"],
            started_at=datetime.fromisoformat(record["started_at"]),
            ended_at=datetime.fromisoformat(end["ended_at"]) if end else None,
            state=state,
            exit_status=status,
            message=last_words(_read(folder / "stderr", _TAIL)).replace(f"{self._home}/", ""),
        )

    def result(self, job_id: str) -> Any:
        """Return what a job printed as JSON; None while it runs, and where it printed none."""
        return read_result(_read(self._folder / job_id / "stdout"))

    def everything(self) -> list[Job]:
        """Return all jobs, the one started last first."""
        jobs = []
        for path in self._folder.glob("[!.]*/job.json"):
            try:
                jobs.append(self.get(path.parent.name))
            except NotFoundError:  # removed meanwhile
                continue
        return sorted(jobs, key=lambda job: job.started_at, reverse=True)

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop, as Ctrl-C does; it ends when it has cleaned up. One that has ended stays as it is.

        Raises
        ------
        NotFoundError
        """
        if self.get(job_id).state is State.RUNNING:
            folder = self._folder / job_id
            (folder / "cancel").touch()
            # The process writes its number first and looks for the file then: one of the two sees the other.
            if pid := _read(folder / "pid"):
                with suppress(ProcessLookupError):  # it has ended just now
                    os.killpg(int(pid), signal.SIGINT)
        return self.get(job_id)

    def _launch(self, job_id: str, record: dict[str, Any]) -> None:
        staging, folder = self._folder / f".{job_id}", self._folder / job_id
        staging.mkdir(mode=0o700)
        (staging / "job.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        with (staging / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            staging.rename(folder)
            process = subprocess.Popen(  # noqa: S603 (this module, and a command whose arguments are a list)
                [sys.executable, "-P", "-m", "service.jobs", str(folder), str(lock.fileno())],
                env=environment(self._home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock.fileno()],  # and with it the lock, without a moment in between
                start_new_session=True,  # it outlives this service, and hears no Ctrl-C that is meant for it
            )
        Thread(target=process.wait, daemon=True).start()  # leaves no zombie

    def _tidy(self, now: datetime) -> None:
        for staging in self._folder.glob(".*/"):  # of one that was killed before it started anything
            shutil.rmtree(staging, ignore_errors=True)
        for job in self.everything():
            if job.state is not State.RUNNING and (job.ended_at or job.started_at) < now - _KEEP:
                shutil.rmtree(self._folder / job.id, ignore_errors=True)


def run(folder: Path, lock: int) -> None:
    """Run the command of a job that was launched, and write down how it ended."""
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: asked.append(number))  # is meant for the command, which hears it too
    write_whole(folder / "pid", str(os.getpid()).encode())
    os.nice(_NICENESS)
    argv = json.loads((folder / "job.json").read_bytes())["argv"]
    status = -signal.SIGINT
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        if not (folder / "cancel").exists():
            command = subprocess.Popen(  # noqa: S603 (our own command, arguments as a list)
                command_line(argv), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, pass_fds=[lock]
            )
            if asked:  # before the command was there to hear it
                command.send_signal(signal.SIGINT)
            status = command.wait()
    end = {"exit_status": status, "ended_at": datetime.now(UTC).isoformat()}
    write_whole(folder / "end.json", json.dumps(end).encode())


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: who asks must not look like who holds it
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def _read(path: Path, n_last: int | None = None) -> bytes:
    """Return the content of a file, or the end of it; nothing if there is none."""
    try:
        with path.open("rb") as file:
            if n_last is not None:
                file.seek(max(0, os.fstat(file.fileno()).st_size - n_last))
            return file.read()
    except FileNotFoundError:
        return b""


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))
