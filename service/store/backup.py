"""Backups: every row as JSON in a compressed file, restored into either database; and cases as a table for people.

One format for both databases also moves a hotline from SQLite to PostgreSQL.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Column, Table, func, insert, select
from sqlalchemy.orm import Session

from service.batch.formats import write_table
from service.store.database import Database
from service.store.errors import BackupError
from service.store.migrate import revision
from service.store.numbers import format_number
from service.store.tables import AuditEntry, Base, Case, LoginSession, User, Words
from service.store.words import words_of_text

FORMAT_VERSION = 1
_AT_ONCE = 1000  # rows
_TABLES = [table for table in Base.metadata.sorted_tables if table is not LoginSession.__table__]
_EXPORTED = (
    "channel",
    "people",
    "region",
    "employer",
    "suggested_desk",
    "confirmed_desk",
    "decision",
    "confidence",
    "status",
    "due_on",
    "closed_on",
    "satisfaction",
    "model_version",
    "created_at",
)


def back_up(database: Database, path: Path) -> dict[str, int]:
    """Write all rows as they are at this moment, but for log-in sessions; return how many of each table.

    The file holds tips, hashes of passwords and webhook secrets: only its owner may read it.

    Raises
    ------
    BackupError
        If the file cannot be written; what was there before stays.
    """
    part = path.with_name(path.name + ".part")
    rows: Counter[str] = Counter()
    try:
        with (
            database.snapshot() as session,
            os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file,
        ):
            with zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False) as stream:
                head = {"tipdesk_backup": FORMAT_VERSION, "schema": revision(session.connection())}
                _write_line(stream, head)
                for table in _TABLES:
                    columns = _stored_columns(table)
                    statement = select(*columns).order_by(*table.primary_key)
                    for row in session.execute(statement.execution_options(yield_per=_AT_ONCE)):
                        _write_line(stream, [table.name, *map(_to_json, row)])
                        rows[table.name] += 1
                _write_line(stream, {"rows": rows})
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise BackupError(f"{part}: {error.strerror}; choose a folder that can be written to") from error
    finally:
        part.unlink(missing_ok=True)
    return dict(rows)


def restore(database: Database, path: Path) -> dict[str, int]:
    """Store all rows of a backup, or none; return how many of each table.

    Raises
    ------
    BackupError
        If the file is no whole backup of this schema, or the database is not empty: nothing is overwritten.
    """
    with database.writing() as session:
        kept = [kind.__tablename__ for kind in (Case, User, AuditEntry) if session.scalar(select(kind).limit(1))]
        if kept:
            raise BackupError(
                f"the database holds {', '.join(kept)} already; restore into an empty one, after moving this one away"
            )
        lines = _read_lines(path)
        head = next(lines, None)
        if not isinstance(head, dict) or head.get("tipdesk_backup") != FORMAT_VERSION:
            raise BackupError(
                f"{path} is no backup of format {FORMAT_VERSION}; give one that 'tipdesk store backup' wrote"
            )
        if head["schema"] != (schema := revision(session.connection())):
            raise BackupError(
                f"{path} has schema {head['schema']}, expected {schema}; "
                "restore it with the version that wrote it, then start this one, which migrates it"
            )
        try:
            rows = _insert(session, lines)
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # a line that is none of ours
            raise _damaged(path) from error
        if not rows:
            raise _damaged(path)
        if session.connection().dialect.name == "postgresql":
            _advance_sequences(session)
    database.analyse()
    return rows


def export(database: Database, path: Path) -> int:
    """Write all cases as a table for people, oldest first; return how many.

    Its columns ``text,desk,also,kind,urgent`` are those of a labelled file.

    Raises
    ------
    TableError
        If the file's name asks for a format that there is none of, or it cannot be written.
    """
    columns = ["number", "text", "desk", "also", "kind", "urgent", *_EXPORTED]
    written = 0

    def rows() -> Iterator[list[Any]]:
        nonlocal written
        for case in session.scalars(select(Case).order_by(Case.id).execution_options(yield_per=_AT_ONCE)):
            labels = [case.text, case.desk, "|".join(case.also), case.kind, int(case.urgency != "normal")]
            yield [format_number(case.id), *labels, *(_to_json(getattr(case, name)) for name in _EXPORTED)]
            session.expunge(case)
            written += 1

    with database.snapshot() as session:
        write_table(path, "工单", columns, rows())
    return written


def _insert(session: Session, lines: Iterator[Any]) -> dict[str, int]:
    """Return how many rows were inserted of each table; none where the lines do not end as a backup does."""
    tables = {table.name: table for table in _TABLES}
    rows: Counter[str] = Counter()
    waiting: list[dict[str, Any]] = []
    table: Table | None = None
    for line in lines:
        if isinstance(line, dict):
            _insert_rows(session, table, waiting)
            return dict(rows) if line.get("rows") == rows and next(lines, None) is None else {}
        name, *values = line
        if table is None or table.name != name or len(waiting) == _AT_ONCE:
            _insert_rows(session, table, waiting)
            table, waiting = tables[name], []
        columns = _stored_columns(table)
        waiting.append({column.name: _of_json(column, v) for column, v in zip(columns, values, strict=True)})
        rows[name] += 1
    return {}


def _insert_rows(session: Session, table: Table | None, rows: list[dict[str, Any]]) -> None:
    if table is None or not rows:
        return
    if table is Case.__table__:
        rows = [{**row, "words": words_of_text(row["text"])} for row in rows]
    session.execute(insert(table), rows)


def _advance_sequences(session: Session) -> None:
    """Let PostgreSQL count on from the rows that came with their numbers."""
    for table in _TABLES:
        if (column := table.autoincrement_column) is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            session.execute(select(func.setval(sequence, func.max(column))).select_from(table))


def _stored_columns(table: Table) -> list[Column[Any]]:
    """Return the columns that are not made from others."""
    return [column for column in table.columns if column.computed is None and not isinstance(column.type, Words)]


def _write_line(stream: zstandard.ZstdCompressionWriter, content: object) -> None:
    stream.write(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


def _read_lines(path: Path) -> Iterator[Any]:
    """Yield the lines of a backup."""
    try:
        with path.open("rb") as file, zstandard.open(file, "rt", encoding="utf-8", errors="surrogatepass") as lines:
            yield from map(json.loads, lines)
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}; expected a backup that 'tipdesk store backup' wrote") from error
    except (zstandard.ZstdError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> BackupError:
    return BackupError(f"{path} is damaged, or no backup, or was not written to its end; take another one")


def _to_json(value: object) -> object:
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _of_json(column: Column[Any], value: Any) -> Any:
    kind = column.type.python_type
    if value is None or not issubclass(kind, date | Enum):
        return value
    return kind.fromisoformat(value) if issubclass(kind, date) else kind(value)
