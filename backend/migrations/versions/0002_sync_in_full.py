"""sync in full: scopes beside the document, quotas, backups, what a history is known by, device health."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.migrations.frozen_types import Xid8

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Keys are walked and compared in the order of their bytes, whatever the database's language.
_KEYS = (("sync_entry", "kind"), ("sync_entry", "scope"), ("sync_document", "kind"))
# Pointers that are empty in most records: no longer indexed where they are.
_POINTERS = (
    ("customer", "cell_id"),
    ("customer", "key_representative_id"),
    ("duty", "crew_id"),
    ("item", "owner_id"),
    ("item", "customer_id"),
    ("item", "cell_id"),
    ("item", "visit_id"),
    ("item", "response_id"),
    ("item", "first_contact_owner_id"),
    ("photo", "cell_id"),
    ("photo", "crew_id"),
    ("photo", "staff_id"),
    ("response", "visit_id"),
    ("response", "customer_id"),
    ("response", "cell_id"),
    ("response", "author_id"),
    ("service_point", "cell_id"),
    ("signature", "cell_id"),
    ("signature", "crew_id"),
    ("signature", "staff_id"),
    ("survey", "work_order_id"),
    ("survey", "customer_id"),
    ("survey", "cell_id"),
    ("unit", "parent_id"),
    ("visit", "service_point_id"),
    ("visit", "cell_id"),
    ("visit", "representative_id"),
    ("work_order", "customer_id"),
    ("work_order", "service_point_id"),
    ("work_order", "cell_id"),
    ("work_order", "crew_id"),
    ("work_order", "first_contact_owner_id"),
    ("work_order", "remainder_of_id"),
    ("work_order", "signature_id"),
    ("work_order", "done_by_id"),
    ("work_order", "closed_by_id"),
)


def upgrade() -> None:
    """Forwards."""
    for table, column in _KEYS:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE text COLLATE "C"')
    op.add_column(
        "sync_document", sa.Column("scopes", sa.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.execute(
        "UPDATE sync_document d SET scopes = ARRAY(SELECT e.scope FROM sync_entry e "
        "WHERE e.kind = d.kind AND e.id = d.id AND NOT e.removed ORDER BY e.scope)"
    )
    for name in ("system_identifier", "timeline", "database_oid", "table_oid"):
        op.add_column("sync_epoch", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("sync_epoch", sa.Column("holds_through", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sync_quota",
        sa.Column("device_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mutations", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "day"),
    )
    op.create_table(
        "sync_backup",
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("began_at"),
    )
    op.create_table(
        "sync_tick",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.PrimaryKeyConstraint("at"),
    )
    op.alter_column("device", "last_error", new_column_name="last_failure")
    op.add_column("device", sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device", sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device", sa.Column("storage_left_mb", sa.Integer(), nullable=True))
    for table, column in _POINTERS:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        op.create_index(
            f"ix_{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
