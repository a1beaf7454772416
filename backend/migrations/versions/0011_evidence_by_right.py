"""Which way a confirmation from afar went; which device a file came from; rows beside the records enter history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# As they are from this version on; rows of before enter history as they stand at the upgrade.
_NOTED = (
    ("device", "t.id", ("id", "unit_id", "public_key", "registered_at", "revoked_at"), "true"),
    (
        "confirmation", "t.id",
        ("id", "token_sha256", "unit_id", "work_order_id", "made_by", "made_at", "until", "used_at", "outcome", "signature_id", "way"),
        "true",
    ),
    (
        "contractor_link", "t.id",
        ("id", "token_sha256", "unit_id", "work_order_id", "crew_id", "staff_id", "made_by", "made_at", "until"), "true",
    ),
    ("access", "md5('access ' || t.id)::uuid", ("id", "at", "staff_id", "unit_id", "what", "of_id", "reason"), "true"),
    (
        "call_back_sample", "t.id",
        ("id", "unit_id", "made_by", "made_at", "from_day", "until_day", "seed", "population", "visit_ids"), "true",
    ),
    (
        "call_back", "md5(t.sample_id::text || t.visit_id)::uuid",
        ("sample_id", "visit_id", "outcome", "said", "asked_by", "asked_at"), "true",
    ),
    (
        "upload", "t.id",
        ("id", "staff_id", "device_id", "unit_id", "photo_id", "sha256", "length_bytes", "created_at", "whole_at", "finished_at"),
        "t.finished_at IS NOT NULL",
    ),
    ("object", "md5(t.sha256)::uuid", ("sha256", "size_bytes", "arrived_at"), "true"),
    (
        "look", "md5(t.sha256)::uuid",
        ("sha256", "state", "reason", "media_type", "width", "height", "taken_local", "taken_at", "lng", "lat", "device",
         "looks_like", "web_sha256", "thumb_sha256"),
        "t.state <> 'waiting'",
    ),
)  # fmt: skip
_SYSTEM = "00000000-0000-7000-8000-000000000001"


def upgrade() -> None:
    """Forwards."""
    op.add_column("confirmation", sa.Column("way", sa.Text(), nullable=True))
    op.add_column("upload", sa.Column("device_id", sa.UUID(), nullable=True))
    op.create_index(op.f("ix_upload_sha256"), "upload", ["sha256"], unique=False)
    op.add_column("signature", sa.Column("way_by_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_signature_way_by_id"), "signature", "staff", ["way_by_id"], ["id"], ondelete="RESTRICT"
    )
    op.create_index(
        "ix_signature_way_by_id",
        "signature",
        ["way_by_id"],
        postgresql_where=sa.text("way_by_id IS NOT NULL"),
    )
    op.add_column(
        "work_order", sa.Column("photo_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    for table, key, columns, counts in _NOTED:
        names = ", ".join(f"'{name}'" for name in columns)
        op.execute(
            "INSERT INTO sync_history (kind, id, version, op, changed, actor_id, happened_at) "
            f"SELECT '{table}', {key}, h.version + 1, 'create', (SELECT jsonb_object_agg(c.key, jsonb_build_array(NULL, c.value)) "
            f"FROM jsonb_each(to_jsonb(t)) c WHERE c.key IN ({names}) AND c.value <> 'null'), '{_SYSTEM}', now() "
            f'FROM "{table}" t, LATERAL (SELECT coalesce(max(version), 0) AS version FROM sync_history '
            f"WHERE kind = '{table}' AND id = {key}) h WHERE {counts}"
        )


def downgrade() -> None:
    """Backwards; what history says of those rows stays."""
    op.drop_column("work_order", "photo_reasons")
    op.drop_index("ix_signature_way_by_id", table_name="signature")
    op.drop_column("signature", "way_by_id")
    op.drop_index(op.f("ix_upload_sha256"), table_name="upload")
    op.drop_column("upload", "device_id")
    op.drop_column("confirmation", "way")
