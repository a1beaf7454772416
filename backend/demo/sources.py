"""Reads the shipped files of the demo city."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from backend.core.geometry import shape_of
from geo.measure import Coordinates

FOLDER = Path(__file__).parent / "city"


@dataclass(frozen=True)
class District:
    """A district of the city.

    Its outline in WGS-84, share of the city's people, committee names, and its towns (lng, lat).
    """

    code: str
    name: str
    outline: BaseGeometry
    share: float
    committees: tuple[tuple[str, str], ...]
    towns: Coordinates


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def districts() -> tuple[District, ...]:
    """The ten districts by code."""
    share = {row["district_code"]: float(row["share_2010"]) for row in _rows("population.csv")}
    committees: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("committees.csv"):
        committees.setdefault(row["district_code"], []).append((row["street"], row["name"]))
    towns: dict[str, list[tuple[float, float]]] = {}
    for row in _rows("places.csv"):
        towns.setdefault(row["district_code"], []).append((float(row["lon"]), float(row["lat"])))
    found = []
    for feature in orjson.loads((FOLDER / "districts.geojson").read_bytes())["features"]:
        code = feature["properties"]["adcode"]
        found.append(
            District(
                code,
                feature["properties"]["name"],
                shapely.make_valid(shape_of(feature["geometry"])),
                share[code],
                tuple(committees[code]),
                np.array(towns.get(code, []), dtype=np.float64).reshape(-1, 2),
            )
        )
    return tuple(sorted(found, key=lambda d: d.code))


def scatter(district: District, count: int, random: np.random.Generator) -> Coordinates:
    """Places of customers: two thirds around the district's towns, one third anywhere; all inside it."""
    west, south, east, north = district.outline.bounds
    found: list[Coordinates] = []
    while sum(map(len, found)) < count:
        anywhere = np.column_stack([random.uniform(west, east, count), random.uniform(south, north, count)])
        batch = anywhere
        if len(district.towns):
            near = district.towns[random.integers(0, len(district.towns), 2 * count)] + random.normal(
                0, 0.012, (2 * count, 2)
            )
            batch = np.concatenate([near, anywhere])
        random.shuffle(batch)
        found.append(batch[shapely.contains_xy(district.outline, batch[:, 0], batch[:, 1])])
    return np.concatenate(found)[:count]
