"""What alembic compares: tables of the records and of sync, and nothing of PostGIS's own."""

from __future__ import annotations

from typing import Any

from backend.contractors.kinds import contractor_link
from backend.core.db import Base
from backend.core.events import Outbox
from backend.core.kinds import access, account, installation, registry
from backend.customers.kinds import call_back
from backend.evidence.kinds import confirmation, seal, upload
from backend.people.kinds import position
from sync.postgres import tables

METADATAS = [Base.metadata, tables.metadata]
LOADED = (
    Outbox,
    access,
    account,
    call_back,
    confirmation,
    contractor_link,
    installation,
    position,
    registry,
    seal,
    upload,
)


def include_object(thing: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """PostGIS keeps `spatial_ref_sys` in the schema, and expression indexes cannot be compared."""
    del thing
    if type_ == "table":
        return name != "spatial_ref_sys"
    return not (type_ == "index" and reflected and compare_to is None)
