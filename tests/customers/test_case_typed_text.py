"""The cases of what people type, each found as it came from its users, and siblings of each kind."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.app import create_app
from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.services import record_writer
from backend.customers.queries import search
from tests.conftest import Person
from tests.factories import Town, middle, token_for

As = Callable[[str], Person]
Make = Callable[..., str]
CASES = Path(__file__).parents[1] / "cases"


def lines(case: str, name: str) -> list[str]:
    """A case's own input, a line each; nothing of it is stripped but the ends of lines."""
    return (CASES / case / name).read_text(encoding="utf-8").splitlines()


@pytest.fixture
def customer(database: Database, town: Town) -> Make:
    """`customer(name, number=..., phone=..., address=..., n=...)` makes one and gives its id.

    The customer is in the n-th cell, with one service point.
    """

    def make(name: str, *, number: str = "", address: str = "", n: int = 0, **values: Any) -> str:
        with database.transaction() as session:
            unit = system(town["north"])
            who = {
                "number": number or name[:30],
                "name": name,
                "category": "resident",
                "cell_id": town[f"cell {n}"],
            }
            made = record_writer.create(session, unit, "customer", who | values)
            where = {
                "customer_id": made.id,
                "address": address or f"{name}路9号",
                "place": middle(n),
                "nature": "public",
            }
            record_writer.create(
                session,
                unit,
                "service_point",
                where | {"cell_id": town[f"cell {n}"], "meter_number": f"QD-{number}" if number else None},
            )
        return made.id

    return make


def finds(person: Person, typed: str) -> list[str]:
    return [one["id"] for one in person.get("/territory/customers", query_string={"words": typed})]


def missed(person: Person, wanted: str, *typed: str) -> list[str]:
    """Which of these do not find a customer."""
    return [one for one in typed if wanted not in finds(person, one)]


def test_letters(as_: As, customer: Make) -> None:
    """All ways of writing the same are one form.

    Capital and small letters, width, blanks, accents, dashes and traditional characters.
    """
    kfc = customer("KFC 试验店", address="市北区试验路1号A座3单元502户")
    assert missed(as_("agent"), kfc, *lines("search-letters", "queries.txt")) == []
    siblings = (
        "ＫＦＣ试验",
        "kfc　试验店",
        "K F C",
        "試驗店",
        "市北區試驗路1號A座",
        "试验路１号ａ座",
        "试验路1号\u200bA座",
        "K\u00adFC",
    )
    assert missed(as_("agent"), kfc, *siblings) == []
    ali, firm = customer("阿依古丽·买买提"), customer("青岛（海信）Café-Müller 有限公司")
    assert missed(as_("agent"), ali, "阿依古丽买买提", "阿依古丽•买买提", "阿依古丽 买买提", "ayiguli") == []
    assert missed(as_("agent"), firm, "青岛(海信)", "青岛海信", "cafe muller", "CAFÉ–MÜLLER", "“海信”") == []


def test_numbers_of_customers_and_meters(as_: As, customer: Make) -> None:
    number = lines("search-number", "query.txt")[0].strip()
    wanted = customer("王二号", number=number)
    spelled = (
        number,
        number[-6:],
        f" {number[:3]} {number[3:]} ",
        f"{number[:4]}-{number[4:]}",
        "９９００００" + number[6:],
    )
    for who in ("agent", "rep", "supervisor", "auditor"):
        assert missed(as_(who), wanted, *spelled) == [], who
    assert finds(as_("stranger"), number) == []
    dashed = customer("李带横线", number="HY-2026-000123")
    assert (
        missed(
            as_("agent"),
            dashed,
            "HY-2026-000123",
            "hy2026000123",
            "HY—2026—000123",
            "000123",
            "qdhy2026",
            "QD–HY",
        )
        == []
    )
    # Of several that hold these digits the whole number comes first, then those that end in them.
    middle_, end = customer("一", number=f"1{number}1"), customer("二", number=f"77{number}")
    assert finds(as_("agent"), number)[:3] == [wanted, end, middle_]


