"""Travel times from place to place.

A matrix service answers where the utility has one, else the straight line with a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import httpx
import shapely
import structlog
from shapely.geometry.base import BaseGeometry

from backend.core.config import Settings
from backend.core.sentences import sentence
from backend.dispatch.services.routing_service import table
from geo.measure import Coordinates
from geo.routing.problem import Seconds
from geo.travel import Crossing, Going, Land, straight_s

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Travel:
    """Seconds between places (n, n), and in words where they come from."""

    seconds: Seconds
    how_zh: str
    how_en: str


def travel_between(settings: Settings, places: Coordinates, ground: BaseGeometry | None = None) -> Travel:
    """Travel between places (n, 2).

    `ground` is land that water may divide, used where crossings are configured.
    """
    going = Going(settings.travel_detour, settings.travel_kmh * 1000 / 60)
    how = sentence("dispatch.straight", detour=going.detour, speed=settings.travel_kmh)
    if settings.matrix_url and len(places):
        try:
            seconds = table(settings.matrix_format, settings.matrix_url, places, settings.matrix_most_places)
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            log.warning("matrix.failed", error=type(error).__name__)
            how = sentence("dispatch.straight_unanswered", straight=how)
        else:
            return Travel(seconds, *sentence("dispatch.matrix_service", format=settings.matrix_format))
    if settings.crossings_file and ground is not None and not ground.is_empty:
        land = _land(ground.wkb, settings.crossings_file, going)
        return Travel(land.seconds(places), *sentence("dispatch.round_water", straight=how))
    return Travel(straight_s(places, going), *how)


@lru_cache(maxsize=16)
def _land(ground: bytes, crossings_file: str, going: Going) -> Land:
    """The ground's ways round water; kept, because they cost a second and the ground seldom changes."""
    lines = shapely.get_parts(shapely.from_geojson(Path(crossings_file).read_text(encoding="utf-8")))
    ends = [(line.coords[0][:2], line.coords[-1][:2]) for line in lines]
    return Land(shapely.from_wkb(ground), [Crossing(pair) for pair in ends], going)
