"""Definitions in the console: what is wrong stands where it is typed.

A form's numbers on the phone are those of the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk, Handset
from tests.web.test_office_records import opened, rows

Offices = Callable[[str], Office]
CASES = Path(__file__).parents[1] / "cases"


def fault(page: Page, place: str) -> str:
    """What stands at a place of a form."""
    found = page.locator(f"[data-place='{place}'] > .fault")
    found.wait_for()
    return found.inner_text()


def choose(page: Page, row: str, word: str) -> None:
    """A row's type; the list of the row before may still be closing."""
    items = page.locator(".el-select-dropdown__item:visible")
    expect(items).to_have_count(0)
    page.locator(f"{row} .el-select").first.click()
    items.filter(has_text=word).first.click()


def test_a_forms_faults_stand_at_the_row_and_the_condition(
    desk: Callable[..., Desk], office: Offices
) -> None:
    page = opened(desk, "A001", "问卷")
    page.click("[data-test=new-questionnaire]")
    for name, value in (("code", "tap"), ("title_zh", "龙头检查"), ("title_en", "Taps")):
        page.fill(f"[data-test=field-{name}] input", value)
    page.fill("[data-test=field-edition] input", "1")
    for n, (name, relevant, constraint) in enumerate(
        (("taps", "", "value = 3"), ("why", "answers.tabs > 1", ""))
    ):
        page.click("[data-test=add-rows]")
        row = f"[data-test=rows-{n}]"
        page.fill(f"{row} input[name=name]", name)
        choose(page, row, "整数")
        for field, value in (
            ("label_zh", "几个"),
            ("label_en", "How many"),
            ("relevant", relevant),
            ("constraint", constraint),
        ):
            page.fill(f"{row} textarea[name={field}]", value)
    page.click("[data-test=add-rows]")
    row = "[data-test=rows-2]"
    page.fill(f"{row} input[name=name]", "kind")
    choose(page, row, "单选")
    for field in ("label_zh", "label_en"):
        page.fill(f"{row} textarea[name={field}]", "种类")
    for n in range(2):
        page.click(f"{row} [data-test=add-choices]")
        for field in ("name", "label_zh", "label_en"):
            page.fill(f"{row} [data-test=choices-{n}] input[name={field}]", "house")
    page.click("[data-test=form-save]")
    assert "house" in fault(page, "rows.2.choices")
    assert "value = 3 ← = 3" in fault(page, "rows.0.constraint")
    assert "先加这道题" in fault(page, "rows.1.relevant")
    assert "#2 何时问" in page.inner_text("[data-test=field-rows] .el-form-item__error")
    page.fill(f"{row} [data-test=choices-1] input[name=name]", "shop")
    page.fill("[data-test=rows-0] textarea[name=constraint]", "value == 3")
    page.fill("[data-test=rows-1] textarea[name=relevant]", "answers.taps > 1")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    admin = office("A001")
    made = next(one for one in rows(admin, "questionnaires") if one["code"] == "tap")
    assert [one.get("relevant") for one in made["rows"]] == [None, "answers.taps > 1", None]
    admin("PATCH", f"/questionnaires/{made['id']}", json={"is_active": False}, version=made["version"])


def test_a_crews_break_outside_its_shift_is_said_at_the_break(
    desk: Callable[..., Desk], office: Offices
) -> None:
    page = opened(desk, "D101", "班组")
    page.locator("[data-test=crews] [data-test=change]").first.click()
    crew = next(
        one for one in rows(office("D101"), "crews") if one["name"] == page.input_value("input[name=name]")
    )
    bad = json.loads((CASES / "crew-break-order/crew.json").read_text(encoding="utf-8"))
    for name in ("shift_start", "shift_end", "break_from", "break_until"):
        page.fill(f"input[name={name}]", bad[name])
    page.fill("[data-test=field-break_minutes] input", str(bad["break_minutes"]))
    page.click("[data-test=form-save]")
    page.wait_for_selector(
        "[data-test=field-break_until] .el-form-item__error:has-text('最晚开始早于最早开始')"
    )
    page.fill("input[name=break_from]", "")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=field-break_from] .el-form-item__error:has-text('休息要写全')")
    assert office("D101")("GET", f"/crews/{crew['id']}") == crew


