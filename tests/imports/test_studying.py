"""What whole columns say: answers beyond doubt, questions where there is doubt, nothing where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from backend.imports.reading.shapes import Cell, Column, Mapping, Question, Row, Study
from backend.imports.reading.studying import study_of
from backend.imports.reading.targets import TARGETS
from tests.imports.city import city

GROUND = city().ground


def studied(target: str, columns: dict[str, Sequence[Cell]], answers: dict[str, Any] | None = None) -> Study:
    mapping = Mapping(target, {name: name for name in columns}, answers or {})
    named = [Column(n, "A", name) for n, name in enumerate(columns)]
    rows = [Row(n, cells) for n, cells in enumerate(zip(*columns.values(), strict=True), 2)]
    return study_of(TARGETS[target], mapping, named, rows, GROUND)


def only(study: Study) -> Question:
    (question,) = study.questions
    return question


NUMBERS: list[Cell] = [f"00{n:08d}" for n in range(20)]


def test_a_sound_file_is_asked_nothing() -> None:
    study = studied("customers", {"number": NUMBERS, "name": ["王伟"] * 20, "category": ["居民"] * 20})
    assert (study.found, study.questions) == ({}, ())


def test_numbers_that_lost_zeros_are_asked_about_with_examples() -> None:
    study = studied("customers", {"number": [*NUMBERS, 12345678, "345678"]})
    assert study.found == {"digits:number": 10}
    question = only(study)
    assert (question.name, question.field, question.rows, question.likely) == (
        "zeros:number",
        "number",
        2,
        "fill",
    )
    assert set(question.examples) == {"12345678", "345678"}
    assert [value for value, _, _ in question.choices] == ["fill", "keep"]
    assert "10 位" in question.zh
    assert question.as_dict()["choices"][0] == {"value": "fill", "zh": "补 0", "en": "Put zeros in front"}


def test_long_numbers_of_one_length_are_doubted_without_zeros_too_but_nothing_is_likely() -> None:
    study = studied("customers", {"number": [f"7{n:09d}" for n in range(50)] + ["12345678"]})
    assert only(study).likely is None


@pytest.mark.parametrize(
    "numbers",
    [
        list(range(1, 1200)),
        [f"{n}" for n in range(95, 300)],
        ["0012345678", "12345678"],
        [f"A{n}" for n in range(50)],
        [12345.5] * 20,
    ],
)
def test_numbers_that_only_count_are_left_alone(numbers: list[Cell]) -> None:
    study = studied("customers", {"number": numbers})
    assert (study.found, study.questions) == ({}, ())


def test_what_is_answered_is_not_asked_again() -> None:
    study = studied(
        "customers", {"number": [*NUMBERS, 12345678]}, {"zeros:number": "fill", "digits:number": 10}
    )
    assert (study.found, study.questions) == ({}, ())


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["5/1/2023", "13/1/2023"], "dmy"),
        (["5/1/2023", "1/13/2023"], "mdy"),
        (["13.1.2023 08:00", "2.3.2023"], "dmy"),
    ],
)
def test_the_order_of_days_is_told_by_those_that_can_be_only_one(days: list[Cell], order: str) -> None:
    assert studied("cell_representatives", {"valid_from": days}).found == {"date_order:valid_from": order}


@pytest.mark.parametrize("days", [["5/1/2023", "2/3/2023"], ["13/1/2023", "1/13/2023", "2/3/2023"]])
def test_days_that_may_be_two_are_asked_about(days: list[Cell]) -> None:
    question = only(studied("past_jobs", {"received_at": days}))
    assert (question.name, [one[0] for one in question.choices]) == ("date_order:received_at", ["mdy", "dmy"])
    assert question.likely is None


def test_days_that_are_clear_are_not() -> None:
    assert studied("past_jobs", {"received_at": ["2023-05-01", 45047, "5/5/2023"]}).questions == ()


def test_unknown_words_are_asked_about_once_the_most_frequent_first() -> None:
    words = ["居民", "丙类户", "丙类户", "丁", "无", None, "丙 类 户"]
    study = studied("customers", {"category": words})
    assert [(one.name, one.rows) for one in study.questions] == [
        ("word:category:丙类户", 2),
        ("word:category:丁", 1),
    ]
    codes = [value for value, _, _ in study.questions[0].choices]
    assert codes[-1] == "-"
    assert "resident" in codes


def test_a_required_word_cannot_be_left_out() -> None:
    codes = [value for value, _, _ in only(studied("staff", {"post": ["太空人"]})).choices]
    assert "-" not in codes


def test_of_a_list_only_the_unknown_words_are_asked_about() -> None:
    study = studied("crews", {"skills": ["换表、唱歌", "阀门"]})
    assert only(study).name == "word:skills:唱歌"


def test_an_answered_word_is_known() -> None:
    assert studied("customers", {"category": ["丙类户"]}, {"word:category:丙类户": "special"}).questions == ()


def test_chinese_telephone_numbers_are_seen() -> None:
    assert studied("customers", {"phone": [13812345678, "0532-86661234", "x"]}).found == {"phones": "cn"}
    assert studied("customers", {"phone": [3105551234, "(310) 555-1234"]}).found == {}


def test_a_datum_in_doubt_is_asked_about() -> None:
    x, y = GROUND.centroid.x, GROUND.centroid.y
    question = only(studied("customers", {"longitude": [x] * 9, "latitude": [y] * 9}))
    assert (question.name, question.rows, len(question.examples)) == ("datum", 9, 5)
    assert {value for value, _, _ in question.choices} == {"wgs84", "gcj02", "bd09", "-"}


def test_coordinates_that_are_none_are_no_sample() -> None:
    study = studied("customers", {"coordinates": ["", "0,0", "路口", None]})
    assert (study.found, study.questions) == ({}, ())


def test_half_a_place_is_no_sample() -> None:
    assert studied("customers", {"longitude": [120.3, None]}).questions == ()
