"""Parked work says what it does to which fields, and which of them its author has set again since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards: of what is parked already nobody knows what it does; it may be the creation of its record."""
    op.add_column("sync_waiting", sa.Column("op", sa.Text(), nullable=True))
    op.add_column("sync_waiting", sa.Column("action", sa.Text(), nullable=True))
    op.add_column("sync_waiting", sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=True))
    corrected = sa.Column("corrected", postgresql.JSONB(), nullable=False, server_default="{}")
    op.add_column("sync_waiting", corrected)
    op.add_column("sync_waiting", sa.Column("settled_by_id", postgresql.UUID(), nullable=True))
    where = sa.text("decided_at IS NULL")
    op.create_index("ix_sync_waiting_group", "sync_waiting", ["group_id"], postgresql_where=where)


def downgrade() -> None:
    """Backwards."""
    op.drop_index("ix_sync_waiting_group", "sync_waiting")
    for name in ("settled_by_id", "corrected", "fields", "action", "op"):
        op.drop_column("sync_waiting", name)
