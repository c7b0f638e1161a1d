"""The registry: a folder of immutable model versions, and the names that point at them.

``versions/<version>/`` holds an artefact each; ``aliases.json`` says which is ``champion`` (served), ``challenger``
(trained last, not served) and ``previous`` (served before). A version appears by one rename and the aliases change by
one replacement, so that a reader never sees half of either.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.artefact import MANIFEST, Artefact, Manifest, load_artefact, load_manifest, save_artefact
from model.errors import ArtefactFormatError, ArtefactNotFoundError

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

    @classmethod
    def of_home(cls, home: Path) -> "Registry":
        """Return the registry of a ``TIPDESK_HOME``."""
        return cls(home / "models")

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

    def path(self, name: str) -> Path:
        """Return the folder of a version or an alias.

        Raises
        ------
        ArtefactNotFoundError
            If there is no such version; the ones that are there are named.
        """
        version = self.aliases().get(name, name)
        versions = self.versions()
        if version in versions:
            return self._versions / version
        if name == CHAMPION or not versions:
            raise ArtefactNotFoundError(
                f"no published model in {self.folder.absolute()}; train one with 'tipdesk train --publish', "
                "or set TIPDESK_HOME to the folder that has one"
            )
        known = ", ".join([*self.aliases(), *versions])
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
        """Write a version and return its name; a version that is there already stays as it is."""
        self._versions.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=self._versions))
        try:
            version = save_artefact(artefact, staging)
            with self._locked():
                if not (self._versions / version).exists():
                    staging.chmod(0o755)  # mkdtemp makes it private; the service may run as another user
                    staging.rename(self._versions / version)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return version

    def challenge(self, name: str) -> None:
        """Make a version the challenger."""
        version = self.path(name).name
        with self._locked():
            self._write_aliases({**self.aliases(), CHALLENGER: version})

    def promote(self, name: str) -> str:
        """Make a version the champion and return it; the champion until now becomes ``previous``.

        Raises
        ------
        ArtefactError
            If the version cannot be loaded whole: a damaged model is never served.
        """
        path = self.path(name)
        load_artefact(path)
        with self._locked():
            aliases = self.aliases()
            if aliases.get(CHAMPION) != path.name:
                if CHAMPION in aliases:
                    aliases[PREVIOUS] = aliases[CHAMPION]
                aliases[CHAMPION] = path.name
            if aliases.get(CHALLENGER) == path.name:
                del aliases[CHALLENGER]
            self._write_aliases(aliases)
        return path.name

    def roll_back(self) -> str:
        """Make the previous champion the champion again and return it; the two change places.

        Raises
        ------
        ArtefactError
            If there is no previous champion, or it cannot be loaded whole.
        """
        previous = self.aliases().get(PREVIOUS)
        if previous is None:
            raise ArtefactNotFoundError("there is no previous champion to go back to; see 'tipdesk models list'")
        return self.promote(previous)

    def _write_aliases(self, aliases: Mapping[str, str]) -> None:
        staging = self._aliases.with_suffix(".staging")
        with staging.open("w", encoding="utf-8") as file:
            json.dump(aliases, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(self._aliases)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers out, in this process and in others; readers never wait."""
        from filelock import FileLock  # takes as long to import as a tip to route, and readers need no lock

        with FileLock(self.folder / ".lock"):
            yield


def _created_at(path: Path) -> datetime:
    return datetime.fromtimestamp((path / MANIFEST).stat().st_mtime, tz=UTC)
