"""The tables."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import BigInteger, Computed, Dialect, ForeignKey, Index, Integer, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from service.store.vocabulary import Channel, Role, Status

_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


def storable(text: str) -> str:
    """Return `text` with U+FFFD for what no database takes: NUL and lone surrogates."""
    return text.translate(_UNSTORABLE)


class StorableText(TypeDecorator[str]):
    """Any text at all."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, which SQLite would forget: kept in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True
    python_type = datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Words(TypeDecorator[list[str]]):
    """The words that a text is found by, none of which holds a blank or a mark.

    What finds the rows is made by the migrations: SQLite has an FTS5 table over the column, PostgreSQL an index of it.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TSVECTOR() if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else " ".join(value)


BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number, which nothing else can be


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: StorableText,
        datetime: UtcDateTime,
        Enum: sa.Enum(Enum, native_enum=False, length=16, values_callable=lambda kind: [item.value for item in kind]),
        dict[str, Any]: sa.JSON,
        list[str]: sa.JSON,
    }


class CaseDay(Base):
    """How many case numbers of a day were given out."""

    __tablename__ = "case_days"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Case(Base):
    """A tip and what became of it.

    Attributes
    ----------
    id : int
        The case number, see `numbers`: to sort by it is to sort by time.
    suggested_desk, confirmed_desk : str
        What the model said, and what a person said; the latter None until then. `desk` is the one that counts.
    also, kind, urgency
        As suggested, until a person says otherwise.
    decision, confidence, probabilities
        How sure the suggestion was; probabilities of the desks worth showing.
    words
        What full-text search finds the case by. They never change, nor does the text.
    due_on, due_provisional
        By when the desk answers; provisional where the holidays of that year are not known yet.
    version : int
        Counts changes, from 1.
    """

    __tablename__ = "cases"
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 (so is it declared)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    text: Mapped[str]
    channel: Mapped[Channel]
    people: Mapped[int]
    region: Mapped[str | None]
    city: Mapped[str | None] = mapped_column(Computed("substr(region, 1, 4)", persisted=True))
    province: Mapped[str | None] = mapped_column(Computed("substr(region, 1, 2)", persisted=True))
    employer: Mapped[str | None]
    employer_key: Mapped[str | None]
    suggested_desk: Mapped[str]
    confirmed_desk: Mapped[str | None]
    desk: Mapped[str] = mapped_column(Computed("coalesce(confirmed_desk, suggested_desk)", persisted=True))
    also: Mapped[list[str]]
    kind: Mapped[str]
    urgency: Mapped[str]
    decision: Mapped[str]
    confidence: Mapped[float]
    probabilities: Mapped[dict[str, Any]]
    model_version: Mapped[str]
    status: Mapped[Status]
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    closed_on: Mapped[date | None]
    satisfaction: Mapped[int | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    version: Mapped[int]
    words: Mapped[list[str]] = mapped_column(Words, deferred=True)

    # Newest first within each filter; where several are given, the others are looked up case by case.
    __table_args__ = (
        *(
            Index(f"ix_cases_{name}", name, "id")
            for name in ("status", "desk", "channel", "kind", "decision", "region", "city", "province", "employer_key")
        ),
        Index("ix_cases_status_desk", "status", "desk", "id"),  # what an operator's list asks for
        # What is to be answered next, and what is overdue: of cases that are open, which few are.
        Index(
            "ix_cases_due",
            "due_on",
            "id",
            sqlite_where=sa.text("closed_on IS NULL"),
            postgresql_where=sa.text("closed_on IS NULL"),
        ),
    )


class CaseChange(Base):
    """One change of a case: who, when, and the fields before and after. It holds no tip text."""

    __tablename__ = "case_changes"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigKey, ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    action: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    note: Mapped[str | None]


class CreationKey(Base):
    """An idempotency key with which a case was created, and the digest of what was asked; both hashed."""

    __tablename__ = "creation_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    case_id: Mapped[int] = mapped_column(BigKey, ForeignKey("cases.id", ondelete="CASCADE"), index=True)


class Label(Base):
    """What one labeller says of a case, apart from what others say of it."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("case_id", "labeller"), Index("ix_labels_labeller", "labeller", "at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigKey, ForeignKey("cases.id", ondelete="CASCADE"))
    labeller: Mapped[str]
    desk: Mapped[str]
    also: Mapped[list[str]]
    kind: Mapped[str]
    urgent: Mapped[bool]
    at: Mapped[datetime]


class Settlement(Base):
    """What a case is, said by one person after its labellers had named different desks."""

    __tablename__ = "settlements"

    case_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    desk: Mapped[str]
    also: Mapped[list[str]]
    kind: Mapped[str]
    urgent: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]


class User(Base):
    """An account. Without a password it can only set one, by its one-time token."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[Role]
    password_hash: Mapped[str | None]
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    token_expires_at: Mapped[datetime | None]
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    disabled: Mapped[bool]
    created_at: Mapped[datetime]


class LoginSession(Base):
    """A logged-in browser, known by the hash of its token."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    """A key of another system, known by its hash; `hint` are its first characters, for people to tell keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class WebhookTarget(Base):
    """Another system that is told of events; the secret signs what it is sent."""

    __tablename__ = "webhook_targets"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class OutboxMessage(Base):
    """An event that a target has not taken yet."""

    __tablename__ = "outbox"
    # A sender that comes late must not forget another message.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (so is it declared)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("webhook_targets.id", ondelete="CASCADE"), index=True)
    event: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    next_try_at: Mapped[datetime] = mapped_column(index=True)
    last_error: Mapped[str | None]


class AuditEntry(Base):
    """What was done to accounts, keys, webhooks, retention and data as a whole; never any content of a case."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str]
    action: Mapped[str]
    object: Mapped[str]
    detail: Mapped[dict[str, Any]]


class Option(Base):
    """A setting that is kept with the data rather than in the environment."""

    __tablename__ = "options"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
