"""Typed text has one form: case, width, blanks and what cannot be seen mean nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.comparing import comparable, plain
from backend.core.comparing.addresses import address_of, is_same_address
from backend.core.comparing.phones import login_form, phone_digits, without_area
from backend.customers.services.phonetics import pinyin_of

SAME = (
    "u301",
    "U301",
    " U301 ",
    "U 301",
    "u301\t\n",
    "Ｕ３０１",
    "\u3000ｕ３０１",
    "u\u200b301",
    "\ufeffu301",
    "u3\u00ad01",
    "\u202eu301\u202c",
    "\u2066u301\u2069",
    "u30\u20601",
    "u301\ufe0f",
    "u\u034f301",
    "\u3164u301",
    "u\u2800301",
    "u301\x00",
    "\U000e0041u301",
    "𝐮𝟑𝟎𝟏",
)


@pytest.mark.parametrize("typed", SAME, ids=ascii)
def test_what_looks_alike_or_cannot_be_seen_is_one(typed: str) -> None:
    assert comparable(typed) == "u301"


def test_what_is_another_word_stays_another() -> None:
    assert len({comparable(one) for one in ("u301", "u302", "u3-01", "u30１１", "网格", "王格", "")}) == 7


@given(st.text(max_size=12))
def test_the_form_of_a_form_is_itself(typed: str) -> None:
    once = comparable(typed)
    assert comparable(once) == once
    assert comparable(f" {typed.swapcase()}\u200b") == comparable(typed.swapcase())


FORMS = json.loads(
    (Path(__file__).parents[2] / "mobile_api_spec/finding/typed.json").read_text(encoding="utf-8")
)


def test_every_step_is_as_the_phone_takes_it() -> None:
    for case in FORMS["forms"]:
        typed = case["typed"]
        address = address_of(typed)
        ours = {
            "typed": typed,
            "comparable": comparable(typed),
            "plain": plain(typed),
            "phone": phone_digits(typed),
            "login": login_form(typed),
            "areas": list(address.areas),
            "door": address.door,
            "counts": address.counts,
        }
        assert ours == case


def test_phones_are_sent_the_usual_reading_and_those_of_a_surname() -> None:
    """Each reading more than these would be another write of a customer, and every phone hears of it."""
    assert [pinyin_of(one["name"]) for one in FORMS["customers"]] == [
        one["pinyin"] for one in FORMS["customers"]
    ]
    everyday = {
        "王长乐": "wangchangle wcl",
        "张行": "zhangxing zx",
        "李重阳": "lichongyang lcy",
        "陈都": "chendou cd",
    }
    assert {name: pinyin_of(name) for name in everyday} == everyday
    assert pinyin_of("单于强") == "chanyuqiang cyq shanyuqiang syq"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("试验路1号A座3单元502户", "青岛市市北区试验路1号a栋三单元0502室", True),
        ("试验路1-2-301", "试验路1号楼2单元301", True),
        ("青岛市胶州市福州路1号", "胶州市福州路1号", True),
        ("青岛市北区试验路1号", "市北区试验路1号", True),
        ("试验路1号2栋", "试验路1号2单元", False),
        ("市北区试验路1号", "李沧区试验路1号", False),
        ("试验路1号", "试验路11号", False),
        ("试验路1号A座", "试验路1号B座", False),
        # One equal area below or beside does not overrule another that contradicts.
        ("甲山县城关镇人民路1号", "乙山县城关镇人民路1号", False),
        ("市南区中山路街道湖南路1号", "市北区中山路街道湖南路1号", False),
        ("辽宁省朝阳市新城区人民路1号", "河北省朝阳市新城区人民路1号", False),
        ("青岛市市北区中山路街道湖南路1号", "市北区湖南路1号", True),
        ("山东省胶州市中云街道福州路1号", "青岛市胶州市中云街道福州路1号", True),
        # A room that says its floor is a room, no house.
        ("建设路5楼502", "建设路502号", False),
        ("建设路5层502号", "建设路502室", True),
        ("建设路3号5楼502", "建设路3号502", True),
        ("建设路3楼5层502", "建设路3栋502户", True),
    ],
)
def test_one_door_is_told_from_another(one: str, other: str, is_same: bool) -> None:
    assert is_same_address(one, other) is is_same_address(other, one) is is_same


@pytest.mark.parametrize(
    ("typed", "own_area", "number"),
    [
        ("0532-66118822", "0532", "66118822"),
        ("+86 532 6611 8822", "0532", "66118822"),
        ("0086-532-66118822-801", "532", "66118822"),
        ("010-66118822", "010", "66118822"),
        ("0311-6611882", "0311", "6611882"),
        # Another city's is not the own one; where nobody said which that is, it may be.
        ("0311-66118822", "0532", ""),
        ("0311-66118822", "", "66118822"),
        # A mobile, a number without an area, one that is too short, a staff number.
        *((typed, "", "") for typed in ("13800001234", "66118822", "0532-1234", "R101")),
    ],
)
def test_a_landline_is_the_same_with_and_without_the_own_area(typed: str, own_area: str, number: str) -> None:
    assert without_area(typed, own_area) == number


@given(st.text(max_size=30))
def test_whatever_is_typed_has_its_forms_and_keeps_them(typed: str) -> None:
    assert plain(plain(typed)) == plain(typed)
    assert login_form(login_form(typed)) == login_form(typed)
    address = address_of(typed)
    assert not any(sign in part for part in (*address.areas, address.door) for sign in "|;\n")
