"""Rows as wholes: what is missing, what is taken for granted, what is noted, and all that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.errors import Problem
from backend.imports.reading import coordinates
from backend.imports.reading.shapes import Clean, Column, Context, Mapping, Refused, Result, Row
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator, translate
from tests.imports.city import city

CITY = city()
X, Y = CITY.ground.centroid.x, CITY.ground.centroid.y
WGS = {"datum": "wgs84"}


def read(
    target: str, cells: dict[str, Any], answers: dict[str, Any] | None = None, context: Context | None = None
) -> Result:
    """One row whose columns are called as its fields are."""
    columns = [Column(n, "A", name) for n, name in enumerate(cells)]
    mapping = Mapping(target, {name: name for name in cells}, answers or {})
    row = Row(7, tuple(cells.values()))
    return translate(
        TARGETS[target], mapping, columns, row, context or Context(CITY.ground, None, "Asia/Shanghai")
    )


def clean(target: str, cells: dict[str, Any], answers: dict[str, Any] | None = None, **options: Any) -> Clean:
    result = read(target, cells, answers, **options)
    assert isinstance(result, Clean), result
    return result


def refused(
    target: str, cells: dict[str, Any], answers: dict[str, Any] | None = None
) -> set[tuple[str, str]]:
    result = read(target, cells, answers)
    assert isinstance(result, Refused), result
    return {(one.field, one.code) for one in result.reasons}


def test_a_row_keeps_its_number_and_what_is_not_there_is_not_there() -> None:
    result = clean("customers", {"number": "1", "name": "王伟", "phone": None, "note": " "})
    assert (result.number, result.values) == (7, {"number": "1", "name": "王伟", "category": "resident"})
    assert (result.notes, result.located) == ((), None)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = refused(
        "customers", {"number": "1.38E+10", "name": None, "phone": "找物业", "diameter_mm": "很大"}
    )
    assert found == {
        ("number", "rounded"), ("name", "required"), ("phone", "no_phone"), ("diameter_mm", "no_diameter")
    }  # fmt: skip


def test_a_reason_says_what_stood_where_in_both_languages() -> None:
    result = read("customers", {"number": 12345678, "name": "王伟"}, {"digits:number": 10})
    assert isinstance(result, Refused)
    (reason,) = result.reasons
    assert reason.as_dict() == {
        "field": "number",
        "code": "zeros_lost",
        "zh": reason.zh,
        "en": reason.en,
        "about": "12345678",
        "column": "number",
        "proposal": "0012345678",
    }
    assert "8 位" in reason.zh
    assert "8 digits" in reason.en


def test_a_required_field_without_a_column_refuses_each_row() -> None:
    assert refused("customers", {"number": "1"}) == {("name", "required")}


def test_an_unknown_word_names_the_known_ones() -> None:
    result = read("customers", {"number": "1", "name": "王伟", "category": "丙类户"})
    assert isinstance(result, Refused)
    assert "居民" in result.reasons[0].zh
    assert "Resident" in result.reasons[0].en


def test_a_point_is_taken_for_granted_only_where_there_is_one() -> None:
    assert "nature" not in clean("customers", {"number": "1", "name": "王伟"}).values
    values = clean("customers", {"number": "1", "name": "王伟", "address": "试验路1号"}).values
    assert values["nature"] == "residential"


def test_what_tells_a_record_from_others_must_be_there() -> None:
    assert refused("service_points", {"number": "1", "address": None}) == {("meter_number", "own_missing")}
    assert clean("service_points", {"number": "1", "address": "试验路1号"}).values["nature"] == "residential"
    assert clean("service_points", {"number": "1", "meter_number": "M1"}).number == 7


def test_a_place_in_two_columns_or_one() -> None:
    for cells in ({"longitude": X, "latitude": str(Y)}, {"coordinates": f"{X},{Y}"}):
        values = clean("customers", {"number": "1", "name": "王伟", **cells}, WGS).values
        assert values["place"] == {"type": "Point", "coordinates": [round(X, 7), round(Y, 7)]}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"longitude": X, "latitude": None}, "half_place"),
        ({"longitude": "无", "latitude": Y}, "half_place"),
        ({"longitude": "路口", "latitude": Y}, "no_coordinate"),
        ({"longitude": X - 30, "latitude": Y}, "far_away"),
        ({"longitude": "#REF!", "latitude": Y}, "sheet_error"),
    ],
)
def test_a_place_that_is_none_is_refused(cells: dict[str, Any], code: str) -> None:
    assert refused("customers", {"number": "1", "name": "王伟", **cells}, WGS) == {("longitude", code)}


def test_coordinates_nobody_has_placed_are_asked_about_or_left_out() -> None:
    cells = {"number": "1", "name": "王伟", "longitude": X, "latitude": Y}
    assert refused("customers", cells) == {("longitude", "datum_unknown")}
    assert "place" not in clean("customers", cells, {"datum": coordinates.NO_PLACES}).values


def test_what_was_changed_is_noted() -> None:
    cells = {
        "number": "1.0",
        "name": "王伟",
        "phone": "13812345678/13912345678/13712345678",
        "longitude": Y,
        "latitude": X,
    }
    result = clean("customers", cells, WGS)
    assert {(one.field, one.code) for one in result.notes} == {
        ("number", "point_zero"), ("phone", "spare_phones"), ("longitude", "place_swapped")
    }  # fmt: skip
    assert result.values["note"] == "其他电话 13712345678"


def test_numbers_that_find_no_room_are_refused_where_there_is_no_remark() -> None:
    cells = {"name": "甲班", "leader": "1", "skills": "阀门", "phone": "13812345678/13912345678/13712345678"}
    assert refused("crews", cells) == {("phone", "too_many_phones")}


def test_an_address_is_looked_up_where_no_place_and_no_cell_stand() -> None:
    site, context = CITY.sites[0], Context(CITY.ground, CITY.gazetteer())
    cells = {"number": "1", "name": "王伟", "address": site.address}
    located = clean("customers", cells, context=context).located
    assert located is not None
    assert (located.cell_id, located.is_sure, located.place) == (site.cell_id, True, site.place)
    assert clean("customers", {**cells, "cell": "C001"}, context=context).located is None
    assert clean("customers", {**cells, "longitude": X, "latitude": Y}, WGS, context=context).located is None


def test_a_file_tells_where_its_own_streets_are() -> None:
    columns = [
        Column(n, "A", name) for n, name in enumerate(("number", "name", "address", "longitude", "latitude"))
    ]
    mapping = Mapping("customers", {one.name: one.name for one in columns}, WGS)
    translator = Translator(TARGETS["customers"], mapping, columns, Context(CITY.ground))
    rows = [
        Row(2, ("1", "王伟", "新街1号", X, Y)),
        Row(3, ("2", "李芳", "新街2号", None, None)),
        Row(4, ("", "", "", X, Y)),
    ]
    assert list(translator.sites(rows)) == [("新街1号", (round(X, 7), round(Y, 7)))]


def test_a_mapping_of_another_file_is_said_not_guessed() -> None:
    with pytest.raises(Problem) as problem:
        Translator(
            TARGETS["customers"],
            Mapping("customers", {"number": "户号", "name": "户名"}),
            [Column(0, "A", "户号")],
            Context(),
        )
    assert (problem.value.code, problem.value.detail) == ("table_column_missing", {"columns": ["户名"]})


def test_a_mapping_is_saved_as_it_was() -> None:
    mapping = Mapping("customers", {"number": "户号"}, {"datum": "gcj02"}).answered({"zeros:number": "fill"})
    assert Mapping.from_dict(mapping.as_dict()) == mapping
    assert mapping.answers == {"datum": "gcj02", "zeros:number": "fill"}


@pytest.mark.parametrize(
    ("target", "cells", "values"),
    [
        (
            "staff",
            {"staff_number": "007", "name": "王伟", "work_phone": 13812345678, "post": "网格员",
            "employment": "劳务派遣",
             "skills": "换表、抢修", "roles": "网格员", "exam_passed_until": 45047, "is_active": "在职"},
            {"staff_number": "007", "name": "王伟", "work_phone": "13812345678",
            "post": "customer_representative",
             "employment": "outsourced", "skills": ["meter", "large_main"], "roles": ["representative"],
             "exam_passed_until": "2023-05-01", "is_active": True},
        ),
        (
            "crews",
            {"name": "甲班", "leader": 7.0, "members": "7、8 9", "skills": "抢修", "shift_start": "8:00",
            "shift_end": 0.75},
            {"name": "甲班", "leader": "7", "members": ["7", "8", "9"], "skills": ["large_main"],
            "shift_start": "08:00",
             "shift_end": "18:00", "is_active": True},
        ),
        (
            "cell_representatives",
            {"cell": "东区", "staff": "7", "valid_from": "2023.5.1"},
            {"cell": "东区", "staff": "7", "duty": "representative", "valid_from": "2023-05-01"},
        ),
        (
            "past_jobs",
            {"number": "J1", "matter": "漏水", "received_at": "2023-05-01 08:30", "state": "已办结",
            "told_cost_fen": "￥120.5"},
            {"number": "J1", "matter": "漏水", "received_at": "2023-05-01T00:30:00.000000Z", "state": "closed",
             "told_cost_fen": 12050},
        ),
        (
            "past_visits",
            {"customer": "001", "ended_at": "2023年5月1日下午3点", "method": "电话回访", "is_satisfied": "满意"},
            {"customer": "001", "ended_at": "2023-05-01T07:00:00.000000Z", "method": "phone",
            "is_satisfied": True,
             "state": "done"},
        ),
    ],
)  # fmt: skip
def test_each_target_has_the_values_that_its_records_take(
    target: str, cells: dict[str, Any], values: dict[str, Any]
) -> None:
    assert clean(target, cells).values == values
