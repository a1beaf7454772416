"""Every real file of zones and districts, through the API.

A plan or a reason in words, and the same again unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from tests.conftest import Person
from tests.factories import Town
from tests.territory.test_imports import accept, changes, kinds, send

As = Callable[[str], Person]
SHARED = Path(__file__).parents[2].parent / "shared/data"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not SHARED.exists(), reason="../shared/data is not here: its files are not ours to ship"
    ),
]
ARCHIVES = {
    "micropolis_virtual_city_shp_no_prj.zip": "EPSG:2277",
    "gisdata_bad_and_osm_shapefiles.zip": "EPSG:4326",
}


def unit_of(admin: Person, town: Town, name: str) -> str:
    return str(
        admin("POST", "/units", {"name": name, "level": "branch", "parent_id": town["group"]}).get_json()[
            "id"
        ]
    )


def end_cells(database: Database, town: Town) -> None:
    yesterday = (today() - timedelta(days=1)).isoformat()
    with database.transaction() as session:
        for n in range(4):
            unit = town["north" if n < 3 else "south"]
            record_writer.change(session, system(unit), "cell", town[f"cell {n}"], {"valid_until": yesterday})


def whole_files() -> list[Path]:
    folders = (SHARED / "service_zones", SHARED / "territory")
    found = [path for folder in folders if folder.exists() for path in sorted(folder.iterdir())]
    return [
        one
        for one in found
        if one.suffix in (".geojson", ".kml", ".gpkg", ".zip") and one.name not in ARCHIVES
    ]


@pytest.mark.parametrize("path", whole_files(), ids=lambda path: path.name)
def test_a_real_file_becomes_cells_and_changes_nothing_again(
    as_: As, town: Town, database: Database, path: Path
) -> None:
    admin = as_("admin")
    unit = unit_of(admin, town, path.stem)
    datum = {"datum": "gcj02"} if "gcj02" in path.name else {}
    plan = send(admin, unit, path, **datum)
    assert plan["state"] == "ready", plan["problem"]
    assert len(kinds(plan)) == len(set(kinds(plan))) < 12
    assert all(len(one["worst"]) <= 10 for one in plan["findings"])
    if "claimed" in kinds(plan):
        # The town lies in this very city: its cells give way first.
        assert accept(admin, plan, accept_gaps=True).get_json()["code"] == "cells_overlap"
        end_cells(database, town)
        plan = send(admin, unit, path, **datum)
        assert "claimed" not in kinds(plan)
    holes = sum(one["area_m2"] for one in plan["findings"] if one["code"] == "gap")
    assert plan["figures"]["after"]["gap_m2"] == pytest.approx(holes, rel=1e-3, abs=50)
    accepted = accept(admin, plan, accept_gaps=True, accept_far=True)
    assert accepted.status_code == 200, accepted.text[:500]
    again = send(admin, unit, path, **datum)
    assert set(changes(admin, again).values()) == {"same"}
    assert "far_away" not in kinds(again)
    assert accept(admin, again).status_code == 200


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_layer_of_a_real_archive_is_a_plan_or_a_reason(as_: As, town: Town, name: str) -> None:
    admin, path = as_("admin"), SHARED / "service_zones" / name
    unit = unit_of(admin, town, name)
    asked = send(admin, unit, path)["problem"]
    assert asked["cause"] == "LayerNeeded"
    listed = asked["faults"][0]["zh"].partition("（")[2].rstrip("）").split("、")
    found: dict[str, Any] = {}
    for layer in listed:
        without = send(admin, unit, path, layer=layer)
        plan = send(admin, unit, path, layer=layer, crs=ARCHIVES[name])
        found[layer] = plan["state"] if plan["problem"] is None else plan["problem"]["cause"]
        assert found[layer] in ("ready", "NoAreas", "OutsideTheEarth"), (layer, plan["problem"])
        assert without["problem"] is None or without["problem"]["cause"] in ("CrsMissing", "NoAreas"), layer
    assert "ready" in found.values()
