"""Makes dirty tables of customers with meters by seed, and knows of each row what is true.

`dirty(seed, rows)` gives the file and, by row as people see it, the clean values or the reasons it must be
refused for. Layout, datum, defects and form are the seed's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from geo.datum import Datum, from_wgs84
from tests.imports.city import HOUSES, City, address_at, city
from tests.imports.dirty_layout import COLUMNS, Laid, lay_out, letters_of

FORMS = ("xlsx", "gbk", "utf-8-sig", "utf-16")
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
# As the file writes them, and what that is.
_CATEGORIES = {
    "居民": "resident",
    "居民用户": "resident",
    "大用户": "large",
    "重点客户": "key",
    "01-居民": "resident",
}
_NATURES = {
    "居民生活用水": "residential",
    "商业": "commercial",
    "工业用水": "industrial",
    "行政事业": "public",
}
_DIAMETERS = {"DN15": 15, "20mm": 20, "25": 25, "4分": 15, "φ40": 40}
# Nobody but a person knows what this one is.
ODD_WORD, ODD_MEANS = "丙类户", "special"
_NO_PLACE, _UNKNOWN_STREET, _DEFECT = 0.4, 0.3, 0.35


@dataclass
class Truth:
    """What is true of a row: its values and place, or why it must be refused; and whose double it is."""

    values: dict[str, Any] = field(default_factory=dict)
    place: tuple[float, float] | None = None
    refused: set[tuple[str, str]] = field(default_factory=set)
    # The cell that its address lies in; whether the address itself is known.
    cell_id: str = ""
    is_known_address: bool = False
    is_unknown_street: bool = False
    double_of: int | None = None
    defect: str = ""


@dataclass
class Record:
    """A row before it is written: its cells by column, and how it is joined to the row above."""

    cells: dict[str, Any]
    truth: Truth
    is_merged_up: bool = False
    formulas: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Dirty:
    """The file with everything that is true of it."""

    data: bytes
    name: str
    city: City
    datum: str
    truths: dict[int, Truth]
    # What a person would answer; `zeros:number` is missing where they did not.
    answers: dict[str, Any]
    laid: Laid


def dirty(seed: int, rows: int = 200, form: str | None = None, where: City | None = None) -> Dirty:
    """A file of so many rows, give or take doubles."""
    random = Random(seed)
    where = where or city()
    form = form or random.choice(FORMS)
    datum = random.choice([*Datum])
    fills = random.random() < 0.5
    records = _records(random, where, rows, is_sheet=form == "xlsx", fills=fills)
    _place(random, records, where, datum)
    laid = lay_out(random, [(one.cells, one.is_merged_up, one.formulas) for one in records], form)
    truths = {}
    numbered = dict(enumerate(laid.numbers))
    for n, one in enumerate(records):
        if one.truth.double_of is not None:
            one.truth.double_of = numbered[one.truth.double_of]
        truths[numbered[n]] = one.truth
    answers: dict[str, Any] = {"datum": str(datum), f"word:category:{ODD_WORD}": ODD_MEANS}
    answers |= {"zeros:number": "fill"} if fills else {}
    return Dirty(laid.data, laid.name, where, str(datum), truths, answers, laid)


def _records(random: Random, where: City, rows: int, *, is_sheet: bool, fills: bool) -> list[Record]:
    numbers = _numbers(random, rows)
    defects = [name for name, (sheet_only, _) in DEFECTS.items() if is_sheet or not sheet_only]
    records: list[Record] = []
    for n in range(rows):
        one = _record(random, where, n, numbers[n])
        # Enough rows at the top are sound for a header to be told from them.
        if n > 3 and random.random() < _DEFECT:
            name = random.choice(defects)
            one.truth.defect = name
            DEFECTS[name][1](random, one, fills)
        records.append(one)
        if one.truth.defect == "" and n > 3 and random.random() < 0.06:
            records.append(_beside(random, records, is_sheet=is_sheet))
    return records


def _numbers(random: Random, rows: int) -> list[str]:
    """Ten digits each, no two alike; four of ten begin with a zero."""
    taken: dict[str, None] = {}
    while len(taken) < rows:
        lead = "0" if random.random() < 0.4 else str(random.randrange(1, 10))
        taken[f"{lead}{random.randrange(1, 10)}{random.randrange(10**8):08d}"] = None
    return list(taken)


def _record(random: Random, where: City, n: int, number: str) -> Record:
    is_unknown = random.random() < _UNKNOWN_STREET
    street, cell = random.choice(where.streets(is_known=not is_unknown))
    house, entrance, room = (
        random.randrange(1, HOUSES + 1),
        random.choice((1, 1, 2)),
        random.choice((101, 302)),
    )
    name = random.choice(_SURNAMES) + random.choice(_GIVEN) + random.choice(_GIVEN)
    category, nature = random.choice(list(_CATEGORIES)), random.choice(list(_NATURES))
    diameter, phone = random.choice(list(_DIAMETERS)), f"13{random.randrange(10**9):09d}"
    cells = {
        "number": number, "name": name, "address": address_at(street, house, entrance, room),
        "contact_name": name,
        "phone": phone, "meter_number": f"M{n:07d}", "diameter_mm": diameter, "category": category,
        "nature": nature, "longitude": None, "latitude": None, "note": None,
    }  # fmt: skip
    values = {key: value for key, value in cells.items() if value is not None}
    values |= {
        "diameter_mm": _DIAMETERS[diameter],
        "category": _CATEGORIES[category],
        "nature": _NATURES[nature],
    }
    truth = Truth(values, cell_id=where.cells[cell].id, is_unknown_street=is_unknown)
    truth.is_known_address = not is_unknown and (entrance, room) == (1, 101)
    if random.random() > _NO_PLACE:
        truth.place = where.place_in(random, cell)
    return Record(cells, truth)


def _beside(random: Random, records: list[Record], *, is_sheet: bool) -> Record:
    """A second row for the customer above: the same once more, or another meter in merged cells."""
    above, n = records[-1], len(records) - 1
    truth = Truth(dict(above.truth.values), above.truth.place, cell_id=above.truth.cell_id)
    truth.is_known_address, truth.is_unknown_street = (
        above.truth.is_known_address,
        above.truth.is_unknown_street,
    )
    cells = dict(above.cells)
    if random.random() < 0.5:
        truth.double_of, truth.defect = n, "double"
        return Record(cells, truth)
    cells["meter_number"] = truth.values["meter_number"] = f"{above.cells['meter_number']}B"
    cells["number"], cells["name"] = None, None
    truth.defect = "merged"
    if not is_sheet:
        # Saved as text, merged cells are empty but for the first.
        truth.refused = {("number", "required"), ("name", "required")}
    return Record(cells, truth, is_merged_up=True)


def _place(random: Random, records: list[Record], where: City, datum: Datum) -> None:
    """Coordinates as the file's datum says them, and what else becomes of some."""
    at = [n for n, one in enumerate(records) if one.truth.place is not None]
    if not at:
        return
    shifted = from_wgs84(np.array([records[n].truth.place for n in at], dtype=float), datum)
    for n, (lng, lat) in zip(at, shifted.round(7).tolist(), strict=True):
        one = records[n]
        one.cells["longitude"], one.cells["latitude"] = _as_written(one, lng, lat)
    for one in records:
        if one.truth.defect == "zero_place":
            one.cells["longitude"], one.cells["latitude"] = 0, 0


