"""The index of addresses as the database has them: today's cells and the points that lie in one."""

from __future__ import annotations

from datetime import date

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.imports.queries.gazetteer import cells_named, gazetteer_of, ground_of
from tests.factories import Town


def known(session: Session) -> tuple[str, str, tuple[float, float]]:
    """Address, cell and place of a point of the town."""
    row = session.execute(
        text(
            """
            SELECT address, cell_id::text, ST_X(place), ST_Y(place)
            FROM service_point
            WHERE cell_id IS NOT NULL
            ORDER BY id LIMIT 1
            """
        )
    ).one()
    return row[0], row[1], (row[2], row[3])


def test_a_known_point_is_found_by_its_address(session: Session, town: Town) -> None:
    address, cell, place = known(session)
    found = gazetteer_of(session).locate(address)
    assert (found.cell_id, found.is_sure, found.reason.code) == (cell, True, "at_known_address")
    assert found.place == place


def test_a_deleted_point_says_nothing(session: Session, town: Town) -> None:
    address, *_ = known(session)
    session.execute(text("UPDATE service_point SET deleted_at = now()"))
    assert gazetteer_of(session).locate(address).reason.code != "at_known_address"


def test_the_ground_is_all_cells_of_the_day(session: Session, town: Town) -> None:
    ground = ground_of(session)
    assert ground is not None
    cells = cells_named(session)
    assert all(shapely.covers(ground.buffer(1e-9), cell.outline) for cell in cells)
    _, cell, place = known(session)
    assert gazetteer_of(session).cells_at([place]) == [cell]
    assert ground_of(session, date(1901, 1, 1)) is None
