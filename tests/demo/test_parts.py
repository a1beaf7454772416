"""The demo city's parts before anything is written: districts, names, classes, and the promises."""

from __future__ import annotations

import io
import re
from typing import Any, cast

import numpy as np
import pytest
import shapely
from rich.console import Console

from backend.core.geometry import lng_lat
from backend.core.kinds.vocabulary import SKILLS
from backend.demo.catalogue import BURST_SKILLS, ident, matter_id
from backend.demo.customers import customer_rows
from backend.demo.day import Day
from backend.demo.load import BRANCHES, CATEGORIES, CHANCES
from backend.demo.parts import Branch, Crowd, Ground
from backend.demo.people import FAMILY, GIVEN, made_up_name, made_up_phone
from backend.demo.promises import print_promises
from backend.demo.sizes import SIZES
from backend.demo.sources import District, districts, scatter
from backend.territory.queries.workload import WORKLOAD
from sync.kind import Values

SEEDS = (1, 2, 3)


def by_chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def crowd_of(district: District, categories: list[str], seed: int = 1) -> tuple[Crowd, Ground]:
    """Customers of one class each and two cells of the same weight, the whole district both."""
    branch = Branch(ident("branch", "one"), "一号营业所", (district,))
    crowd = Crowd(branch, district, scatter(district, len(categories), by_chance(seed)), categories)
    cells = [ident("cell", district.code, k) for k in range(2)]
    return crowd, Ground(cells, [district.outline] * 2, np.array([1.0, 1.0]))


def rows_of(
    crowd: Crowd, ground: Ground, seed: int = 1
) -> list[tuple[tuple[str, Values], tuple[str, Values]]]:
    random = by_chance(seed)
    return [customer_rows(crowd, ground, k % 2, k, k, random) for k in range(len(crowd.places))]


def test_ids_are_stable_and_each_its_own() -> None:
    assert ident("crew", 1, 2) == ident("crew", "1", 2)
    assert len({ident("crew", n, k) for n in range(1, 12) for k in range(1, 12)}) == 121
    assert matter_id("leak") == ident("matter", "leak") != matter_id("burst_main")


def test_ten_districts_hold_all_the_citys_people_and_do_not_overlap() -> None:
    found = districts()
    assert [one.code for one in found] == sorted({one.code for one in found})
    assert len(found) == 10
    assert sum(one.share for one in found) == pytest.approx(1, abs=0.01)
    assert min(one.share for one in found) > 0
    assert all(one.outline.is_valid for one in found)
    whole = shapely.union_all([one.outline for one in found]).area
    assert sum(one.outline.area for one in found) == pytest.approx(whole, rel=1e-3)


def test_every_district_has_committees_to_take_addresses_from() -> None:
    for district in districts():
        assert len(district.committees) == len(set(district.committees)) > 2, district.name
        assert all(name and name == name.strip() for pair in district.committees for name in pair)


def test_every_district_belongs_to_one_branch() -> None:
    codes = [code for _, of in BRANCHES for code in of]
    assert sorted(codes) == [district.code for district in districts()]
    assert len({name for name, _ in BRANCHES}) == len(BRANCHES)


@pytest.mark.parametrize("count", [1, 7, 400])
def test_places_are_as_many_as_asked_and_all_inside(count: int) -> None:
    for district in districts():
        places = scatter(district, count, by_chance(4))
        assert places.shape == (count, 2)
        assert shapely.contains_xy(district.outline, places[:, 0], places[:, 1]).all(), district.name


def test_the_same_seed_gives_the_same_places_and_another_gives_others() -> None:
    district = districts()[0]
    once, again, other = (scatter(district, 50, by_chance(seed)) for seed in (1, 1, 2))
    assert (once == again).all()
    assert not (once == other).any()


def test_most_places_lie_near_a_town() -> None:
    for district in (one for one in districts() if len(one.towns)):
        places = shapely.points(scatter(district, 600, by_chance(6)))
        away = shapely.distance(places, shapely.multipoints(district.towns))
        assert (away < 0.045).mean() > 0.5, district.name


@pytest.mark.parametrize("seed", SEEDS)
def test_a_name_is_a_family_name_and_one_or_two_given_characters(seed: int) -> None:
    random = by_chance(seed)
    names = [made_up_name(random) for _ in range(500)]
    assert all(re.fullmatch(f"[{FAMILY}][{GIVEN}]{{1,2}}", name) for name in names)
    assert {len(name) for name in names} == {2, 3}
    assert len(set(names)) > 300


@pytest.mark.parametrize("seed", SEEDS)
def test_a_number_is_nobodys_and_seldom_anothers(seed: int) -> None:
    random = by_chance(seed)
    numbers = [made_up_phone(random) for _ in range(500)]
    assert all(re.fullmatch(r"0532-0\d{7}", number) for number in numbers)
    assert len(set(numbers)) > 495


def test_people_are_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[str]:
        random = by_chance(seed)
        return [one for _ in range(20) for one in (made_up_name(random), made_up_phone(random))]

    assert drawn(1) == drawn(1) != drawn(2)