def test_a_calendar_is_kept_and_says_which_day_is_twice(desk: Callable[..., Desk], office: Offices) -> None:
    page = opened(desk, "A001", "工作日历")
    page.wait_for_selector("[data-test=calendars] tr:has-text('2026')")
    page.click("[data-test=new-calendar]")
    page.fill("[data-test=field-year] input", "2035")
    for n, day in enumerate(("2035-05-01", "2035-05-01", "2041-05-01")):
        page.click("[data-test=add-days]")
        page.fill(f"[data-test=days-{n}] [data-place='days.{n}.day'] input", day)
        page.keyboard.press("Enter")
    page.click("[data-test=form-save]")
    assert "写了两次" in fault(page, "days.1.day")
    assert "不是这一年" in fault(page, "days.2.day")
    for n in (2, 1):
        page.click(f"[data-test=days-{n}] button:has-text('删除')")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    page.wait_for_selector("[data-test=calendars] tr:has-text('2035')")
    (made,) = [one for one in rows(office("A001"), "calendars") if one["year"] == 2035]
    assert [one["day"] for one in made["days"]] == ["2035-05-01"]


@pytest.fixture
def water_form(office: Offices) -> Iterator[dict[str, Any]]:
    """The case's form as the newest that is asked."""
    admin, case = (
        office("A001"),
        json.loads((CASES / "form-whole-decimal/questionnaire.json").read_text(encoding="utf-8")),
    )
    more = [{"type": "integer", "name": "colder", "label_zh": "温差", "label_en": "Colder by"},
            {"type": "text", "name": "seal", "label_zh": "铅封号", "label_en": "Seal"}]  # fmt: skip
    form = {"code": "water", "edition": 99, "title_zh": "水质", "title_en": "Water", "is_active": True}
    made = admin("POST", "/questionnaires", json=form | {"rows": [*case["rows"], *more]})
    yield made
    admin("PATCH", f"/questionnaires/{made['id']}", json={"is_active": False}, version=made["version"])


def test_numbers_typed_on_the_phone_are_those_that_are_meant(
    handset: Callable[..., Handset], office: Offices, water_form: dict[str, Any]
) -> None:
    desk, phone = office("D101"), handset("R101")
    page = phone.page
    phone.go("/customers")
    page.click(".van-list .van-cell >> nth=0")
    page.click("[data-test=new-visit]")
    page.click("[data-test=fill-form]")
    page.fill("input[name=ph]", "８")
    page.fill("input[name=chlorine]", "1.0")
    expect(page.locator("[data-question=why]")).to_have_count(0)
    page.fill("input[name=ph]", "7")
    page.fill("[data-question=why] textarea", "偏酸")
    page.fill("input[name=colder]", "3度")
    page.fill("[data-question=seal] textarea", "00７")
    page.click("[data-test=form-submit]")
    page.wait_for_selector("[data-question=colder] [role=alert]:has-text('请填写数字')")
    page.fill("input[name=colder]", "-3")
    page.click("[data-test=form-submit]")
    page.wait_for_selector("text=已填写 1")
    phone.sync()

    def judged() -> list[dict[str, Any]]:
        mine = [one for one in rows(desk, "responses") if one["questionnaire_id"] == water_form["id"]]
        return [one for one in mine if one.get("faults") is not None]

    assert until(lambda: bool(judged()))
    (response,) = judged()
    assert response["answers"] == {"ph": 7, "why": "偏酸", "chlorine": 1, "colder": -3, "seal": "00７"}
    assert response["faults"] == []
