"""How coverage is judged: by capability, below its floor, and floors that only rise."""

from __future__ import annotations

import tomllib

import pytest

from tests.coverage_floors import FLOORS, Counts, below, by_capability, capability_of, raised, table, text_of

FLOOR = {"others": {"lines": 50, "branches": 50}, "sync": {"lines": 90, "branches": 95}}
GOOD = Counts(lines=100, lines_reached=90, branches=20, branches_reached=19)


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("backend/people/kinds/crew.py", "people"),
        ("backend/people/__init__.py", "people"),
        ("backend/app.py", "others"),
        ("sync/postgres/pull.py", "sync"),
        ("geo/dividing.py", "geo"),
    ],
)
def test_a_file_counts_for_its_capability(path: str, capability: str) -> None:
    assert capability_of(path) == capability


def test_files_of_a_capability_are_added_up() -> None:
    files = {"sync/a.py": Counts(10, 9, 4, 4), "sync/postgres/b.py": Counts(30, 30, 0, 0), "geo/c.py": GOOD}
    assert by_capability(files) == {"geo": GOOD, "sync": Counts(40, 39, 4, 4)}


def test_what_is_at_its_floor_passes() -> None:
    assert below({"sync": GOOD}, FLOOR) == []


def test_what_is_below_is_named_with_both_numbers() -> None:
    few = Counts(lines=100, lines_reached=89, branches=20, branches_reached=18)
    assert below({"sync": few}, FLOOR) == [
        "sync: 89.0 % of lines reached, 90 % wanted",
        "sync: 90.0 % of branches reached, 95 % wanted",
    ]


def test_a_number_that_only_rounds_to_its_floor_is_below() -> None:
    assert below({"sync": Counts(10_000, 8_999, 0, 0)}, FLOOR) == [
        "sync: 90.0 % of lines reached, 90 % wanted"
    ]


def test_a_new_capability_has_the_floor_of_the_others() -> None:
    found = {"sync": GOOD, "metering": Counts(10, 4, 0, 0)}
    assert below(found, FLOOR) == ["metering: 40.0 % of lines reached, 50 % wanted"]


def test_a_floor_under_nothing_is_named() -> None:
    assert below({}, FLOOR) == ["sync: has a floor, and nothing of it was measured"]


def test_what_has_no_branches_lacks_none() -> None:
    assert Counts(3, 3).percent() == {"lines": 100, "branches": 100}
    assert Counts().percent() == {"lines": 100, "branches": 100}


def test_floors_rise_to_whole_per_cents_and_never_fall() -> None:
    found = {
        "sync": Counts(1000, 999, 100, 20),
        "geo": Counts(1000, 777, 10, 9),
        "others": Counts(10, 10, 0, 0),
    }
    assert raised(found, FLOOR) == {
        "others": FLOOR["others"],
        "sync": {"lines": 99, "branches": 95},
        "geo": {"lines": 77, "branches": 90},
    }


def test_the_file_is_read_as_it_is_written() -> None:
    floors = tomllib.loads(FLOORS.read_text(encoding="utf-8"))
    assert tomllib.loads(text_of(floors)) == floors
    assert text_of(floors) == FLOORS.read_text(encoding="utf-8")
    assert floors["sync"]["branches"] >= 95
    assert floors["geo"]["branches"] >= 95


def test_the_table_has_a_row_for_each() -> None:
    rows = table({"sync": GOOD, "metering": GOOD}, FLOOR).splitlines()
    assert rows[1].split() == ["sync", "90.0", "90", "95.0", "95"]
    assert rows[2].split() == ["metering", "90.0", "50", "95.0", "50"]
