"""A map of cells on paper: colours that tell neighbours apart, letters within cells, a scale; larger views
where needed.

The ground is drawn as SVG; letters are left to the template, which has the fonts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.colouring import FILLS, coloured
from geo.lettering import Label, Lettering, Wording, cut, site_of
from geo.mapping import Box, Shapes, View, around, bar_of, plane_around, view_of, views_of

# Millimetres, upright. What a page keeps free of ground: its edge, its head, and the strip with scale and
# north below.
SIZES = {"a4": (210.0, 297.0), "a3": (297.0, 420.0)}
EDGE, HEAD, STRIP = 11.0, 17.0, 19.0
# As many cells as are named on the page itself, under the ground; and what the head and each line of that
# list take.
FEW, LIST_HEAD, LIST_LINE = 6, 10.0, 7.5
# Neighbours on paper: what lies nearer than this beside another is told apart.
_BESIDE_MM = 0.35
_INK, _FAINT, _LOST = "#10202c", "#5a636e", "#b3261e"
_MOST_NAME, _MOST_PEOPLE, _SHORT = 16.0, 14.0, 9.0
# Up to this rank a cell is named with whoever serves it; beyond, a larger view shows it again. Of a view's
# cells this part has to be named: one odd shape among many is no reason for another page, its key is in the
# list.
_NAMED, _ENOUGH = 1, 0.85


@dataclass(frozen=True, slots=True)
class MapCell:
    """A cell on a map: its key (what the list is in order of), and what may stand in it."""

    key: str
    name: str
    people: str
    figures: tuple[str, ...]
    unit: str
    shape: BaseGeometry


@dataclass(slots=True)
class CellMap:
    """Pages as the template wants them, their drawings by name, and on which page (from 1) each cell is
    named."""

    size: str = "a4"
    pages: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    page_of: list[int] = field(default_factory=list)
    colours: list[int] = field(default_factory=list)


class _Ground:
    """Cells on a plane in metres, and what is drawn of them."""

    def __init__(self, cells: Sequence[MapCell], before: Sequence[BaseGeometry]) -> None:
        self.cells = cells
        plane = plane_around([*(one.shape for one in cells), *before])
        self.shapes, self.before = plane[: len(cells)], plane[len(cells) :]
        self.boxes = shapely.bounds(self.shapes)
        self.units = _units(cells, self.shapes)
        self.wordings = [_wordings(one) for one in cells]
        self.colours: list[int] = []

    def box(self, members: Sequence[int] | None = None) -> Box:
        """The box around these cells, or all, in metres."""
        return around(self.boxes if members is None else self.boxes[list(members)])

    def letters(self, view: View, members: Sequence[int], most_unnamed: float = inf) -> Letters:
        """Labels for these members, the smallest cells first, which have least choice: named inside, or
        beside on free ground; else whatever fits inside, at least the key. It ends early where too many
        are unnamed."""
        shapes = np.empty(len(self.shapes), dtype=object)
        shapes[list(members)] = view.on_paper(self.shapes[list(members)])
        made = Letters(Lettering(view.width, view.height), shapely.union_all(view.on_paper(self.units)))
        shapely.prepare(made.ground)
        areas = shapely.area(shapes)
        for cell in sorted(members, key=lambda one: float(areas[one])):
            words, site = self.wordings[cell], site_of(shapes[cell])
            named = [one for one in words if one.rank <= _NAMED]
            label = made.lettering.inside(site, named) or made.lettering.beside(
                site, _beside(words), made.ground
            )
            label = label or made.lettering.inside(site, [one for one in words if one.rank > _NAMED])
            if label is not None:
                made.labels[cell] = label
            if label is None or label.wording.rank > _NAMED:
                most_unnamed -= 1
            if most_unnamed < 0:
                break
        return made

    def fits(self, view: View, members: Sequence[int]) -> bool:
        """Whether nearly all of these are named with their people on this view."""
        made = self.letters(view, members, (1 - _ENOUGH) * len(members))
        return len(made.labels) == len(members)


@dataclass(slots=True)
class Letters:
    """The labels of a page by cell, and the ground they were set on (mm)."""

    lettering: Lettering
    ground: BaseGeometry
    labels: dict[int, Label] = field(default_factory=dict)

    def add_keys(self, ground: _Ground, view: View, cells: Sequence[int]) -> None:
        """The keys of cells that have no label so far, beside them wherever there is room."""
        for cell in cells:
            site = site_of(view.on_paper(ground.shapes[[cell]])[0])
            key = Wording((ground.cells[cell].key,), 6.0, 3)
            label = (
                None
                if cell in self.labels
                else self.lettering.beside(site, [key], self.ground, may_cover=True)
            )
            if label is not None:
                self.labels[cell] = label


def draw_map(
    cells: Sequence[MapCell], size: str, before: Sequence[BaseGeometry] = (), *, is_one_page: bool = False
) -> CellMap:
    """A map of cells: all of them first, then larger views of those whose names found no room.

    Raises NothingInside.

    `before` are outlines drawn over it, such as those of before a change; `is_one_page` leaves the larger
    views out.
    """
    ground, made = _Ground(cells, before), CellMap(size, page_of=[1] * len(cells))
    frames = frames_of(size, len(cells))
    overview = view_of(ground.box(), frames)
    ground.colours = made.colours = coloured(list(ground.shapes), _BESIDE_MM * overview.scale / 1000)
    everybody = range(len(cells))
    letters = ground.letters(overview, everybody)
    unnamed = [
        one for one in everybody if one not in letters.labels or letters.labels[one].wording.rank > _NAMED
    ]
    views: list[tuple[View, list[int]]] = []
    if unnamed and not is_one_page:
        views = list(views_of(ground.boxes, unnamed, frames_of(size, FEW + 1), ground.fits))
        # A view that is no larger than the whole shows nothing new.
        views = [one for one in views if one[0].scale < 0.8 * overview.scale]
    shown_later = {cell for _, group in views for cell in group}
    letters.add_keys(ground, overview, [one for one in unnamed if one not in shown_later])
    _draw(made, ground, overview, letters, views)
    for view, group in views:
        inside = [int(n) for n in shapely.STRtree(ground.shapes).query(shapely.box(*view.box))]
        letters = ground.letters(view, list(dict.fromkeys([*group, *inside])))
        letters.add_keys(ground, view, group)
        _draw(made, ground, view, letters, [])
        for cell in group:
            made.page_of[cell] = len(made.pages)
    return made


def frames_of(size: str, cells: int) -> list[tuple[float, float]]:
    """The frames a page of this size has for ground (mm): upright and lying."""
    below = HEAD + STRIP + (LIST_HEAD + LIST_LINE * cells if cells <= FEW else 0)
    short, long = SIZES[size]
    return [(short - 2 * EDGE, long - 2 * EDGE - below), (long - 2 * EDGE, short - 2 * EDGE - below)]


def _units(cells: Sequence[MapCell], shapes: Shapes) -> Shapes:
    """The ground of each unit as one."""
    names = sorted({one.unit for one in cells})
    found = [
        shapely.union_all([shapes[n] for n, one in enumerate(cells) if one.unit == name]) for name in names
    ]
    return np.array(found, dtype=object)


def _beside(wordings: Sequence[Wording]) -> list[Wording]:
    """What stands beside a cell: small, and still with its people."""
    return [one for one in wordings if one.rank == _NAMED and one.size <= 7]


def _wordings(cell: MapCell) -> list[Wording]:
    """What may stand in a cell, the fullest and largest first; the key alone last."""
    name, people = cut(cell.name, _MOST_NAME), cut(cell.people, _MOST_PEOPLE)
    short = tuple(line for line in (cell.key, name, people) if line)
    half = _halves(name)
    full = [(*short, " · ".join(cell.figures)), (*short, *cell.figures)]
    found = [Wording(lines, size, 0) for size in (11.0, 9.5, 8.0, 7.0) for lines in full if cell.figures]
    found += [Wording(short, size, 1) for size in (8.0, 7.0, 6.0, 5.5)]
    if half and people:
        found += [Wording((cell.key, *half, people), size, 1) for size in (7.0, 6.0, 5.5)]
    if people:
        found += [Wording((cell.key, cut(name, _SHORT), cut(people, _SHORT)), size, 1) for size in (6.0, 5.5)]
    found += [Wording((cell.key, name), size, 2) for size in (7.0, 6.0, 5.5) if name]
    return found + [Wording((cell.key,), size, 3) for size in (9.0, 7.5, 6.5, 5.5)]


def _halves(name: str) -> tuple[str, str] | None:
    """A name on two lines, near its middle: at a space, else between Chinese signs; never within a word or
    number."""
    spots = [n for n in range(2, len(name) - 1) if " " in name[n - 1 : n + 1]]
    spots = spots or [n for n in range(2, len(name) - 1) if not name[n - 1 : n + 1].isascii()]
    spots = [n for n in spots if not (name[n - 1].isdecimal() and name[n].isdecimal())]
    if not spots:
        return None
    at = min(spots, key=lambda n: abs(n - len(name) / 2))
    return name[:at].strip(), name[at:].strip()


def _draw(
    made: CellMap, ground: _Ground, view: View, letters: Letters, views: Sequence[tuple[View, list[int]]]
) -> None:
    """One page: the ground as a drawing, letters and where the larger views lie as the template's."""
    labels, first = list(letters.labels.values()), len(made.pages) + 2
    frames = [
        _frame(view, ground.box(group), first + n, letters.lettering) for n, (_, group) in enumerate(views)
    ]
    name = f"map-{len(made.pages) + 1}.svg"
    made.files[name] = _svg(ground, view, labels, [one["box"] for one in frames])
    bar, parts = bar_of(view.scale, 62.0)
    made.pages.append(
        {
            "file": name,
            "width": view.width,
            "height": view.height,
            "is_lying": view.width > SIZES[made.size][0],
            "scale": view.scale,
            "bar": {"metres": bar, "parts": parts, "mm": bar * 1000 / view.scale},
            "labels": [_label(one) for one in labels],
            "frames": frames,
        }
    )


