"""Tables of ground plans (drawn, previewed, accepted or discarded) and of cell outlines by day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base
from backend.core.geometry import area_column

WAYS = {
    "balanced": ("按工作量均衡划分", "Balanced by workload"),
    "rebalanced": ("在现有网格上重新均衡", "Today's cells balanced again"),
    "squares": ("方格", "Squares"),
    "hexagons": ("六边形", "Hexagons"),
    "h3": ("H3 网格", "H3 cells"),
    "import": ("导入", "Import"),
    "split": ("拆分", "Split"),
    "merge": ("合并", "Merge"),
    "draw": ("手绘", "Draw"),
}
STATES = {
    "waiting": ("排队中", "Waiting"),
    "failed": ("失败", "Failed"),
    "ready": ("待确认", "Ready"),
    "accepted": ("已确认，待生效", "Accepted, to take effect"),
    "applied": ("已生效", "Applied"),
    "discarded": ("已放弃", "Discarded"),
}


class GroundPlan(Base):
    """A way the cells of a unit could be: the drawing, its figures, and what became of it.

    `cells` holds every cell afterwards as {id, name, code, outline, workload, change}; `base` the versions of
    the cells it was drawn over, so that it is not put over ground that has changed since.
    """

    __tablename__ = "ground_plan"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    way: Mapped[str] = mapped_column(Text)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    done_share: Mapped[float] = mapped_column(server_default="0")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    base: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    cells: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    valid_from: Mapped[date | None] = mapped_column(Date)
    made_by_id: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    decided_by_id: Mapped[UUID | None] = mapped_column(PgUuid)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CellOutline(Base):
    """An outline a cell had, from a day until a day (both included); what holds today stands on the cell
    alone."""

    __tablename__ = "cell_outline"
    __table_args__ = (Index("ix_cell_outline_outline", "outline", postgresql_using="gist"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    cell_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid)
    outline: Mapped[Any] = mapped_column(area_column())
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
