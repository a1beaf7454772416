"""Draws a plan of cells: divides, imports or edits the present ones, with figures and findings.

No database here after `look_at`: drawing takes seconds, and no transaction may be open meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from backend.core.geometry import geojson_of, shape_of
from backend.core.installation import in_own_language, installed
from backend.core.sentences import sentence
from backend.territory.queries.cells import outlines
from backend.territory.queries.overlaps import sliver_degrees
from backend.territory.queries.workload import JOB_WORKLOAD, WORKLOAD, places_of_work
from backend.territory.services.ground_around import Around
from backend.territory.services.ground_importing import imported
from geo import divide, edit, lattice
from geo.errors import NothingInside
from geo.findings import Finding
from geo.locate import nearest
from geo.measure import Coordinates, area_m2
from geo.numbering import numbered
from geo.progress import Progress
from geo.shapes import GRID_DEGREES, broad_parts, coverage_of, filled, on_grid


@dataclass(frozen=True, slots=True)
class Ground:
    """A unit's cells today (id, name, code, outline, version) and where its work lies: service points with
    their customer's class, and the jobs of two years (class None), each at its own place; `jobs` says how
    many a year."""

    cells: list[dict[str, Any]]
    places: Coordinates
    categories: list[str | None]
    jobs: np.ndarray[Any, Any]

    @property
    def shapes(self) -> list[BaseGeometry]:
        """Today's outlines."""
        return [cell["shape"] for cell in self.cells]

    @property
    def versions(self) -> dict[str, int]:
        """What the plan is drawn over."""
        return {cell["id"]: cell["version"] for cell in self.cells}

    def workload(self, request: dict[str, Any]) -> np.ndarray[Any, Any]:
        """What each place means a year, by the request's own weights where it gives them."""
        weights = WORKLOAD | (request.get("visits_a_year") or {})
        a_job = request.get("job_weight")
        visits = np.array([weights[one] if one else 0.0 for one in self.categories], dtype=np.float64)
        return visits + (JOB_WORKLOAD if a_job is None else a_job) * self.jobs


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a plan keeps."""

    cells: list[dict[str, Any]]
    figures: dict[str, Any]
    findings: list[Finding]


@dataclass(slots=True)
class _Cell:
    """A cell as it would be: a new one has no id, one without a shape ends."""

    id: str | None
    name: str
    code: str
    shape: BaseGeometry | None


def look_at(session: Session, unit_id: str) -> Ground:
    """A unit's ground as it is today."""
    cells = outlines(session, [unit_id])
    rows = places_of_work(session, unit_id)
    places = np.array([(row[0], row[1]) for row in rows], dtype=np.float64).reshape(-1, 2)
    return Ground(cells, places, [row[2] for row in rows], np.array([float(row[3]) for row in rows]))


def draw(
    ground: Ground, way: str, request: dict[str, Any], file: bytes | None, progress: Progress, around: Around
) -> Drawn:
    """The cells afterwards, with figures before and after. Raises GeoError where it cannot be drawn."""
    findings: list[Finding] = []
    asked = shape_of(request["territory"]) if request.get("territory") else None
    territory = shapely.union_all(
        [*ground.shapes, *(one for one in (around.territory, asked) if one is not None)]
    )
    far_m, wanted = None, territory
    if way == "import":
        assert file is not None
        own = None if territory.is_empty else territory
        found = imported(ground.cells, own, around.city, request, file)
        cells = [_Cell(one.id, one.name, one.code, one.shape) for one in found.cells]
        findings, far_m = found.findings, found.far_m
        if around.territory is None:
            # Without a drawn territory what cells enclose is to be covered, before as afterwards.
            territory = shapely.union_all([territory, filled(ground.shapes)])
            wanted = shapely.union_all([territory, filled(found.zones)])
    elif way in _EDITS:
        cells = _edited(ground, _EDITS[way](ground, request), request)
    else:
        cells = _divided(ground, way, request, progress)
        findings += _too_heavy(ground, request, [cell.shape for cell in cells if cell.shape is not None])
    drawn = _drawn(ground, cells, ground.workload(request), findings, (territory, wanted))
    return replace(drawn, figures=drawn.figures | {"far_m": far_m})


