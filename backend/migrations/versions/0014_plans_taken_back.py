"""What a day's plan changes, by crew, and what it was before, so that it can be taken back whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
_LISTS = ("base_crews", "effects", "notes", "written", "kept")


def upgrade() -> None:
    """Forwards."""
    for name in _LISTS:
        op.add_column("day_plan", sa.Column(name, JSONB(), nullable=True))
    op.add_column("day_plan", sa.Column("taken_back_by_id", sa.UUID(), nullable=True))
    op.add_column("day_plan", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Backwards."""
    for name in ("taken_back_at", "taken_back_by_id", *reversed(_LISTS)):
        op.drop_column("day_plan", name)
