"""Tables of imports: a run with its file, its rows, and the mappings that were used before."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

STATES = {
    "read": ("已读取，待核对列", "Read, columns to be confirmed"),
    "checking": ("核对中", "Being checked"),
    "checked": ("已核对，待导入", "Checked, to be applied"),
    "applying": ("导入中", "Being applied"),
    "applied": ("已导入", "Applied"),
    "failed": ("失败", "Failed"),
    "discarded": ("已放弃", "Discarded"),
}
VERDICTS = {
    "new": ("新增", "New"),
    "changed": ("有变化", "Changed"),
    "same": ("无变化", "Same"),
    "to_settle": ("待确认", "To settle"),
    "refused": ("不能导入", "Refused"),
    "gone": ("文件里没有", "Not in the file"),
}


class ImportRun(Base):
    """One file on its way into the ledger.

    `head` is the table without its rows (columns, encoding, what was set aside), `packed` the rows as they
    were read, kept until the run has ended. `counts` are rows by verdict; `done` says how many rows were
    checked, or written. `options`: `clears_empty`.
    """

    __tablename__ = "import_run"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    target: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    head: Mapped[dict[str, Any]] = mapped_column(JSONB)
    packed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    rows: Mapped[int]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    state: Mapped[str] = mapped_column(Text)
    done: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    is_feed: Mapped[bool] = mapped_column(server_default=false())
    made_by_id: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    applied_by_id: Mapped[UUID | None] = mapped_column(PgUuid)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportRow(Base):
    """A row of a run under its number in the file; below zero: a record that the file does not name.

    `clean` is what was read, taken away once it is written; `settled` what a person said of where it is.
    `about` are hashes of the numbers, names and telephones of a refused row, by which its reasons are found
    when somebody is erased.
    """

    __tablename__ = "import_row"
    __table_args__ = (Index("ix_import_row_verdict", "run_id", "verdict", "number"),)

    run_id: Mapped[UUID] = mapped_column(
        PgUuid, ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(Text)
    clean: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    settled: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    record_id: Mapped[UUID | None] = mapped_column(PgUuid)
    about: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    is_done: Mapped[bool] = mapped_column(server_default=false())


Index(
    "ix_import_row_waiting",
    ImportRow.run_id,
    ImportRow.number,
    postgresql_where=ImportRow.is_done.is_(False),
)


Index(
    "ix_import_row_about",
    ImportRow.about,
    postgresql_using="gin",
    postgresql_where=ImportRow.about.is_not(None),
)


class ImportMapping(Base):
    """The mapping that a unit used last for files of one form (`form`: the hash of its columns' names)."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("unit_id", "target", "form"),)

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    target: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_by_id: Mapped[UUID] = mapped_column(PgUuid)
    saved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FeedFile(Base):
    """A file of the watched folder as it was seen last, and the run that it became.

    The folder itself stands under the empty name, from when it is not there.
    """

    __tablename__ = "import_feed_file"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    changed_ns: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    run_id: Mapped[UUID | None] = mapped_column(PgUuid)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
