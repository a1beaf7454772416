"""Travel times from a routing service, and crossings from a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import orjson
import pytest

from backend.core.config import Settings
from backend.dispatch.services.travelling import travel_between
from tests.factories import square

PLACES = np.array([(120.3, 36.06), (120.31, 36.06), (120.32, 36.06)])


class Matrix(BaseHTTPRequestHandler):
    """A routing service that answers both formats, of four places at most.

    It answers so long as the longitudes differ; not back from the third place to the first.
    """

    def do_GET(self) -> None:
        parts, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        places = [float(pair.split(",")[0]) for pair in parts.path.rsplit("/", 1)[1].split(";")]
        chosen = [[places[int(n)] for n in query[name][0].split(";")] for name in ("sources", "destinations")]
        self._answer({"durations": self._rows(*chosen)}, len(places))

    def do_POST(self) -> None:
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chosen = [[one["lon"] for one in body[name]] for name in ("sources", "targets")]
        rows = [[{"time": one} for one in row] for row in self._rows(*chosen)]
        self._answer({"sources_to_targets": rows}, sum(map(len, chosen)))

    def _rows(self, sources: list[float], targets: list[float]) -> list[list[float | None]]:
        back = (PLACES[2, 0], PLACES[0, 0])
        return [[None if (a, b) == back else abs(a - b) * 1000 * 6.1 for b in targets] for a in sources]

    def _answer(self, body: dict[str, Any], places: int) -> None:
        self.send_response(200 if places <= 4 else 400)
        self.end_headers()
        self.wfile.write(orjson.dumps(body))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def matrix() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Matrix)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/table/v1/driving"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("format_", ["osrm", "valhalla"])
def test_a_matrix_service_is_asked_in_blocks_it_takes(settings: Settings, matrix: str, format_: str) -> None:
    asked = replace(settings, matrix_url=matrix, matrix_format=format_, matrix_most_places=4)
    found = travel_between(asked, PLACES)
    assert found.seconds.tolist() == [[0, 62, 122], [62, 0, 61], [10**6, 61, 0]]
    assert format_ in found.how_en
    many = np.linspace(120.3, 120.4, 7)
    seconds = travel_between(asked, np.column_stack([many, np.full(7, 36.06)])).seconds
    assert seconds[0, 6] == pytest.approx(610, abs=1)
    assert (seconds == seconds.T).all()


def test_a_matrix_service_that_refuses_is_said(settings: Settings, matrix: str) -> None:
    assert "没有应答" in travel_between(replace(settings, matrix_url=matrix), PLACES).how_zh


def test_a_matrix_service_that_is_away_is_said(settings: Settings) -> None:
    found = travel_between(replace(settings, matrix_url="http://127.0.0.1:9/nothing"), PLACES)
    assert "没有应答" in found.how_zh
    assert found.seconds[0, 1] == pytest.approx(900 * 1.35 / 500 * 60, rel=0.02)


def test_crossings_are_read_from_a_file(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "crossings.geojson"
    file.write_text(
        '{"type":"GeometryCollection","geometries":'
        '[{"type":"LineString","coordinates":[[120.1,36.1],[120.2,36.1]]}]}'
    )
    from backend.core.geometry import shape_of

    found = travel_between(replace(settings, crossings_file=str(file)), PLACES, shape_of(square(0)))
    assert "绕行水域" in found.how_zh
