"""Evidence: uploads in full, looks at pictures, sheets and their checks, seals, positions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "look",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_local", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lng", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("looks_like", sa.Text(), nullable=True),
        sa.Column("web_sha256", sa.Text(), nullable=True),
        sa.Column("thumb_sha256", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_look")),
    )
    op.create_index(op.f("ix_look_looks_like"), "look", ["looks_like"], unique=False)
    op.create_table(
        "seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_table(
        "sealed_row",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seal_number", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", "version", name=op.f("pk_sealed_row")),
    )
    op.create_index("ix_sealed_row_seal", "sealed_row", ["seal_number", "place"], unique=False)
    op.add_column("signature", sa.Column("sheet", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("signature", sa.Column("device_signature", sa.Text(), nullable=True))
    op.add_column("signature", sa.Column("sheet_check", sa.Text(), nullable=True))
    op.add_column("signature", sa.Column("device_check", sa.Text(), nullable=True))
    op.create_index(
        "ix_sync_history_recorded", "sync_history", ["recorded_at"], unique=False, postgresql_using="brin"
    )
    op.add_column(
        "upload",
        sa.Column("expires_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("upload", sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("upload", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("upload", sa.Column("end_reason", sa.Text(), nullable=True))
    op.alter_column("upload", "photo_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column("upload", "sha256", existing_type=sa.TEXT(), nullable=True)
    op.drop_column("upload", "offset_bytes")
    op.execute("UPDATE upload SET expires_at = now() + interval '14 days'")
    op.execute("INSERT INTO look (sha256) SELECT sha256 FROM object")
    op.add_column("visit", sa.Column("truth_grade", sa.Text(), nullable=True))
    op.add_column("visit", sa.Column("truth_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("work_order", sa.Column("signature_state", sa.Text(), nullable=True))


def downgrade() -> None:
    """Backwards."""
    op.drop_column("work_order", "signature_state")
    op.drop_column("visit", "truth_reasons")
    op.drop_column("visit", "truth_grade")
    op.add_column(
        "upload",
        sa.Column(
            "offset_bytes",
            sa.BIGINT(),
            server_default=sa.text("'0'::bigint"),
            autoincrement=False,
            nullable=False,
        ),
    )
    op.execute("DELETE FROM upload WHERE sha256 IS NULL")
    op.alter_column("upload", "sha256", existing_type=sa.TEXT(), nullable=False)
    op.alter_column("upload", "photo_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("upload", "end_reason")
    op.drop_column("upload", "ended_at")
    op.drop_column("upload", "whole_at")
    op.drop_column("upload", "expires_at")
    op.drop_index("ix_sync_history_recorded", table_name="sync_history", postgresql_using="brin")
    op.drop_column("signature", "device_check")
    op.drop_column("signature", "sheet_check")
    op.drop_column("signature", "device_signature")
    op.drop_column("signature", "sheet")
    op.drop_index("ix_sealed_row_seal", table_name="sealed_row")
    op.drop_table("sealed_row")
    op.drop_table("seal")
    op.drop_index(op.f("ix_look_looks_like"), table_name="look")
    op.drop_table("look")
