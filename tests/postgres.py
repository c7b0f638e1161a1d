"""A real PostgreSQL for the tests: its own server in a folder of its own, and databases that cost a copy each."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine

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
            yield URL.create("postgresql+psycopg", "tipdesk", host=str(folder), database="postgres")
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


@pytest.fixture(scope="session")
def new_postgres_database(postgres: URL) -> Callable[[], URL]:
    """Makes an empty database and returns its address."""

    def make() -> URL:
        name = f"test_{uuid4().hex}"
        engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        return postgres.set(database=name)

    return make


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
