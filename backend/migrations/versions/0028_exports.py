"""Exports that are prepared as one archive each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "export_run",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("unit_id", postgresql.UUID(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("forms", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("made_by_id", postgresql.UUID(), nullable=False),
        _moment("made_at", server_default=sa.text("now()"), nullable=False),
        _moment("ended_at", nullable=True),
        _moment("expires_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_run")),
    )
    op.create_index(op.f("ix_export_run_unit_id"), "export_run", ["unit_id"], unique=False)


def downgrade() -> None:
    """Backwards: exports that were prepared are forgotten."""
    op.drop_table("export_run")
