"""The public look-up by address, however it is typed.

Also the places of jobs by it, and signing in however one types.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from backend.app import create_app
from backend.core.actor import system
from backend.core.comparing.phones import login_form
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.geometry import point
from backend.core.services import record_writer
from tests.conftest import Person
from tests.customers.test_case_typed_text import lines
from tests.factories import PASSWORD, SIDE, SOUTH, WEST, Town, middle, uid

As = Callable[[str], Person]
OWN = "市北区试验路1号A座3单元502户"
# Where people live, and in which cell: 员工5 answers for the cells 0 and 1, 员工6 for the cell 2.
HOUSES = (
    (OWN, 0), ("市北区台东社区居委会1号楼1单元101户", 0), ("市北区台西社区居委会1号楼1单元101户", 2), ("市北区海泊路11号", 2),
    ("李沧区试验路2号", 2), ("市北区两头路5号1单元", 0), ("市北区两头路5号2单元", 2), ("市北区同人路6号东楼", 0), ("市北区同人路6号西楼", 1),
    ("红旗小区1号楼", 0), ("红旗小区1单元", 2), ("试验南路１２３号", 2),
)  # fmt: skip


@pytest.fixture
def houses(database: Database, town: Town) -> None:
    with database.transaction() as session:
        unit = system(town["north"])
        for n, (address, cell) in enumerate(HOUSES):
            who = {"number": f"H{n}", "name": "某某", "category": "resident", "cell_id": town[f"cell {cell}"]}
            made = record_writer.create(session, unit, "customer", who)
            where = {"customer_id": made.id, "address": address, "place": middle(cell), "nature": "public"}
            record_writer.create(session, unit, "service_point", where | {"cell_id": town[f"cell {cell}"]})


@pytest.fixture
def asked(app: Flask) -> Callable[[str], str]:
    """Who answers for an address: a name, or the code of what is wrong."""
    client = app.test_client()

    def ask(typed: str) -> str:
        answer = client.get("/api/v1/public/responsible", query_string={"address": typed}).get_json()
        return str(answer.get("name") or answer["code"])

    return ask


@pytest.mark.usefixtures("houses")
def test_who_answers_for_an_address(asked: Callable[[str], str]) -> None:
    typed = lines("who-address", "input.txt")
    typed = [one.removeprefix("<own>").strip() for one in typed if one.strip()]
    assert [asked(one) for one in typed] == ["address_unclear"] * 2 + ["员工5"] * 4
    ways = (
        OWN, "山东省青岛市市北区试验路1号A座", "青岛市北区试验路1号A座", "市北区試驗路１号Ａ座３单元５０２室", "试验路1号A座3单元502",
        "试验路1-A-3-502", "试验路一号A栋三单元五〇二室", "试验路壹号A座", "青岛市，市北区，试验路 1 号 A 座", "市北试验路1号A座",
        "试验路1号A幢3单元5楼502室", "试验路1号A座3门0502房", "（青岛市）市北区试验路1号A座", "中国山东省青岛市市北区试验路1号A座",
    )  # fmt: skip
    assert [one for one in ways if asked(one) != "员工5"] == []
    floors = ("市北区试验路1号A座3单元5楼", "试验路1号A座五层", "试验路1号 A座 9楼")
    assert [one for one in floors if asked(one) != "员工5"] == []
    assert (asked("两头路5号3楼"), asked("火星路5楼")) == ("address_unclear", "address_not_found")
    assert asked("试验南路123号") == asked("试验南路一百二十三号") == "员工6"


@pytest.mark.usefixtures("houses")
def test_an_address_that_fits_several_places_names_nobody(asked: Callable[[str], str]) -> None:
    several = (
        "社区居委会",
        "1号楼1单元",
        "1号楼1单元101户",
        "市北区两头路",
        "两头路5号",
        "青岛市市北区",
        "山东省青岛市",
        "两头路５号",
    )
    assert [(one, asked(one)) for one in several if len(one) > 3 and asked(one) != "address_unclear"] == []
    assert (asked("两头路5号1单元"), asked("两头路5号二单元")) == ("员工5", "员工6")
    # Two cells of one representative are one answer; what is counted tells a building from an entrance.
    assert asked("市北区同人路6号") == "员工5"
    assert (asked("红旗小区1号楼"), asked("红旗小区1单元"), asked("红旗小区一栋")) == (
        "员工5",
        "员工6",
        "员工5",
    )


@pytest.mark.usefixtures("houses")
def test_not_found_and_nobodys_are_two_answers(
    asked: Callable[[str], str], database: Database, town: Town, app: Flask
) -> None:
    unknown = (
        "火星大道",
        "试验路999号",
        "试验路1号B座",
        "市北区海泊路1号",
        "李沧区试验路1号A座",
        "%%%%",
        "____",
        "\\\\\\\\",
        "海泊路1_号",
        "试验%1号",
        "----",
        "\u200b" * 4 + "火星",
    )
    assert [(one, asked(one)) for one in unknown if asked(one) != "address_not_found"] == []
    assert asked("市北区海泊路11号") == "员工6"
    north = system(town["north"])
    with database.transaction() as session:
        duty = record_writer.read(session, "cell_assignment", town["duty 2"])
        record_writer.delete(session, north, "cell_assignment", duty.id, version=[duty.version])
        made = record_writer.create(
            session, north, "customer", {"number": "N", "name": "某", "category": "resident"}
        )
        where = {"customer_id": made.id, "address": "无人路3号", "place": middle(50), "nature": "public"}
        record_writer.create(session, north, "service_point", where)
    assert (asked("市北区海泊路11号"), asked("无人路3号")) == ("no_representative", "no_representative")
    sentences = set()
    for typed in ("火星大道", "社区居委会", "市北区海泊路11号"):
        told = app.test_client().get("/api/v1/public/responsible", query_string={"address": typed})
        assert told.status_code in (404, 422)
        sentences.add((told.get_json()["title"], told.get_json()["title_en"]))
    assert len(sentences) == 3


def name_the_city(database: Database, town: Town, *addresses: str) -> None:
    """Service points in the first cell, beside those whose address names no city."""
    with database.transaction() as session:
        for n, address in enumerate(addresses):
            who = {"number": f"Q{n}", "name": "某某", "category": "resident", "cell_id": town["cell 0"]}
            made = record_writer.create(session, system(town["north"]), "customer", who)
            where = {"customer_id": made.id, "address": address, "place": middle(0), "nature": "public"}
            where |= {"cell_id": town["cell 0"]}
            record_writer.create(session, system(town["north"]), "service_point", where)


@pytest.mark.usefixtures("houses")
def test_an_address_without_a_city_lies_in_the_one_that_most_addresses_name(
    asked: Callable[[str], str], as_: As, database: Database, town: Town
) -> None:
    elsewhere = ("济南市市北区试验路1号A座", "济南市试验路1号A座3单元502户", "浙江省杭州市市北区海泊路11号")
    ours = ("青岛试验路1号A座", "青岛市北试验路1号A座", "山东青岛试验路1号A座", "山东试验路1号A座")
    # As long as the ledger names no city, any may be its own, and none is known by half its name.
    assert [one for one in elsewhere[:2] if asked(one) != "员工5"] == []
    assert [asked(one) for one in ours] == ["address_not_found", "员工5", *["address_not_found"] * 2]
    streets = "鞍山路", "延安路", "威海路"
    name_the_city(database, town, *(f"山东省青岛市市北区{one}1号" for one in streets), "济南市经二路1号")
    assert [(one, asked(one)) for one in elsewhere if asked(one) != "address_unclear"] == []
    assert [(one, asked(one)) for one in ours if asked(one) != "员工5"] == []
    assert asked("青岛市市北区试验路1号A座") == asked("山东省青岛市市北区试验路1号A座") == "员工5"
    # What names its city itself is there and nowhere else.
    assert (asked("济南市经二路1号"), asked("青岛市经二路1号")) == ("员工5", "address_not_found")
    job = {"matter_id": town["leak"], "address": "济南市市北区试验路1号A座3单元502户"}
    assert as_("agent")("POST", "/work-orders", job).get_json()["code"] == "no_place"
    mine = as_("agent")("POST", "/work-orders", job | {"address": "青岛市市北区试验路1号A座3单元502户"})
    assert mine.get_json()["cell_id"] == town["cell 0"]


@pytest.mark.usefixtures("houses")
def test_cities_that_are_named_as_often_as_each_other_are_no_home(
    asked: Callable[[str], str], database: Database, town: Town
) -> None:
    name_the_city(database, town, "青岛市鞍山路1号", "济南市经二路1号")
    assert asked("济南市市北区试验路1号A座") == asked("青岛市市北区试验路1号A座") == "员工5"


@pytest.mark.usefixtures("houses")
def test_an_estate_that_the_ledger_does_not_name_is_passed_over(asked: Callable[[str], str]) -> None:
    ways = (
        "市北区台东社区试验路1号A座", "台东社区居委会试验路1号A座3单元502", "试验路1号海信小区A座", "市北区香港路社区试验路1号A座",
        "青岛市市北区台东小区试验路1号A座5楼",
    )  # fmt: skip
    assert [(one, asked(one)) for one in ways if asked(one) != "员工5"] == []
    # The number behind an estate is the estate's own; where the ledger names one, it is the one that is meant.
    unknown = (
        "试验路海信小区1号",
        "台东社区1号楼9单元",
        "火星社区火星路1号",
        "北仲社区居委会1号楼1单元101户",
    )
    assert [(one, asked(one)) for one in unknown if asked(one) != "address_not_found"] == []
    assert (asked("台西社区居委会1号楼1单元101户"), asked("台东社区居委会1号楼1单元101户")) == (
        "员工6",
        "员工5",
    )


@pytest.mark.usefixtures("houses")
def test_what_is_near_a_house_is_answered_for_by_who_answers_around_it(
    asked: Callable[[str], str], database: Database, town: Town
) -> None:
    near = ("试验路1号A座附近", "市北区试验路1号A座3单元502的对面", "试验路１号A座旁边。", "试验路1号A座5楼隔壁", "试验路1号A座（斜对面）",
            "试验路1号A座路口", "台东社区试验路1号A座门口", "试验路1号A座东侧附近")  # fmt: skip
    assert [(one, asked(one)) for one in near if asked(one) != "员工5"] == []
    # 50 m from the next cell, whose representative is another; and the border itself is between two of 员工5's.
    north = system(town["north"])
    with database.transaction() as session:
        for n, (side, cell) in enumerate((("分界路7号", 2), ("同界路8号", 1))):
            who = {"number": f"B{n}", "name": "某某", "category": "resident", "cell_id": town[f"cell {cell}"]}
            made = record_writer.create(session, north, "customer", who)
            border = point(WEST + cell * SIDE + 0.0005, SOUTH + SIDE / 2)
            where = {"customer_id": made.id, "address": side, "place": border, "nature": "public"}
            record_writer.create(session, north, "service_point", where | {"cell_id": town[f"cell {cell}"]})
    assert (asked("分界路7号"), asked("分界路7号附近"), asked("分界路7号对面")) == (
        "员工6",
        *["address_unclear"] * 2,
    )
    assert (asked("同界路8号"), asked("同界路8号附近")) == ("员工5", "员工5")
    # A street or a crossing says too little, and what is not there is not near either.
    little = (
        "海泊路附近",
        "海泊路路口",
        "海泊路口旁边",
        "试验路与海泊路路口",
        "海泊路同人路交叉口",
        "海泊路和同人路口附近",
    )
    assert [(one, asked(one)) for one in little if asked(one) != "address_unclear"] == []
    unknown = ("火星路1号附近", "火星路与海泊路路口", "试验路999号对面", "附近附近附近")
    assert [(one, asked(one)) for one in unknown if asked(one) != "address_not_found"] == []


@pytest.mark.usefixtures("houses")
def test_a_job_is_placed_by_an_address_however_it_is_typed(as_: As, town: Town) -> None:
    agent = as_("agent")
    for typed in (OWN, "青岛市市北区试验路 1号a座3单元502室", "试验路1号A座三单元502", "试验路1-A-3-502"):
        made = agent("POST", "/work-orders", {"matter_id": town["leak"], "address": typed})
        assert made.status_code == 201, (typed, made.text)
        assert (made.get_json()["cell_id"], made.get_json()["address"]) == (town["cell 0"], typed)
    elsewhere = agent(
        "POST", "/work-orders", {"matter_id": town["leak"], "address": "李沧区试验路1号A座3单元502户"}
    )
    assert elsewhere.get_json()["code"] == "no_place"


def signs_in(app: Flask, login: str, n: int) -> int:
    device = {"id": uid(f"typed {n}"), "name": "某手机"}
    return int(
        app.test_client()
        .post("/api/v1/sessions", json={"login": login, "password": PASSWORD, "device": device})
        .status_code
    )


def test_signing_in_however_one_types(app: Flask, as_: As, town: Town) -> None:
    """Everybody of the town is T000 and so on; a phone is written in as many ways as numbers are."""
    cased = [
        one.strip().lower().replace("101", "005").replace("１０１", "００５")
        for one in lines("sign-in-case", "logins.txt")
    ]
    ways = [one.replace("r", "t").replace("ｒ", "ｔ") for one in cased]
    admin, number = as_("admin"), {"phone": "+86 139-0000-7777", "password": PASSWORD}
    admin("PUT", f"/accounts/{town['rep']}", number | {"roles": ["representative"]})
    ways += ["13900007777", "0086 139 0000 7777", "８６１３９－００００－７７７７"]
    assert [one for n, one in enumerate(ways) if signs_in(app, one, n) != 201] == []
    taken = admin(
        "PUT", f"/accounts/{town['leader']}", number | {"phone": "8613900007777", "roles": ["crew_leader"]}
    )
    assert taken.get_json()["code"] == "id_taken"
    assert signs_in(app, "T-005", 98) == 401


def test_a_landline_signs_in_with_and_without_its_countrys_code(app: Flask, as_: As, town: Town) -> None:
    number = {"phone": "0532-6611 8822", "password": PASSWORD, "roles": ["representative"]}
    as_("admin")("PUT", f"/accounts/{town['rep']}", number)
    ways = (
        "053266118822",
        "+86 532 66118822",
        "0086-532-6611-8822",
        "(0532)66118822",
        "＋８６５３２６６１１８８２２",
    )
    assert [one for n, one in enumerate(ways) if signs_in(app, one, 300 + n) != 201] == []
    assert signs_in(app, "0533-66118822", 399) == 401


def test_every_spelling_of_a_login_is_one_to_guess_at(settings: Settings, database: Database) -> None:
    """Ten wrong tries are ten, however the number is written: no spelling begins anew."""
    client = create_app(replace(settings, limits_enabled=True), database).test_client()
    ways = (
        "13900007777",
        "+86 139 0000 7777",
        "0086-139-0000-7777",
        "8613900007777",
        "１３９００００７７７７",
        "(+86)139–0000–7777",
    )
    codes = []
    for n in range(18):
        device = {"id": uid(f"guess {n}"), "name": "某手机"}
        body = {"login": ways[n % len(ways)], "password": "wrong", "device": device}
        codes.append(client.post("/api/v1/sessions", json=body).get_json()["code"])
    ended = codes.index("too_many_tries")
    assert ended <= 10
    assert set(codes[ended:]) == {"too_many_tries"}


def test_staff_numbers_are_no_telephone_numbers() -> None:
    """A dash or a zero tells people apart."""
    apart = (
        "3-01",
        "301",
        "0301",
        "00301",
        "2024-0001",
        "20240001",
        "0012345",
        "12345",
        "+301",
        "r-101",
        "r101",
    )
    assert len({login_form(one) for one in apart}) == len(apart)
