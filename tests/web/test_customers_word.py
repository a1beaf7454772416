"""Confirmation from afar: a customer who was away confirms by a link.

The crew says so, the office sends a link, the customer signs or objects on their own phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from backend.core.queries.scopes import today
from backend.demo.story_actors import Office, until
from sync.change import parse_moment
from tests.web.conftest import PATIENCE_MS, City, Desk, Handset
from tests.web.looking import faults_of
from tests.web.test_phone_days import begun, sent_to_crew

Hand = Callable[..., Handset]
Offices = Callable[[str], Office]


@pytest.fixture
def left(handset: Hand, office: Offices, picture: Path) -> str:
    """A job whose crew found nobody at home, begun and ended on shift, with no network from the door on."""
    desk, phone = office("D101"), handset("L101")
    job = sent_to_crew(desk)
    page = phone.page
    phone.sync()
    phone.go("/me")
    if page.locator("[data-test=shift]:has-text('未上岗')").count():
        page.click("[data-test=shift-turn]")
        page.wait_for_selector("[data-test=shift]:has-text('在岗')")
    phone.sync()
    begun(phone, job)
    page.click(".van-radio:has-text('客户不在场')")
    page.fill("input[name=unsigned]", "敲门无人应答")
    page.click("[data-test=step-finish]")
    page.wait_for_selector(".van-toast:has-text('至少 1 张')")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    page.click("[data-test=step-finish]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")
    phone.cut(is_cut=False)
    phone.sync()
    assert desk("GET", f"/work-orders/{job}")["state"] == "done"
    return job


@pytest.fixture
def own_phone(browser: Browser) -> Iterator[Page]:
    """A customer's phone: no account, nothing installed."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def sign(page: Page, name: str) -> None:
    """A name, and a line with corners in the box."""
    page.fill("input[name=signer]", name)
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 30 + 25 * step, box["y"] + 40 + 12 * (step % 3))
    page.mouse.up()


def link(desk: Office, job: str) -> str:
    return str(desk("POST", "/evidence/confirmations", json={"work_order_id": job})["url"])


def test_absent_then_signed_from_afar(left: str, office: Offices, city: City, own_phone: Page) -> None:
    desk = office("D101")
    stored = desk("GET", f"/work-orders/{left}")
    assert (stored["unsigned_kind"], stored["unsigned_reason"]) == ("absent", "敲门无人应答")
    assert desk("GET", f"/photos/{stored['photo_ids'][0]}")["purpose"] == "absent"
    page, address = own_phone, city.url + link(desk, left)
    page.goto(address)
    page.wait_for_selector("[data-test=sheet]:has-text('井内阀门已换')")
    assert faults_of(page) == []
    page.click("[data-test=confirm]")
    sign(page, "李桂芳")
    page.click("[data-test=confirm]")
    page.wait_for_selector("[data-test=outcome]:has-text('已确认')")
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("[role=alert]:has-text('已经用过')")
    assert until(lambda: desk("GET", f"/work-orders/{left}")["signature_state"] == "valid")
    signature = desk("GET", f"/signatures/{desk('GET', f'/work-orders/{left}')['signature_id']}")
    assert (signature["way"], signature["signer_name"]) == ("link_handed", "李桂芳")
    assert len(signature["strokes"]["lines"][0]) > 3
    # Whoever checks the sheet sees how the customer came to sign, and nothing about anybody.
    page.goto(f"{city.url}/verify?s={signature['id']}&h={signature['sheet_sha256']}")
    page.wait_for_selector("[data-test=verdict].genuine [data-test=way]:has-text('办公室转交')")
    assert page.locator("[data-test=differs]").count() == 0
    assert "李桂芳" not in page.inner_text("main")


def test_absent_then_objected(left: str, office: Offices, city: City, own_phone: Page) -> None:
    desk, page = office("D101"), own_phone
    page.goto(city.url + link(desk, left))
    page.click("[data-test=object]")
    page.fill("textarea[name=words]", "水压还是很低")
    page.click("[data-test=send]")
    page.wait_for_selector("[data-test=outcome]:has-text('已收到您的意见')")
    stored = desk("GET", f"/work-orders/{left}")
    assert (stored["state"], stored["reopen_reason"]) == ("received", "水压还是很低")


def test_the_steps_of_a_shift_are_known_and_the_looks_too(left: str, office: Offices, handset: Hand) -> None:
    """What was told offline arrives with its own times; whoever looks is seen by the one looked at."""
    desk = office("D101")
    crew = desk("GET", f"/crews/{desk('GET', f'/work-orders/{left}')['crew_id']}")
    leader = crew["leader_id"]
    day = today(parse_moment(desk("GET", f"/work-orders/{left}")["arrived_at"]))
    path = f"/positions?staff_id={leader}&day={day}&reason=客户催问"
    assert until(
        lambda: (
            {one["event"] for one in desk("GET", path) if one["of_id"] == left}
            >= {"leave", "arrive", "start"}
        )
    )
    one = next(one for one in desk("GET", path) if one["event"] == "arrive")
    assert (round(one["lng"], 2), round(one["lat"], 2)) == (120.38, 36.07)
    phone = handset("L101")
    phone.go("/me")
    phone.page.click("text=谁看过我的位置")
    phone.page.wait_for_selector("text=客户催问")


def visited(office: Offices) -> None:
    """A visit by phone, made today."""
    representative = office("R101")
    customer = representative("GET", "/customers?limit=1")["rows"][0]
    values = {
        "customer_id": customer["id"],
        "cell_id": customer["cell_id"],
        "representative_id": representative.staff_id,
        "method": "phone",
    }
    visit = representative("POST", "/visits", json=values)
    representative("POST", f"/visits/{visit['id']}/actions/complete", json={"summary": "问过用水"})


def test_the_office_draws_and_notes_call_backs(office: Offices, desk: Callable[..., Desk]) -> None:
    visited(office)
    console = desk("S101")
    console.go("visits")
    page = console.page
    page.click(".el-tabs__item:has-text('回访抽查')")
    page.click("[data-test=draw]")
    page.wait_for_selector("[data-test=seed]")
    page.locator("[data-test=say-denied]:visible").first.click()
    page.fill(".el-message-box__input input", "没人来过")
    page.click(".el-message-box__btns .el-button--primary")
    page.wait_for_selector("[data-test=drawn] :text('没人来过')")
    supervisor = office("S101")
    (sample,) = supervisor("GET", "/call-back-samples")
    assert sample["seed"] == page.inner_text("[data-test=seed]")
    denied = [
        one
        for one in supervisor("GET", f"/call-back-samples/{sample['id']}/visits")
        if one["outcome"] == "denied"
    ]
    assert [one["said"] for one in denied] == ["没人来过"]
    assert until(lambda: supervisor("GET", f"/visits/{denied[0]['visit_id']}")["truth_grade"] == "doubtful")
