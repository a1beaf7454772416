"""Own names to sign in with, tokens of feeds, files of a watched folder, and meters that were replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    """Forwards."""
    op.add_column("account", sa.Column("login", sa.Text(), nullable=True))
    op.add_column("token", sa.Column("targets", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("token", sa.Column("unit_id", postgresql.UUID(), nullable=True))
    op.add_column("import_row", sa.Column("about", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column(
        "service_point",
        sa.Column("former_meters", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_index(
        "ix_import_row_about",
        "import_row",
        ["about"],
        postgresql_using="gin",
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.create_table(
        "import_feed_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", postgresql.UUID(), nullable=True),
        _moment("told_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_import_feed_file")),
    )


def downgrade() -> None:
    """Backwards: feeds end, and which meters stood where is in the history alone."""
    op.drop_table("import_feed_file")
    op.drop_index("ix_import_row_about", "import_row")
    op.drop_column("service_point", "former_meters")
    op.drop_column("import_row", "about")
    op.execute("DELETE FROM token WHERE use = 'feed'")
    op.drop_column("token", "unit_id")
    op.drop_column("token", "targets")
    op.drop_column("account", "login")
