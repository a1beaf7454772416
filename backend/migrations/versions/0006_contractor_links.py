"""Links by which a contractor's crew without accounts does one job; when a crew was reminded of one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "contractor_link",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("work_order_id", sa.UUID(), nullable=False),
        sa.Column("crew_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contractor_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_contractor_link_token_sha256")),
    )
    op.create_index(
        op.f("ix_contractor_link_work_order_id"), "contractor_link", ["work_order_id"], unique=False
    )
    op.add_column("work_order", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Backwards."""
    op.drop_column("work_order", "reminded_at")
    op.drop_table("contractor_link")
