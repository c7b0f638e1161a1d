"""Brings a database to the tables of this version, in one transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from service.store.errors import StoreVersionError

_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks within the connection's transaction.

    Raises
    ------
    StoreVersionError
        If it has one that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = revision(connection)
    if found and found not in known:
        raise StoreVersionError(
            f"the database has schema {found}, this version of tipdesk knows up to {max(known)}; install a newer one"
        )
    command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """Return the newest migration that the database has had."""
    return MigrationContext.configure(connection).get_current_revision()
