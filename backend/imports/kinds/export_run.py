"""Table of exports: what was asked for, how far its file is, and until when it can be downloaded."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base

STATES = {
    "writing": ("准备中", "Being written"),
    "ready": ("可以下载", "Ready"),
    "failed": ("失败", "Failed"),
    "gone": ("已删除", "Deleted"),
}
FORMS = {
    "csv": ("CSV 表格", "CSV tables"),
    "geojson": ("GeoJSON 地图数据", "GeoJSON maps"),
    "history": ("修改历史", "History"),
    "tables": ("可再导入的表格", "Tables to import again"),
    "photos": ("照片", "Photos"),
}


class ExportRun(Base):
    """One archive of a unit's data, and of the units below it. `done` of `total` are the files in it."""

    __tablename__ = "export_run"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    forms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str] = mapped_column(Text)
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    made_by_id: Mapped[UUID] = mapped_column(PgUuid)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
