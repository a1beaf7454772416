"""The index of addresses as the database has them: today's cells and the points that lie in one."""

from __future__ import annotations

from datetime import date

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.geometry import lng_lat
from backend.imports.queries import gazetteer as queries
from backend.imports.queries.gazetteer import cells_named, gazetteer_of, ground_of
from tests.factories import Town, middle, uid


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


def test_a_cell_counts_from_its_first_day_to_its_last(session: Session, town: Town) -> None:
    """Both days are its own: on the day after another one may stand in its place."""
    cell = uid("cell 0")
    session.execute(
        text("UPDATE cell SET valid_from = '2026-03-01', valid_until = '2026-03-31' WHERE id = :id"),
        {"id": cell},
    )
    for day, is_there in (
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ):
        found = {one.id for one in cells_named(session, day)}
        assert (cell in found) is is_there, day
        ground = ground_of(session, day)
        assert ground is not None
        assert ground.intersects(shapely.Point(middle(0)["coordinates"])) is is_there, day
        assert (gazetteer_of(session, day).cells_at([lng_lat(middle(0))])[0] == cell) is is_there, day


def test_points_outside_all_cells_teach_no_address_and_deleted_cells_are_no_ground(
    session: Session, town: Town
) -> None:
    address, cell, _ = known(session)
    session.execute(text("UPDATE service_point SET cell_id = NULL"))
    assert gazetteer_of(session).locate(address).cell_id is None
    session.execute(text("UPDATE cell SET deleted_at = now() WHERE id = :id"), {"id": cell})
    assert cell not in {one.id for one in cells_named(session)}
    session.execute(text("UPDATE cell SET deleted_at = now()"))
    assert (cells_named(session), ground_of(session)) == ([], None)
    assert gazetteer_of(session).cells_at([(120.0, 36.0)]) == [None]
    assert gazetteer_of(session).locate("香港中路1号").reason.code == "unknown_address"


def test_more_points_than_are_fetched_at_once_are_all_known(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_AT_ONCE", 3)
    index = gazetteer_of(session)
    for n in range(8):
        found = index.locate(f"香港中路{n + 1}号")
        assert (found.cell_id, found.is_sure, found.reason.code) == (
            uid(f"cell {n % 4}"),
            True,
            "at_known_address",
        )
