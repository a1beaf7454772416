"""Alarms: signs of life of each process, what rang and when, thresholds of the installation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
_NOW = sa.text("now()")


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "pulse",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        _moment("began_at", server_default=_NOW, nullable=False),
        _moment("at", server_default=_NOW, nullable=False),
        sa.Column("told", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("part", "who", name=op.f("pk_pulse")),
    )
    op.create_table(
        "alarm_raised",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Text(), server_default="", nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        _moment("began_at", nullable=False),
        _moment("fine_since", nullable=True),
        _moment("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_raised")),
    )
    op.create_index(
        "uq_alarm_raised_open",
        "alarm_raised",
        ["code"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_alarm_raised_began_at", "alarm_raised", ["began_at"], unique=False)
    op.create_table(
        "alarm_threshold",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        _moment("set_at", server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_alarm_threshold")),
    )


def downgrade() -> None:
    """Backwards: what rang is forgotten, and the usual thresholds hold."""
    op.drop_table("alarm_threshold")
    op.drop_table("alarm_raised")
    op.drop_table("pulse")
