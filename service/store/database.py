"""A database opened: migrated, its transactions, and its faults told apart from errors of ours."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from service.settings import Settings
from service.store.errors import StoreError, StoreUnavailableError
from service.store.migrate import migrate

Clock = Callable[[], datetime]

CHINA = timezone(timedelta(hours=8))
"""Days are China's: it has one time zone and no summer time."""

_FILE = "tipdesk.sqlite"
_POOL = {"pool_size": 5, "max_overflow": 35}  # no fewer than FastAPI has threads
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # what was acknowledged survives a power cut
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten
    "cache_size = -65536",  # 64 MB
)
_REASONS = {
    "SQLITE_BUSY": "it is locked by another process",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_CANTOPEN": "it is gone or cannot be opened",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "its file cannot be read or written",
    "SQLITE_CORRUPT": "its file is damaged",
    "SQLITE_NOTADB": "its file is damaged",
    "40": "others write the same rows",
    "53300": "it takes no more connections",
    "53100": "the disk is full",
    "25006": "it is read-only",
    "55P03": "it is locked by another process",
}
# What has to do with the state of the database, not with a statement: SQLite's names, PostgreSQL's classes.
_PASSING = (
    *(f"SQLITE_{name}" for name in ("BUSY", "LOCKED", "READONLY", "CANTOPEN", "FULL", "IOERR", "CORRUPT", "NOTADB")),
    *("08", "25006", "40", "53", "55", "57", "58"),
)


class Database:
    """A migrated database.

    Parameters
    ----------
    url : URL
        ``sqlite:///PATH`` or ``postgresql+psycopg://…``.
    mask_personal : bool
        Whether personal data is taken out of a tip before it is stored.
    clock : callable
        Returns the time; tests have their own.
    wait_s : float
        How long to wait for a lock or a connection until the database counts as unavailable.

    Raises
    ------
    StoreUnavailableError
        If it cannot be reached, read or written.
    StoreVersionError
        If it is newer than this version of tipdesk.
    """

    def __init__(
        self, url: URL, *, mask_personal: bool = True, clock: Clock = lambda: datetime.now(UTC), wait_s: float = 5
    ) -> None:
        self.url = url
        engine = (_sqlite_engine if url.get_backend_name() == "sqlite" else _postgresql_engine)(url, wait_s)
        self._engine, self._writer = engine, engine.execution_options(writes=True)
        info = {"clock": clock, "mask_personal": mask_personal}
        self._sessions = sessionmaker(engine, expire_on_commit=False, info=info)
        try:
            with _faults_told_apart(), self._writer.begin() as connection:
                lock(connection, "migration")  # of workers that start together one migrates
                migrate(connection)
        except BaseException:
            self.close()
            raise

    @classmethod
    def of_settings(cls, settings: Settings) -> Self:
        """Return the database that the settings name, made and migrated as needed.

        Raises
        ------
        StoreError
            If its address is none of PostgreSQL, or it cannot be used.
        """
        if settings.database_url is None:
            url = URL.create("sqlite", database=str(settings.home / _FILE))
        else:
            try:
                url = make_url(settings.database_url.get_secret_value())
            except ArgumentError:
                url = URL.create("unreadable")
            if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
                raise StoreError(
                    f"TIPDESK_DATABASE_URL begins with '{url.drivername}', expected postgresql://user@host/database"
                )
            url = url.set(drivername="postgresql+psycopg")
        return cls(url, mask_personal=settings.mask_personal)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads; in it nothing changes meanwhile on SQLite.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be used now.
        """
        with _faults_told_apart(), self._sessions() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Open a transaction that reads everything as it is at one moment, on both databases."""
        with self.reading() as session:
            if self._engine.dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that is committed when the block ends without an error, else rolled back.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be used now: then nothing was stored.
        """
        with _faults_told_apart(), self._sessions(bind=self._writer) as session, session.begin():
            yield session

    def check(self) -> None:
        """Do nothing, if the database can be used.

        Raises
        ------
        StoreUnavailableError
        """
        with self.reading() as session:
            session.scalar(select(1))

    def analyse(self) -> None:
        """Let the database look again at how its rows are spread, after many were stored at once."""
        with _faults_told_apart(), self._writer.begin() as connection:
            connection.exec_driver_sql("ANALYZE")

    def clean_up(self) -> None:
        """Leave nothing of deleted rows behind in files, as far as the database does not see to that itself."""
        with _faults_told_apart():
            if self._engine.dialect.name == "sqlite":
                with self._writer.begin() as connection:
                    connection.exec_driver_sql("INSERT INTO case_words (case_words) VALUES ('optimize')")
                with closing(self._engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # not within a transaction
            else:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM cases, case_changes, labels")

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def now(session: Session) -> datetime:
    """Return the time by the clock of the session's database."""
    time: datetime = session.info["clock"]()
    return time


def today(session: Session) -> date:
    """Return China's day by that clock."""
    return now(session).astimezone(CHINA).date()


def midnight(day: date) -> datetime:
    """Return when a day begins in China."""
    return datetime.combine(day, time(), CHINA)


def lock(connection: Connection | Session, name: str) -> None:
    """Let no other transaction beyond this point until this one ends. On SQLite there is one writer anyway."""
    if isinstance(connection, Session):
        connection = connection.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"tipdesk {name}"))))


def _postgresql_engine(url: URL, wait_s: float) -> Engine:
    settings = {
        "lock_timeout": f"{round(wait_s * 1000)}ms",
        "synchronous_commit": "on",
        # PostgreSQL's own 4 is that of disks that turn: with it, the newest cases are looked through where to look up
        # those that hold a word is several times faster.
        "random_page_cost": "1.1",
    }
    arguments = {
        "connect_timeout": max(2, round(wait_s)),
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        "prepare_threshold": None,  # a plan made for any word is a bad one for a common and for a rare word
    }
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments, pool_timeout=wait_s, **_POOL
    )


def _sqlite_engine(url: URL, wait_s: float) -> Engine:
    """Return an engine that never makes a file where one was lost: only here, at the start, it is made."""
    path = Path(url.database or _FILE).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: {error.strerror}; the case store needs a folder that it can write to"
        ) from error

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=wait_s,
            isolation_level=None,  # transactions are begun below
            check_same_thread=False,
        )

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True, pool_timeout=wait_s, **_POOL
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(path)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "checkout")
    def on_checkout(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if record.info["file"] != _identity(path):  # else cases would go into a file that nobody finds again
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A transaction that reads first and then writes may find that another wrote in between, and fail.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _faults_told_apart() -> Iterator[None]:
    """Turn a driver's error into one of ours. Its own words are kept back: PostgreSQL quotes rows."""
    try:
        yield
    except PoolTimeoutError:
        raise StoreUnavailableError("all connections to the database are in use; try again") from None
    except DBAPIError as error:
        code = str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "")
        name = type(error.orig).__name__
        unreachable = error.connection_invalidated or (not code and name == "OperationalError")
        if unreachable or code.startswith(_PASSING):
            reason = next((why for start, why in _REASONS.items() if code.startswith(start)), "it cannot be reached")
            raise StoreUnavailableError(f"the database cannot be used: {reason} ({code or name}); try again") from None
        raise StoreError(f"the database refused a statement ({code or name})") from None
    except DisconnectionError:
        raise StoreUnavailableError("the database cannot be used: its file was replaced; try again") from None
