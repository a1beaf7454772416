"""The data dictionary and the privacy tables: current, whole, and true of what the server does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from backend.core import capabilities, config
from backend.core.actor import Role
from backend.core.db import Base, Database
from backend.core.kinds.registry import KINDS
from backend.core.queries.masks import masks_of
from backend.customers.kinds import customer
from backend.evidence.services.sealing import ERASED, erase_values
from backend.people.services.positions import forget_old
from deploy import dictionary as dictionaries
from deploy import privacy
from deploy.dictionary import dictionary, seen_by
from sync.kind import Policy
from sync.postgres.tables import metadata as sync_tables
from tests.conftest import Person
from tests.factories import Town, uid

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = {"en": DOCS, "zh": DOCS / "zh"}


@pytest.fixture(params=sorted(LANGUAGES))
def language(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.param)


def test_the_pages_are_what_the_code_says(language: str) -> None:
    page = LANGUAGES[language] / "data_dictionary.md"
    assert page.read_text(encoding="utf-8") == dictionary(language), "make map"
    text = (LANGUAGES[language] / "privacy.md").read_text(encoding="utf-8")
    assert text == privacy.filled(text, language), "make map"
    assert text.count("\n|") > 25


def test_every_kind_field_and_word_is_in_the_dictionary(language: str) -> None:
    sections = dict(zip(KINDS, re.split(r"^## ", dictionary(language), flags=re.MULTILINE)[1:], strict=True))
    for name, kind in KINDS.items():
        section = sections[name]
        assert section.startswith(f"{name} · ")
        fields = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
        assert fields == list(kind.wired)
        assert section.count(f"`/api/v1/{kind.segment}`") == 1
    for code, labels in customer.CATEGORIES.items():
        assert f"`{code}` {labels[dictionaries.LANGUAGES[language]]}" in sections["customer"]
    assert ("系统" if language == "zh" else "server") in next(
        line for line in sections["work_order"].splitlines() if line.startswith("| `state`")
    )


def test_its_links_lead_to_its_own_sections(language: str) -> None:
    text = dictionary(language)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    # As the site's anchors are made of headings.
    anchors = {
        re.sub(
            r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", one.encode("ascii", "ignore").decode()).strip().lower()
        )
        for one in headings
    }
    led_to = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert len(led_to) > 8
    assert led_to - anchors == set()


def test_a_new_field_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    before = dictionary(language)
    kind = KINDS["customer"]
    more = kind.wired | {"hair": replace(kind.wired["note"], zh="头发", en="Hair", policy=Policy.SERVER)}
    monkeypatch.setitem(KINDS, "customer", replace(kind, wired=more))
    after = dictionary(language)
    assert after != before
    assert "| `hair` |" in after


def test_who_sees_a_kind_is_asked_of_its_scopes(database: Database, as_: Callable[[str], Person]) -> None:
    """What the words promise holds of a customer of the town, who lies in the cell of `rep`."""
    assert seen_by(KINDS["administrative_act"], 1) == ["administrators and auditors"]
    assert seen_by(KINDS["customer"], 1)[:2] == [
        "who serves the cell",
        "the office of the unit and of units above it",
    ]
    path = f"/customers/{uid('customer 0')}"
    answers = {who: as_(who)("GET", path).status_code for who in ("rep", "other_rep", "leader", "stranger")}
    assert answers == {"rep": 200, "other_rep": 404, "leader": 404, "stranger": 404}
    assert {who: as_(who)("GET", path).status_code for who in ("dispatcher", "admin", "auditor")} == {
        "dispatcher": 200,
        "admin": 200,
        "auditor": 200,
    }


def test_every_table_is_told_of_once() -> None:
    there = {one.name for one in (*Base.metadata.sorted_tables, *sync_tables.sorted_tables)} - set(KINDS)
    told = [table for name, one in privacy.KEPT["tables"].items() for table in (name, *one.get("also", ()))]
    told += privacy.KEPT["nothing"]
    assert sorted(told) == sorted(there), "deploy/privacy.toml, then make map"


def test_every_nightly_task_that_forgets_is_told_of() -> None:
    forgets = {
        module.__name__.split(".")[1]
        for module in capabilities.modules("periodic")
        if any(one.task == "wangge.tidy" for one in module.PERIODIC)
    }
    told = {one["forgotten_by"] for one in privacy.KEPT["tables"].values() if "forgotten_by" in one}
    assert told == forgets


def test_both_languages_say_the_same_periods_and_roles() -> None:
    marks = re.compile(r"\{\w+\}|`\w+`")
    for name, one in privacy.KEPT["tables"].items():
        assert len(one["zh"]) == len(one["en"]) == 5, name
        for zh, en in zip(one["zh"], one["en"], strict=True):
            assert sorted(marks.findall(zh)) == sorted(marks.findall(en)), name
    used = set(marks.findall(str(privacy.KEPT["tables"])))
    periods = {f"{{{name}}}" for name in privacy.periods()}
    assert periods <= used, "a period that nothing says"


def test_another_period_in_the_code_is_another_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"{config.read({}).position_days} days" in privacy.beside_records("en")
    shorter = replace(config.read({}), position_days=3)
    monkeypatch.setattr(config, "read", lambda _: shorter)
    assert "3 days (`WANGGE_POSITION_DAYS`)" in privacy.beside_records("en")
    monkeypatch.setattr(privacy.positions, "LOOKERS", frozenset({Role.AUDITOR}))
    assert "oneself; Auditor with a reason" in privacy.beside_records("en")


def test_positions_go_after_the_period_that_the_page_names(session: Session, town: Town) -> None:
    from backend.people.kinds.position import Position

    days, now = privacy.periods()["position_days"], datetime.now(UTC)
    for age in (days - 1, days + 1):
        at = now - timedelta(days=age)
        who = {"staff_id": uid("rep"), "unit_id": uid("north"), "event": "arrive", "lng": 120.3, "lat": 36.0}
        session.add(Position(at=at, **who))
    session.flush()
    assert forget_old(session, days, now) == 1


def test_a_mask_that_the_table_names_is_what_an_auditor_gets(as_: Callable[[str], Person]) -> None:
    path = f"/customers/{uid('customer 0')}"
    whole, masked = as_("dispatcher").get(path), as_("auditor").get(path)
    changed = {name for name in whole if whole[name] != masked[name]}
    assert changed == {name for name in masks_of(KINDS["customer"]) if whole[name]}
    row = next(line for line in privacy.personal_fields("en").splitlines() if "(`phone`)" in line)
    assert row.startswith("| Customer | Phone (`phone`) | middle digits hidden |")
    assert masked["phone"] == "130******00"


def test_erasing_takes_what_the_table_marks_and_leaves_what_the_page_says(session: Session) -> None:
    from backend.core.services import record_writer

    erase_values(session, "customer", uid("customer 0"))
    values = record_writer.read(session, "customer", uid("customer 0")).values
    assert values["name"] == ERASED
    assert values.get("phone") is None
    assert values["number"] == "K0000"
    erasable = {name for kind in KINDS.values() for name in kind.personal}
    marked = set(re.findall(r"\(`(\w+)`\)(?=[^|]*\|$)", privacy.personal_fields("en"), re.MULTILINE))
    assert marked == erasable
    # What the page says is left: if that changes, the page must.
    for kind, name in (
        ("staff", "name"),
        ("staff", "work_phone"),
        ("customer", "pinyin"),
        ("service_point", "access_note"),
    ):
        assert name not in KINDS[kind].personal
