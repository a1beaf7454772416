"""A representative's and a crew's day on the phone.

The network is cut in the middle of each, and it ends with what was entered.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from backend.demo.story_actors import Office, until
from tests.web.conftest import Handset

Hand = Callable[..., Handset]
Desk = Callable[[str], Office]


def rows(office: Office, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office("GET", path)["rows"]
    return found


def test_a_representatives_day(handset: Hand, office: Desk, picture: Path) -> None:
    phone = handset("R101")
    page = phone.page
    phone.go("/customers")
    total = page.inner_text("[data-test=found]")
    page.fill("input[name=search]", "不会有这个人")
    page.wait_for_selector(".van-empty")
    page.fill("input[name=search]", "")
    assert page.inner_text("[data-test=found]") == total

    phone.cut()
    page.click(".van-list .van-cell >> nth=0")
    page.click("[data-test=edit]")
    page.fill("textarea[name=note]", "门铃坏，请敲门")
    page.click("[data-test=save]")
    page.click("[data-test=new-visit]")
    page.click("[data-test=check-in]")
    page.wait_for_selector("text=已签到")
    page.fill("input[name=away]", "客户约在小区门口")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    fill_form_through_a_restart(phone)
    page = phone.page
    visit = page.url.rsplit("/", 1)[1]
    page.fill("textarea[name=summary]", "反映早晚水压低，已记录")
    page.click("[data-test=complete]")
    page.wait_for_url("**/customers/*")
    assert page.locator("[data-test=reach]").inner_text() == "离线"

    phone.cut(is_cut=False)
    phone.sync()
    all_of_it_arrived(office("S101"), visit)


def fill_form_through_a_restart(phone: Handset) -> None:
    """In the middle of the form the phone dies.

    What was answered is there afterwards, once the person wants it.
    """
    page = phone.page
    page.click("[data-test=fill-form]")
    page.locator("section[data-question]").first.get_by_text("不满意", exact=True).click()
    page.fill("section[data-question] textarea >> nth=0", "早晚没水")
    page.wait_for_timeout(400)
    phone.restart()
    page = phone.page
    page.click("[data-test=fill-form]")
    page.click(".van-dialog__confirm")
    assert page.input_value("section[data-question] textarea >> nth=0") == "早晚没水"
    page.click("[data-test=form-submit]")
    page.wait_for_selector("section.wrong")
    while left := page.locator("section.wrong").count():
        page.locator("section.wrong").first.locator(".van-radio").nth(1).click()
        page.wait_for_function("left => document.querySelectorAll('section.wrong').length < left", arg=left)
    page.click("[data-test=form-submit]")
    page.wait_for_selector("text=已填写 1")


def all_of_it_arrived(desk: Office, visit: str) -> None:
    stored = desk("GET", f"/visits/{visit}")
    assert (stored["state"], stored["summary"]) == ("done", "反映早晚水压低，已记录")
    assert stored["away_reason"] == "客户约在小区门口"
    assert stored["check_in_accuracy_m"] == 12
    assert desk("GET", f"/customers/{stored['customer_id']}")["note"] == "门铃坏，请敲门"
    (photo,) = stored["photo_ids"]
    assert until(lambda: desk("GET", f"/photos/{photo}")["arrived_at"] is not None)
    assert desk.bytes_of(photo)[:3] == b"\xff\xd8\xff"
    (response,) = rows(desk, f"/responses?visit_id={visit}")
    assert "dissatisfied" in response["answers"].values()
    assert until(lambda: any(one["visit_id"] == visit for one in rows(desk, "/items?limit=500")))


def test_a_crews_day(handset: Hand, office: Desk, picture: Path) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = phone.page
    phone.go(f"/jobs/{job}")
    page.click("[data-test=step-accept]")
    phone.cut()
    for step in ("leave", "arrive"):
        page.click(f"[data-test=step-{step}]")
    page.click("[data-test=step-start]")
    page.wait_for_selector("text=开工前须先告知客户时间和费用")
    tell(page, "60", "80")
    page.click("[data-test=step-start]")
    told_anew(page)
    page.fill("textarea[name=diagnosis]", "接头老化")
    page.fill("textarea[name=result]", "更换接头，试压正常")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    sign(page, "王小一")
    # Whoever changes the sheet after the signature needs a new one.
    page.fill("textarea[name=result]", "更换接头和阀门，试压正常")
    page.wait_for_selector("text=须重新签字")
    page.click("[data-test=step-finish]")
    page.wait_for_selector(".van-toast:has-text('须重新签字')")
    sign(page, "王小一")
    phone.restart()
    page = phone.page
    page.click("[data-test=step-finish]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")

    phone.cut(is_cut=False)
    phone.sync()
    stored = desk("GET", f"/work-orders/{job}")
    assert (stored["state"], stored["told_cost_fen"], stored["told_minutes"]) == ("done", 10000, 75)
    told = [(one["cost_fen"], one["is_agreed"], one["told_to"]) for one in stored["tellings"]]
    assert told == [(8000, True, "王女士"), (12000, False, "王女士"), (10000, True, "王女士")]
    assert stored["result"] == "更换接头和阀门，试压正常"
    signature = desk("GET", f"/signatures/{stored['signature_id']}")
    assert (signature["signer_name"], signature["of_id"]) == ("王小一", job)
    assert signature["sheet"]["tellings"] == stored["tellings"]
    assert len(signature["strokes"]["lines"]) >= 1
    # What the phone signed with its key is what the server reads.
    assert until(lambda: desk("GET", f"/work-orders/{job}")["signature_state"] == "valid")
    signature = desk("GET", f"/signatures/{stored['signature_id']}")
    assert (signature["sheet_check"], signature["device_check"]) == ("kept", "valid")
    assert len(stored["photo_ids"]) == 1
    assert until(lambda: desk("GET", f"/photos/{stored['photo_ids'][0]}")["arrived_at"] is not None)


def sent_to_crew(desk: Office) -> str:
    """A paid job behind the meter, given to the first crew of the dispatcher's unit."""
    matter = next(one for one in rows(desk, "/matters?limit=500") if one["code"] == "indoor_leak")
    crew = next(one for one in rows(desk, "/crews?limit=500") if one["leader_id"] == leader_id(desk))
    known = next(one for one in rows(desk, "/work-orders?limit=100") if one["unit_id"] == crew["unit_id"])
    body = {
        "matter_id": matter["id"],
        "place": known["place"],
        "address": "辽宁路 12 号",
        "unit_id": crew["unit_id"],
    }
    job = desk("POST", "/work-orders", json=body)
    desk("PUT", f"/dispatch/{job['id']}/assignment", json={"crew_id": crew["id"]})
    return str(job["id"])