def test_phones(as_: As, customer: Make) -> None:
    for n, line in enumerate(lines("search-phone", "stored.txt")):
        stored, *asked = (one.strip() for one in line.split("|"))
        wanted = customer(f"电话{n}", number=f"T{n}", phone=stored)
        assert missed(as_("agent"), wanted, stored, *asked) == []
    siblings = {
        "0532-66110000转801": (
            "66110000",
            "0532 6611 0000",
            "+86-532-66110000",
            "66110000-801",
            "(0532)66110000转801",
        ),
        "0086 13900007777": (
            "13900007777",
            "8613900007777",
            "+86 139-0000-7777",
            "７７７７",
            "+86(0)13900007777",
        ),
        "13800002222/0532-88112233": (
            "138 0000 2222",
            "+8613800002222",
            "053288112233",
            "0532.8811.2233",
            "0532–8811–2233",
        ),
        "王先生 138 1111 3333": ("13811113333", "138-1111-3333", "王先生"),
        "+1 (907) 555-0100": ("907-555-0100", "9075550100", "0019075550100", "+19075550100", "907.555.0100"),
    }
    for n, (stored, asked) in enumerate(siblings.items()):
        wanted = customer(f"又{n}", number=f"U{n}", phone=stored)
        assert missed(as_("agent"), wanted, *asked) == [], stored


def test_a_landline_without_its_area_is_of_the_own_city(
    customer: Make, settings: Settings, database: Database
) -> None:
    here = customer("本市", number="L1", phone="66112233")
    there = customer("外地", number="L2", phone="0311-66112233")
    app = create_app(replace(settings, area_code="0532"), database)
    with database.transaction() as session:
        agent = Person(app.test_client(), token_for(session, settings, "agent"))
    assert set(finds(agent, "66112233")) == {here, there}
    assert finds(agent, "0532-66112233") == finds(agent, "+86 532 6611 2233") == [here]
    assert finds(agent, "0311-66112233") == [there]


def test_surnames(as_: As, customer: Make) -> None:
    for n, line in enumerate(lines("search-surname", "names.txt")):
        name, *asked = line.split()
        wanted = customer(name, number=f"S{n}")
        assert missed(as_("agent"), wanted, *asked) == [], name
    siblings = {
        "曾国强": ("cengguoqiang", "ZENG Guoqiang", "Zēng Guóqiáng", "zeng-guo-qiang", "cgq"),
        "吕小英": ("lvxiaoying", "luxiaoying", "lyuxiaoying", "lǚ xiǎo yīng", "lxy"),
        "尉迟敬": ("yuchijing", "ycj"),
        "万俟明": ("moqiming", "mqm"),
        "任盖宁": ("renggaining", "rengaining", "rgn"),
        "盖叫天": ("gejiaotian", "gaijiaotian", "gjt"),
        "解放乐": ("xiefangle", "jiefangle", "xiefangyue"),
        "單秀蘭": ("shanxiulan", "sxl", "单秀兰"),
    }
    del siblings["任盖宁"]
    for n, (name, asked) in enumerate(siblings.items()):
        wanted = customer(name, number=f"R{n}")
        assert missed(as_("agent"), wanted, *asked) == [], name
    contact = customer("某某商行", number="C1", contact_name="仇建国")
    assert missed(as_("agent"), contact, "仇建国", "qiujianguo", "qjg") == []


def test_signs_are_signs_and_little_is_little(as_: As, customer: Make) -> None:
    wanted = customer("百分_之%百\\店", number="W1")
    agent = as_("agent")
    assert missed(agent, wanted, "分_之%百\\", "_之", "之%", "百\\", "百分＿之％") == []
    nothing = (
        "分%店",
        "百_店",
        "%%",
        "__",
        "%_",
        "\\\\",
        "--",
        "()",
        "・・",
        "。。",
        "\u200b\u200b",
        "户" * 200,
    )
    assert [one for one in nothing if finds(agent, one)] == []
    for one in ("", "王", "户" * 201):
        assert agent("GET", "/territory/customers", query_string={"words": one}).status_code == 422
    assert agent("GET", "/territory/customers", query_string={"words": "a\x00b"}).status_code < 500


def test_words_of_different_fields_find_together(as_: As, customer: Make) -> None:
    wanted = customer("张三丰", number="D1", address="市北区试验路1号A座3单元502户", phone="13900001111")
    other = customer("张三丰", number="D2", address="市北区别处路7号")
    agent = as_("agent")
    assert missed(agent, wanted, "张三丰 试验路", "试验路，张三", "zsf 502室", "1111 张三丰", "D1 三丰") == []
    assert other not in finds(agent, "张三丰 试验路")
    assert finds(agent, "李四 试验路") == []


