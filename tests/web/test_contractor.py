"""A contractor without an account works by a link.

The dispatcher gives the job, copies a link, and the job is done on any phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from backend.demo.story_actors import Office, until
from tests.web.conftest import PATIENCE_MS, City, Desk
from tests.web.looking import faults_of
from tests.web.test_customers_word import sign
from tests.web.test_dispatchers_morning import find, job_at

Offices = Callable[[str], Office]


@pytest.fixture
def strangers_phone(browser: Browser) -> Iterator[Page]:
    """Nothing of ours is on it."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True, is_mobile=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def contractors_crew(office: Offices, skills: list[str]) -> str:
    """A crew of the dispatcher's branch whose only person has no account."""
    admin, branch = office("A001"), office("D101")("GET", "/dispatch/board")["crews"][0]["id"]
    unit = office("D101")("GET", f"/crews/{branch}")["unit_id"]
    person = {
        "unit_id": unit,
        "staff_number": "W901",
        "name": "赵外协",
        "post": "works_manager",
        "employment": "outsourced",
        "is_active": True,
    }
    leader = admin("POST", "/staff", json=person)["id"]
    crew = {"unit_id": unit, "name": "外协一队", "leader_id": leader, "member_ids": [leader], "skills": skills,
            "shift_start": "00:00", "shift_end": "23:59", "is_active": True}  # fmt: skip
    return str(admin("POST", "/crews", json=crew)["id"])


def done_by_link(page: Page, address: str, picture: Path) -> None:
    """From the first look to the end, told and photographed."""
    page.goto(address)
    page.wait_for_selector("[data-test=errand]:has-text('已派单')")
    assert "赵外协" in page.inner_text(".about")
    assert faults_of(page) == []
    for step, state in (("accept", "已接单"), ("arrive", "到场")):
        page.click(f"[data-test=step-{step}]")
        page.wait_for_selector(f"[data-test=errand]:has-text('{state}')")
    page.click("[data-test=step-pause]")
    page.wait_for_selector("[role=alert]:has-text('挂起原因')")
    page.fill("textarea[name=diagnosis]", "接头老化")
    page.fill("input[name=told_minutes]", "40")
    page.fill("input[name=told_cost]", "12.5")
    page.click("[data-test=step-start]")
    page.wait_for_selector("[role=alert]:has-text('告知谁')")
    page.fill("input[name=told_to]", "王女士")
    page.check("input[name=told_agreed][value=yes]")
    page.click("[data-test=step-start]")
    page.wait_for_selector("[data-test=errand]:has-text('处理中')")
    page.set_input_files("input[name=photo]", picture)
    page.wait_for_selector("[data-test=photos]:has-text('1')")
    page.fill("textarea[name=result]", "更换接头")
    assert faults_of(page) == []
    page.click("[data-test=step-finish]")
    # No link to confirm by: the crew would confirm its own work.
    page.wait_for_selector("[data-test=confirmation]:has-text('办公室')")
    assert page.locator("a[href*=confirm]").count() == 0


def signed_from_afar(page: Page, address: str) -> None:
    """The customer reads the sheet by the link that the office handed on, and signs."""
    page.goto(address)
    page.wait_for_selector("[data-test=sheet]:has-text('更换接头')")
    sign(page, "李桂芳")
    page.click("[data-test=confirm]")
    page.wait_for_selector("[data-test=outcome]:has-text('已确认')")


def test_a_contractor_does_a_job_and_the_customer_signs(
    desk: Callable[..., Desk], office: Offices, city: City, strangers_phone: Page, picture: Path
) -> None:
    boss = office("D101")
    job = job_at(boss, "外协路 9 号", "indoor_leak")
    crew = contractors_crew(office, boss("GET", f"/work-orders/{job}")["skills"] or ["pipe_repair"])
    console = desk("D101")
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    find(console.page, "外协路 9 号")
    assert console.page.locator("[data-test=contractor-link]").count() == 0
    boss("PUT", f"/dispatch/{job}/assignment", json={"crew_id": crew})
    console.page.click("[data-test=contractor-link]")
    address = console.page.inner_text(".el-message-box__message")
    assert address.startswith(f"{city.url}/contractor#")
    console.page.click(".el-message-box__btns .el-button--primary")

    page = strangers_phone
    done_by_link(page, address, picture)
    link = boss("POST", "/evidence/confirmations", json={"work_order_id": job})
    signed_from_afar(page, f"{city.url}{link['url']}")
    assert until(lambda: boss("GET", f"/work-orders/{job}").get("signature_state") == "valid")
    stored = boss("GET", f"/work-orders/{job}")
    assert (stored["state"], stored["diagnosis"], stored["told_cost_fen"]) == ("done", "接头老化", 1250)
    assert [one["told_to"] for one in stored["tellings"]] == ["王女士"]
    assert until(lambda: boss("GET", f"/photos/{stored['photo_ids'][0]}")["arrived_at"])
    assert boss("GET", f"/photos/{stored['photo_ids'][0]}")["size_bytes"] < 0.9 * picture.stat().st_size
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("[role=alert]:has-text('失效')")


def test_crews_with_accounts_get_no_link(desk: Callable[..., Desk], office: Offices) -> None:
    boss = office("D101")
    job = job_at(boss, "自营路 2 号")
    crew = next(one for one in boss("GET", "/dispatch/board")["crews"] if one["has_account"])
    boss("PUT", f"/dispatch/{job}/assignment", json={"crew_id": crew["id"]})
    page = desk("D101").page
    find(page, "自营路 2 号")
    page.wait_for_selector("[data-test=withdraw]")
    assert page.locator("[data-test=contractor-link]").count() == 0
