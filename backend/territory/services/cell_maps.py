"""Maps of a unit's cells to print: who serves which, how much there is to do, and where everything lies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.papers.typeset import NoFonts, pictures, typeset
from backend.core.queries import policy
from backend.core.queries.scopes import today, units_below
from backend.core.services.paper_frame import Press, head_of
from backend.territory.queries.cell_map import CellRow, cells_to_draw
from backend.territory.services.cell_map_drawing import EDGE, FEW, HEAD, SIZES, CellMap, MapCell, draw_map
from geo.measure import area_m2
from sync.kind import Values

FORMATS = ("pdf", "svg", "png")
MOST_CELLS = 2_000
# Codes that fit into small cells stand there themselves; longer ones are numbered.
_MOST_KEY = 6
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a map is wanted: the paper's size, its format, the day it shows, telephone numbers in its list,
    which page of pictures."""

    size: str = "a4"
    format: Literal["pdf", "svg", "png"] = "pdf"
    on: date = field(default_factory=today)
    phones: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A finished map, and how many pages it has."""

    filename: str
    data: bytes
    pages: int


def cell_map(session: Session, actor: Actor, press: Press, unit_id: str, wanted: Wanted) -> DrawnMap:
    """The cells of a unit and of those below it. Raises not_allowed, not_found, too_large, fonts_missing."""
    policy.need_office(actor)
    policy.need_unit(session, actor, unit_id)
    if wanted.phones:
        policy.need_unmasked(actor)
    rows = cells_to_draw(session, units_below(session, unit_id), wanted.on, MOST_CELLS + 1)
    if len(rows) > MOST_CELLS:
        raise Problem("too_large", most_cells=MOST_CELLS)
    rows = in_order(rows)
    keys = _keys(rows)
    drawn = CellMap()
    if rows:
        drawn = draw_map(
            [map_cell(press, key, row) for key, row in zip(keys, rows, strict=True)], wanted.size
        )
    head = head_of(session, press, "cell_map", wanted.on.isoformat(), unit_id)
    given = (
        head
        | _frame_words(press, wanted, len(rows))
        | _pages(press, drawn)
        | _list(press, wanted, rows, keys, drawn)
    )
    name = f"{head['title']}-{head['utility']}-{wanted.on.isoformat()}"
    return _made(press, given, drawn, wanted, name)


def picture_of_cells(
    press: Press, title: str, told: str, cells: Sequence[MapCell], before: Sequence[BaseGeometry] = ()
) -> bytes:
    """Cells on one page as PNG, without a list; outlines of `before` are drawn over them.

    Raises fonts_missing.
    """
    drawn, wanted = draw_map(cells, "a4", before, is_one_page=True), Wanted(format="png")
    words: Values = {
        "title": title,
        "utility": "",
        "number": "",
        "number_label": "",
        "missing_label": press.say("missing"),
        "foot": title,
    }
    given = (
        words | {"language": press.language} | _frame_words(press, wanted, len(cells)) | _pages(press, drawn)
    )
    given |= {
        "valid": told,
        "rows": [],
        "columns": [],
        "rights": [],
        "list_head": [],
        "is_listed_below": True,
    }
    return _made(press, given, drawn, wanted, title).data


def _made(press: Press, given: Values, drawn: CellMap, wanted: Wanted, name: str) -> DrawnMap:
    try:
        if wanted.format == "pdf":
            data = typeset("cell_map", given, drawn.files, press.fonts)
            return DrawnMap(f"{name}.pdf", data, len(drawn.pages))
        made = pictures("cell_map", given, drawn.files, press.fonts, wanted.format)
    except NoFonts as error:
        raise Problem("fonts_missing", folder=str(error)) from error
    if wanted.page > len(made):
        raise Problem("not_found", page=wanted.page, pages=len(made))
    return DrawnMap(f"{name}-{wanted.page}.{wanted.format}", made[wanted.page - 1], len(made))


def in_order(rows: Iterable[CellRow]) -> list[CellRow]:
    """Cells as they are listed: by unit, then by code."""
    return sorted(rows, key=lambda row: (row.unit, _counted(row.code), row.name))


def _counted(code: str) -> list[tuple[int, str]]:
    """Codes as people count: 2 before 10."""
    return [(int(one), "") if one.isdecimal() else (0, one) for one in _NUMBER.split(code)]


def _keys(rows: Sequence[CellRow]) -> list[str]:
    """What stands for a cell: its own code where all are short and none is there twice, else its number in
    the list."""
    codes = [row.code for row in rows]
    is_short = all(0 < len(code) <= _MOST_KEY for code in codes) and len(set(codes)) == len(codes)
    return codes if is_short else [str(n + 1) for n in range(len(rows))]


def map_cell(press: Press, key: str, row: CellRow) -> MapCell:
    """A cell with its words in the reader's language."""
    people = (
        press.say("map.standing_in", who=row.stand_in)
        if row.stand_in
        else row.representative or press.say("map.nobody")
    )
    figures = [press.say("map.customers_of", count=row.customers)]
    if row.workload is not None:
        figures.append(press.say("map.work_of", work=round(row.workload)))
    name = "" if row.name == key else row.name
    return MapCell(key, name, people, tuple(figures), row.unit, row.outline)