def _as_written(one: Record, lng: float, lat: float) -> tuple[Any, Any]:
    defect = one.truth.defect
    if defect == "swapped":
        return lat, lng
    if defect == "half_place":
        one.truth.refused = {("longitude", "half_place")}
        return lng, None
    if defect == "far":
        one.truth.refused = {("longitude", "far_away")}
        return round(lng - 20, 7), round(lat - 5, 7)
    if defect == "minutes":
        return f"{_minutes(lng)}E", f"N{_minutes(lat)}"
    return lng, lat


def _minutes(value: float) -> str:
    whole, minutes = int(value), (value - int(value)) * 60
    return f"{whole}°{int(minutes)}′{(minutes - int(minutes)) * 60:.5f}″"


Defect = Callable[[Random, Record, bool], None]


def _zeros(random: Random, one: Record, fills: bool) -> None:
    number = one.cells["number"]
    one.cells["number"] = int(number)
    if number.startswith("0") and not fills:
        one.truth.refused = {("number", "zeros_lost")}


def _cell(column: str, written: Any, refused: str = "", value: Any = None) -> Defect:
    """A cell written so: refused for a reason, or read as a value (None: as nothing)."""

    def spoil(_: Random, one: Record, __: bool) -> None:
        one.cells[column] = written
        if refused:
            one.truth.refused = {(column, refused)}
        elif value is None:
            one.truth.values.pop(column, None)
        else:
            one.truth.values[column] = value

    return spoil


