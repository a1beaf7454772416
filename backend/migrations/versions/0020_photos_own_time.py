"""A photo's time is the picture's own or none: it may be left open."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards: what stands there stays."""
    op.alter_column("photo", "taken_at", nullable=True)


def downgrade() -> None:
    """Backwards: an older release needs a time, and takes the one at which the record was made."""
    op.execute("UPDATE photo SET taken_at = created_at WHERE taken_at IS NULL")
    op.alter_column("photo", "taken_at", nullable=False)