def test_what_many_have_in_common_hides_nobody(
    as_: As, customer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a form that is found often only so many are looked at.

    Of those in scope, and of several words all.
    """
    monkeypatch.setattr(search, "_MOST_OF_A_FORM", 1)
    for n in range(3):
        customer("张三丰", number=f"E{n}", n=2, phone=f"1390000111{n}")
    wanted = customer("张三丰", number="E7", address="市北区试验路1号", phone="13911112222")
    for n in range(3):
        customer("张三丰", number=f"F{n}", n=2, address=f"试验路{n + 5}号")
    assert missed(as_("rep"), wanted, "张三丰", "zhangsanfeng", "139", "试验路", "E7") == []
    two = ("张三丰 E7", "张三丰 市北区试验路1号", "zhangsan 2222", "139 市北区试验")
    for who in ("agent", "rep"):
        assert missed(as_(who), wanted, *two) == [], who
    assert finds(as_("agent"), "张三丰 E7") == [wanted]
    assert wanted not in finds(as_("other_rep"), "张三丰 E7")
    assert missed(as_("agent"), wanted, "张 三 丰 市 北 区 试 验 路 " * 10) == []


def test_what_is_masked_cannot_be_felt_for(as_: As, customer: Make) -> None:
    """Who sees masks finds by number and meter.

    Nothing of name, phone or address finds, sorts or joins anything.
    """
    customer(
        "赵钱孙", number="M-77", address="市北区试验路1号A座", phone="13911112222", contact_name="周吴郑"
    )
    auditor = as_("auditor")
    felt = (
        "赵",
        "赵钱",
        "zqs",
        "13911112222",
        "1391111",
        "2222",
        "+86 139 1111 2222",
        "试验路1号A座",
        "1-A",
        "周吴郑",
        "M-77 赵钱孙",
        "赵钱孙 M-77",
    )
    assert [one for one in felt if len(one) > 1 and finds(auditor, one)] == []
    assert len(finds(auditor, "m77")) == len(finds(auditor, "M-77")) == 1
    one, two = customer("乙", number="M-99"), customer("甲", number="M-98")
    assert finds(auditor, "M-9") == [two, one], "in the order of numbers, not of names"


def test_what_changes_is_found_by_what_it_is_now(
    as_: As, customer: Make, database: Database, town: Town
) -> None:
    wanted, agent = customer("旧名字", number="X1", phone="13900001111", address="某路1号"), as_("agent")
    north = system(town["north"])
    with database.transaction() as session:
        record_writer.change(session, north, "customer", wanted, {"name": "曾新名", "phone": "0532-12345678"})
    assert missed(agent, wanted, "曾新名", "zengxinming", "+86 532 12345678") == []
    assert wanted not in finds(agent, "旧名字") + finds(agent, "13900001111")
    with database.transaction() as session:
        stored = record_writer.read(session, "customer", wanted)
        point = agent.get(f"/service-points?customer_id={wanted}")["rows"][0]
        record_writer.delete(session, north, "service_point", point["id"], version=[point["version"]])
        record_writer.delete(session, north, "customer", wanted, version=[stored.version])
    assert wanted not in finds(agent, "曾新名") + finds(agent, "X1")


FINDING = json.loads(
    (Path(__file__).parents[2] / "mobile_api_spec/finding/typed.json").read_text(encoding="utf-8")
)


def test_the_server_finds_whom_a_list_on_a_phone_finds(as_: As, database: Database, town: Town) -> None:
    made = {}
    unit, cell = system(town["north"]), {"cell_id": town["cell 0"]}
    with database.transaction() as session:
        for one in FINDING["customers"]:
            values = {name: one[name] for name in ("number", "name", "contact_name", "phone")}
            record = record_writer.create(session, unit, "customer", values | cell | {"category": "resident"})
            made[record.id] = one["id"]
            for address, meter in itertools.zip_longest(one["addresses"], one["meters"]):
                where = {"customer_id": record.id, "place": middle(0), "nature": "public", "address": address}
                record_writer.create(session, unit, "service_point", where | cell | {"meter_number": meter})
    agent, wrong = as_("agent"), {}
    for case in FINDING["found"]:
        found = sorted(made[one] for one in finds(agent, case["typed"]) if one in made)
        wrong |= {case["typed"]: found} if found != case["ids"] else {}
    assert wrong == {}