def begun(phone: Handset, job: str) -> Page:
    """At work on a job, with no network from the door on."""
    page = phone.page
    phone.go(f"/jobs/{job}")
    page.click("[data-test=step-accept]")
    phone.cut()
    for step in ("leave", "arrive"):
        page.click(f"[data-test=step-{step}]")
    tell(page, "30", "80")
    page.click("[data-test=step-start]")
    page.fill("textarea[name=result]", "井内阀门已换")
    return page


def tell(page: Page, minutes: str, yuan: str, agreed: str = "yes") -> None:
    """Time and cost, to the customer at the door."""
    page.fill("input[name=told-minutes]", minutes)
    page.fill("input[name=told-cost]", yuan)
    page.fill("input[name=told-to]", "王女士")
    page.click(f"[data-test=told-{agreed}]")


def told_anew(page: Page) -> None:
    """Another cost in mid-work is another telling, with its reason; the first one stays."""
    tell(page, "90", "120", agreed="no")
    page.click("[data-test=keep-telling]")
    page.wait_for_selector(".van-toast:has-text('变更原因')")
    page.fill("input[name=told-why]", "另有一个接头")
    page.click("[data-test=keep-telling]")
    page.wait_for_selector("[data-test=tellings]:has-text('不同意')")
    tell(page, "75", "100")
    page.fill("input[name=told-why]", "只换一个")
    page.click("[data-test=keep-telling]")
    page.wait_for_selector("[data-test=tellings]:has-text('¥100.00')")


def leader_id(desk: Office) -> str:
    found = next(one for one in rows(desk, "/staff?limit=500") if one["staff_number"] == "L101")
    return str(found["id"])


def sign(page: Any, name: str) -> None:
    """A customer's hand on the glass."""
    page.click("[data-test=sign]")
    page.fill("input[name=signer]", name)
    page.wait_for_timeout(500)
    box = page.locator("[data-test=signature]").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for n in range(12):
        page.mouse.move(box["x"] + 40 + n * 18, box["y"] + 60 + (n % 3) * 25)
    page.mouse.up()
    page.click("[data-test=sign-confirm]")
    page.wait_for_selector(f"text=已签字：{name}")
