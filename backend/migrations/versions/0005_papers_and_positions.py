"""Papers, remote confirmation, positions with limits, call-back samples, and who looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("of_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access")),
    )
    op.create_index("ix_access_of", "access", ["what", "of_id", "at"], unique=False)
    op.create_table(
        "call_back_sample",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("visit_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back_sample")),
    )
    op.create_index(op.f("ix_call_back_sample_unit_id"), "call_back_sample", ["unit_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("work_order_id", sa.UUID(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("signature_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_confirmation_token_sha256")),
    )
    op.create_index(op.f("ix_confirmation_work_order_id"), "confirmation", ["work_order_id"], unique=False)
    op.create_table(
        "position",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("of_kind", sa.Text(), nullable=True),
        sa.Column("of_id", sa.UUID(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position")),
        sa.UniqueConstraint("staff_id", "event", "at", name=op.f("uq_position_staff_id_event_at")),
    )
    op.create_index("ix_position_at", "position", ["at"], unique=False)
    op.create_table(
        "call_back",
        sa.Column("sample_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.UUID(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["call_back_sample.id"], name=op.f("fk_call_back_sample_id")),
        sa.PrimaryKeyConstraint("sample_id", "visit_id", name=op.f("pk_call_back")),
    )
    op.create_index("ix_photo_of_id", "photo", ["of_id"], unique=False)
    op.create_index("ix_photo_sha256", "photo", ["sha256"], unique=False)
    op.execute("CREATE INDEX ix_signature_strokes ON signature (md5(strokes::text))")
    op.add_column("signature", sa.Column("deputy_reason", sa.Text(), nullable=True))
    op.add_column("signature", sa.Column("photo_id", sa.UUID(), nullable=True))
    op.add_column("signature", sa.Column("way", sa.Text(), nullable=True))
    op.add_column("work_order", sa.Column("unsigned_kind", sa.Text(), nullable=True))


def downgrade() -> None:
    """Backwards."""
    op.drop_column("work_order", "unsigned_kind")
    op.drop_column("signature", "way")
    op.drop_column("signature", "photo_id")
    op.drop_column("signature", "deputy_reason")
    op.execute("DROP INDEX ix_signature_strokes")
    op.drop_index("ix_photo_sha256", table_name="photo")
    op.drop_index("ix_photo_of_id", table_name="photo")
    op.drop_table("call_back")
    op.drop_index("ix_position_at", table_name="position")
    op.drop_table("position")
    op.drop_index(op.f("ix_confirmation_work_order_id"), table_name="confirmation")
    op.drop_table("confirmation")
    op.drop_index(op.f("ix_call_back_sample_unit_id"), table_name="call_back_sample")
    op.drop_table("call_back_sample")
    op.drop_index("ix_access_of", table_name="access")
    op.drop_table("access")
