"""Numerals, numbers and crossings as people type them; keys by their moments; how long a wrong try waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.core.comparing.finding import address_in, kept_of, line_of, wanted_of
from backend.core.comparing.meant import crossing, readings
from backend.core.comparing.numerals import with_digits
from backend.core.comparing.phones import phones_in, wanted_digits
from backend.core.comparing.simplified import simplified
from backend.core.keys import CURSORS, LINKS, SEALS, Key, Ring, UnsafeKey
from backend.core.services.guessing import Patience

NOW = datetime(2026, 11, 28, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("", ""), ("二十三号", "23号"), ("五〇二室", "502室"), ("十", "10"), ("一百零五", "105"), ("两千", "两千"),
        ("二百五", "205"), ("壹仟贰佰叁拾肆", "1234"), ("三栋二单元", "3栋2单元"), ("百盛", "百盛"),
        ("千佛山路", "千佛山路"), ("十百", "十百"), ("二三十", "二三十"), ("一" * 9, "1" * 9), ("一" * 10, "一" * 10),
    ],
)  # fmt: skip
def test_numerals_become_digits_where_they_are_a_number(typed: str, digits: str) -> None:
    assert with_digits(typed) == digits
    assert with_digits(digits) == digits


def test_traditional_characters_stay_as_many() -> None:
    assert simplified("臺東路與海濱廣場") == "台东路与海滨广场"
    assert simplified("試驗路1號 A") == "试验路1号 A"
    assert simplified("") == "" and simplified("网格😀") == "网格😀"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("没有电话", []),
        ("138-0000-1234 / 0532-66118822", ["13800001234", "053266118822"]),
        ("老王 13800001234，小李 +86 139 0000 5678", ["13800001234", "13900005678"]),
        ("13800001234；13800001234", ["13800001234"]),
        ("手机:13800001234转801", ["13800001234"]),
    ],
)
def test_every_number_of_a_text_is_found_once(text: str, found: list[str]) -> None:
    assert [one for one in phones_in(text) if len(one) <= 12] == found


def test_a_whole_number_is_sought_without_its_0_and_a_part_with_it() -> None:
    assert wanted_digits("0532-66118822") == "53266118822"
    assert wanted_digits("0532") == "0532"


@pytest.mark.parametrize(
    ("typed", "doors"),
    [
        ("试验路与海泊路路口", ["试验路", "海泊路"]),
        ("青岛市市北区试验路和海泊路交叉口", ["试验路", "海泊路"]),
        ("试验路与海泊路", None),
        ("试验路1号附近", None),
        ("路口", None),
        ("", None),
    ],
)
def test_where_two_streets_cross(typed: str, doors: list[str] | None) -> None:
    found = crossing(typed)
    assert (found and [one.door for one in found]) == doors


def test_near_a_house_is_read_as_the_house_last() -> None:
    said = [(one.address.door, one.is_near) for one in readings("试验路1号附近")]
    assert [is_near for _, is_near in said] == [False, True]
    (plainly,) = readings("试验路1号")
    assert not plainly.is_near and said[-1][0] == plainly.address.door


def test_an_address_comes_back_out_of_its_line() -> None:
    for typed in ("山东省青岛市市北区台东街道试验路1号3单元502", "试验路", "", "a;b|c"):
        address = next(readings(typed)).address
        assert address_in(line_of(address)) == address


def test_a_record_of_nothing_is_kept_by_nothing() -> None:
    assert kept_of("customer", {"name": None}).numbers == kept_of("service_point", {}).numbers == ""
    assert kept_of("customer", {}).words == ""
    kept = kept_of("customer", {"number": "Ｎo 12", "name": "王長樂", "phone": "138 0000 1234"})
    assert {"王长乐", "13800001234", "wcl"} <= set(kept.words.split("\n")) and "12" in kept.numbers


def test_a_label_before_a_number_is_no_word_to_look_for() -> None:
    assert wanted_of("户号 12345").words == ()
    assert wanted_of("户号12345").number == "12345"
    assert len(wanted_of(" ".join(f"词{n}" for n in range(100))).words) == 8
    assert wanted_of(" ，；").whole.forms == ()


def test_the_key_that_signs_now_is_last_and_one_to_come_opens() -> None:
    old, new = Key(LINKS, "a"), Key(LINKS, "b", NOW - timedelta(days=1))
    later = Key(LINKS, "c", NOW + timedelta(days=1))
    ring = Ring((later, new, Key(SEALS, "a"), old))
    assert [one.secret for one in ring.of(LINKS, NOW)] == ["c", "a", "b"]
    assert [one.secret for one in ring.of(LINKS, NOW + timedelta(days=1))] == ["a", "b", "c"]
    for lacking in (Ring(), Ring((later,)), ring.without(old.id).without(new.id)):
        with pytest.raises(UnsafeKey, match=LINKS):
            lacking.of(LINKS, NOW)
    with pytest.raises(UnsafeKey, match=CURSORS):
        ring.of(CURSORS, NOW)


def test_a_ring_is_the_same_out_of_its_text_and_knows_what_it_has() -> None:
    ring = Ring((Key(LINKS, "网格\"'"), Key(SEALS, "", NOW)))
    assert Ring.parse(ring.as_text()) == Ring.parse(ring.as_text().encode()) == ring
    assert ring.with_older(ring.keys) == ring.without("unknown") == ring
    older = ring.with_older([Key(SEALS, "older"), *ring.keys])
    assert [one.secret for one in older.keys] == ["older", "网格\"'", ""]
    assert len({Key(purpose, secret).id for purpose in (LINKS, SEALS) for secret in ("a", "b")}) == 4


@pytest.mark.parametrize(("wrong", "wait"), [(0, 0), (4, 0), (5, 1), (6, 2), (8, 8), (14, 300), (10**6, 300)])
def test_each_wrong_try_waits_twice_as_long_up_to_the_longest(wrong: int, wait: int) -> None:
    assert Patience(5, 300).wait_s(wrong) == wait
