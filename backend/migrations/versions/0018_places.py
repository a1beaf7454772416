"""A unit's territory, a key customer's own representative on the points, and the job a return visit asks about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
_POINTERS = (("service_point", "key_representative_id", "staff"), ("visit", "work_order_id", "work_order"))


def upgrade() -> None:
    """Forwards: points already there get their representative by the nightly round, as a write that phones hear of."""
    op.add_column(
        "unit",
        sa.Column("territory", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=True),
    )
    op.add_column("visit", sa.Column("about", sa.Text(), nullable=True))
    op.add_column("visit", sa.Column("is_satisfied", sa.Boolean(), nullable=True))
    for table, column, kind in _POINTERS:
        op.add_column(table, sa.Column(column, sa.UUID(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_{column}"), table, kind, [column], ["id"], ondelete="RESTRICT"
        )
        op.create_index(
            f"ix_{table}_{column}", table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def downgrade() -> None:
    """Backwards."""
    for table, column, _ in reversed(_POINTERS):
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        op.drop_constraint(op.f(f"fk_{table}_{column}"), table, type_="foreignkey")
        op.drop_column(table, column)
    for table, column in (("visit", "is_satisfied"), ("visit", "about"), ("unit", "territory")):
        op.drop_column(table, column)
