"""What the office keeps itself: kinds of work, forms, crews.

Made and changed in the console, refused in plain words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk, Handset

Offices = Callable[[str], Office]


def opened(desk: Callable[..., Desk], who: str, tab: str) -> Page:
    console = desk(who)
    console.go("people")
    console.page.click(f".el-tabs__item:has-text('{tab}')")
    return console.page


def rows(office: Office, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office("GET", f"/{path}?limit=500")["rows"]
    return found


def choose(page: Page, field: str, text: str) -> None:
    page.click(f"[data-test=field-{field}] .el-select")
    page.locator(f".el-select-dropdown__item:visible:has-text('{text}')").first.click()
    page.keyboard.press("Escape")


def test_a_kind_of_work_is_made_and_changed(desk: Callable[..., Desk], office: Offices) -> None:
    page = opened(desk, "A001", "事项")
    page.click("[data-test=new-matter]")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=form-problem]")
    page.fill("input[name=code]", "hydrant")
    page.fill("input[name=name_zh]", "消火栓检修")
    page.fill("input[name=name_en]", "Hydrant repair")
    choose(page, "urgency", "一般")
    choose(page, "skills", "阀")
    page.fill("[data-test=field-duration_minutes] input", "45")
    page.click("[data-test=field-signature_required] .el-switch")
    page.click("[data-test=add-checklist]")
    for name, value in (("code", "key"), ("zh", "消火栓扳手"), ("en", "Hydrant key")):
        page.fill(f"[data-test=checklist-0] input[name={name}]", value)
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    made = next(one for one in rows(office("A001"), "matters") if one["code"] == "hydrant")
    assert (made["duration_minutes"], made["signature_required"], made["skills"]) == (45, True, ["valve"])
    assert made["checklist"] == [{"code": "key", "zh": "消火栓扳手", "en": "Hydrant key"}]
    page.locator("[data-test=matters] tr:has-text('消火栓检修') [data-test=change]").click()
    page.fill("[data-test=field-required_photos] input", "2")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    assert until(lambda: office("A001")("GET", f"/matters/{made['id']}")["required_photos"] == 2)


def test_a_form_gets_a_new_edition_and_its_answers_keep_theirs(
    desk: Callable[..., Desk], office: Offices
) -> None:
    admin = office("A001")
    before = next(one for one in rows(admin, "questionnaires") if one["is_active"])
    page = opened(desk, "A001", "问卷")
    page.locator(f"[data-test=forms] tr:has-text('{before['code']}') [data-test=change]").first.click()
    last = len(before["rows"])
    page.click("[data-test=add-rows]")
    row = f"[data-test=rows-{last}]"
    page.fill(f"{row} input[name=name]", before["rows"][0]["name"])
    page.locator(f"{row} .el-select").first.click()
    page.locator(".el-select-dropdown__item:visible:has-text('文字')").first.click()
    page.fill(f"{row} textarea[name=label_zh]", "还有什么建议？")
    page.fill(f"{row} textarea[name=label_en]", "Anything else?")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=field-rows] .el-form-item__error:has-text('题目名称重复')")
    page.fill(f"{row} input[name=name]", "suggestion")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    after = next(
        one for one in rows(admin, "questionnaires") if one["code"] == before["code"] and one["is_active"]
    )
    assert (after["edition"], len(after["rows"])) == (before["edition"] + 1, last + 1)
    assert after["rows"][:last] == before["rows"]
    old = admin("GET", f"/questionnaires/{before['id']}")
    assert (old["is_active"], old["rows"]) == (False, before["rows"])
    # Put back as it was: other tests fill the first edition in.
    admin("PATCH", f"/questionnaires/{after['id']}", json={"is_active": False}, version=after["version"])
    admin("PATCH", f"/questionnaires/{before['id']}", json={"is_active": True}, version=old["version"])


def test_a_dispatcher_changes_a_crews_shift_and_makes_none(
    desk: Callable[..., Desk], office: Offices
) -> None:
    dispatcher = office("D101")
    page = opened(desk, "D101", "班组")
    assert page.locator("[data-test=new-crew]").count() == 0
    page.locator("[data-test=crews] [data-test=change]").first.click()
    name = page.input_value("input[name=name]")
    crew = next(one for one in rows(dispatcher, "crews") if one["name"] == name)
    page.fill("input[name=shift_end]", "25:00")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=field-shift_end] .el-form-item__error")
    page.fill("input[name=shift_end]", crew["shift_end"])
    page.fill("input[name=vehicle]", "鲁B·12345")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    after = dispatcher("GET", f"/crews/{crew['id']}")
    assert after["vehicle"] == "鲁B·12345"
    assert {name for name in after if after[name] != crew.get(name)} <= {"vehicle", "version"}


def test_a_night_on_call_is_entered_seen_on_the_crews_phone_and_taken_out(
    desk: Callable[..., Desk], office: Offices, handset: Callable[..., Handset]
) -> None:
    dispatcher = office("D101")
    crew = next(one for one in rows(dispatcher, "crews") if one["name"].endswith("维修1班"))
    page = opened(desk, "D101", "班组")
    page.click("[data-test=new-on_call]")
    choose(page, "crew_id", crew["name"])
    for field, day in (("valid_from", "2030-06-01"), ("valid_until", "2030-05-31")):
        page.fill(f"[data-test=field-{field}] input", day)
        page.keyboard.press("Enter")
    page.fill("input[name=clock_from]", "21:15")
    page.fill("input[name=clock_until]", "07:30")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=field-valid_until] .el-form-item__error")
    page.fill("[data-test=field-valid_until] input", "2030-06-07")
    page.keyboard.press("Enter")
    page.click("[data-test=form-save]")
    page.wait_for_selector("[data-test=record-form]", state="detached")
    line = page.locator("[data-test=on-call] tr:has-text('21:15–07:30')")
    line.wait_for()
    assert crew["name"] in line.inner_text()
    phone = handset("L101")
    phone.page.wait_for_selector("[data-test=on-call]:has-text('21:15–07:30')")
    line.locator("[data-test=drop]").click()
    page.click(".el-message-box__btns .el-button--primary")
    line.wait_for(state="detached")
    assert not [one for one in rows(dispatcher, "on-call") if one["clock_from"] == "21:15"]
    phone.page.wait_for_selector("[data-test=on-call]", state="detached")