def _label(one: Label) -> dict[str, Any]:
    word = one.wording
    return {
        "x": one.x,
        "y": one.y,
        "lines": list(word.lines),
        "size": word.size,
        "is_beside": one.of is not None,
        "width": word.width,
        "height": word.height,
    }


def _frame(view: View, shown: Box, page: int, lettering: Lettering) -> dict[str, Any]:
    """Where the cells of a larger view lie on this one: their box in mm, and a free place on it for its
    page's number."""
    west, _, _, north = view.box
    factor = 1000 / view.scale
    left, low, right, high = shown
    box = [
        (left - west) * factor - 0.5,
        (north - high) * factor - 0.5,
        (right - west) * factor + 0.5,
        (north - low) * factor + 0.5,
    ]
    width, height = 2.2 + 1.5 * len(str(page)), 3.6
    across = np.linspace(box[0], box[2] - width, 24)
    down = np.linspace(box[1], box[3] - height, 24)
    spots = [(x, y) for x in across for y in (box[1] - height / 2, box[3] - height / 2)]
    spots += [(x, y) for y in down for x in (box[0] - width / 2, box[2] - width / 2)]
    x, y = spots[lettering.free([(x, y, x + width, y + height) for x, y in spots])]
    return {"box": box, "page": page, "x": x, "y": y, "width": width, "height": height}


