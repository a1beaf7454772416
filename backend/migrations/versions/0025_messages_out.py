"""Messages that leave the house have rows of their own: what became of them, templates, channels, consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def _moment(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "message",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("unit_id", postgresql.UUID(), nullable=True),
        sa.Column("party_kind", sa.Text(), nullable=True),
        sa.Column("party_id", postgresql.UUID(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", postgresql.UUID(), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="wanted", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        _moment("wanted_at", server_default=sa.text("now()"), nullable=False),
        _moment("sent_at", nullable=True),
        _moment("ended_at", nullable=True),
        _moment("ask_at", nullable=True),
        sa.Column("address_masked", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_message_outbox_id")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
    )
    op.create_index("ix_message_unit_wanted", "message", ["unit_id", "wanted_at"])
    op.create_index(
        "ix_message_open", "message", ["channel"], postgresql_where=sa.text("state IN ('wanted', 'asking')")
    )
    op.create_index(op.f("ix_message_party_id"), "message", ["party_id"])
    op.create_index(op.f("ix_message_provider_id"), "message", ["provider_id"])
    op.create_table(
        "message_receipt",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        _moment("taken_at", server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_message_receipt")),
    )
    _settings()


def _settings() -> None:
    op.create_table(
        "message_template",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        _moment("valid_from", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("made_by", postgresql.UUID(), nullable=False),
        _moment("made_at", server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "language", "edition", name=op.f("pk_message_template")),
    )
    op.create_table(
        "message_purpose",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("quiet_from_hour", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_until_hour", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_message_purpose")),
    )
    op.create_table(
        "message_address",
        sa.Column("party_kind", sa.Text(), nullable=False),
        sa.Column("party_id", postgresql.UUID(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("party_kind", "party_id", "way", name=op.f("pk_message_address")),
    )
    op.create_table(
        "message_consent",
        sa.Column("customer_id", postgresql.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("noted_by", postgresql.UUID(), nullable=False),
        _moment("noted_at", server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "purpose", name=op.f("pk_message_consent")),
    )


def downgrade() -> None:
    """Backwards."""
    for table in (
        "message_consent",
        "message_address",
        "message_purpose",
        "message_template",
        "message_receipt",
        "message",
    ):
        op.drop_table(table)
