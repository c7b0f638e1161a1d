"""Accounts, log-in sessions and keys, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL, text

from service.store import audit, keys, sessions, users
from service.store.database import Database, today
from service.store.errors import ConflictError, CredentialsError, InvalidValueError, NotFoundError
from service.store.tables import Base, User
from service.store.vocabulary import Role

PASSWORD = "correct horse"


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 30, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(store_url: URL, clock: Clock) -> Iterator[Database]:
    database = Database(store_url, clock=clock)
    yield database
    database.close()


def add(database: Database, name: str = "王芳", role: Role = Role.OPERATOR) -> User:
    with database.writing() as session:
        _, token = users.create(session, name, role, by="admin")
    return users.set_password(database, token, PASSWORD)


def test_the_first_administrator_gets_a_link_until_a_password_is_set(database: Database) -> None:
    def first() -> str | None:
        with database.writing() as session:
            return users.first_administrator(session)

    lost, token = first(), first()  # the first link was lost: a new start prints another
    assert lost
    assert token
    with pytest.raises(CredentialsError):
        users.set_password(database, lost, PASSWORD)
    assert users.set_password(database, token, PASSWORD).role == Role.ADMIN
    assert first() is None


def test_a_link_sets_a_password_once_and_in_time(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        user, token = users.create(session, "王芳", Role.OPERATOR, by="admin")
    with pytest.raises(InvalidValueError):
        users.set_password(database, token, "short")
    with pytest.raises(CredentialsError):
        users.log_in(database, "王芳", "")
    users.set_password(database, token, PASSWORD)
    for bad in (token, "", "nonsense"):
        with pytest.raises(CredentialsError):
            users.set_password(database, bad, PASSWORD)
    with database.writing() as session:
        late = users.reset_password(session, user.id, by="admin")
    with pytest.raises(CredentialsError):
        users.log_in(database, "王芳", PASSWORD)
    clock.time += timedelta(days=4)
    with pytest.raises(CredentialsError):
        users.set_password(database, late, PASSWORD)


def test_only_name_and_password_of_an_enabled_account_log_in(database: Database) -> None:
    user = add(database)
    assert users.log_in(database, " 王芳 ", PASSWORD).id == user.id
    for name, password in (("王芳", PASSWORD + "x"), ("王", PASSWORD), ("", ""), ("王芳", "\udcff\0" * 5000)):
        with pytest.raises(CredentialsError):
            users.log_in(database, name, password)
    add(database, "李", Role.ADMIN)
    with database.writing() as session:
        users.change(session, user.id, by="李", disabled=True)
    with pytest.raises(CredentialsError):
        users.log_in(database, "王芳", PASSWORD)


def test_guessing_locks_an_account_longer_each_time(database: Database, clock: Clock) -> None:
    add(database)
    waits = []
    for _ in range(4):
        while True:
            with pytest.raises(CredentialsError) as refused:
                users.log_in(database, "王芳", "a wrong guess")
            if refused.value.retry_after_s:
                break
        with pytest.raises(CredentialsError, match="too many"):
            users.log_in(database, "王芳", PASSWORD)  # the right one neither
        waits.append(refused.value.retry_after_s)
        clock.time += timedelta(seconds=refused.value.retry_after_s)
    assert waits == sorted(set(waits))
    users.log_in(database, "王芳", PASSWORD)
    users.log_in(database, "王芳", PASSWORD)


def test_an_administrator_is_left_and_names_are_taken_once(database: Database) -> None:
    admin = add(database, "管", Role.ADMIN)
    with database.writing() as session, pytest.raises(ConflictError):
        users.change(session, admin.id, by="管", role=Role.VIEWER)
    with database.writing() as session, pytest.raises(ConflictError):
        users.create(session, "管", Role.VIEWER, by="管")
    for name in ("", "  ", "a\nb", "x" * 65):
        with database.writing() as session, pytest.raises(InvalidValueError):
            users.create(session, name, Role.VIEWER, by="管")
    with database.writing() as session, pytest.raises(NotFoundError):
        users.get(session, 4711)
    second = add(database, "管二", Role.ADMIN)
    with database.writing() as session:
        assert users.change(session, admin.id, by="管二", role=Role.VIEWER).role == Role.VIEWER
        assert [user.name for user in users.everybody(session)] == ["管", second.name]


def test_a_session_ends_with_its_time_its_log_out_or_its_account(database: Database, clock: Clock) -> None:
    add(database, "管", Role.ADMIN)
    user = add(database)

    def begin() -> str:
        with database.writing() as session:
            return sessions.begin(session, user)

    def is_in(token: str) -> bool:
        with database.reading() as session:
            found = sessions.user_of(session, token)
            return found is not None and found.id == user.id

    first, second = begin(), begin()
    assert is_in(first)
    assert not is_in("nonsense")
    with database.writing() as session:
        sessions.end(session, first)
    assert (is_in(first), is_in(second)) == (False, True)
    clock.time += sessions.LASTS
    assert not is_in(second)
    third = begin()
    with database.writing() as session:
        users.change(session, user.id, by="管", disabled=True)
    assert not is_in(third)
    with database.writing() as session:
        users.change(session, user.id, by="管", disabled=False)
    assert not is_in(third)


def test_a_key_works_until_it_expires_or_is_revoked(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        record, key = keys.issue(
            session, "热线软件", ["cases", "route"], by="管", expires_at=clock.time + timedelta(days=1)
        )
        forever, other = keys.issue(session, "大屏", ["statistics"], by="管")
        with pytest.raises(InvalidValueError):
            keys.issue(session, "x", [], by="管", expires_at=clock.time)
    with database.writing() as session:
        found = keys.find(session, key)
        assert found
        assert found.scopes == ["cases", "route"]
        assert key.startswith(found.hint)
        assert keys.use_is_due(session, found)
        keys.note_use(session, found.id)
    with database.reading() as session:
        assert [item.id for item in keys.everything(session)] == [forever.id, record.id]
        assert not keys.use_is_due(session, keys.everything(session)[1])
        assert keys.find(session, "tipdesk_nonsense") is None
    clock.time += timedelta(days=1)
    with database.writing() as session:
        assert keys.find(session, key) is None
        assert keys.find(session, other)
        keys.revoke(session, forever.id, by="管")
        session.flush()
        assert keys.find(session, other) is None
        with pytest.raises(NotFoundError):
            keys.revoke(session, 4711, by="管")


def test_no_secret_is_stored_as_it_is(database: Database) -> None:
    with database.writing() as session:
        user, token = users.create(session, "王芳", Role.OPERATOR, by="admin")
        _, key = keys.issue(session, "热线软件", [], by="admin")
        cookie = sessions.begin(session, user)
    stored = dump(database)
    users.set_password(database, token, PASSWORD)
    stored += dump(database)
    assert not any(secret in stored for secret in (PASSWORD, token, key, cookie))
    with database.reading() as session:
        done = [entry.action for entry in audit.entries(session)]
    assert done == ["user.set_password", "key.issue", "user.create"]


def dump(database: Database) -> str:
    with database.reading() as session:
        return "".join(
            str(session.execute(text(f"SELECT * FROM {table.name}")).all())  # noqa: S608 (our own names)
            for table in Base.metadata.sorted_tables
        )


def test_the_trail_is_filtered_by_what_by_whom_and_when(database: Database) -> None:
    with database.writing() as session:
        for by, action in (("李", "user.create"), ("王", "user.create"), ("王", "key.issue")):
            audit.record(session, by, action, "x")
        day = today(session)
    with database.reading() as session:

        def found(**wanted: Any) -> list[tuple[str, str]]:
            return [(entry.by, entry.action) for entry in audit.entries(session, **wanted)]

        assert found(by="王") == [("王", "key.issue"), ("王", "user.create")]
        assert found(by="王", action="user.create", since=day, until=day) == [("王", "user.create")]
        assert found(since=day + timedelta(days=1)) == found(until=day - timedelta(days=1)) == []
        assert audit.actions(session) == ["key.issue", "user.create"]
