"""An index of open cases by due date."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index."""
    is_open = sa.text("closed_on IS NULL")
    op.create_index("ix_cases_due", "cases", ["due_on", "id"], sqlite_where=is_open, postgresql_where=is_open)
