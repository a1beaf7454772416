"""Map layers: exports, tiles and OGC API – Features, all within the asker's rights.

The features are read over HTTP by a real OGR client.
"""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backend.core.confined.maps import read_map
from backend.territory.queries import layers
from geo.mapfile import FORMATS
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


@pytest.mark.parametrize("format_", FORMATS)
def test_cells_are_exported_in_every_format(as_: As, format_: str) -> None:
    answer = as_("dispatcher")("GET", f"/maps/cells/export?format={format_}")
    assert answer.status_code == 200
    name = answer.headers["Content-Disposition"].split('"')[1]
    rows = read_map(answer.data, name)
    assert {row.fields.get("name") or row.fields["Name"] for row in rows} == {"0号网格", "1号网格", "2号网格"}


def test_an_export_holds_what_its_reader_may_see(as_: As, town: Town) -> None:
    dispatcher, rep = as_("dispatcher"), as_("rep")
    job = dispatcher("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(2)}).get_json()
    mine = dispatcher("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()

    def numbers(person: Person, layer: str) -> set[str]:
        return {
            row.fields["number"] for row in read_map(person("GET", f"/maps/{layer}/export").data, "x.geojson")
        }

    assert numbers(dispatcher, "jobs") == {job["number"], mine["number"]}
    assert numbers(rep, "jobs") == {mine["number"]}
    assert numbers(rep, "customers") == {"K0000", "K0001", "K0004", "K0005"}
    assert numbers(as_("stranger"), "customers") == {"K0003", "K0007"}


def test_an_export_leaves_nothing_out_in_silence(as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST_FEATURES", 2)
    answer = as_("dispatcher")("GET", "/maps/cells/export")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")


def tile_of(lng: float, lat: float, z: int) -> tuple[int, int]:
    x = int((lng + 180) / 360 * 2**z)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
    return x, y


def test_tiles_hold_the_askers_ground_and_nothing_else(as_: As) -> None:
    lng, lat = middle(1)["coordinates"]
    x, y = tile_of(lng, lat, 12)
    ours = as_("dispatcher")("GET", f"/maps/cells/tiles/12/{x}/{y}.mvt")
    assert ours.mimetype == "application/vnd.mapbox-vector-tile"
    assert "1号网格".encode() in ours.data
    theirs = as_("south_rep")("GET", f"/maps/cells/tiles/12/{x}/{y}.mvt")
    assert "1号网格".encode() not in theirs.data
    assert as_("dispatcher")("GET", "/maps/cells/tiles/12/0/0.mvt").data == b""
    for path in ("/maps/cells/tiles/3/8/1.mvt", "/maps/cells/tiles/40/1/1.mvt", "/maps/pipes/export"):
        assert as_("dispatcher")("GET", path).status_code == 404


def test_a_cells_name_lies_in_one_tile_though_the_cell_lies_in_several(as_: As) -> None:
    office, (lng, lat) = as_("dispatcher"), middle(1)["coordinates"]
    x, y = tile_of(lng, lat, 13)
    around = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    tiles = [
        office("GET", f"/maps/cells/tiles/13/{a}/{b}.mvt").data.partition(b"cells_names") for a, b in around
    ]
    assert sum("1号网格".encode() in area for area, _, _ in tiles) > 1
    assert sum("1号网格".encode() in names for _, _, names in tiles) == 1


def personal(person: Person) -> str:
    token: str = person("POST", "/tokens", {"label": "QGIS"}).get_json()["token"]
    return token


# GDAL holds the interpreter while it waits for an answer, so the client is a process of its own, as in real
# life.
CLIENT = """
import json, sys, pyogrio
url, layer, token, box = sys.argv[1:5]
pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": "qgis:" + token, "GDAL_HTTP_AUTH": "BASIC"})
bbox = tuple(json.loads(box) or ()) or None
_, _, shapes, columns = pyogrio.raw.read("OAPIF:" + url, layer=layer, bbox=bbox)
print(json.dumps({"count": len(shapes), "words": [str(v) for column in columns for v in column]}))
"""


def read(url: str, token: str, layer: str, bbox: tuple[float, ...] | None = None) -> dict[str, Any] | None:
    """By GDAL's OAPIF driver, with the token where desktop programs put it; None where it may not read."""
    command = [sys.executable, "-c", CLIENT, url, layer, token, json.dumps(bbox)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def test_a_gis_reads_the_layers(as_: As, served: str) -> None:
    token = personal(as_("dispatcher"))
    cells = read(f"{served}/api/v1/ogc", token, "cells")
    assert cells is not None
    assert cells["count"] == 3
    assert "0号网格" in cells["words"]
    near = read(f"{served}/api/v1/ogc", token, "customers", (120.3, 36.05, 120.319, 36.07))
    assert near is not None
    assert near["count"] == 2


def test_a_gis_reads_only_its_owners_layers(as_: As, served: str) -> None:
    found = read(f"{served}/api/v1/ogc", personal(as_("stranger")), "cells")
    assert found is not None
    assert found["count"] == 1
    assert read(f"{served}/api/v1/ogc", "not a token", "cells") is None


def basic(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"x:{token}".encode()).decode()}


def test_basic_is_for_reading_tokens_alone(app: Flask, as_: As) -> None:
    dispatcher, client = as_("dispatcher"), app.test_client()
    assert client.get("/api/v1/ogc/", headers=basic(personal(dispatcher))).status_code == 200
    assert client.get("/api/v1/ogc/", headers=basic(dispatcher.token)).get_json()["code"] == "not_signed_in"
    wrong = client.delete("/api/v1/sessions", headers=basic(personal(dispatcher)))
    assert wrong.get_json()["code"] == "read_only_token"


def test_the_standards_pages_are_there(as_: As) -> None:
    person = as_("dispatcher")
    landing = person.get("/ogc/")
    assert {link["rel"] for link in landing["links"]} >= {"self", "conformance", "data", "service-desc"}
    assert any("core" in one for one in person.get("/ogc/conformance")["conformsTo"])
    assert [one["id"] for one in person.get("/ogc/collections")["collections"]] == [
        "cells",
        "jobs",
        "customers",
    ]
    assert person.get("/ogc/collections/cells")["id"] == "cells"
    page = person.get("/ogc/collections/customers/items?limit=4")
    assert (page["numberMatched"], page["numberReturned"], len(page["features"])) == (6, 4, 4)
    next_ = next(link["href"] for link in page["links"] if link["rel"] == "next")
    rest = person.get(next_.split("/api/v1")[1])
    assert len(rest["features"]) == 2
    assert not {one["id"] for one in rest["features"]} & {one["id"] for one in page["features"]}
    one = page["features"][0]["id"]
    assert person.get(f"/ogc/collections/customers/items/{one}")["id"] == one


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc/collections/customers/items?bbox=1,2,3", 422),
        ("/ogc/collections/customers/items?bbox=a,b,c,d", 422),
        ("/ogc/collections/customers/items?limit=0", 422),
        ("/ogc/collections/customers/items?colour=red", 422),
        ("/ogc/collections/pipes/items", 404),
        ("/ogc/collections/cells/items/0193c0de-0000-7000-8000-000000000009", 404),
    ],
)
def test_wrong_questions_are_told(as_: As, path: str, status: int) -> None:
    assert as_("dispatcher")("GET", path).status_code == status