def _divided(ground: Ground, way: str, request: dict[str, Any], progress: Progress) -> list[_Cell]:
    territory = (
        shape_of(request["territory"]) if request.get("territory") else shapely.union_all(ground.shapes)
    )
    if territory.is_empty:
        raise NothingInside
    workload, seed = ground.workload(request), request.get("seed") or 1
    if way == "rebalanced":
        shapes = divide.redivided(
            territory, ground.shapes, ground.places, workload, seed=seed, progress=progress
        ).cells
        return [_Cell(c["id"], c["name"], c["code"], s) for c, s in zip(ground.cells, shapes, strict=True)]
    if way == "balanced":
        count = request["cells"]
        shapes = divide.balanced(
            territory, ground.places, workload, count, seed=seed, progress=progress
        ).cells
    else:
        pieces = _LATTICES[way](territory, request)
        shapes = list(on_grid(list(lattice.merge_slivers(pieces))))
    return _identified(ground, shapes, workload)


def _too_heavy(ground: Ground, request: dict[str, Any], shapes: Sequence[BaseGeometry]) -> list[Finding]:
    """Where the cells are not alike: the places that alone weigh more than balance allows, which no border
    divides."""
    workload = ground.workload(request)
    found = divide.too_heavy(ground.places, workload, len(shapes))
    loads = divide.loads_of(shapes, ground.places, workload)
    if found is None or loads.max() <= (1 + divide.HEAVY) * loads.mean():
        return []
    words = sentence(
        "territory.indivisible_places",
        count=found.count,
        heavy=divide.HEAVY,
        at=f"{found.place[0]:.6f}, {found.place[1]:.6f}",
        share=found.share,
    )
    return [Finding("indivisible_place", (), 0.0, *words)]


_LATTICES: dict[str, Callable[[BaseGeometry, dict[str, Any]], Any]] = {
    "squares": lambda territory, request: lattice.squares(territory, request["side_m"]),
    "hexagons": lambda territory, request: lattice.hexagons(territory, request["side_m"]),
    "h3": lambda territory, request: lattice.h3_cells(territory, request["resolution"]),
}


def _identified(ground: Ground, shapes: Sequence[BaseGeometry], workload: Any) -> list[_Cell]:
    """New shapes keep the identity of the present cell they share most work with; the rest are new, or
    end."""
    shared = np.zeros((len(ground.cells), len(shapes)))
    if len(ground.places) and ground.cells:
        np.add.at(shared, (nearest(ground.shapes, ground.places), nearest(shapes, ground.places)), workload)
    old, new = linear_sum_assignment(-shared)
    mine = {int(n): int(o) for o, n in zip(old, new, strict=True) if shared[o, n] > 0}
    codes = _free_codes(ground, len(shapes))
    cells = []
    for n, shape in enumerate(shapes):
        code = next(codes)
        known = ground.cells[mine[n]] if n in mine else {"id": None, "name": _called(code), "code": code}
        cells.append(_Cell(known["id"], known["name"], known["code"], shape))
    kept = {cell.id for cell in cells}
    return cells + [_Cell(c["id"], c["name"], c["code"], None) for c in ground.cells if c["id"] not in kept]


def _called(code: str) -> str:
    return in_own_language(sentence("territory.new_cell", code=code))


def _free_codes(ground: Ground, count: int) -> Any:
    taken = {cell["code"] for cell in ground.cells}
    numbers, pattern = range(1, count + len(taken) + 1), installed().new_cell_code
    return iter([code for n in numbers if (code := numbered(pattern, n)) not in taken])


def _edited(ground: Ground, changed: edit.Edited, request: dict[str, Any]) -> list[_Cell]:
    cells = [_Cell(c["id"], c["name"], c["code"], c["shape"]) for c in ground.cells]
    codes = _free_codes(ground, len(changed))
    for n, shape in sorted(changed.items()):
        if n < len(cells):
            cells[n].shape = shape
        else:
            code = request.get("code") or next(codes)
            cells.append(_Cell(None, request.get("name") or _called(code), code, shape))
    return cells


def _index(ground: Ground, cell_id: str) -> int:
    for n, cell in enumerate(ground.cells):
        if cell["id"] == cell_id:
            return n
    raise NothingInside(cell_id)


