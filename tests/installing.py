"""Installs another city for a test: in its database, and in this process from then on."""

from __future__ import annotations

from typing import Any

from backend.core.actor import system
from backend.core.db import Database
from backend.core.installation import Installation
from backend.core.services.installing import set_installation
from tests.factories import uid

LOS_ANGELES: dict[str, Any] = {
    "name_zh": "洛杉矶水务",
    "name_en": "Los Angeles Water",
    "time_zone": "America/Los_Angeles",
    "language": "en",
    "currency": "USD",
    "length_unit": "in",
    "hotlines": [{"number": "311", "zh": "市民热线", "en": "City hotline"}],
    "first_view": {"lng": -118.25, "lat": 34.05, "zoom": 9.5},
    "new_cell_code": "LA-####",
    "imported_cell_code": "X-##",
}


def install_city(database: Database, unit_id: str = uid("group"), **values: Any) -> Installation:
    """Los Angeles, or what else is said of it; there must be a unit already."""
    with database.transaction() as session:
        return set_installation(session, system(unit_id), LOS_ANGELES | values, reason="another city's test")
