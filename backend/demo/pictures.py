"""Draws pictures of the demo city: cells by workload, a change of cells, a planned day.

They are for people who would rather look than read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import structlog
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from shapely.geometry.base import BaseGeometry

from backend.core.blobs.store import open_blobs
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import in_city, today
from backend.core.services.paper_frame import Press
from backend.dispatch.services.field_day import day_of
from backend.territory.queries.cell_map import cells_to_draw
from backend.territory.queries.cells import outlines, units_with_cells
from backend.territory.services.cell_map_drawing import MapCell
from backend.territory.services.cell_maps import in_order, map_cell, picture_of_cells
from backend.territory.services.ground_drawing import look_at
from geo.dispatch import Day
from geo.divide import moved_share, redivided
from geo.routing.day import plan_day

log = structlog.get_logger(__name__)
# A day's ways are drawn without letters: colours say it.
_INK, _PAPER = "#1f2a36", "#ffffff"


def draw_cells(path: Path, press: Press, cells: Sequence[MapCell], title: str, loads: Sequence[float], *,
               before: Sequence[BaseGeometry] = ()) -> list[Path]:  # fmt: skip
    """Cells as the paper of `/papers/cell-maps` draws them; `before` are outlines of before, drawn over them.
    Nothing where a bare machine has no font for it."""
    told = f"max/mean {max(loads) / (float(np.mean(loads)) or 1.0):.3f}"
    try:
        path.write_bytes(picture_of_cells(press, title, told, cells, before))
    except Problem as problem:
        log.warning("picture.not_drawn", picture=path.name, why=problem.code)
        return []
    return [path]


def draw_day(path: Path, day: Day, ground: Sequence[BaseGeometry], title: str) -> Path:
    """Each crew's way through its jobs over the cells."""
    figure = Figure(figsize=(9, 9), facecolor=_PAPER)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.9))
    for shape in ground:
        axes.add_patch(PathPatch(_outline(shape), facecolor="#eef2f5", edgecolor="#c5ced6", linewidth=0.5))
    scale: Any = colormaps["tab20"]
    for n, (shift, route) in enumerate(zip(day.problem.shifts, day.plan.routes, strict=True)):
        way = day.places[[shift.start, *(day.problem.tasks[task].place for task in route)]]
        colour = scale(n / max(len(day.problem.shifts), 1))
        axes.plot(way[:, 0], way[:, 1], color=colour, linewidth=1.6)
        axes.scatter(way[1:, 0], way[1:, 1], color=colour, s=22, zorder=3)
        axes.scatter(way[:1, 0], way[:1, 1], color=colour, marker="s", s=46, edgecolor=_INK, zorder=4)
    _frame(axes, ground)
    served = sum(map(len, day.plan.routes))
    figure.suptitle(
        f"{title}   {served} jobs, {len(day.problem.shifts)} crews", color=_INK, fontsize=13, y=0.97
    )
    figure.savefig(path, dpi=110)
    return path


def _outline(shape: BaseGeometry) -> Outline:
    rings, codes = [], []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        corners = shapely.get_coordinates(ring)
        rings.append(corners)
        codes += [Outline.MOVETO, *[Outline.LINETO] * (len(corners) - 2), Outline.CLOSEPOLY]
    return Outline(np.vstack(rings), codes)


def _frame(axes: Any, shapes: Sequence[BaseGeometry]) -> None:
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
    axes.set_axis_off()


def draw_city(database: Database, settings: Settings, folder: Path) -> list[Path]:
    """The demo city's cells, a balanced branch and its planned day.

    The branch is balanced again after its demand has shifted; the day is that branch's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with database.snapshot() as session:
        units = units_with_cells(session)
        cells = outlines(session, units)
        busiest = max(units, key=lambda unit: sum(cell["unit_id"] == unit for cell in cells))
        ground = look_at(session, busiest)
        day, _, _, _ = day_of(
            session, settings, [busiest], in_city(datetime.now(UTC)), on=today() + timedelta(days=1)
        )
        rows = in_order(cells_to_draw(session, units, today(), len(cells)))
    press = Press(open_blobs("memory://"), settings.fonts, "", "en")
    named = [map_cell(press, str(n + 1), row) for n, row in enumerate(rows)]
    drawn = draw_cells(folder / "cells.png", press, named, "Cells", [row.workload or 0.0 for row in rows])
    # The north-east grows by half, as new estates do.
    middle = np.median(ground.places, axis=0)
    workload = ground.workload({}) * np.where((ground.places > middle).all(axis=1), 1.5, 1.0)
    again = redivided(shapely.union_all(ground.shapes), ground.shapes, ground.places, workload)
    moved = moved_share(ground.shapes, again.cells, ground.places, workload)
    title = f"Balanced again, {moved:.0%} of the work moved (dashed: before)"
    mean = float(np.mean(again.workload)) or 1.0
    anew = [
        MapCell(str(n + 1), f"{load / mean:.2f}", "", (), busiest, shape)
        for n, (shape, load) in enumerate(zip(again.cells, again.workload, strict=True))
    ]
    drawn += draw_cells(folder / "again.png", press, anew, title, list(again.workload), before=ground.shapes)
    planned = replace(day, plan=plan_day(day.problem, 3, today=day.plan))
    drawn.append(draw_day(folder / "day.png", planned, ground.shapes, "A planned day"))
    return drawn
