"""Stored cases that tell the same matter as a tip: an index of all of them, kept up with the store.

Each worker process has the index in memory, reads it from a folder when it starts, and applies what has changed in the
store since, before every search. The folder spares the next start: it is never newer than the store, and whatever in it
does not fit the store is made anew. One process at a time writes it.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Lock, Thread

from filelock import FileLock
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from model.errors import ArtefactError
from model.files import write_whole
from model.router import Router
from model.similar import Match, SimilarIndex
from service.store.database import Database, today
from service.store.errors import StoreError, StoreUnavailableError
from service.store.numbers import day_of, first_id_of
from service.store.retention import PURGE
from service.store.tables import AuditEntry, Case, CaseChange

CLUSTER_DAYS = 90
"""For how long back cases of one employer count as one matter."""

_FOLDER, _STATE, _LOCK = "similar", "state.json", ".lock"
_AT_ONCE = 2048  # cases
_OVERLAP = 200  # changes; PostgreSQL may show one after another with a higher number, but not after that many
_PATIENCE_S = 2.0
_KEEP_UP_EVERY_S = 30.0
_CLOSE_WITHIN_S = 10.0  # it may wait for another process that makes the index
_SAVE_AFTER = 5000  # changes
_MAY_BE_GONE = 20  # cases found that were purged a moment ago

logger = logging.getLogger(__name__)


class IndexNotReadyError(StoreUnavailableError):
    """The index of similar cases is still being made."""


@dataclass(frozen=True)
class Cluster:
    """Cases of one employer in the last 90 days.

    Attributes
    ----------
    employer : str
        The part of its name by which it is known.
    cases, people : int
    since : date
        Day of the first of them.
    """

    employer: str
    cases: int
    people: int
    since: date


@dataclass(frozen=True)
class _Mark:
    """Up to where an index has followed the store.

    Attributes
    ----------
    change, case, at
        The last change applied, the case that it is of, and when it was made, by which another store is told.
    purge : int
        The last purge applied, as numbered in the audit.
    """

    change: int = 0
    case: int = 0
    at: str = ""
    purge: int = 0


class SimilarCases:
    """Finds stored cases.

    Parameters
    ----------
    home : Path
        In it the index has a folder.
    current : callable
        Returns the router that serves now.
    """

    def __init__(self, database: Database, home: Path, current: Callable[[], Router]) -> None:
        self._database = database
        self._folder = home / _FOLDER
        self._current = current
        self._index = SimilarIndex()
        self._mark = _Mark()
        self._seen: set[int] = set()
        self._unsaved = 0
        self._following = Lock()
        self._ready, self._closing = Event(), Event()
        self._thread = Thread(target=self._keep_up, daemon=True, name="similar cases")

    def start(self) -> None:
        """Read or make the index, and follow the store, in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop following; keep what is in memory for the next start."""
        self._closing.set()
        self._thread.join(_CLOSE_WITHIN_S)

    def find(
        self,
        session: Session,
        text: str,
        *,
        employer_key: str | None = None,
        city: str | None = None,
        limit: int = 5,
        exclude: Collection[int] = (),
    ) -> list[tuple[Match, Case]]:
        """Return the stored cases most like a tip, best first, as `SimilarIndex.find` ranks them.

        Parameters
        ----------
        employer_key : str, optional
            What `normalise_employer` makes of the employer's name.
        city : str, optional
            The first four digits of the place's division code.

        Raises
        ------
        IndexNotReadyError
            While the index is made for the first time.
        """
        if not self._ready.wait(_PATIENCE_S):
            raise IndexNotReadyError("the index of similar cases is still being made; try again")
        self._follow()
        (sketch,) = self._current().sketcher.sketch([text])
        found = self._index.find(sketch, employer=employer_key, place=city, n=limit + _MAY_BE_GONE, exclude=exclude)
        known = session.scalars(select(Case).where(Case.id.in_([match.case_id for match in found])))
        cases = {case.id: case for case in known}
        return [(match, cases[match.case_id]) for match in found if match.case_id in cases][:limit]

    def _keep_up(self) -> None:
        """Read or make the index, then follow the store until closed, whatever fails meanwhile."""
        while not self._closing.is_set():
            try:
                if not self._ready.is_set():
                    self._open()
                self._follow()
                self._drop_purged()
                if self._unsaved >= _SAVE_AFTER:
                    self._save()
            except (StoreError, OSError) as error:
                logger.warning("similar cases: %s", error if isinstance(error, StoreError) else type(error).__name__)
            self._closing.wait(_KEEP_UP_EVERY_S)
        try:
            if self._ready.is_set():
                self._drop_purged()
                if self._unsaved:
                    self._save()
        except (StoreError, OSError) as error:
            logger.warning("similar cases are not kept for the next start: %s", type(error).__name__)

    def _open(self) -> None:
        """Take the index of the folder, if it is one of this store, else make it and keep it there."""
        with self._locked():
            try:
                mark = _Mark(**json.loads((self._folder / _STATE).read_bytes()))
                if self._fits(mark):
                    self._index, self._mark = SimilarIndex.load(self._folder), mark
                    self._ready.set()
                    return
            except (OSError, ValueError, TypeError, ArtefactError):
                pass  # there is none, or it is damaged
            if self._build():
                self._write()
                self._ready.set()

    def _fits(self, mark: _Mark) -> bool:
        """Whether the store is the one that was followed."""
        with self._database.reading() as session:
            change = session.get(CaseChange, mark.change)
            return change is not None and (change.case_id, change.at.isoformat()) == (mark.case, mark.at)

    def _build(self) -> bool:
        """Make the index from all cases; False if it was closed before it was done."""
        with self._database.reading() as session:
            last = session.scalar(select(CaseChange).order_by(CaseChange.id.desc()).limit(1))
            mark = _Mark(purge=_last_purge(session))
        index, below = SimilarIndex(), 0
        while not self._closing.is_set():
            with self._database.reading() as session:
                rows = session.execute(_COLUMNS.where(Case.id > below).order_by(Case.id).limit(_AT_ONCE)).all()
            if not rows:
                self._index = index
                self._mark = _Mark(last.id, last.case_id, last.at.isoformat(), mark.purge) if last else mark
                return True
            self._append(index, rows)
            below = rows[-1][0]
        return False

    def _follow(self) -> None:
        """Apply what has changed in the store since."""
        with self._following:
            while self._apply() == _AT_ONCE:
                pass

    def _apply(self) -> int:
        """Apply some of the changes that were not seen yet; return how many there were."""
        start = self._mark.change - _OVERLAP
        with self._database.reading() as session:
            ids = session.scalars(
                select(CaseChange.id).where(CaseChange.id > start).order_by(CaseChange.id).limit(_AT_ONCE + _OVERLAP)
            ).all()
            fresh = [i for i in ids if i not in self._seen][:_AT_ONCE]
            if not fresh:
                return 0
            changes = session.execute(
                select(CaseChange.id, CaseChange.case_id, CaseChange.at, CaseChange.action, CaseChange.after)
                .where(CaseChange.id.in_(fresh))
                .order_by(CaseChange.id)
            ).all()
            touched = {
                case_id
                for _, case_id, _, action, after in changes
                if action == "create" or {"employer", "region"} & after.keys()
            }
            rows = session.execute(_COLUMNS.where(Case.id.in_(touched))).all()
        if rows:
            index, last_id = self._index, self._index.last_case_id
            if known := [row[0] for row in rows if row[0] <= last_id]:
                index.remove(known)
            self._append(index, rows)
        last_id, case_id, at, *_ = changes[-1]
        if last_id > self._mark.change:
            self._mark = _Mark(last_id, case_id, at.isoformat(), self._mark.purge)
        self._seen = {i for i in self._seen.union(fresh) if i > self._mark.change - _OVERLAP}
        self._unsaved += len(fresh)
        return len(fresh)

    def _append(self, index: SimilarIndex, rows: Sequence[Row[int, str, str | None, str | None]]) -> None:
        ids, texts, employers, cities = zip(*rows, strict=True)
        index.append(ids, self._current().sketcher.sketch(texts), employers, cities, [None] * len(ids))

    def _drop_purged(self) -> None:
        """Forget the cases that are no longer stored, in memory and in the folder, after a purge."""
        known = self._index.case_ids  # before what is stored is read: what comes in between is not gone
        with self._database.reading() as session:
            if (purge := _last_purge(session)) == self._mark.purge:
                return
            stored = set(session.scalars(select(Case.id)))
        with self._following:
            self._index.remove([i for i in known if i not in stored])
            self._mark = _Mark(self._mark.change, self._mark.case, self._mark.at, purge)
        self._save()

    def _save(self) -> None:
        with self._locked():
            self._write()

    def _write(self) -> None:
        """Write the index, then up to where it has followed; a half-written one has no such mark."""
        state = self._folder / _STATE
        with self._following:
            state.unlink(missing_ok=True)
            self._index.save(self._folder)
            write_whole(state, json.dumps(asdict(self._mark)).encode())
            self._unsaved = 0

    def _locked(self) -> FileLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._folder / _LOCK)


def find_cluster(session: Session, employer_key: str | None) -> Cluster | None:
    """Return what is stored of an employer in the last 90 days; None where there is nothing."""
    if employer_key is None:
        return None
    since = first_id_of(today(session) - timedelta(days=CLUSTER_DAYS))
    cases, people, first = session.execute(
        select(func.count(), func.sum(Case.people), func.min(Case.id)).where(
            Case.employer_key == employer_key, Case.id > since
        )
    ).one()
    return Cluster(employer_key, cases, people, day_of(first)) if cases else None


_COLUMNS = select(Case.id, Case.text, Case.employer_key, Case.city)


def _last_purge(session: Session) -> int:
    return session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.action == PURGE)) or 0
