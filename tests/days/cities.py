"""Generates cities of several shapes, sizes and time zones for the days."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

Place = tuple[float, float]
KM_A_DEGREE = 111.2
# East and north of the middle, in city radii.
Shape = Callable[[random.Random], tuple[float, float]]


def _disc(dice: random.Random) -> tuple[float, float]:
    angle, out = dice.uniform(0, 2 * math.pi), math.sqrt(dice.random())
    return out * math.cos(angle), out * math.sin(angle)


def _valley(dice: random.Random) -> tuple[float, float]:
    along = dice.uniform(-1, 1)
    return along, 0.3 * along + dice.gauss(0, 0.06)


def _bay(dice: random.Random) -> tuple[float, float]:
    angle, out = dice.uniform(-0.8 * math.pi, 0.6 * math.pi), dice.uniform(0.6, 1)
    return out * math.cos(angle), out * math.sin(angle)


def _two_towns(dice: random.Random) -> tuple[float, float]:
    east, north = _disc(dice)
    return 0.3 * east + dice.choice((-0.7, 0.7)), 0.3 * north


def _blocks(dice: random.Random) -> tuple[float, float]:
    return dice.randint(-8, 8) / 8, dice.randint(-8, 8) / 8


def _centre_and_villages(dice: random.Random) -> tuple[float, float]:
    east, north = _disc(dice)
    return (0.35 * east, 0.35 * north) if dice.random() < 0.75 else (east, north)


class Ground(NamedTuple):
    """A city: its clock, its middle (lng, lat), how far it goes, its shape, and how one drives there."""

    name: str
    zone: str
    middle: Place
    radius_km: float
    shape: Shape
    detour: float = 1.35
    kmh: float = 30.0

    def somewhere(self, dice: random.Random) -> Place:
        """A place in the city, to the centimetres that records keep."""
        east, north = self.shape(dice)
        lat = self.middle[1] + north * self.radius_km / KM_A_DEGREE
        lng = self.middle[0] + east * self.radius_km / KM_A_DEGREE / math.cos(math.radians(self.middle[1]))
        return round(lng, 7), round(lat, 7)


CITIES = (
    Ground("a bay", "Asia/Shanghai", (120.35, 36.12), 14, _bay),
    Ground("streets in squares", "America/Chicago", (-97.05, 32.85), 11, _blocks, 1.25, 40),
    Ground("a valley", "Europe/Zurich", (7.1, 46.2), 16, _valley, 1.6, 45),
    Ground("two towns", "Asia/Kolkata", (77.3, 28.6), 15, _two_towns, 1.4, 24),
    Ground("an old town with villages", "Europe/Madrid", (-3.9, 40.6), 13, _centre_and_villages),
    Ground("a southern coast", "Pacific/Auckland", (174.8, -36.9), 9, _bay, 1.5, 35),
    Ground("the far north", "Europe/Oslo", (18.95, 69.65), 8, _disc, 1.7, 50),
    Ground("half an hour off", "America/St_Johns", (-52.75, 47.55), 6, _disc, 1.3, 28),
)
