"""An item on a phone and at a desk.

Who resolved it does not close it, and its due day is a supervisor's to move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office
from tests.web.conftest import Desk, Handset
from tests.web.looking import faults_of


def reported(boss: Office, person: Office, customer: dict[str, Any]) -> str:
    """The id of an item of a customer's, due on the first of March and owned by a person."""
    values = {
        "theme": "pressure",
        "source": "hotline",
        "description": "晚高峰水压低",
        "owner_id": person.staff_id,
        "customer_id": customer["id"],
        "cell_id": customer["cell_id"],
        "unit_id": customer["unit_id"],
    }
    item: str = boss("POST", "/items", json=values | {"due_on": "2027-03-01"})["id"]
    return item


def test_an_item_is_moved_by_a_supervisor_resolved_on_a_phone_and_closed_by_another(
    handset: Callable[..., Handset], desk: Callable[..., Desk], office: Callable[[str], Office]
) -> None:
    boss, person = office("S101"), office("R101")
    customer = person("GET", "/customers?limit=1")["rows"][0]
    item = reported(boss, person, customer)
    console = desk("S101").page
    console.click("nav a[href='#/visits']")
    console.click("#tab-items")
    console.locator("[data-test=items] tr", has_text="晚高峰水压低").click()
    moved(console)

    phone = handset("R101")
    page = phone.page
    phone.cut()
    phone.go(f"/items/{item}")
    page.wait_for_selector("[data-test=due]:has-text('2027-04-01')")
    assert page.locator("input[name=due]").count() == 0
    page.click("[data-test=step-take]")
    page.click("[data-test=step-resolve]")
    page.wait_for_selector(".van-toast:has-text('处理结果')")
    page.fill("textarea[name=resolution]", "已调整加压泵")
    page.click("[data-test=step-resolve]")
    # Not closed by who resolved it, also before anything was handed in.
    page.wait_for_selector("[data-test=another]")
    assert page.locator("[data-test=step-close]").count() == 0
    page.wait_for_selector(".van-toast", state="hidden")
    assert faults_of(page) == []
    phone.cut(is_cut=False)
    phone.sync()
    phone.go(f"/items/{item}")
    page.wait_for_selector("[data-test=another]")
    assert boss("GET", f"/items/{item}")["resolved_by_id"] == person.staff_id
    console.reload()
    console.click("#tab-items")
    console.locator("[data-test=items] tr", has_text="晚高峰水压低").click()
    console.wait_for_selector("[data-test=step-close]")
    assert console.locator("[data-test=move-item]").count() == 0
    console.fill("textarea[name=return_visit_note]", "客户满意")
    assert faults_of(console) == []
    console.click("[data-test=step-close]")
    expect(console.locator("[data-test=item]")).to_contain_text("办结")
    closed = boss("GET", f"/items/{item}")
    assert (closed["state"], closed["due_on"], closed["closed_by_id"]) == (
        "closed",
        "2027-04-01",
        boss.staff_id,
    )
    (move,) = closed["due_moves"]
    assert (move["was"], move["why"]) == ("2027-03-01", "等加压泵配件")


def moved(console: Page) -> None:
    """Only with a reason."""
    console.click("[data-test=move-item]")
    console.click("[data-test=move-due]")
    console.wait_for_selector(".el-message:has-text('原因')")
    console.locator(".el-dialog:has([data-test=move-due]) .el-date-editor input").fill("2027-04-01")
    console.keyboard.press("Enter")
    console.fill("input[name=due-reason]", "等加压泵配件")
    console.click("[data-test=move-due]")
    console.wait_for_selector("[data-test=item]:has-text('2027-03-01 → 2027-04-01')")
