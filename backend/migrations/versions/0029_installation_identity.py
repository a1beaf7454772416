"""What an installation is known by: a backup of another one is not brought back by mistake."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards: who was there before gets one now."""
    op.add_column(
        "installation",
        sa.Column("identity", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
    )


def downgrade() -> None:
    """Backwards."""
    op.drop_column("installation", "identity")
