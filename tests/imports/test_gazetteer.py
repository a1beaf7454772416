"""Addresses matched to cells: how sure, and why; and never surer than what is known."""

from __future__ import annotations

import pytest
import shapely

from backend.imports.reading.gazetteer import SURE, CellNamed, Gazetteer, Site
from backend.imports.reading.shapes import Located

A, B, C = "a", "b", "c"
CELLS = (
    CellNamed(A, "台东社区1", "C1", shapely.box(120.3, 36.0, 120.4, 36.1)),
    CellNamed(B, "延安路社区", "C2", shapely.box(120.4, 36.0, 120.5, 36.1)),
    CellNamed(C, "台东社区2", "C3", shapely.box(120.5, 36.0, 120.6, 36.1)),
)
SITES = (
    Site("青岛市市北区台东街道台东社区试验路1号1单元101户", A, (120.35, 36.05)),
    Site("市北区试验路3号2单元502户", A, (120.36, 36.05)),
    Site("市北区海泊路8号", B),
    Site("市北区海泊路18号", C),
    *(Site(f"市北区金色花园{n}号楼1单元101", B, (120.45, 36.05)) for n in (3, 5, 7)),
    Site("市北区长江街道长江路9号", C),
)
GAZETTEER = Gazetteer(CELLS, SITES)


def located(address: str) -> Located:
    return GAZETTEER.locate(address)


@pytest.mark.parametrize(
    ("address", "cell", "why", "is_sure"),
    [
        ("市北区试验路1号1单元101", A, "at_known_address", True),
        ("试验路１号 1-101室", A, "at_known_address", True),
        ("台东社区试验路1号1单元101户", A, "at_known_address", True),
        ("试验路1号2单元305", A, "in_known_house", True),
        ("试验路5号", A, "near_known_house", True),
        ("试验路88号", A, "known_around", False),
        ("试验路", A, "known_around", False),
        ("海泊路66号", B, "known_around", False),
        ("金色花园9号楼2单元301", B, "known_around", True),
        ("延安路社区新街7号", B, "in_named_cell", True),
        ("台东社区新街7号", A, "known_around", False),
        ("火星路7号", None, "unknown_address", False),
        ("", None, "unknown_address", False),
    ],
)
def test_an_address_is_where_what_is_known_says(
    address: str, cell: str | None, why: str, is_sure: bool
) -> None:
    found = located(address)
    assert (found.cell_id, found.reason.code, found.is_sure) == (cell, why, is_sure)
    assert found.is_sure == (found.confidence >= SURE)
    assert (found.confidence == 0) == (cell is None)


def test_the_place_of_a_known_house_comes_along() -> None:
    assert located("试验路1号2单元305").place == (120.35, 36.05)
    assert located("火星路7号").place is None


def test_two_sources_that_differ_are_no_sure_one() -> None:
    found = located("延安路社区试验路99号")
    assert (found.is_sure, found.reason.code) == (False, "sources_differ")
    assert found.reason.zh == "按“延安路社区”和按“试验路”在两个网格：请指定"


def test_two_sources_that_agree_are_surer_than_one() -> None:
    one = located("金色花园9号楼").confidence
    both = Gazetteer(CELLS, [*SITES, *(Site(f"金花路{n}号", B) for n in range(2, 9))])
    assert both.locate("金色花园金花路99号").confidence > both.locate("金花路99号").confidence
    assert both.locate("金色花园9号楼").confidence == one


def test_a_house_on_the_border_is_as_sure_as_its_share() -> None:
    border = Gazetteer(CELLS, [Site("界路1号1单元101", A), Site("界路1号2单元101", B)])
    found = border.locate("界路1号3单元101")
    assert (found.is_sure, found.confidence < 0.6) == (False, True)


def test_one_known_address_says_little_of_a_whole_street() -> None:
    few = Gazetteer(CELLS, [Site("独路1号", A)])
    many = Gazetteer(CELLS, [Site(f"独路{n}号", A) for n in range(1, 9)])
    assert few.locate("独路200号").confidence < many.locate("独路200号").confidence < SURE


def test_places_of_a_file_teach_where_its_streets_are() -> None:
    taught = Gazetteer(CELLS)
    assert not taught.locate("新路3号").is_sure
    taught.learn_places([("新路3号1单元101", (120.45, 36.05)), ("远路1号", (0.0, 0.0))])
    assert (taught.locate("新路3号2单元302").cell_id, taught.locate("新路3号2单元302").is_sure) == (B, True)
    assert taught.locate("远路1号").cell_id is None


def test_the_cell_of_a_place() -> None:
    places = [(120.35, 36.05), (120.45, 36.05), (0.0, 0.0), (120.4, 36.05)]
    assert GAZETTEER.cells_at(places) == [A, B, None, A]
    assert GAZETTEER.cells_at([]) == []


def test_a_name_of_several_cells_tells_none_of_them_apart() -> None:
    assert Gazetteer(CELLS).locate("台东社区新街7号").cell_id is None
    assert Gazetteer(CELLS[:1]).locate("台东社区新街7号").cell_id == A


def test_no_cells_know_nothing() -> None:
    nobody = Gazetteer(())
    assert nobody.locate("试验路1号").cell_id is None
    assert nobody.cells_at([(120.0, 36.0)]) == [None]
