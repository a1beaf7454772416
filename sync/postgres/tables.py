"""Sync's own tables; the migrations make them from here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

metadata = MetaData()


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """The type's name in SQL."""
        return "xid8"


# So that comparing the models with a database knows the type.
ischema_names["xid8"] = Xid8


def _now() -> Column[Any]:
    return Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now())


document = Table(
    "sync_document",
    metadata,
    Column("kind", Text(collation="C"), primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("unit_id", UUID, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("heads", JSONB, nullable=False),
    Column("deleted", Boolean, nullable=False),
    # The scopes of its live entries, so that a page needs no second look at the entries; the
    # commit check compares.
    Column("scopes", ARRAY(Text), nullable=False, server_default="{}"),
)
entry = Table(
    "sync_entry",
    metadata,
    Column("scope", Text(collation="C"), primary_key=True),
    Column("kind", Text(collation="C"), primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("unit_id", UUID, nullable=False),
    Column("xid", Xid8, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
    Index("ix_sync_entry_changes", "scope", "xid", "kind", "id"),
    Index("ix_sync_entry_record", "kind", "id"),
)
history = Table(
    "sync_history",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("op", Text, nullable=False),
    Column("changed", JSONB, nullable=False),
    Column("actor_id", UUID, nullable=False),
    Column("device_id", UUID),
    Column("mutation_id", UUID),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("grade", Text),
    _now(),
    # Rows lie on disk in about this order, so that a small index finds those of the last hour.
    Index("ix_sync_history_recorded", "recorded_at", postgresql_using="brin"),
)
mutation = Table(
    "sync_mutation",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("author_id", UUID, nullable=False),
    Column("device_id", UUID),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("status", Text),
    Column("outcome", JSONB),
    _now(),
)
waiting = Table(
    "sync_waiting",
    metadata,
    Column("mutation_id", UUID, primary_key=True),
    Column("place", BigInteger, Identity(), nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text),
    Column("detail", JSONB, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("author_id", UUID, nullable=False),
    Column("device_id", UUID),
    Column("unit_id", UUID),
    Column("group_id", UUID, nullable=False),
    Column("waits_kind", Text),
    Column("waits_id", Text),
    Column("deadline", DateTime(timezone=True)),
    Column("verbatim", LargeBinary, nullable=False),
    # What it does, and which of its fields its author has set again since (field -> by which mutation).
    Column("op", Text),
    Column("action", Text),
    Column("fields", ARRAY(Text)),
    Column("corrected", JSONB, nullable=False, server_default="{}"),
    # The mutation that corrected it, or itself where it applied once what it needed was settled.
    Column("settled_by_id", UUID),
    # When held work was first received, and what its clocks were worth then.
    Column("receipt", JSONB(none_as_null=True)),
    # Held work is not tried again before what it waits for has changed, or some time has passed.
    Column("tried_at", DateTime(timezone=True)),
    Column("tried_version", BigInteger),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by_id", UUID),
    Column("decision", Text),
    Column("decision_reason", Text),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_sync_waiting_inbox", "unit_id", "received_at", postgresql_where=text("decided_at IS NULL")),
    Index("ix_sync_waiting_record", "kind", "record_id"),
    Index("ix_sync_waiting_waits", "waits_kind", "waits_id"),
    Index("ix_sync_waiting_group", "group_id", postgresql_where=text("decided_at IS NULL")),
)
question = Table(
    "sync_question",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("unit_id", UUID, nullable=False),
    Column("heads", JSONB, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("closed_at", DateTime(timezone=True)),
)
epoch = Table(
    "sync_epoch",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # What the history was known by: another value of one of these is another history.
    Column("system_identifier", BigInteger),
    Column("timeline", BigInteger),
    Column("database_oid", BigInteger),
    Column("table_oid", BigInteger),
    # The moment up to which it still has everything that the epoch before had acknowledged.
    Column("holds_through", DateTime(timezone=True)),
)
quota = Table(
    "sync_quota",
    metadata,
    Column("device_id", UUID, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("mutations", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
backup = Table(
    "sync_backup",
    metadata,
    Column("began_at", DateTime(timezone=True), primary_key=True),
)
# Which transaction ids had been given out when, so that removals can be forgotten by age.
tick = Table(
    "sync_tick",
    metadata,
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("xid", Xid8, nullable=False),
)
exchange = Table(
    "sync_exchange",
    metadata,
    Column("device_id", UUID, primary_key=True),
    Column("boot", Text, primary_key=True),
    Column("monotonic_ms", BigInteger, nullable=False),
    Column("server_at", DateTime(timezone=True), nullable=False),
)
