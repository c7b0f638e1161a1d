"""PostgreSQL's index of words holds the desk too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_cases_words", "cases")
        op.create_index(
            "ix_cases_words",
            "cases",
            ["words", sa.text("(ARRAY[desk])")],
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},  # as before
        )
