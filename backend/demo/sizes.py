"""How big a demo city may be, and whether there is one: what is asked before anything of it is made."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.db import Database
from backend.core.queries.gauges import nothing_is_written


@dataclass(frozen=True, slots=True)
class Size:
    """How big a city."""

    cells: int
    representatives: int
    crews: int
    customers: int
    jobs: int


SIZES = {
    "small": Size(30, 12, 10, 1_000, 40),
    "default": Size(200, 60, 30, 20_000, 300),
    "large": Size(500, 150, 60, 100_000, 2_000),
}


def is_empty(database: Database) -> bool:
    """Whether nothing has been written yet."""
    with database.transaction() as session:
        return nothing_is_written(session)
