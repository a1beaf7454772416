"""the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from backend.migrations.frozen_types import Xid8

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "account",
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("staff_number", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_account")),
        sa.UniqueConstraint("phone", name=op.f("uq_account_phone")),
        sa.UniqueConstraint("staff_number", name=op.f("uq_account_staff_number")),
    )
    op.create_table(
        "calendar",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
    )
    op.create_index(op.f("ix_calendar_unit_id"), "calendar", ["unit_id"], unique=False)
    op.create_table(
        "cell",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
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
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("workload", sa.Numeric(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell")),
    )
    op.create_index("ix_cell_outline", "cell", ["outline"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_cell_unit_id"), "cell", ["unit_id"], unique=False)
    op.create_table(
        "device",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column(
            "registered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("waiting_count", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_index(op.f("ix_device_unit_id"), "device", ["unit_id"], unique=False)
    op.create_table(
        "matter",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("contact_within_minutes", sa.Integer(), nullable=True),
        sa.Column("finish_within_minutes", sa.Integer(), nullable=True),
        sa.Column("required_photos", sa.Integer(), nullable=True),
        sa.Column("signature_required", sa.Boolean(), nullable=True),
        sa.Column("quote_required", sa.Boolean(), nullable=True),
        sa.Column("questionnaire_id", sa.UUID(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
    )
    op.create_index(op.f("ix_matter_unit_id"), "matter", ["unit_id"], unique=False)
    op.create_table(
        "object",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_object")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "announced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_pending", "outbox", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "questionnaire",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaire")),
    )
    op.create_index(op.f("ix_questionnaire_unit_id"), "questionnaire", ["unit_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("staff_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("work_phone", sa.Text(), nullable=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("employment", sa.Text(), nullable=False),
        sa.Column("qualifications", sa.Text(), nullable=True),
        sa.Column("exam_passed_until", sa.Date(), nullable=True),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("working_hours", sa.Text(), nullable=True),
        sa.Column("portrait_id", sa.UUID(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_index(op.f("ix_staff_unit_id"), "staff", ["unit_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("family", sa.UUID(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_token")),
    )
    op.create_index(op.f("ix_token_family"), "token", ["family"], unique=False)
    op.create_index("ix_token_staff_device", "token", ["staff_id", "device_id"], unique=False)
    op.create_table(
        "unit",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("hotline", sa.Text(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_index(op.f("ix_unit_unit_id"), "unit", ["unit_id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("photo_id", sa.UUID(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_photo_id"), "upload", ["photo_id"], unique=False)
    op.create_index(op.f("ix_upload_staff_id"), "upload", ["staff_id"], unique=False)
    op.create_table(
        "cell_assignment",
        sa.Column("cell_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_cell_assignment_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_cell_assignment_staff_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_assignment")),
    )
    op.create_index(op.f("ix_cell_assignment_cell_id"), "cell_assignment", ["cell_id"], unique=False)
    op.create_index(op.f("ix_cell_assignment_staff_id"), "cell_assignment", ["staff_id"], unique=False)
    op.create_index(op.f("ix_cell_assignment_unit_id"), "cell_assignment", ["unit_id"], unique=False)
    op.create_table(
        "crew",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("leader_id", sa.UUID(), nullable=False),
        sa.Column("member_ids", sa.ARRAY(sa.UUID()), nullable=False),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("shift_start", sa.Text(), nullable=False),
        sa.Column("shift_end", sa.Text(), nullable=False),
        sa.Column(
            "start_place",
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
        sa.Column("vehicle", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["staff.id"], name=op.f("fk_crew_leader_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crew")),
    )
    op.create_index(op.f("ix_crew_leader_id"), "crew", ["leader_id"], unique=False)
    op.create_index(op.f("ix_crew_unit_id"), "crew", ["unit_id"], unique=False)
    op.create_table(
        "customer",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("key_representative_id", sa.UUID(), nullable=True),
        sa.Column("is_vulnerable", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("pinyin", sa.Text(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_customer_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["key_representative_id"],
            ["staff.id"],
            name=op.f("fk_customer_key_representative_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_cell_id"), "customer", ["cell_id"], unique=False)
    op.create_index(
        op.f("ix_customer_key_representative_id"), "customer", ["key_representative_id"], unique=False
    )
    op.create_index(
        "ix_customer_name",
        "customer",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_customer_phone",
        "customer",
        ["phone"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"phone": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_customer_pinyin",
        "customer",
        ["pinyin"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"pinyin": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_customer_unit_id"), "customer", ["unit_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.UUID(), nullable=True),
        sa.Column("is_urgent", sa.Boolean(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_notice_staff_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_staff_id"), "notice", ["staff_id"], unique=False)
    op.create_index(op.f("ix_notice_unit_id"), "notice", ["unit_id"], unique=False)
    op.create_table(
        "duty",
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("crew_id", sa.UUID(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "start_place",
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
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_duty_crew_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_duty_staff_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_crew_id"), "duty", ["crew_id"], unique=False)
    op.create_index(op.f("ix_duty_staff_id"), "duty", ["staff_id"], unique=False)
    op.create_index(op.f("ix_duty_unit_id"), "duty", ["unit_id"], unique=False)
    op.create_table(
        "photo",
        sa.Column("of_kind", sa.Text(), nullable=False),
        sa.Column("of_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "place",
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
        sa.Column("accuracy_m", sa.Numeric(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("crew_id", sa.UUID(), nullable=True),
        sa.Column("staff_id", sa.UUID(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name=op.f("fk_photo_cell_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_photo_crew_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_photo_staff_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
    )
    op.create_index(op.f("ix_photo_cell_id"), "photo", ["cell_id"], unique=False)
    op.create_index(op.f("ix_photo_crew_id"), "photo", ["crew_id"], unique=False)
    op.create_index(op.f("ix_photo_staff_id"), "photo", ["staff_id"], unique=False)
    op.create_index(op.f("ix_photo_unit_id"), "photo", ["unit_id"], unique=False)
    op.create_table(
        "service_point",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "place",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("meter_number", sa.Text(), nullable=True),
        sa.Column("diameter_mm", sa.Integer(), nullable=True),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("access_note", sa.Text(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_service_point_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_service_point_customer_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_point")),
    )
    op.create_index(
        "ix_service_point_address",
        "service_point",
        ["address"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"address": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_service_point_cell_id"), "service_point", ["cell_id"], unique=False)
    op.create_index(op.f("ix_service_point_customer_id"), "service_point", ["customer_id"], unique=False)
    op.create_index(
        "ix_service_point_meter_number",
        "service_point",
        ["meter_number"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"meter_number": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_service_point_place", "service_point", ["place"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_service_point_unit_id"), "service_point", ["unit_id"], unique=False)
    op.create_table(
        "signature",
        sa.Column("of_kind", sa.Text(), nullable=False),
        sa.Column("of_id", sa.UUID(), nullable=False),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("strokes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sheet_sha256", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "place",
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
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("crew_id", sa.UUID(), nullable=True),
        sa.Column("staff_id", sa.UUID(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_signature_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["crew_id"], ["crew.id"], name=op.f("fk_signature_crew_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_signature_staff_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
    )
    op.create_index(op.f("ix_signature_cell_id"), "signature", ["cell_id"], unique=False)
    op.create_index(op.f("ix_signature_crew_id"), "signature", ["crew_id"], unique=False)
    op.create_index(op.f("ix_signature_staff_id"), "signature", ["staff_id"], unique=False)
    op.create_index(op.f("ix_signature_unit_id"), "signature", ["unit_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("service_point_id", sa.UUID(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("representative_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "check_in",
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
        sa.Column("check_in_accuracy_m", sa.Numeric(), nullable=True),
        sa.Column("away_reason", sa.Text(), nullable=True),
        sa.Column("absent_reason", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("photo_ids", sa.ARRAY(sa.UUID()), nullable=True),
        sa.Column("materials", sa.Text(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name=op.f("fk_visit_cell_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_visit_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["representative_id"], ["staff.id"], name=op.f("fk_visit_representative_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["service_point_id"],
            ["service_point.id"],
            name=op.f("fk_visit_service_point_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_cell_id"), "visit", ["cell_id"], unique=False)
    op.create_index(op.f("ix_visit_customer_id"), "visit", ["customer_id"], unique=False)
    op.create_index(op.f("ix_visit_representative_id"), "visit", ["representative_id"], unique=False)
    op.create_index(op.f("ix_visit_service_point_id"), "visit", ["service_point_id"], unique=False)
    op.create_index(op.f("ix_visit_unit_id"), "visit", ["unit_id"], unique=False)
    op.create_table(
        "work_order",
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("matter_id", sa.UUID(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "place",
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
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("reporter", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("service_point_id", sa.UUID(), nullable=True),
        sa.Column("site_card", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("crew_id", sa.UUID(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=True),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("first_contact_owner_id", sa.UUID(), nullable=True),
        sa.Column("contact_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("required_photos", sa.Integer(), nullable=True),
        sa.Column("signature_required", sa.Boolean(), nullable=True),
        sa.Column("quote_required", sa.Boolean(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("diagnosis", sa.Text(), nullable=True),
        sa.Column("told_minutes", sa.Integer(), nullable=True),
        sa.Column("told_cost_fen", sa.Integer(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("refuse_reason", sa.Text(), nullable=True),
        sa.Column("responsible_party", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("reopen_reason", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("remainder", sa.Text(), nullable=True),
        sa.Column("remainder_of_id", sa.UUID(), nullable=True),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("pressure_kpa", sa.Integer(), nullable=True),
        sa.Column("photo_ids", sa.ARRAY(sa.UUID()), nullable=True),
        sa.Column("signature_id", sa.UUID(), nullable=True),
        sa.Column("unsigned_reason", sa.Text(), nullable=True),
        sa.Column("return_visit", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.UUID(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_work_order_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff.id"], name=op.f("fk_work_order_closed_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["crew_id"], ["crew.id"], name=op.f("fk_work_order_crew_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_work_order_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"], ["staff.id"], name=op.f("fk_work_order_done_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["first_contact_owner_id"],
            ["staff.id"],
            name=op.f("fk_work_order_first_contact_owner_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matter.id"], name=op.f("fk_work_order_matter_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["remainder_of_id"],
            ["work_order.id"],
            name=op.f("fk_work_order_remainder_of_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["service_point_id"],
            ["service_point.id"],
            name=op.f("fk_work_order_service_point_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"], ["signature.id"], name=op.f("fk_work_order_signature_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_order")),
    )
    op.create_index(op.f("ix_work_order_cell_id"), "work_order", ["cell_id"], unique=False)
    op.create_index(op.f("ix_work_order_closed_by_id"), "work_order", ["closed_by_id"], unique=False)
    op.create_index(op.f("ix_work_order_crew_id"), "work_order", ["crew_id"], unique=False)
    op.create_index(op.f("ix_work_order_customer_id"), "work_order", ["customer_id"], unique=False)
    op.create_index(op.f("ix_work_order_done_by_id"), "work_order", ["done_by_id"], unique=False)
    op.create_index(
        op.f("ix_work_order_first_contact_owner_id"), "work_order", ["first_contact_owner_id"], unique=False
    )
    op.create_index(op.f("ix_work_order_matter_id"), "work_order", ["matter_id"], unique=False)
    op.create_index("ix_work_order_place", "work_order", ["place"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_work_order_remainder_of_id"), "work_order", ["remainder_of_id"], unique=False)
    op.create_index(op.f("ix_work_order_service_point_id"), "work_order", ["service_point_id"], unique=False)
    op.create_index(op.f("ix_work_order_signature_id"), "work_order", ["signature_id"], unique=False)
    op.create_index(op.f("ix_work_order_unit_id"), "work_order", ["unit_id"], unique=False)
    op.create_table(
        "response",
        sa.Column("questionnaire_id", sa.UUID(), nullable=False),
        sa.Column("visit_id", sa.UUID(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("author_id", sa.UUID(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Numeric(), nullable=True),
        sa.Column("faults", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["staff.id"], name=op.f("fk_response_author_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_response_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_response_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"],
            ["questionnaire.id"],
            name=op.f("fk_response_questionnaire_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_response_visit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
    )
    op.create_index(op.f("ix_response_author_id"), "response", ["author_id"], unique=False)
    op.create_index(op.f("ix_response_cell_id"), "response", ["cell_id"], unique=False)
    op.create_index(op.f("ix_response_customer_id"), "response", ["customer_id"], unique=False)
    op.create_index(op.f("ix_response_questionnaire_id"), "response", ["questionnaire_id"], unique=False)
    op.create_index(op.f("ix_response_unit_id"), "response", ["unit_id"], unique=False)
    op.create_index(op.f("ix_response_visit_id"), "response", ["visit_id"], unique=False)
    op.create_table(
        "survey",
        sa.Column("work_order_id", sa.UUID(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("surveyor_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "place",
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
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("sketch_id", sa.UUID(), nullable=True),
        sa.Column("photo_ids", sa.ARRAY(sa.UUID()), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cell.id"], name=op.f("fk_survey_cell_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_survey_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["surveyor_id"], ["staff.id"], name=op.f("fk_survey_surveyor_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_order_id"], ["work_order.id"], name=op.f("fk_survey_work_order_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
    )
    op.create_index(op.f("ix_survey_cell_id"), "survey", ["cell_id"], unique=False)
    op.create_index(op.f("ix_survey_customer_id"), "survey", ["customer_id"], unique=False)
    op.create_index(op.f("ix_survey_surveyor_id"), "survey", ["surveyor_id"], unique=False)
    op.create_index(op.f("ix_survey_unit_id"), "survey", ["unit_id"], unique=False)
    op.create_index(op.f("ix_survey_work_order_id"), "survey", ["work_order_id"], unique=False)
    op.create_table(
        "item",
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("cell_id", sa.UUID(), nullable=True),
        sa.Column("visit_id", sa.UUID(), nullable=True),
        sa.Column("response_id", sa.UUID(), nullable=True),
        sa.Column("case_id", sa.UUID(), nullable=True),
        sa.Column("first_contact_owner_id", sa.UUID(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("return_visit_note", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cell_id"], ["cell.id"], name=op.f("fk_item_cell_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_item_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["first_contact_owner_id"],
            ["staff.id"],
            name=op.f("fk_item_first_contact_owner_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["staff.id"], name=op.f("fk_item_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_item_response_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_item_visit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_index(op.f("ix_item_cell_id"), "item", ["cell_id"], unique=False)
    op.create_index(op.f("ix_item_customer_id"), "item", ["customer_id"], unique=False)
    op.create_index(op.f("ix_item_first_contact_owner_id"), "item", ["first_contact_owner_id"], unique=False)
    op.create_index(op.f("ix_item_owner_id"), "item", ["owner_id"], unique=False)
    op.create_index(op.f("ix_item_response_id"), "item", ["response_id"], unique=False)
    op.create_index(op.f("ix_item_unit_id"), "item", ["unit_id"], unique=False)
    op.create_index(op.f("ix_item_visit_id"), "item", ["visit_id"], unique=False)
    op.create_table(
        "sync_document",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("heads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.create_table(
        "sync_entry",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "kind", "id"),
    )
    op.create_index("ix_sync_entry_changes", "sync_entry", ["scope", "xid", "kind", "id"], unique=False)
    op.create_index("ix_sync_entry_record", "sync_entry", ["kind", "id"], unique=False)
    op.create_table(
        "sync_epoch",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "sync_exchange",
        sa.Column("device_id", sa.UUID(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("monotonic_ms", sa.BigInteger(), nullable=False),
        sa.Column("server_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "boot"),
    )
    op.create_table(
        "sync_history",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("mutation_id", sa.UUID(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version"),
    )
    op.create_table(
        "sync_mutation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sync_question",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("heads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", "field"),
    )
    op.create_table(
        "sync_waiting",
        sa.Column("mutation_id", sa.UUID(), nullable=False),
        sa.Column("place", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("unit_id", sa.UUID(), nullable=True),
        sa.Column("group_id", sa.UUID(), nullable=False),
        sa.Column("waits_kind", sa.Text(), nullable=True),
        sa.Column("waits_id", sa.Text(), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verbatim", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.UUID(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("mutation_id"),
    )
    op.create_index(
        "ix_sync_waiting_inbox",
        "sync_waiting",
        ["unit_id", "received_at"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_index("ix_sync_waiting_record", "sync_waiting", ["kind", "record_id"], unique=False)
    op.create_index("ix_sync_waiting_waits", "sync_waiting", ["waits_kind", "waits_id"], unique=False)
    # ### end Alembic commands ###


def downgrade() -> None:
    """Backwards."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index("ix_sync_waiting_waits", table_name="sync_waiting")
    op.drop_index("ix_sync_waiting_record", table_name="sync_waiting")
    op.drop_index(
        "ix_sync_waiting_inbox", table_name="sync_waiting", postgresql_where=sa.text("decided_at IS NULL")
    )
    op.drop_table("sync_waiting")
    op.drop_table("sync_question")
    op.drop_table("sync_mutation")
    op.drop_table("sync_history")
    op.drop_table("sync_exchange")
    op.drop_table("sync_epoch")
    op.drop_index("ix_sync_entry_record", table_name="sync_entry")
    op.drop_index("ix_sync_entry_changes", table_name="sync_entry")
    op.drop_table("sync_entry")
    op.drop_table("sync_document")
    op.drop_index(op.f("ix_item_visit_id"), table_name="item")
    op.drop_index(op.f("ix_item_unit_id"), table_name="item")
    op.drop_index(op.f("ix_item_response_id"), table_name="item")
    op.drop_index(op.f("ix_item_owner_id"), table_name="item")
    op.drop_index(op.f("ix_item_first_contact_owner_id"), table_name="item")
    op.drop_index(op.f("ix_item_customer_id"), table_name="item")
    op.drop_index(op.f("ix_item_cell_id"), table_name="item")
    op.drop_table("item")
    op.drop_index(op.f("ix_survey_work_order_id"), table_name="survey")
    op.drop_index(op.f("ix_survey_unit_id"), table_name="survey")
    op.drop_index(op.f("ix_survey_surveyor_id"), table_name="survey")
    op.drop_index(op.f("ix_survey_customer_id"), table_name="survey")
    op.drop_index(op.f("ix_survey_cell_id"), table_name="survey")
    op.drop_table("survey")
    op.drop_index(op.f("ix_response_visit_id"), table_name="response")
    op.drop_index(op.f("ix_response_unit_id"), table_name="response")
    op.drop_index(op.f("ix_response_questionnaire_id"), table_name="response")
    op.drop_index(op.f("ix_response_customer_id"), table_name="response")
    op.drop_index(op.f("ix_response_cell_id"), table_name="response")
    op.drop_index(op.f("ix_response_author_id"), table_name="response")
    op.drop_table("response")
    op.drop_index(op.f("ix_work_order_unit_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_signature_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_service_point_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_remainder_of_id"), table_name="work_order")
    op.drop_index("ix_work_order_place", table_name="work_order", postgresql_using="gist")
    op.drop_index(op.f("ix_work_order_matter_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_first_contact_owner_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_done_by_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_customer_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_crew_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_closed_by_id"), table_name="work_order")
    op.drop_index(op.f("ix_work_order_cell_id"), table_name="work_order")
    op.drop_table("work_order")
    op.drop_index(op.f("ix_visit_unit_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_service_point_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_representative_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_customer_id"), table_name="visit")
    op.drop_index(op.f("ix_visit_cell_id"), table_name="visit")
    op.drop_table("visit")
    op.drop_index(op.f("ix_signature_unit_id"), table_name="signature")
    op.drop_index(op.f("ix_signature_staff_id"), table_name="signature")
    op.drop_index(op.f("ix_signature_crew_id"), table_name="signature")
    op.drop_index(op.f("ix_signature_cell_id"), table_name="signature")
    op.drop_table("signature")
    op.drop_index(op.f("ix_service_point_unit_id"), table_name="service_point")
    op.drop_index("ix_service_point_place", table_name="service_point", postgresql_using="gist")
    op.drop_index(
        "ix_service_point_meter_number",
        table_name="service_point",
        postgresql_using="gin",
        postgresql_ops={"meter_number": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_service_point_customer_id"), table_name="service_point")
    op.drop_index(op.f("ix_service_point_cell_id"), table_name="service_point")
    op.drop_index(
        "ix_service_point_address",
        table_name="service_point",
        postgresql_using="gin",
        postgresql_ops={"address": "gin_trgm_ops"},
    )
    op.drop_table("service_point")
    op.drop_index(op.f("ix_photo_unit_id"), table_name="photo")
    op.drop_index(op.f("ix_photo_staff_id"), table_name="photo")
    op.drop_index(op.f("ix_photo_crew_id"), table_name="photo")
    op.drop_index(op.f("ix_photo_cell_id"), table_name="photo")
    op.drop_table("photo")
    op.drop_index(op.f("ix_duty_unit_id"), table_name="duty")
    op.drop_index(op.f("ix_duty_staff_id"), table_name="duty")
    op.drop_index(op.f("ix_duty_crew_id"), table_name="duty")
    op.drop_table("duty")
    op.drop_index(op.f("ix_notice_unit_id"), table_name="notice")
    op.drop_index(op.f("ix_notice_staff_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_index(op.f("ix_customer_unit_id"), table_name="customer")
    op.drop_index(
        "ix_customer_pinyin",
        table_name="customer",
        postgresql_using="gin",
        postgresql_ops={"pinyin": "gin_trgm_ops"},
    )
    op.drop_index(
        "ix_customer_phone",
        table_name="customer",
        postgresql_using="gin",
        postgresql_ops={"phone": "gin_trgm_ops"},
    )
    op.drop_index(
        "ix_customer_name",
        table_name="customer",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_customer_key_representative_id"), table_name="customer")
    op.drop_index(op.f("ix_customer_cell_id"), table_name="customer")
    op.drop_table("customer")
    op.drop_index(op.f("ix_crew_unit_id"), table_name="crew")
    op.drop_index(op.f("ix_crew_leader_id"), table_name="crew")
    op.drop_table("crew")
    op.drop_index(op.f("ix_cell_assignment_unit_id"), table_name="cell_assignment")
    op.drop_index(op.f("ix_cell_assignment_staff_id"), table_name="cell_assignment")
    op.drop_index(op.f("ix_cell_assignment_cell_id"), table_name="cell_assignment")
    op.drop_table("cell_assignment")
    op.drop_index(op.f("ix_upload_staff_id"), table_name="upload")
    op.drop_index(op.f("ix_upload_photo_id"), table_name="upload")
    op.drop_table("upload")
    op.drop_index(op.f("ix_unit_unit_id"), table_name="unit")
    op.drop_index(op.f("ix_unit_parent_id"), table_name="unit")
    op.drop_table("unit")
    op.drop_index("ix_token_staff_device", table_name="token")
    op.drop_index(op.f("ix_token_family"), table_name="token")
    op.drop_table("token")
    op.drop_index(op.f("ix_staff_unit_id"), table_name="staff")
    op.drop_table("staff")
    op.drop_index(op.f("ix_questionnaire_unit_id"), table_name="questionnaire")
    op.drop_table("questionnaire")
    op.drop_index("ix_outbox_pending", table_name="outbox", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("outbox")
    op.drop_table("object")
    op.drop_index(op.f("ix_matter_unit_id"), table_name="matter")
    op.drop_table("matter")
    op.drop_index(op.f("ix_device_unit_id"), table_name="device")
    op.drop_table("device")
    op.drop_index(op.f("ix_cell_unit_id"), table_name="cell")
    op.drop_index("ix_cell_outline", table_name="cell", postgresql_using="gist")
    op.drop_table("cell")
    op.drop_index(op.f("ix_calendar_unit_id"), table_name="calendar")
    op.drop_table("calendar")
    op.drop_table("account")
    # ### end Alembic commands ###
