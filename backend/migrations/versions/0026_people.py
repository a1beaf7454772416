"""Links to accounts, passwords that must be changed, and the halves of keys to phones' stores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
_NOW = sa.text("now()")


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    """Forwards."""
    op.add_column(
        "account", sa.Column("must_change_password", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("customer", sa.Column("former_numbers", sa.ARRAY(sa.Text()), nullable=True))
    op.create_table(
        "account_link",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", postgresql.UUID(), nullable=False),
        sa.Column("unit_id", postgresql.UUID(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("made_by", postgresql.UUID(), nullable=False),
        _moment("made_at", server_default=_NOW, nullable=False),
        _moment("until", nullable=False),
        _moment("used_at", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_account_link_token_sha256")),
    )
    for column in ("staff_id", "unit_id"):
        op.create_index(op.f(f"ix_account_link_{column}"), "account_link", [column], unique=False)
    op.create_table(
        "phone_recovery",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("staff_id", postgresql.UUID(), nullable=False),
        sa.Column("device_id", postgresql.UUID(), nullable=True),
        sa.Column("half", sa.LargeBinary(), nullable=False),
        sa.Column("proof_sha256", sa.LargeBinary(), nullable=False),
        _moment("kept_at", server_default=_NOW, nullable=False),
        _moment("asked_at", nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("approved_by", postgresql.UUID(), nullable=True),
        _moment("approved_at", nullable=True),
        _moment("collected_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_recovery")),
    )
    op.create_index(op.f("ix_phone_recovery_staff_id"), "phone_recovery", ["staff_id"], unique=False)


def downgrade() -> None:
    """Backwards: links that were not used and phones that ask for their half are forgotten."""
    op.drop_table("phone_recovery")
    op.drop_table("account_link")
    op.drop_column("customer", "former_numbers")
    op.drop_column("account", "must_change_password")
