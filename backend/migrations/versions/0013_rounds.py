"""A job's round, and the job an item came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.add_column("work_order", sa.Column("round", sa.Integer(), nullable=True))
    op.add_column("item", sa.Column("work_order_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_item_work_order_id"), "item", "work_order", ["work_order_id"], ["id"], ondelete="RESTRICT"
    )
    op.create_index(
        "ix_item_work_order_id",
        "item",
        ["work_order_id"],
        postgresql_where=sa.text("work_order_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Backwards."""
    op.drop_index("ix_item_work_order_id", table_name="item")
    op.drop_constraint(op.f("fk_item_work_order_id"), "item", type_="foreignkey")
    op.drop_column("item", "work_order_id")
    op.drop_column("work_order", "round")
