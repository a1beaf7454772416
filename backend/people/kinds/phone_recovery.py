"""Phone recovery (手机解锁): the server's half of the key to a phone's store, and requests to have it back.

The phone keeps the other half and the wrapped key; neither half opens anything alone (decision 0016).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base


class PhoneRecovery(Base):
    """One person's store on one phone: the server's half, which leaves it only after an approval.

    The phone proves itself by a secret of which the hash stands here. A request has a code that the phone
    shows and the person reads out, so that nobody approves another phone's.
    """

    __tablename__ = "phone_recovery"

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    device_id: Mapped[UUID | None] = mapped_column(PgUuid)
    half: Mapped[bytes] = mapped_column(LargeBinary)
    proof_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    code: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[UUID | None] = mapped_column(PgUuid)
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    collected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
