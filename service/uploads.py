"""Tables that people upload: each in a folder of its own below TIPDESK_HOME, with what comes of it, for two weeks.

``uploads/<id>/`` holds the table as ``input.csv`` or however it ends, what a job makes of it beside it, and
``upload.json``: what it is called, whose it is, and what else is to be remembered of it. The last is written last, and
a folder without it is none.
"""

import json
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, Any

from model.files import write_whole
from service.store.errors import InvalidValueError, NotFoundError, StoreUnavailableError

KEEP_DAYS = 14
LABELLED = (".csv", ".xlsx", ".jsonl")
"""Endings of the tables of labelled tips that training reads."""

_MAX_NAME = 120  # characters
_AT_ONCE = 1 << 20  # bytes
_UNSHOWABLE = {ord(mark): "_" for mark in '"<>:|?*'}


@dataclass(frozen=True)
class Upload:
    """A table that somebody uploaded.

    Attributes
    ----------
    id : str
    kind : str
        What it is for.
    name : str
        As its owner calls it; without folders and whatever else a file's name must not hold.
    by : str
        Whose it is.
    created_at : datetime
    suffix : str
        The ending that says its format.
    folder : Path
        Where it lies; what is made of it may be put there.
    more : dict
        What else is remembered of it.
    """

    id: str
    kind: str
    name: str
    by: str
    created_at: datetime
    suffix: str
    folder: Path
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> Path:
        """The table itself."""
        return self.folder / f"input{self.suffix}"

    @property
    def ends_on(self) -> datetime:
        """When it is removed."""
        return self.created_at + timedelta(days=KEEP_DAYS)


class Uploads:
    """The uploads of a TIPDESK_HOME."""

    def __init__(self, home: Path) -> None:
        self._folder = home.absolute() / "uploads"

    def receive(self, kind: str, name: str, content: IO[bytes], suffixes: tuple[str, ...], by: str) -> Upload:
        """Keep a table; those that are too old are removed.

        Raises
        ------
        InvalidValueError
            If it is empty, or its name ends in none of `suffixes`.
        StoreUnavailableError
            If it cannot be written.
        """
        name = _tidy_name(name)
        suffix = max((suffix for suffix in suffixes if name.lower().endswith(suffix)), key=len, default=None)
        if suffix is None:
            raise InvalidValueError(f"a table of another format; expected {', '.join(suffixes)}")
        self.tidy()
        now = datetime.now(UTC)
        upload_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        upload = Upload(upload_id, kind, name, by, now, suffix, self._folder / upload_id)
        try:
            upload.folder.mkdir(mode=0o700, parents=True)
            with upload.table.open("wb") as file:
                shutil.copyfileobj(content, file, _AT_ONCE)
                n_bytes = file.tell()
            if not n_bytes:
                raise InvalidValueError("the table is empty")
            self._write(upload)
        except OSError as error:
            shutil.rmtree(upload.folder, ignore_errors=True)
            raise StoreUnavailableError(f"the table cannot be written: {error.strerror or error}") from None
        except InvalidValueError:
            shutil.rmtree(upload.folder, ignore_errors=True)
            raise
        return upload

    def get(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises
        ------
        NotFoundError
        """
        folder = self._folder / upload_id
        try:
            record = json.loads((folder / "upload.json").read_bytes())
        except FileNotFoundError:
            raise NotFoundError(f"there is no upload {upload_id}") from None
        return Upload(**{**record, "created_at": datetime.fromisoformat(record["created_at"]), "folder": folder})

    def everything(self, kind: str) -> list[Upload]:
        """Return all uploads of a kind, the last one first."""
        found = []
        for path in sorted(self._folder.glob("*/upload.json"), reverse=True):
            try:
                found.append(self.get(path.parent.name))
            except NotFoundError:  # removed meanwhile
                continue
        return [upload for upload in found if upload.kind == kind]

    def remember(self, upload: Upload, **more: Any) -> Upload:
        """Return the upload with `more` remembered of it."""
        upload.more.update(more)
        self._write(upload)
        return upload

    def remove(self, upload_id: str) -> None:
        """Remove an upload and all that was made of it."""
        folder = self.get(upload_id).folder
        (folder / "upload.json").unlink(missing_ok=True)  # from now on it is none
        shutil.rmtree(folder, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what is too old, whether it was received whole or not."""
        oldest = f"{datetime.now(UTC) - timedelta(days=KEEP_DAYS):%Y%m%d-%H%M%S}"
        for folder in self._folder.glob("*/"):
            if folder.name < oldest:  # ids begin with the time
                shutil.rmtree(folder, ignore_errors=True)

    def _write(self, upload: Upload) -> None:
        record = {
            **{name: getattr(upload, name) for name in ("id", "kind", "name", "by", "suffix", "more")},
            "created_at": upload.created_at.isoformat(),
        }
        write_whole(upload.folder / "upload.json", json.dumps(record, ensure_ascii=False).encode())


def _tidy_name(name: str) -> str:
    """Return the last part of a path, of Windows too, as any system can show and keep it."""
    name = PurePosixPath(name.replace("\\", "/")).name
    name = "".join(c if c.isprintable() else "_" for c in name).translate(_UNSHOWABLE)
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 20] + name[-20:]
