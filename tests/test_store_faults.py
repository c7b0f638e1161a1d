"""What can happen to a database: nothing acknowledged is lost, nothing stored twice, and it recovers by itself."""

import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, insert, text

from model.registry import Registry
from model.router import Router
from service.settings import Settings
from service.store import cases
from service.store.cases import NewCase
from service.store.database import Database
from service.store.errors import StoreError, StoreUnavailableError, StoreVersionError
from service.store.numbers import parse_number
from service.store.tables import Case
from service.store.vocabulary import Channel
from tests.conftest import ROOT
from tests.postgres import new_postgres_database

TEXT = "琉璃厂拖欠工资"
NOBODY = 65534


@pytest.fixture
def database(store_url: URL) -> Iterator[Database]:
    database = Database(store_url, wait_s=0.2)
    yield database
    database.close()


@pytest.fixture
def postgres_url(postgres: URL) -> URL:
    """A database that tests may do anything to."""
    return new_postgres_database(postgres)


def create(database: Database, router: Router) -> Case:
    with database.writing() as session:
        return cases.create(session, NewCase(TEXT, Channel.WEB), router.route([TEXT])[0], router, by="王")[0]


def count(database: Database) -> int:
    with database.reading() as session:
        return session.query(Case).count()


def run_as_administrator(url: URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_locked_database_is_unavailable_until_it_is_let_go(database: Database, router: Router) -> None:
    other = create_engine(database.url)
    with other.connect() as holder:
        sqlite = holder.dialect.name == "sqlite"
        holder.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            create(database, router)
    create(database, router)
    assert count(database) == 1
    other.dispose()


def test_a_file_that_is_gone_is_unavailable_until_it_is_back(
    sqlite_template: Path, tmp_path: Path, router: Router
) -> None:
    """Cases never go into a file that was removed, nor into a new one in its place."""
    path = tmp_path / "tipdesk.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(URL.create("sqlite", database=str(path)))
    create(database, router)
    path.rename(tmp_path / "away.sqlite")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            create(database, router)
    assert not path.exists()
    (tmp_path / "away.sqlite").rename(path)
    create(database, router)
    assert count(database) == 2
    database.close()


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Take the right to write away; as root, who may always, by being nobody for a while."""
    path.parent.chmod(0o555)
    files = list(path.parent.glob(f"{path.name}*"))
    for file in files:
        file.chmod(0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        path.parent.chmod(0o755)
        for file in files:
            file.chmod(0o644)


def test_a_read_only_file_is_unavailable_until_it_can_be_written(sqlite_template: Path, router: Router) -> None:
    folder = Path("/tmp") / f"tipdesk-{os.getpid()}"  # noqa: S108 (pytest's own folders are closed to nobody)
    folder.mkdir()
    try:
        path = folder / "tipdesk.sqlite"
        path.write_bytes(sqlite_template.read_bytes())
        database = Database(URL.create("sqlite", database=str(path)))
        create(database, router)
        database.close()
        with read_only(path), pytest.raises(StoreUnavailableError):
            create(database, router)
        create(database, router)
        assert count(database) == 2
        database.close()
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_a_full_disk_is_unavailable_and_what_was_stored_stays(
    sqlite_template: Path, tmp_path: Path, router: Router
) -> None:
    path = tmp_path / "tipdesk.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(URL.create("sqlite", database=str(path)))
    create(database, router)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in tmp_path.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, limits[1]))
    try:
        with pytest.raises(StoreUnavailableError):  # noqa: PT012 (one of them is too many)
            for _ in range(200):
                create(database, router)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    known = count(database)
    create(database, router)
    assert count(database) == known + 1
    database.close()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_server_that_is_gone_or_read_only_is_unavailable_until_it_is_back(
    postgres: URL, postgres_url: URL, router: Router
) -> None:
    database, name = Database(postgres_url, wait_s=0.2), postgres_url.database
    create(database, router)
    hang_up = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    for off, on in (
        (f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
        (
            f"ALTER DATABASE {name} SET default_transaction_read_only = on",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        ),
    ):
        known = count(database)
        run_as_administrator(postgres, off, hang_up)
        with pytest.raises(StoreUnavailableError):
            create(database, router)
        run_as_administrator(postgres, on, hang_up)
        create(database, router)
        assert count(database) == known + 1
    database.close()


def test_a_server_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        Database(URL.create("postgresql+psycopg", "x", host=str(tmp_path), database="x"), wait_s=0.2)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError, match="needs a folder"):
        Database.of_settings(Settings(home=tmp_path / "file"))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "nonsense", ""])
def test_an_address_of_another_database_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPDESK_DATABASE_URL", url)
    with pytest.raises(StoreError, match="TIPDESK_DATABASE_URL"):
        Database.of_settings(Settings())


def test_a_newer_database_is_refused_in_one_line(store_url: URL) -> None:
    run_as_administrator(store_url, "UPDATE alembic_version SET version_num = '9' || version_num")
    try:
        with pytest.raises(StoreVersionError, match="9000"):
            Database(store_url)
    finally:
        run_as_administrator(store_url, "UPDATE alembic_version SET version_num = substr(version_num, 2)")


_DIES_WHILE_MIGRATING = """
import os, sys
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine
from service.store.database import Database
made = 0
@event.listens_for(Engine, "after_cursor_execute")
def die(connection, cursor, statement, *rest):
    global made
    made += statement.lstrip().startswith("CREATE")
    if made == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
Database(make_url(sys.argv[1]))
"""


@pytest.mark.parametrize("statements", [7, 30])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_that_was_killed_half_way_is_done_whole_the_next_time(
    kind: str, statements: int, tmp_path: Path, request: pytest.FixtureRequest, router: Router
) -> None:
    url = URL.create("sqlite", database=str(tmp_path / "new.sqlite"))
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with run_python(_DIES_WHILE_MIGRATING, url, str(statements)) as died:
        assert died.wait() == -signal.SIGKILL
    database = Database(url)
    create(database, router)
    assert count(database) == 1
    database.close()


_CREATES_UNTIL_KILLED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from sqlalchemy import make_url
from model.router import Router
from service.store import cases
from service.store.database import Database
from service.store.numbers import format_number
from service.store.vocabulary import Channel
router = Router.load(sys.argv[2])
database = Database(make_url(sys.argv[1]))
routing = router.route(["欠薪"])[0]
def create(_):
    while True:
        with database.writing() as session:
            case, _ = cases.create(session, cases.NewCase("欠薪", Channel.WEB), routing, router, by="王")
        print(format_number(case.id) + "\\n", end="", flush=True)
with ThreadPoolExecutor(4) as threads:
    list(threads.map(create, range(4)))
"""


def test_every_acknowledged_case_is_there_once_after_kill_9(store_url: URL, home: Path) -> None:
    with run_python(_CREATES_UNTIL_KILLED, store_url, str(Registry.of_home(home).path("champion"))) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(40)]
        writer.kill()
        acknowledged += writer.stdout.readlines()
    numbers = [line.strip() for line in acknowledged if re.fullmatch(r"\d{8}-\d{6}\n", line)]
    database = Database(store_url)
    with database.reading() as session:
        stored = set(session.scalars(text("SELECT id FROM cases")))
    database.close()
    assert len(set(numbers)) == len(numbers) >= 40
    assert {parse_number(number) for number in numbers} <= stored


def run_python(code: str, url: URL, argument: str) -> "subprocess.Popen[str]":
    address = url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", code, address, argument], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_what_the_database_says_of_a_row_is_kept_back(database: Database, router: Router) -> None:
    """PostgreSQL's messages quote the row that they refuse."""
    case = create(database, router)
    row = {column.name: getattr(case, column.name) for column in Case.__table__.columns if column.computed is None}
    with pytest.raises(StoreError) as refused, database.writing() as session:
        session.execute(insert(Case), [{**row, "id": 1, "kind": None}])
    error: BaseException | None = refused.value
    assert not isinstance(error, StoreUnavailableError)
    assert "琉璃" not in str(error)
    assert error is not None
    assert error.__suppress_context__