_EDITS: dict[str, Callable[[Ground, dict[str, Any]], edit.Edited]] = {
    "split": lambda ground, request: edit.split(
        ground.shapes, _index(ground, request["cell_id"]), shape_of(request["line"])
    ),
    "merge": lambda ground, request: edit.merge(
        ground.shapes, [_index(ground, one) for one in request["cell_ids"]]
    ),
    "draw": lambda ground, request: edit.redraw(
        ground.shapes,
        _index(ground, request["cell_id"]) if request.get("cell_id") else None,
        shape_of(request["outline"]),
    ),
}


def _drawn(
    ground: Ground,
    cells: list[_Cell],
    workload: Any,
    findings: list[Finding],
    territory: tuple[BaseGeometry, BaseGeometry],
) -> Drawn:
    """A plan of cells; `territory` is what has to be covered before and after."""
    standing = [cell for cell in cells if cell.shape is not None]
    shapes = [cell.shape for cell in standing if cell.shape is not None]
    loads = divide.loads_of(shapes, ground.places, workload) if shapes else np.zeros(0)
    load_of = {id(cell): float(load) for cell, load in zip(standing, loads, strict=True)}
    before = {cell["id"]: cell for cell in ground.cells}
    rows = [
        {
            "id": cell.id,
            "name": cell.name,
            "code": cell.code,
            "outline": geojson_of(cell.shape) if cell.shape is not None else None,
            "workload": round(load_of.get(id(cell), 0.0), 2),
            "change": _change(cell, before.get(cell.id or "")),
        }
        for cell in cells
    ]
    lost = broad_parts(
        shapely.difference(shapely.union_all(ground.shapes), shapely.union_all(shapes)), _sliver()
    )
    figures = {
        "before": _figures(ground.shapes, territory[0], ground.places, workload),
        "after": _figures(shapes, territory[1], ground.places, workload),
        "moved_share": _moved(ground, cells, workload),
        "lost_m2": round(area_m2(lost), 1),
    }
    return Drawn(rows, figures, findings)


def _sliver() -> float:
    """The width up to which missing ground is only drawing, in degrees."""
    return max(sliver_degrees(), 2 * GRID_DEGREES)


def _change(cell: _Cell, before: dict[str, Any] | None) -> str:
    if before is None:
        return "new"
    if cell.shape is None:
        return "ended"
    same = shapely.equals_exact(shapely.normalize(cell.shape), shapely.normalize(before["shape"]))
    return "same" if same and (cell.name, cell.code) == (before["name"], before["code"]) else "changed"


def _figures(
    shapes: Sequence[BaseGeometry], territory: BaseGeometry, places: Coordinates, workload: Any
) -> dict[str, Any]:
    if not shapes:
        gap_m2 = round(area_m2(territory), 1)
        return {"cells": 0, "imbalance": None, "roundness": None, "overlap_m2": 0.0, "gap_m2": gap_m2}
    loads = divide.loads_of(shapes, places, workload)
    cover = coverage_of(territory, shapes, tolerance=0, width=_sliver())
    overlaps = sum(area_m2(shapely.intersection(shapes[i], shapes[j])) for i, j, _ in cover.overlaps)
    return {
        "cells": len(shapes),
        "imbalance": round(float(loads.max() / loads.mean()), 4) if loads.sum() else None,
        "roundness": round(float(divide.roundness(shapes).mean()), 3),
        "overlap_m2": round(overlaps, 1),
        "gap_m2": round(area_m2(cover.gaps), 1),
    }


def _moved(ground: Ground, cells: list[_Cell], workload: Any) -> float:
    """The share of workload whose cell is another one afterwards."""
    shapes = [cell.shape for cell in cells if cell.shape is not None]
    ids = np.array([cell.id or "" for cell in cells if cell.shape is not None])
    if not workload.sum() or not ground.cells or not shapes:
        return 0.0
    was = np.array([cell["id"] for cell in ground.cells])[nearest(ground.shapes, ground.places)]
    return round(float(workload[was != ids[nearest(shapes, ground.places)]].sum() / workload.sum()), 4)
