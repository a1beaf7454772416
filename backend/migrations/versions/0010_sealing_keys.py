"""Which key made a seal, and the public halves of keys that have ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards: seals from before say no key; they are tried with those that are known."""
    op.add_column("seal", sa.Column("key_id", sa.Text(), nullable=True))
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=True),
        sa.Column("last_number", sa.BigInteger(), nullable=True),
        sa.Column("last_hash", sa.LargeBinary(), nullable=True),
        sa.Column("endorsement", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_key")),
    )


def downgrade() -> None:
    """Backwards."""
    op.drop_table("sealing_key")
    op.drop_column("seal", "key_id")
