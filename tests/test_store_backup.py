"""Backups, restored into either database, and the `tipdesk store` commands."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import URL, select

from model.router import Router
from model.taxonomy import Taxonomy
from service.store import cases, keys, outbox, users
from service.store.backup import back_up, restore
from service.store.cases import NewCase
from service.store.database import Database
from service.store.errors import BackupError, StoreError
from service.store.listing import CaseFilter, find
from service.store.tables import Base, LoginSession
from service.store.vocabulary import Channel, Role
from tests.conftest import run_tipdesk
from tests.postgres import new_postgres_database
from tests.test_cli import one_line
from training.corpus import read_corpus

TEXT = "琉璃厂拖欠工资,\0老板\udcff跑了"


@pytest.fixture
def database(store_url: URL) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


def fill(database: Database, router: Router, user: str = "王芳") -> None:
    with database.writing() as session:
        outbox.add_target(session, "https://example.org/hook", by="管")
        users.create(session, user, Role.OPERATOR, by="管")
        keys.issue(session, "热线软件", ["route"], by="管")
        for _ in range(3):
            new = NewCase(TEXT, Channel.WEB, 3, "430100", "琉璃厂")
            case, _ = cases.create(session, new, router.route([TEXT])[0], router, by="王")
        cases.confirm(session, case.id, 1, router, by="李")
        cases.close(session, case.id, 2, by="席")


def unpacked(backup: bytes) -> bytes | None:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(backup)
    except zstandard.ZstdError:
        return None


def content(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that a backup holds. The words of a text are found anew, and each database keeps them in its own order."""
    found = {}
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "words"]
            if table is not LoginSession.__table__:
                rows = session.execute(select(*columns).order_by(*table.primary_key))
                found[table.name] = [tuple(row) for row in rows]
    return found


def test_a_backup_restores_everything_into_either_database(
    database: Database, router: Router, tmp_path: Path, postgres: URL
) -> None:
    fill(database, router)
    rows = back_up(database, tmp_path / "backup")
    assert rows["cases"] == 3
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    for url in (URL.create("sqlite", database=str(tmp_path / "b.sqlite")), new_postgres_database(postgres)):
        restored = Database(url)
        assert restore(restored, tmp_path / "backup") == rows
        assert content(restored) == content(database)
        with restored.reading() as session:
            assert len(find(session, CaseFilter(query="琉璃厂"), router).cases) == 3
        fill(restored, router, "李")  # goes on behind the numbers that were restored
        assert len(content(restored)["cases"]) == 6
        with pytest.raises(BackupError, match="empty"):
            restore(restored, tmp_path / "backup")
        restored.close()


def test_a_damaged_backup_restores_nothing(database: Database, router: Router, tmp_path: Path) -> None:
    fill(database, router)
    back_up(database, tmp_path / "backup")
    whole = (tmp_path / "backup").read_bytes()
    target = Database(URL.create("sqlite", database=str(tmp_path / "b.sqlite")))
    flipped = [whole[:i] + bytes([whole[i] ^ 64]) + whole[i + 1 :] for i in range(20, len(whole), len(whole) // 20)]
    flipped = [one for one in flipped if unpacked(one) != unpacked(whole)]  # some bits of a compressed file say nothing
    assert len(flipped) > 15
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], whole[:-9], *flipped):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(StoreError):
            restore(target, tmp_path / "damaged")
        assert not any(content(target).values())
    with pytest.raises(BackupError):
        restore(target, tmp_path / "missing")
    target.close()


@pytest.fixture
def store_home(tmp_path: Path, sqlite_template: Path, router: Router) -> Path:
    """A TIPDESK_HOME with cases and without a model."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "tipdesk.sqlite").write_bytes(sqlite_template.read_bytes())
    database = Database(URL.create("sqlite", database=str(home / "tipdesk.sqlite")))
    fill(database, router)
    database.close()
    return home


def test_the_commands(store_home: Path, tmp_path: Path, taxonomy: Taxonomy) -> None:
    backup, table = tmp_path / "backup", tmp_path / "cases.csv"
    done = run_tipdesk("store", "backup", backup, "--json", home=store_home)
    assert json.loads(done.stdout)["rows"]["cases"] == 3
    other = tmp_path / "other"
    assert "3 件" in run_tipdesk("store", "restore", backup, home=other).stdout.decode()
    run_tipdesk("store", "export", table, home=other)
    tips, problems = read_corpus([table], taxonomy)
    assert (len(tips), problems) == (3, [])
    done = run_tipdesk("store", "purge", "--before", f"{date.today().year + 1}-06-01", "--json", home=other)
    assert json.loads(done.stdout) == {"deleted": 1, "kept_open": 2}


def test_errors_are_one_line(store_home: Path, tmp_path: Path) -> None:
    commands: list[list[str | Path]] = [
        ["restore", tmp_path / "missing"],
        ["backup", tmp_path / "no" / "folder" / "backup"],
        ["export", tmp_path / "cases.doc"],
    ]
    for arguments in commands:
        said = one_line(run_tipdesk("store", *arguments, home=store_home, status=1).stderr)
        assert said.startswith("error: "), said
    run_tipdesk("store", "purge", "--before", "yesterday", home=store_home, status=2)
    assert not list(tmp_path.glob("*.part"))