def _frame_words(press: Press, wanted: Wanted, count: int) -> Values:
    return {
        "paper": list(SIZES[wanted.size]), "edge": EDGE, "head": HEAD, "is_wide": wanted.size == "a3",
        "valid": press.say("map.valid", on=wanted.on.isoformat()),
        "count": press.say("map.count", count=count) if count else press.say("map.none"),
        "note": press.say("map.note"), "list_words": press.say("map.list"),
    }  # fmt: skip


def _pages(press: Press, drawn: CellMap) -> Values:
    """Each page with its words: what it shows, its scale, the figures under its bar."""
    pages = []
    for n, page in enumerate(drawn.pages):
        words = press.say("map.all" if n == 0 else "map.part", page=n + 1)
        if n == 0 and len(drawn.pages) > 1:
            words += " · " + press.say(
                "map.larger" if len(drawn.pages) > 2 else "map.larger_one", last=len(drawn.pages)
            )
        scale = press.say("map.scale", scale=f"{page['scale']:,}".replace(",", " "))
        bar = page["bar"] | {"words": _bar_words(page["bar"]["metres"])}
        pages.append(page | {"words": words, "scale_words": scale, "bar": bar})
    return {"pages": pages}


def _bar_words(metres: float) -> list[str]:
    """Nothing, half and the whole of a scale bar in round figures."""
    unit, each = ("km", 1000) if metres >= 1000 else ("m", 1)
    return ["0", f"{metres / 2 / each:g}", f"{metres / each:g} {unit}"]


def _list(
    press: Press, wanted: Wanted, rows: Sequence[CellRow], keys: Sequence[str], drawn: CellMap
) -> Values:
    """The list of all cells: a column only where it says something."""
    has_codes = list(keys) != [row.code for row in rows]
    columns: list[tuple[str, float, list[str]]] = [("map.key", 0, list(keys))]
    if has_codes:
        columns.append(("map.code", 2, [row.code for row in rows]))
    columns.append(("map.name", 3, [row.name for row in rows]))
    if len({row.unit for row in rows}) > 1:
        columns.append(("map.unit", 2, [row.unit for row in rows]))
    columns.append(("map.representative", 2, [row.representative or "—" for row in rows]))
    if any(row.stand_in for row in rows):
        columns.append(("map.stand_in", 2, [row.stand_in or "" for row in rows]))
    if wanted.phones:
        columns.append(("map.phone", 2, [row.phone or "—" for row in rows]))
    left = len(columns)
    columns.append(("map.customers", 0, [str(row.customers) for row in rows]))
    columns.append(
        ("map.work", 0, ["—" if row.workload is None else str(round(row.workload)) for row in rows])
    )
    columns.append(("map.area", 0, [_area(row) for row in rows]))
    if len(drawn.pages) > 1:
        columns.append(("map.page", 0, [str(page) for page in drawn.page_of]))
    return {
        "columns": [width for _, width, _ in columns], "rights": list(range(left, len(columns))),
        "list_head": [press.say(name) for name, _, _ in columns],
        "rows": [list(row) for row in zip(*(values for _, _, values in columns), strict=True)],
        "is_listed_below": 0 < len(rows) <= FEW and len(drawn.pages) == 1,
    }  # fmt: skip


def _area(row: CellRow) -> str:
    size: Any = area_m2(row.outline) / 1e6
    return f"{size:.2f}" if size < 100 else f"{size:,.0f}"