def _svg(ground: _Ground, view: View, labels: Sequence[Label], boxes: Sequence[Sequence[float]]) -> bytes:
    near = np.flatnonzero(shapely.intersects(ground.shapes, shapely.box(*view.box)))
    paths = [_path(shape) for shape in view.on_paper(ground.shapes[near])]
    fills = "".join(
        f'<path d="{path}" fill="{FILLS[colour % len(FILLS)]}"/>'
        + (f'<path d="{path}" fill="url(#lines)"/>' if colour >= len(FILLS) else "")
        for path, colour in zip(paths, (ground.colours[n] for n in near), strict=True)
    )
    borders = "".join(f'<path d="{path}"/>' for path in paths)
    units = "".join(f'<path d="{_path(shape)}"/>' for shape in view.on_paper(ground.units))
    before = "".join(f'<path d="{_path(shape)}"/>' for shape in view.on_paper(ground.before))
    to = "".join(_pointer(one) for one in labels)
    frames = "".join(f'<path d="M{w:.2f} {n:.2f}H{e:.2f}V{s:.2f}H{w:.2f}Z"/>' for w, n, e, s in boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {view.width} {view.height}">'
        '<defs><pattern id="lines" width="2" height="2" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<path d="M0 0H2" stroke="{_INK}" stroke-width="0.25"/></pattern></defs>'
        f'<g fill-rule="evenodd" stroke="none">{fills}</g><g fill="none" stroke-linejoin="round">'
        f'<g stroke="{_FAINT}" stroke-width="0.22">{borders}</g><g stroke="{_INK}" '
        f'stroke-width="0.4">{units}</g>'
        f'<g stroke="{_LOST}" stroke-width="0.3" stroke-dasharray="1.4 1">{before}</g>'
        f'<g stroke="{_INK}" stroke-width="0.18">{to}</g>'
        f'<g stroke="{_LOST}" stroke-width="0.22" stroke-dasharray="2.4 1">{frames}</g></g></svg>'
    ).encode()


def _pointer(label: Label) -> str:
    """A line from the edge of a label to what it is of, with a dot at its end."""
    if label.of is None:
        return ""
    (x, y), half = label.of, label.wording.height / 2
    up = 0.0 if abs(y - label.y) < half else half if y > label.y else -half
    line = f'<path d="M{label.x:.2f} {label.y + up:.2f}L{x:.2f} {y:.2f}"/>'
    return line + f'<circle cx="{x:.2f}" cy="{y:.2f}" r="0.3" fill="{_INK}"/>'


def _path(shape: BaseGeometry) -> str:
    """The areas of a shape as an SVG path."""
    rings = [
        ring
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
        for ring in (part.exterior, *part.interiors)
    ]
    return "".join(_ring(shapely.get_coordinates(ring)) for ring in rings)


def _ring(corners: Any) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in corners[:-1].tolist()) + "Z"
