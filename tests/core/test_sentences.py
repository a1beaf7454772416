"""Sentences with typed arguments: what is written for each type, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from backend.core.errors import CATALOGUE, Problem, as_document
from backend.core.sentences import fault, sentence
from geo.errors import FieldMissing, FileTooLarge, GeoError
from geo.findings import grouped, told
from geo.sentences import TYPES, Sentence, Words, sentences_in

ID = "0190a7c0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        ("text", "东风路", "东风路", "东风路"),
        ("code", UUID(ID), ID, ID),
        ("number", 1_234_567, "1234567", "1234567"),
        ("number", np.int64(12), "12", "12"),
        ("number", 1.50, "1.5", "1.5"),
        ("amount", 1234.6, "1,235", "1,235"),
        ("percent", 0.256, "26%", "26%"),
        ("seconds", 1.25, "1.2", "1.2"),
        ("kilometres", 1449.0, "1.4", "1.4"),
        ("area_m2", 99_999, "99,999 平方米", "99,999 m²"),
        ("area_m2", 1_234_567, "1.23 平方公里", "1.23 km²"),
        ("distance_m", 999.4, "999 米", "999 m"),
        ("distance_m", 12_345, "12.3 公里", "12.3 km"),
        ("distance_m", 123_456, "123 公里", "123 km"),
        ("day", date(2026, 11, 27), "11-27", "11-27"),
        ("time", "11-28 06:00", "11-28 06:00", "11-28 06:00"),
        ("words", Words("班组", "crew"), "班组", "crew"),
        ("list", ["甲", ("乙", "B")], "甲、乙", "甲, B"),
        ("enumeration", [("一", "one"), ("二", "two")], "一，二", "one, two"),
        ("clauses", [("一", "one"), ("二", "two")], "一；二", "one; two"),
        ("either", ["EPSG:4549", "EPSG:4490"], "EPSG:4549或 EPSG:4490", "EPSG:4549 or EPSG:4490"),
    ],
)
def test_each_type_is_written_as_people_read_it(kind: str, value: Any, zh: str, en: str) -> None:
    entry = Sentence("trial", "共 {it}", "in all {it}", {"it": kind}, "trial")
    assert entry.words({"it": value}) == (f"共 {zh}", f"in all {en}")


def test_every_type_is_tried_above() -> None:
    (mark,) = test_each_type_is_written_as_people_read_it.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(TYPES)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"minutes": 5}, {"number": "G1", "minutes": "5"}, {"number": "G1", "minutes": 5, "crew": "二班"}],
)
def test_other_arguments_than_declared_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        sentence("dispatch.unopened", **arguments)


def test_braces_in_an_argument_are_text() -> None:
    said = sentence("dispatch.unopened", number="{minutes}", minutes=5)
    assert said.en.startswith("Job {minutes} was not opened within 5 minutes")


def test_a_fault_goes_out_with_its_code() -> None:
    assert fault("crew_id", "core.missing", kind="crew") == {
        "field": "crew_id", "code": "missing", "zh": "引用的记录不存在", "en": "there is no such crew",
    }  # fmt: skip
    assert fault("year", "people.year_twice", "2026")["about"] == "2026"


def test_a_line_has_both_languages() -> None:
    assert sentence("core.not_ours", path="/x").line == "/x 不属于本账号 · /x belongs to somebody else"
    assert sentence("commands.rotated", purposes="seals").line == "已更换 rotated: seals"


def test_a_problem_says_what_its_entry_declares() -> None:
    document = as_document(Problem("wrong_offset", offset=5))
    assert (document["code"], document["offset"]) == ("wrong_offset", 5)
    assert "latest" not in as_document(Problem("due_day_kept", fields=["due_on"]))
    assert as_document(Problem("due_day_kept", fields=["due_on"], latest=None))["latest"] is None


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("wrong_offset", {}),
        ("wrong_offset", {"offset": None}),
        ("wrong_offset", {"offset": "5"}),
        ("own_job", {"id": "1"}),
    ],
)
def test_a_problem_that_says_others_is_refused(code: str, detail: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Problem(code, **detail)


def test_a_problem_of_every_capability_is_in_the_catalogue() -> None:
    assert {"has_account", "plan_stale", "wrong_hash", "cycle", "no_place", "ground_changed"} <= set(
        CATALOGUE
    )


def test_an_error_of_geo_says_its_class_s_sentence_and_what_it_is_about() -> None:
    assert GeoError().said() == ("图形或数字无法处理", "the shapes or figures cannot be worked with")
    assert FileTooLarge("a.zip").said().en == "larger than a map of a city's cells (a.zip)"
    assert FieldMissing("名").said().zh == "文件里没有字段“名”，有的是：（一个也没有）"
    assert FieldMissing("nom", "name", "id").said().en.endswith("it has: name, id")


def test_findings_of_one_kind_are_one_line_with_their_area() -> None:
    two = [told("gap", ["A"], size, size=size) for size in (200.0, 150_000.0)]
    (line,) = grouped(two)
    assert (line["zh"], line["en"]) == (
        "中间的空洞，未处理：2 处，共 0.15 平方公里",
        "holes between zones, left as they are: 2, 0.15 km² in all",
    )
    assert line["worst"][1]["zh"] == "空洞 200 平方米，未处理"


def test_an_entry_of_a_file_has_its_prefix_and_its_own_code(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text('[none]\ncode = "missing"\nzh = "没有"\nen = "none"\n[some]\nline = "有 some"\n', "utf-8")
    entries = sentences_in(file, "trial.")
    assert [(name, one.code, one.zh) for name, one in entries.items()] == [
        ("trial.none", "missing", "没有"), ("trial.some", "some", "有 some"),
    ]  # fmt: skip
