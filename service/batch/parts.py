"""OUTPUT.parts: what has been scored so far, safe from kill -9, power cuts and full disks.

``rows`` and ``rejects`` only grow. ``state.json`` says how much of each is whole, and is replaced at each commit, after
both are on disk. A run that is resumed cuts them there and goes on with the next chunk. Chunks depend on the input
alone, and bytes on the chunks alone: so the result is the same, byte for byte, however often the run was interrupted.
When all is scored the files move to their names; they are whole then, or not there.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from model.errors import TableError
from model.files import sync, write_whole
from service.batch.summary import Summary
from service.batch.writer import Writer

_STATE, _ROWS, _REJECTS, _WHOLE = "state.json", "rows", "rejects", "whole"
_MEANING = {
    "input": "the input",
    "model": "the published model",
    "columns": "the text columns",
    "pieces": "--urgency",
    "tipdesk": "the format of unfinished runs",
}


class Parts:
    """The unfinished result of one run, locked against others.

    Parameters
    ----------
    target : Path
        What it will be.
    run : dict
        What the result depends on; a run is only resumed with the same.
    resume : bool

    Attributes
    ----------
    n_chunks : int
        Chunks that are kept.
    summary : Summary
        Of these chunks.
    is_complete : bool
        Whether all are.

    Raises
    ------
    TableError
        If there is an unfinished run and `resume` is False, if it was of something else, or still goes on.
    """

    def __init__(self, target: Path, run: dict[str, str], *, resume: bool) -> None:
        self.target = target
        self.rejects_path = target.with_name(target.name + ".rejects.csv")
        self._folder = target.with_name(target.name + ".parts")
        self._run = run
        self._resume = resume
        self._lock = FileLock(self._folder / "lock")
        self._files: dict[str, int] = {}
        self.n_chunks, self.summary, self.is_complete = 0, Summary(), False

    def __enter__(self) -> Self:
        if self.target.is_dir():
            raise TableError(f"{self.target}: is a folder; name a file for the result")
        try:
            self._folder.mkdir(exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise TableError(
                f"{self._folder}: another run is writing here; wait for it, or choose another name"
            ) from None
        except OSError as error:
            raise TableError(f"{self._folder}: {error.strerror}; choose a folder that can be written to") from error
        try:
            self._go_on_from(self._read_state())
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                os.close(file)
        self._lock.release()
        if kind and not (self._folder / _STATE).exists():  # there is nothing to go on with
            shutil.rmtree(self._folder, ignore_errors=True)

    def _read_state(self) -> dict[str, Any]:
        path = self._folder / _STATE
        if not path.exists():
            return {}
        state: dict[str, Any] = json.loads(path.read_bytes())
        if not self._resume:
            raise TableError(
                f"{self._folder}: {state['summary']['rows']} rows of an unfinished run; go on with --resume, or delete "
                "the folder to start over"
            )
        changed = [_MEANING[name] for name in self._run if state["run"].get(name) != self._run[name]]
        if changed:
            raise TableError(
                f"{self._folder}: {' and '.join(changed)} changed since; score as it was, or delete the folder "
                "to start over"
            )
        return state

    def _go_on_from(self, state: dict[str, Any]) -> None:
        if state:
            self.n_chunks, self.is_complete = state["n_chunks"], state["is_complete"]
            self.summary = Summary.from_record(state["summary"])
        if not self.is_complete:
            for name in (_ROWS, _REJECTS):
                self._files[name] = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
                os.ftruncate(self._files[name], state["sizes"][name] if state else 0)

    def begin(self, rows: bytes, rejects: bytes) -> None:
        """Write what comes before all rows, unless an earlier run has."""
        if not self.n_chunks:
            self._append(rows, rejects)

    def add(self, rows: bytes, rejects: bytes) -> None:
        """Keep a chunk's result, until the next commit as a kill may leave it."""
        self._append(rows, rejects)
        self.n_chunks += 1

    def _append(self, rows: bytes, rejects: bytes) -> None:
        for name, data in ((_ROWS, rows), (_REJECTS, rejects)):
            left = memoryview(data)
            while left:
                left = left[os.write(self._files[name], left) :]

    def commit(self, *, is_complete: bool = False) -> None:
        """Make sure that what was added outlives a power cut."""
        for file in self._files.values():
            os.fsync(file)
        self.is_complete = is_complete
        state = {
            "run": self._run,
            "n_chunks": self.n_chunks,
            "is_complete": is_complete,
            "sizes": {name: os.fstat(file).st_size for name, file in self._files.items()},
            "summary": vars(self.summary),
        }
        write_whole(self._folder / _STATE, json.dumps(state, ensure_ascii=False).encode())

    def publish(self, writer: Writer) -> None:
        """Move the complete result to its name. Interrupted, it can be called again."""
        rows, rejects = self._folder / _ROWS, self._folder / _REJECTS
        if rows.exists():
            file, self.summary.notes = writer.finish(rows, self._folder / _WHOLE)
            sync(file)
            if not self.summary.rejects:
                self.rejects_path.unlink(missing_ok=True)
            elif rejects.exists():
                rejects.replace(self.rejects_path)
            file.replace(self.target)
            sync(self.target.parent)
            rows.unlink(missing_ok=True)  # before the state: without rows, a complete run is a published one
        shutil.rmtree(self._folder)
