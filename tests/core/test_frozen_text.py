"""What migrations wrote of typed text, in literal values: their copies of the forms never change."""

from __future__ import annotations

import pytest

from backend.migrations.frozen_typed_text import comparable
from backend.migrations.frozen_typed_text.finding import kept_of
from backend.migrations.frozen_typed_text.phones import login_form
from backend.migrations.frozen_typed_text.readings import pinyin_of


@pytest.mark.parametrize(
    ("typed", "form"),
    [("Ｕ３０１ ", "u301"), ("王\u200b小明", "王小明"), ("１３８—００００", "138-0000"), (" ", "")],
)
def test_logins_of_0009(typed: str, form: str) -> None:
    assert comparable(typed) == form


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("+86 138-0000 1234", "13800001234"),
        ("0086 13800001234", "13800001234"),
        ("U301 ", "u301"),
        ("(0532) 6611-8822", "053266118822"),
        ("12345", "12345"),
    ],
)
def test_logins_of_0019(typed: str, form: str) -> None:
    assert login_form(typed) == form


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("王小明", "wangxiaoming wxm"),
        ("曾国强", "cengguoqiang cgq zengguoqiang zgq"),
        ("单于", "chanyu cy shanyu sy"),
        ("吕·布", "lvbu lb lyubu lubu"),
    ],
)
def test_readings_of_0019(name: str, pinyin: str) -> None:
    assert pinyin_of(name) == pinyin


def test_a_customer_is_found_by_what_0019_kept() -> None:
    typed = {
        "number": " KH-0007",
        "name": "曾·国強",
        "contact_name": "Lü Bu",
        "phone": "138 0000 1234 / 0532-66118822-801",
    }
    kept = kept_of("customer", typed)
    assert kept.numbers == "kh0007"
    assert kept.words.split("\n") == [
        "曾国强",
        "lubu",
        "13800001234053266118822801",
        "13800001234",
        "053266118822",
        "cengguoqiang",
        "cgq",
        "cengguojiang",
        "cgj",
        "zengguoqiang",
        "zgq",
        "zengguojiang",
        "zgj",
        "lübu",
    ]


def test_a_point_is_found_by_what_0019_kept() -> None:
    typed = {"address": "青岛市市北区试验路1号A座3单元５０２户", "meter_number": "QD-00 12"}
    kept = kept_of("service_point", typed)
    assert kept.numbers == "qd0012"
    assert kept.words.split("\n") == [
        "青岛市市北区试验路1号a座3单元502户",
        ";青岛市;市北区;|试验路 1 a 3 502 |NBUR",
    ]
    assert kept_of("service_point", {}).words == "\n;;;||"