def _point_zero(_: Random, one: Record, __: bool) -> None:
    one.cells["number"] += ".0"


def _disguised(_: Random, one: Record, __: bool) -> None:
    """Full-width, invisible and trailing signs that mean nothing."""
    one.cells["number"] = one.cells["number"].translate({48 + n: 0xFF10 + n for n in range(10)}) + " "
    one.cells["name"] = f"\u3000{one.cells['name']}  "
    one.cells["address"] = one.cells["address"].translate({48 + n: 0xFF10 + n for n in range(10)})


def _phone_as_number(_: Random, one: Record, __: bool) -> None:
    one.cells["phone"] = int(one.cells["phone"])


def _two_phones(_: Random, one: Record, __: bool) -> None:
    one.cells["phone"] += "、0532-86661234"
    one.truth.values["phone"] += "/0532-86661234"


def _three_phones(_: Random, one: Record, __: bool) -> None:
    one.cells["phone"] += " 13900000001；13900000002"
    one.truth.values |= {"phone": one.truth.values["phone"] + "/13900000001", "note": "其他电话 13900000002"}


def _formula(_: Random, one: Record, __: bool) -> None:
    one.formulas.add("diameter_mm")
    one.cells["diameter_mm"], one.truth.values["diameter_mm"] = 100, 100


def _nothing(_: Random, __: Record, ___: bool) -> None:
    """What becomes of coordinates is done where they are known."""


def _zero_place(_: Random, one: Record, __: bool) -> None:
    one.truth.place = None


# Name -> whether only a workbook can hold it, and what it does to a row.
DEFECTS: dict[str, tuple[bool, Defect]] = {
    "zeros": (False, _zeros),
    "rounded": (False, _cell("number", "1.38E+10", "rounded")),
    "point_zero": (False, _point_zero),
    "became_date": (True, _cell("meter_number", "date:2023-01-02", "became_date")),
    "digits_lost": (True, _cell("meter_number", 12345678901234567000, "digits_lost")),
    "phone_rounded": (False, _cell("phone", "1.38E+10", "rounded")),
    "phone_as_number": (False, _phone_as_number),
    "area_zero": (False, _cell("phone", 53286661234, value="053286661234")),
    "mobile_digits": (False, _cell("phone", "1381234567", "mobile_digits")),
    "no_phone": (False, _cell("phone", "找物业", "no_phone")),
    "two_phones": (False, _two_phones),
    "three_phones": (False, _three_phones),
    "nothing": (False, _cell("phone", "无")),
    "disguised": (False, _disguised),
    "odd_word": (False, _cell("category", ODD_WORD, value=ODD_MEANS)),
    "no_name": (False, _cell("name", None, "required")),
    "no_diameter": (False, _cell("diameter_mm", "很大", "no_diameter")),
    "sheet_error": (False, _cell("name", "#REF!", "sheet_error")),
    "formula": (True, _formula),
    "swapped": (False, _nothing),
    "half_place": (False, _nothing),
    "far": (False, _nothing),
    "minutes": (False, _nothing),
    "zero_place": (False, _zero_place),
}

__all__ = ["COLUMNS", "DEFECTS", "Dirty", "Truth", "dirty", "letters_of"]
