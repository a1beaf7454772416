"""Logins in one form, and devices that belong to those who signed in on them."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

from backend.migrations.frozen_typed_text import comparable

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "account_login",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["account.staff_id"], name=op.f("fk_account_login_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_account_login")),
    )
    op.create_index(op.f("ix_account_login_staff_id"), "account_login", ["staff_id"], unique=False)
    op.create_table(
        "device_person",
        sa.Column("device_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_person_device_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "staff_id", name=op.f("pk_device_person")),
    )
    op.add_column("device", sa.Column("secret_sha256", sa.LargeBinary(), nullable=True))
    # The form in which logins are compared is the narrower rule.
    op.drop_constraint("uq_account_staff_number", "account")
    op.drop_constraint("uq_account_phone", "account")
    _fill_logins(op.get_bind())
    _fill_device_people(op.get_bind())


def _fill_logins(connection: sa.Connection) -> None:
    """Staff numbers before phones, active accounts before closed ones. Two that come to one form were two accounts that
    nobody could tell apart by eye: the first keeps it, the other signs in again when an administrator has given them
    another number or phone (`PUT /accounts/<staff>`). Nothing else of them changes."""
    accounts = connection.execute(
        sa.text(
            "SELECT staff_id, staff_number, phone FROM account ORDER BY is_active DESC, staff_number, staff_id"
        )
    ).all()
    given: dict[str, object] = {}
    for column in ("staff_number", "phone"):
        for row in accounts:
            login = comparable(getattr(row, column) or "")
            if login and given.setdefault(login, row.staff_id) != row.staff_id:
                logging.getLogger("alembic.runtime.migration").warning(
                    "the %s of account %s is the same as a login of account %s: give it another",
                    column, row.staff_id, given[login],
                )  # fmt: skip
    if given:
        rows = [{"login": login, "staff": staff} for login, staff in given.items()]
        connection.execute(
            sa.text("INSERT INTO account_login (login, staff_id) VALUES (:login, :staff)"), rows
        )


def _fill_device_people(connection: sa.Connection) -> None:
    """Whoever has a token of a device, or has handed work in from it; a shared one stays everybody's who used it."""
    connection.execute(
        sa.text(
            "INSERT INTO device_person (device_id, staff_id) "
            "SELECT d.id, u.staff_id FROM (SELECT device_id, staff_id FROM token UNION SELECT device_id, author_id FROM sync_mutation) u "
            "JOIN device d ON d.id = u.device_id JOIN account a ON a.staff_id = u.staff_id"
        )
    )


def downgrade() -> None:
    """Backwards."""
    op.create_unique_constraint("uq_account_staff_number", "account", ["staff_number"])
    op.create_unique_constraint("uq_account_phone", "account", ["phone"])
    op.drop_column("device", "secret_sha256")
    op.drop_table("device_person")
    op.drop_table("account_login")
