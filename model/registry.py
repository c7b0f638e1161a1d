"""The registry: a folder of immutable model versions, the names that point at them, and how those came about.

``versions/<version>/`` holds an artefact each; ``aliases.json`` says which is ``champion`` (served), ``challenger``
(trained last, not served) and ``previous`` (served before); ``history.jsonl`` has a line for each change of the
champion. A version appears by one rename and the aliases change by one replacement, so that a reader never sees half
of either. Writers take turns; what one leaves behind when it is killed, the next clears away.
"""

import json
import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Any

from model.artefact import MANIFEST, Artefact, Manifest, load_artefact, load_manifest, save_artefact
from model.errors import ArtefactError, ArtefactFormatError, ArtefactNotFoundError, PromotionError
from model.files import sync, writing

DEFAULT_HOME = Path("var")
"""Where everything that is written at run time lives, unless told otherwise; relative to the working directory."""

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ALIASES = (CHAMPION, CHALLENGER, PREVIOUS)


@dataclass(frozen=True)
class VersionInfo:
    """A published version, the names that point at it, and when it was written (UTC)."""

    version: str
    aliases: tuple[str, ...]
    created_at: datetime
    manifest: Manifest


class Registry:
    """The model versions below a folder, which is made when something is first written."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._versions = self.folder / "versions"
        self._aliases = self.folder / "aliases.json"
        self._history = self.folder / "history.jsonl"

    @classmethod
    def of_home(cls, home: Path) -> "Registry":
        """Return the registry of a ``TIPDESK_HOME``."""
        return cls(home / "models")

    def without_place(self, message: str) -> str:
        """Return a message that names files of the registry, without the registry's own place on this machine."""
        return message.replace(f"{self.folder.absolute()}/", "").replace(f"{self.folder}/", "")

    def aliases(self) -> dict[str, str]:
        """Return version by alias.

        Raises
        ------
        ArtefactFormatError
            If the aliases file is damaged.
        """
        try:
            content = json.loads(self._aliases.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            content = None
        if not isinstance(content, dict) or not all(
            alias in ALIASES and isinstance(version, str) for alias, version in content.items()
        ):
            raise ArtefactFormatError(
                f"{self._aliases} is damaged; delete it and run 'tipdesk models promote VERSION' for the champion"
            )
        return content

    def versions(self) -> list[str]:
        """Return all versions, the one written last first."""
        if not self._versions.is_dir():
            return []
        complete = [path.parent for path in self._versions.glob(f"[!.]*/{MANIFEST}")]
        return [path.name for path in sorted(complete, key=_created_at, reverse=True)]

    def history(self) -> list[dict[str, Any]]:
        """Return the changes of the champion, first to last, as `promote` recorded them.

        Raises
        ------
        ArtefactFormatError
            If a line of the record is damaged.
        """
        if not self._history.exists():
            return []
        records = []
        for number, line in enumerate(self._history.read_bytes().splitlines(), 1):
            try:
                records.append(dict(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise ArtefactFormatError(
                    f"{self._history}, line {number} is no JSON object; restore the file or take the line out"
                ) from error
        return records

    def path(self, name: str) -> Path:
        """Return the folder of a version or an alias.

        Raises
        ------
        ArtefactNotFoundError
            If there is no such version; the ones that are there are named.
        """
        aliases, versions = self.aliases(), self.versions()
        version = aliases.get(name, name)
        if version in versions:
            return self._versions / version
        if version in aliases.values():
            way_out = f"run 'tipdesk models promote' with one of {', '.join(versions)}" if versions else "train anew"
            raise ArtefactNotFoundError(
                f"version {version} ({name}) is gone from {self._versions.absolute()}, or its {MANIFEST} is; "
                f"restore the folder from a backup, or {way_out}"
            )
        if name == CHAMPION or not versions:
            raise ArtefactNotFoundError(
                f"no published model in {self.folder.absolute()}; train one with 'tipdesk train --publish', "
                "or set TIPDESK_HOME to the folder that has one"
            )
        known = ", ".join([*aliases, *versions])
        raise ArtefactNotFoundError(f"no model version or alias '{name}'; there are: {known}")

    def info(self, name: str) -> VersionInfo:
        """Return what is known of a version or an alias, without reading its weights.

        Raises
        ------
        ArtefactError
            If there is no such version, or its manifest is damaged.
        """
        path = self.path(name)
        aliases = tuple(alias for alias, version in self.aliases().items() if version == path.name)
        return VersionInfo(path.name, aliases, _created_at(path), load_manifest(path))

    def add(self, artefact: Artefact) -> str:
        """Write a version and return its name; one that is there already stays as it is, unless it is damaged.

        Raises
        ------
        ArtefactError
            If it cannot be written, because the disk is full for instance.
        """
        self._versions.mkdir(parents=True, exist_ok=True)
        staging = self._versions / ".staging"
        with self._locked():
            # Only who holds the lock writes here: what lies here already was left by one that was killed.
            shutil.rmtree(staging, ignore_errors=True)
            try:
                staging.mkdir()
                version = save_artefact(artefact, staging)
                if not self._is_whole(version):
                    sync(staging)
                    shutil.rmtree(self._versions / version, ignore_errors=True)
                    staging.rename(self._versions / version)
                    sync(self._versions)
            except OSError as error:
                raise self._not_written(error) from error
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        return version

    def challenge(self, name: str) -> None:
        """Make a version the challenger."""
        version = self.path(name).name
        with self._locked():
            self._write_aliases({**self.aliases(), CHALLENGER: version})

    def promote(self, name: str, *, gate: Mapping[str, Any] | None = None, why: str | None = None) -> str:
        """Make a version the champion and return it; the champion until now becomes ``previous``.

        Parameters
        ----------
        gate : mapping, optional
            What the gate said of it against the champion that ``gate["champion"]`` names; goes into the history.
        why : str, optional
            A person's reason; goes into the history.

        Raises
        ------
        ArtefactError
            If the version cannot be loaded whole: a damaged model is never served. Or if the disk is full.
        PromotionError
            If the champion is no longer the one that the gate compared with.
        """
        path = self.path(name)
        load_artefact(path)
        with self._locked():
            aliases = self.aliases()
            if gate is not None and aliases.get(CHAMPION) != gate["champion"]:
                raise PromotionError(
                    f"{path.name} was compared with {gate['champion'] or 'no champion'}, but meanwhile "
                    f"{aliases.get(CHAMPION)} has become the champion; run 'tipdesk models promote {path.name}' again"
                )
            self._crown(path.name, aliases, {"action": "promote", "why": why, "gate": gate})
        return path.name

    def roll_back(self) -> str:
        """Make the previous champion the champion again and return it; the two change places.

        Raises
        ------
        ArtefactError
            If there is no previous champion, or it cannot be loaded whole.
        """
        if PREVIOUS not in self.aliases():
            raise ArtefactNotFoundError("there is no previous champion to go back to; see 'tipdesk models list'")
        with self._locked():
            path = self.path(PREVIOUS)
            load_artefact(path)
            self._crown(path.name, self.aliases(), {"action": "rollback", "why": None, "gate": None})
        return path.name

    def _is_whole(self, version: str) -> bool:
        try:
            load_artefact(self._versions / version)
        except ArtefactError:
            return False
        return True

    def _crown(self, version: str, aliases: dict[str, str], record: Mapping[str, Any]) -> None:
        """Change the aliases so that `version` is the champion; the caller holds the lock."""
        champion = aliases.get(CHAMPION)
        if aliases.get(CHALLENGER) == version:
            del aliases[CHALLENGER]
        if champion == version:
            self._write_aliases(aliases)
            return
        if champion is not None:
            aliases[PREVIOUS] = champion
        aliases[CHAMPION] = version
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._write_aliases(aliases, {"at": at, "who": _user(), "from": champion, "to": version, **record})

    def _write_aliases(self, aliases: Mapping[str, str], record: Mapping[str, Any] | None = None) -> None:
        """Write the aliases, and `record` to the history: once all is on disk that can fail, the names change."""
        staging = self._aliases.with_suffix(".staging")
        try:
            with writing(staging) as file:
                file.write(json.dumps(aliases, indent=1, sort_keys=True).encode())
            if record is not None:
                self._append(record)
            staging.replace(self._aliases)
        except OSError as error:
            staging.unlink(missing_ok=True)
            raise self._not_written(error) from error
        sync(self.folder)

    def _append(self, record: Mapping[str, Any]) -> None:
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._history.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                if file.write(line) < len(line):
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)  # no half lines
                raise

    def _not_written(self, error: OSError) -> ArtefactError:
        reason = error.strerror or f"disk full: {error}"  # NumPy does not pass on what the system said
        return ArtefactError(
            f"{self.folder.absolute()} cannot be written to ({reason}); make room or mend it, then run the command "
            "again; the champion is as it was"
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers out, in this process and in others; readers never wait."""
        from filelock import FileLock  # takes as long to import as a tip to route, and readers need no lock

        with FileLock(self.folder / ".lock"):
            yield


def _created_at(path: Path) -> datetime:
    return datetime.fromtimestamp((path / MANIFEST).stat().st_mtime, tz=UTC)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, often
        return str(os.getuid())
