"""How long it takes from place to place: a matrix service where the utility has one, else the straight line with a factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import shapely
import structlog
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from backend.config import Settings
from geo.measure import Coordinates
from geo.travel import Crossing, Going, Land, straight_s

log = structlog.get_logger(__name__)
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Travel:
    """Seconds between places (n, n), and in words where they come from."""

    seconds: NDArray[np.int64]
    how_zh: str
    how_en: str


def travel_between(settings: Settings, places: Coordinates, ground: BaseGeometry | None = None) -> Travel:
    """Travel between places (n, 2); `ground` is land that water may divide, used where crossings are configured."""
    going = Going(settings.travel_detour, settings.travel_kmh * 1000 / 60)
    zh = f"直线距离×{going.detour:g}，时速 {settings.travel_kmh:g} 公里"
    en = f"straight line × {going.detour:g} at {settings.travel_kmh:g} km/h"
    if settings.matrix_url and len(places):
        try:
            seconds = _MATRIX[settings.matrix_format](settings.matrix_url, places)
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            log.warning("matrix.failed", error=type(error).__name__)
            zh, en = f"{zh}（路网服务没有应答）", f"{en} (the matrix service did not answer)"
        else:
            return Travel(
                seconds, f"路网服务（{settings.matrix_format}）", f"matrix service ({settings.matrix_format})"
            )
    if settings.crossings_file and ground is not None and not ground.is_empty:
        land = _land(ground.wkb, settings.crossings_file, going)
        return Travel(land.seconds(places), f"{zh}，绕行水域", f"{en}, round water by its crossings")
    return Travel(straight_s(places, going), zh, en)


@lru_cache(maxsize=16)
def _land(ground: bytes, crossings_file: str, going: Going) -> Land:
    """The ground's ways round water; kept, because they cost a second and the ground seldom changes."""
    lines = shapely.get_parts(shapely.from_geojson(Path(crossings_file).read_text(encoding="utf-8")))
    ends = [(line.coords[0][:2], line.coords[-1][:2]) for line in lines]
    return Land(shapely.from_wkb(ground), [Crossing(pair) for pair in ends], going)


def _osrm(url: str, places: Coordinates) -> NDArray[np.int64]:
    """OSRM's table service; the URL goes up to the profile: `http://host/table/v1/driving`."""
    path = ";".join(f"{lng:.6f},{lat:.6f}" for lng, lat in places.tolist())
    answer = httpx.get(f"{url.rstrip('/')}/{path}", params={"annotations": "duration"}, timeout=_TIMEOUT_S)
    return _whole(answer.raise_for_status().json()["durations"], len(places))


def _valhalla(url: str, places: Coordinates) -> NDArray[np.int64]:
    """Valhalla's sources_to_targets; the URL is the whole address of the endpoint."""
    spots = [{"lon": lng, "lat": lat} for lng, lat in places.tolist()]
    body = {"sources": spots, "targets": spots, "costing": "auto"}
    answer = httpx.post(url, content=orjson.dumps(body), timeout=_TIMEOUT_S).raise_for_status().json()
    return _whole([[one["time"] for one in row] for row in answer["sources_to_targets"]], len(places))


def _whole(rows: Any, size: int) -> NDArray[np.int64]:
    """A full table of seconds; a pair the service knows no way for is very far."""
    table = np.array([[10**6 if one is None else one for one in row] for row in rows], dtype=np.float64)
    if table.shape != (size, size):
        raise ValueError("not a table of all pairs")
    return np.ceil(table).astype(np.int64)


_MATRIX = {"osrm": _osrm, "valhalla": _valhalla}
