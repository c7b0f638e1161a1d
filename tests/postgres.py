"""A real PostgreSQL for the tests: its own server in a folder of its own, and databases that cost a copy each."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, create_engine, text

from service.store.database import Database
from service.store.tables import Base

_BINARIES = Path("/usr/lib/postgresql")
_UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root


@contextmanager
def running_postgres(**settings: str) -> Iterator[URL]:
    """Run a server that listens on a socket only, without a password, and give the address of its first database.

    Raises
    ------
    FileNotFoundError
        If PostgreSQL is not installed.
    """
    binaries = sorted(_BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not binaries:
        raise FileNotFoundError(f"no PostgreSQL in {_BINARIES}: install the package postgresql")
    bin_folder = binaries[-1].parent
    user = next(filter(_exists, _UNPRIVILEGED)) if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="tipdesk-pg-"))  # a socket's path must be short
    data = folder / "data"
    options = {"unix_socket_directories": str(folder), "listen_addresses": "", "max_connections": "100", **settings}

    def run(*command: str | Path) -> None:
        subprocess.run(command, user=user, check=True, capture_output=True, cwd=folder, env={"LC_ALL": "C.UTF-8"})

    try:
        if user:
            shutil.chown(folder, user)
        run(bin_folder / "initdb", "--username=tipdesk", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D", data)
        flags = " ".join(f"-c {name}={value}" for name, value in options.items())
        run(bin_folder / "pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", flags)
        try:
            yield URL.create("postgresql+psycopg", "tipdesk", database="postgres", query={"host": str(folder)})
        finally:
            run(bin_folder / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A server for all tests; they skip where PostgreSQL is not installed."""
    try:
        # Its data lives for one run of the tests: no need to wait for the disk.
        with running_postgres(fsync="off", full_page_writes="off") as url:
            yield url
    except FileNotFoundError as error:
        pytest.skip(str(error))


@contextmanager
def _maintenance(server: URL) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def new_postgres_database(server: URL) -> URL:
    """Return the address of a new, empty database."""
    name = f"test_{uuid4().hex}"
    with _maintenance(server) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return server.set(database=name)


@pytest.fixture(scope="session")
def postgres_store(postgres: URL) -> URL:
    """A migrated database."""
    url = new_postgres_database(postgres)
    Database(url).close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("template") / "tipdesk.sqlite"
    Database(URL.create("sqlite", database=str(path))).close()
    return path


BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The address of an empty store of the test's own: each test that asks for it runs on both databases."""
    return empty_store(request, tmp_path)


def empty_store(request: pytest.FixtureRequest, folder: Path) -> URL:
    """Return the address of an empty store on the backend that the fixture of `request` is given."""
    if request.param == "sqlite":
        path = folder / "tipdesk.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return URL.create("sqlite", database=str(path))
    url: URL = request.getfixturevalue("postgres_store")
    with _maintenance(url) as connection:
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    return url


@contextmanager
def gone(store: URL) -> Iterator[None]:
    """Keep everybody from a store for a while: the file is elsewhere, or the server lets nobody in."""
    assert store.database
    if store.get_backend_name() == "sqlite":
        file = Path(store.database)
        away = file.rename(file.with_name("away"))
        yield
        away.rename(file)
        return
    with _maintenance(store.set(database="postgres")) as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {store.database} ALLOW_CONNECTIONS false")
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(ended, {"name": store.database})
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {store.database} ALLOW_CONNECTIONS true")


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