def test_shares_of_classes_are_a_whole_and_most_are_residents() -> None:
    assert sum(CHANCES) == pytest.approx(1)
    assert len(CATEGORIES) == len(CHANCES) == len(set(CATEGORIES))
    assert set(CATEGORIES) == set(WORKLOAD)
    drawn = list(by_chance(1).choice(CATEGORIES, 50_000, p=CHANCES))
    for category, chance in zip(CATEGORIES, CHANCES, strict=True):
        assert drawn.count(category) / len(drawn) == pytest.approx(chance, abs=0.003)


def test_a_crowds_workload_is_its_classes_visits_in_their_order() -> None:
    crowd, _ = crowd_of(districts()[0], ["resident", "key", "developer"])
    assert crowd.workload.tolist() == [1.0, 12.0, 4.0]


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_class_of_customer_has_a_point_of_its_own_in_the_same_cell(category: str) -> None:
    district = districts()[3]
    crowd, ground = crowd_of(district, [category] * 6)
    for (customer_id, customer), (_, spot) in rows_of(crowd, ground):
        assert spot["customer_id"] == customer_id
        assert spot["cell_id"] == customer["cell_id"] in ground.ids
        assert spot["unit_id"] == customer["unit_id"] == crowd.branch.id
        assert customer["category"] == category
        assert (spot["nature"] == "residential") == (category == "resident") == (spot["diameter_mm"] == 20)
        assert shapely.contains_xy(district.outline, *lng_lat(spot["place"]))


def test_a_resident_is_a_person_and_all_others_bear_their_committees_name() -> None:
    crowd, ground = crowd_of(districts()[1], ["resident", "large"])
    person, shop = (customer for (_, customer), _ in rows_of(crowd, ground))
    assert re.fullmatch(f"[{FAMILY}][{GIVEN}]{{1,2}}", person["name"])
    assert shop["name"].endswith("商行")
    assert all(one["pinyin"] for one in (person, shop))


def test_addresses_of_a_cell_come_from_one_committee_and_other_cells_from_another() -> None:
    district = districts()[2]
    crowd, ground = crowd_of(district, ["resident"] * 8)
    committees: dict[str, set[str]] = {}
    for _, (_, spot) in rows_of(crowd, ground):
        stem = re.sub(r"\d+号楼[1-4]单元[1-6]0[1-4]户$", "", spot["address"])
        committees.setdefault(spot["cell_id"], set()).add(stem)
    assert [len(found) for found in committees.values()] == [1, 1]
    stems = set.union(*committees.values())
    assert len(stems) == 2
    assert stems <= {f"{district.name}{street}{name}" for street, name in district.committees}


def test_customers_are_numbered_apart_and_the_same_for_the_same_seed() -> None:
    crowd, ground = crowd_of(districts()[0], ["resident"] * 40)
    once = rows_of(crowd, ground)
    assert rows_of(crowd, ground) == once
    assert rows_of(crowd, ground, seed=2) != once
    for what in ("number", "phone"):
        assert len({customer[what] for (_, customer), _ in once}) == 40
    assert len({spot["meter_number"] for _, (_, spot) in once}) == 40
    assert len({row_id for pair in once for row_id, _ in pair}) == 80


def test_a_larger_city_is_larger_in_everything_and_none_lacks_anybody() -> None:
    small, usual, large = (SIZES[name] for name in ("small", "default", "large"))
    for what in ("cells", "representatives", "crews", "customers", "jobs"):
        assert getattr(small, what) < getattr(usual, what) < getattr(large, what)
    for size in SIZES.values():
        assert size.cells >= len(districts())
        assert min(size.representatives, size.crews) >= len(BRANCHES)
        assert size.jobs <= size.customers


def test_what_a_burst_main_asks_is_known_among_skills() -> None:
    assert set(BURST_SKILLS) == {"pipe_repair", "large_main"} <= set(SKILLS)


def a_day() -> tuple[Day, io.StringIO]:
    """A day of which nothing is played."""
    out, nobody = io.StringIO(), cast(Any, None)
    console = Console(file=out, width=120, color_system=None)
    return Day(nobody, console, nobody, nobody, nobody, nobody, nobody), out


def test_a_day_is_good_where_every_promise_was_kept() -> None:
    day, out = a_day()
    day.promise("照片字节一致", True)
    day.promise("五次走访", True, 5)
    assert print_promises(day)
    assert out.getvalue().count("✓") == 2
    assert "✗" not in out.getvalue()


def test_one_broken_promise_is_shown_with_what_was_seen_and_the_day_fails() -> None:
    day, out = a_day()
    day.promise("照片字节一致", True)
    day.promise("工单办结", False, "in_progress")
    day.promise("收件箱为空", True, 0)
    assert not print_promises(day)
    line = next(line for line in out.getvalue().splitlines() if "✗" in line)
    assert "工单办结" in line
    assert "in_progress" in line


def test_the_story_is_told_with_its_clock() -> None:
    day, out = a_day()
    day.tell("08:30", "路口爆管")
    assert out.getvalue() == "08:30  路口爆管\n"
