"""Data classes of the demo city's loader: branches, batches of customers, divided territory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from backend.demo.sources import District
from backend.territory.queries.workload import WORKLOAD
from geo.measure import Coordinates


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch with its districts, cells and people as they are made."""

    id: str
    name: str
    districts: tuple[District, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A district's customers before they are written: places and classes."""

    branch: Branch
    district: District
    places: Coordinates
    categories: Sequence[str]

    @property
    def workload(self) -> Coordinates:
        """What each means a year."""
        return np.array([WORKLOAD[category] for category in self.categories])


@dataclass(frozen=True, slots=True)
class Ground:
    """A district's cells: ids, shapes, workload, in one order."""

    ids: list[str]
    shapes: list[BaseGeometry]
    workload: Coordinates
