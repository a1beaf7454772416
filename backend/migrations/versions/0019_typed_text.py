"""Typed text in one form: what customers are found by, logins by telephone numbers, every reading of a surname.

Of the customers only those are written anew, by the outbox, whose surname or spelling is read in two ways (曾, 单, 解,
吕 and the like: a few in a hundred) or whose name holds a mark: each of these writes goes to every phone that has them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from backend.migrations.frozen_typed_text.finding import kept_of
from backend.migrations.frozen_typed_text.phones import login_form
from backend.migrations.frozen_typed_text.readings import pinyin_of

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
_BATCH = 2000
_OLD_INDEXES = (
    ("customer", "name"),
    ("customer", "phone"),
    ("customer", "pinyin"),
    ("service_point", "address"),
)
_CUSTOMERS = "SELECT id, id AS customer_id, number, name, contact_name, phone, pinyin FROM customer"
_POINTS = "SELECT id, customer_id, address, meter_number FROM service_point"


def upgrade() -> None:
    """Forwards: the old way to search needs the old indexes no more."""
    op.create_table(
        "search_entry",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_search_entry")),
    )
    connection = op.get_bind()
    for kind, asked in (("customer", _CUSTOMERS), ("service_point", _POINTS)):
        for rows in _batches(connection, asked):
            _keep(connection, kind, rows)
            _tell_of_readings(connection, [row for row in rows if kind == "customer"])
    # An index is quicker made of what is there than row by row.
    op.create_index("ix_search_entry_customer_id", "search_entry", ["customer_id"])
    for column in ("numbers", "words"):
        _trigrams("search_entry", column)
    for table, column in _OLD_INDEXES:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
    _fill_logins(connection)


def _batches(connection: sa.Connection, asked: str) -> Iterator[list[sa.RowMapping]]:
    last = "00000000-0000-0000-0000-000000000000"
    page = sa.text(
        f"{asked} WHERE deleted_at IS NULL AND id > CAST(:last AS uuid) ORDER BY id LIMIT {_BATCH}"
    )
    while rows := list(connection.execute(page, {"last": last}).mappings()):
        yield rows
        last = str(rows[-1]["id"])


def _keep(connection: sa.Connection, kind: str, rows: list[sa.RowMapping]) -> None:
    entries = []
    for row in rows:
        kept = kept_of(kind, row)
        entries.append(
            {
                "kind": kind,
                "id": row["id"],
                "customer": row["customer_id"],
                "numbers": kept.numbers,
                "words": kept.words,
            }
        )
    statement = "INSERT INTO search_entry (kind, id, customer_id, numbers, words) VALUES (:kind, :id, :customer, :numbers, :words)"
    connection.execute(sa.text(statement), entries)


def _tell_of_readings(connection: sa.Connection, rows: list[sa.RowMapping]) -> None:
    """Whose name has readings that were not kept: the outbox brings them, as a write that phones hear of."""
    facts = [
        {"detail": json.dumps({"kind": "customer", "id": str(row["id"]), "op": "change", "changed": []})}
        for row in rows
        if row["pinyin"] is not None and row["pinyin"] != pinyin_of(row["name"])
    ]
    if facts:
        connection.execute(
            sa.text("INSERT INTO outbox (fact, detail) VALUES ('customer.written', CAST(:detail AS jsonb))"),
            facts,
        )


def _fill_logins(connection: sa.Connection) -> None:
    """Anew, in the new form. Of two accounts that now come to one login the one that has it keeps it."""
    held = {
        row.login: row.staff_id
        for row in connection.execute(sa.text("SELECT login, staff_id FROM account_login"))
    }
    accounts = connection.execute(
        sa.text(
            "SELECT staff_id, staff_number, phone FROM account ORDER BY is_active DESC, staff_number, staff_id"
        )
    ).all()
    given: dict[str, object] = {}
    for column in ("staff_number", "phone"):
        for row in accounts:
            login = login_form(getattr(row, column) or "")
            if login and given.setdefault(login, held.get(login, row.staff_id)) != row.staff_id:
                logging.getLogger("alembic.runtime.migration").warning(
                    "the %s of account %s is the same as a login of account %s: give it another",
                    column, row.staff_id, given[login],
                )  # fmt: skip
    connection.execute(sa.text("DELETE FROM account_login"))
    if given:
        rows = [{"login": login, "staff": staff} for login, staff in given.items()]
        connection.execute(
            sa.text("INSERT INTO account_login (login, staff_id) VALUES (:login, :staff)"), rows
        )


def _trigrams(table: str, column: str) -> None:
    op.create_index(
        f"ix_{table}_{column}",
        table,
        [column],
        postgresql_using="gin",
        postgresql_ops={column: "gin_trgm_ops"},
    )


def downgrade() -> None:
    """Backwards: logins stay, the older release finds what is typed as it is written there."""
    for table, column in _OLD_INDEXES:
        _trigrams(table, column)
    op.drop_table("search_entry")
