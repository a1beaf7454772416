"""Held work keeps when it was first received, what its clocks were worth then, and when it was last tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards: what is held already has no receipt, and is judged by the clock of whoever brings the rest."""
    op.add_column("sync_waiting", sa.Column("receipt", postgresql.JSONB(), nullable=True))
    op.add_column("sync_waiting", sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sync_waiting", sa.Column("tried_version", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Backwards."""
    for name in ("tried_version", "tried_at", "receipt"):
        op.drop_column("sync_waiting", name)
