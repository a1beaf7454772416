"""Plans for cells and for days, outlines of the past, breaks of crews, bundles and duplicates of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "cell_outline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cell_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column(
            "outline",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_outline")),
    )
    op.create_index(op.f("ix_cell_outline_cell_id"), "cell_outline", ["cell_id"], unique=False)
    op.create_index(
        "ix_cell_outline_outline", "cell_outline", ["outline"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "day_plan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done_share", sa.Double(), server_default="0", nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("stops", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("unserved", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("made_by_id", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_by_id", sa.UUID(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_plan")),
    )
    op.create_index(op.f("ix_day_plan_unit_id"), "day_plan", ["unit_id"], unique=False)
    op.create_table(
        "ground_plan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done_share", sa.Double(), server_default="0", nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("made_by_id", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by_id", sa.UUID(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ground_plan")),
    )
    op.create_index(op.f("ix_ground_plan_unit_id"), "ground_plan", ["unit_id"], unique=False)
    op.add_column(
        "crew",
        sa.Column(
            "end_place",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
    )
    op.add_column("crew", sa.Column("break_from", sa.Text(), nullable=True))
    op.add_column("crew", sa.Column("break_until", sa.Text(), nullable=True))
    op.add_column("crew", sa.Column("break_minutes", sa.Integer(), nullable=True))
    op.add_column("crew", sa.Column("most_jobs", sa.Integer(), nullable=True))
    op.add_column("customer", sa.Column("team_ids", sa.ARRAY(sa.UUID()), nullable=True))
    op.add_column("item", sa.Column("watcher_ids", sa.ARRAY(sa.UUID()), nullable=True))
    op.add_column("item", sa.Column("is_priority", sa.Boolean(), nullable=True))
    op.add_column("matter", sa.Column("checklist", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column(
        "work_order", sa.Column("checklist", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column("work_order", sa.Column("prepared_codes", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("work_order", sa.Column("pipe", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("work_order", sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("work_order", sa.Column("bundle_id", sa.UUID(), nullable=True))
    op.add_column("work_order", sa.Column("duplicate_of_id", sa.UUID(), nullable=True))
    op.add_column(
        "work_order", sa.Column("other_reporters", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.create_index(
        "ix_work_order_duplicate_of_id",
        "work_order",
        ["duplicate_of_id"],
        unique=False,
        postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_work_order_duplicate_of_id"),
        "work_order",
        "work_order",
        ["duplicate_of_id"],
        ["id"],
        ondelete="RESTRICT",
    )


def downgrade() -> None:
    """Backwards."""
    op.drop_constraint(op.f("fk_work_order_duplicate_of_id"), "work_order", type_="foreignkey")
    op.drop_index(
        "ix_work_order_duplicate_of_id",
        table_name="work_order",
        postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
    )
    op.drop_column("work_order", "other_reporters")
    op.drop_column("work_order", "duplicate_of_id")
    op.drop_column("work_order", "bundle_id")
    for name in ("pipe", "prepared_codes", "checklist", "planned_at"):
        op.drop_column("work_order", name)
    op.drop_column("matter", "checklist")
    op.drop_column("item", "is_priority")
    op.drop_column("item", "watcher_ids")
    op.drop_column("customer", "team_ids")
    op.drop_column("crew", "most_jobs")
    op.drop_column("crew", "break_minutes")
    op.drop_column("crew", "break_until")
    op.drop_column("crew", "break_from")
    op.drop_column("crew", "end_place")
    op.drop_index(op.f("ix_ground_plan_unit_id"), table_name="ground_plan")
    op.drop_table("ground_plan")
    op.drop_index(op.f("ix_day_plan_unit_id"), table_name="day_plan")
    op.drop_table("day_plan")
    op.drop_index("ix_cell_outline_outline", table_name="cell_outline", postgresql_using="gist")
    op.drop_index(op.f("ix_cell_outline_cell_id"), table_name="cell_outline")
    op.drop_table("cell_outline")
