"""Moves of due days, who resolved and closed an item, tellings of time and cost, which matters are repairs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_DUE = ("item", "survey", "visit", "work_order")
_BY = ("closed_by_id", "resolved_by_id")


def upgrade() -> None:
    """Forwards."""
    for table in _DUE:
        op.add_column(table, sa.Column("due_moves", postgresql.JSONB(), nullable=True))
    op.add_column("work_order", sa.Column("tellings", postgresql.JSONB(), nullable=True))
    op.add_column("matter", sa.Column("is_repair", sa.Boolean(), nullable=True))
    for name in _BY:
        op.add_column("item", sa.Column(name, sa.UUID(), nullable=True))
        op.create_foreign_key(op.f(f"fk_item_{name}"), "item", "staff", [name], ["id"], ondelete="RESTRICT")
        op.create_index(f"ix_item_{name}", "item", [name], postgresql_where=sa.text(f"{name} IS NOT NULL"))


def downgrade() -> None:
    """Backwards."""
    for name in _BY:
        op.drop_index(f"ix_item_{name}", table_name="item")
        op.drop_constraint(op.f(f"fk_item_{name}"), "item", type_="foreignkey")
        op.drop_column("item", name)
    op.drop_column("matter", "is_repair")
    op.drop_column("work_order", "tellings")
    for table in _DUE:
        op.drop_column(table, "due_moves")
