"""Imports of a utility's own tables; its own numbers are unique.

Numbers that several records have already are kept as they are: they are named in the log and in
`own_number.is_double`, for an administrator to merge.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from backend.migrations.frozen_typed_text import comparable

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
_BATCH = 5000
_OWN = {
    "customer": "SELECT id::text, number FROM customer WHERE deleted_at IS NULL ORDER BY id",
    "service_point": """
        SELECT id::text, meter_number
        FROM service_point
        WHERE deleted_at IS NULL
        AND meter_number IS NOT NULL
        ORDER BY id
    """,
    "staff": "SELECT id::text, staff_number FROM staff WHERE deleted_at IS NULL AND is_active ORDER BY id",
}
_KEEP = """
    INSERT INTO own_number (kind, id, form, is_double)
    SELECT :kind, r.id::uuid, r.form, r.is_double
    FROM unnest(
        CAST(:ids AS text[]), CAST(:forms AS text[]), CAST(:doubles AS boolean[])
    ) AS r(id, form, is_double)
"""


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "own_number",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("is_double", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_former", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "form", name=op.f("pk_own_number")),
    )
    connection = op.get_bind()
    for kind, asked in _OWN.items():
        _fill(connection, kind, asked)
    op.create_index(
        "uq_own_number_kind", "own_number", ["kind", "form"], unique=True,
        postgresql_where=sa.text("is_double IS false"),
    )  # fmt: skip
    op.create_index(
        "ix_own_number_double", "own_number", ["kind", "form"], postgresql_where=sa.text("is_double")
    )
    _make_imports()


def _fill(connection: sa.Connection, kind: str, asked: str) -> None:
    seen: set[str] = set()
    doubles = 0
    for rows in connection.execute(sa.text(asked)).partitions(_BATCH):
        ids, forms, are_double = [], [], []
        for record_id, number in rows:
            form = comparable(number or "")
            if form:
                ids.append(record_id)
                forms.append(form)
                are_double.append(form in seen)
                seen.add(form)
        doubles += sum(are_double)
        given = {"kind": kind, "ids": ids, "forms": forms, "doubles": are_double}
        connection.execute(sa.text(_KEEP), given)
    if doubles:
        logging.getLogger("alembic.runtime.migration").warning(
            "%s records of kind %s have the own number of another: merge them in the console", doubles, kind
        )


def _make_imports() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("head", postgresql.JSONB(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("options", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("questions", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("is_feed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_by_id", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_by_id", sa.UUID(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_unit_id"), "import_run", ["unit_id"])
    op.create_table(
        "import_row",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("clean", postgresql.JSONB(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("settled", postgresql.JSONB(), nullable=True),
        sa.Column("record_id", sa.UUID(), nullable=True),
        sa.Column("is_done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_row_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_import_row")),
    )
    op.create_index("ix_import_row_verdict", "import_row", ["run_id", "verdict", "number"])
    op.create_index(
        "ix_import_row_waiting",
        "import_row",
        ["run_id", "number"],
        postgresql_where=sa.text("is_done IS false"),
    )
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.UUID(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("saved_by_id", sa.UUID(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("unit_id", "target", "form", name=op.f("uq_import_mapping_unit_id_target_form")),
    )


def downgrade() -> None:
    """Backwards."""
    for table in ("import_mapping", "import_row", "import_run", "own_number"):
        op.drop_table(table)
