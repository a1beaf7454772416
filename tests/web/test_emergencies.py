"""An emergency at the console, from its preview to taking it back.

It is looked at with what it displaces, sent, and first on the crew's phone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk, Handset
from tests.web.test_dispatchers_morning import crew_of, find, job_at

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
Hand = Callable[..., Handset]


def first_crew(api: Office) -> Any:
    """The crew that works round the clock and can mend mains; its leader has the first number."""
    return next(one for one in api("GET", "/dispatch/board")["crews"] if one["name"].endswith("维修1班"))


def test_a_burst_is_looked_at_sent_and_taken_back(desk: Desks, office: Offices, handset: Hand) -> None:
    api = office("D101")
    crew = first_crew(api)
    calm = job_at(api, "爆管旁 2 号", "leak")
    api("PUT", f"/dispatch/{calm}/assignment", json={"crew_id": crew["id"]})
    lost = job_at(api, "爆管街 1 号", "burst_main")
    page = desk("D101").page
    find(page, "爆管街 1 号")
    page.click("[data-test=emergency]")
    expect(page.locator("[data-test=urgent-arrival]")).to_contain_text("预计")
    displaced = next(one for one in api("GET", "/dispatch/board")["jobs"] if one["id"] == calm)
    shown = page.locator("[data-test=urgent-body]")
    assert crew_of(api, lost) is None, "looking sends nobody"
    page.click("[data-test=urgent-crew]")
    page.locator(f".el-select-dropdown__item:visible:has-text('{crew['name']}')").click()
    expect(page.locator("[data-test=urgent-arrival]")).to_contain_text(crew["name"])
    if displaced["planned_at"]:  # else its day was full before the burst already
        expect(shown).to_contain_text(displaced["number"])
    page.click("[data-test=urgent-send]")
    page.wait_for_selector("[data-test=urgent-back]")
    assert until(lambda: crew_of(api, lost) == crew["id"])
    phone = handset("L101")
    expect(phone.page.locator("[data-test=jobs] .van-cell >> nth=0")).to_contain_text("爆管街 1 号")
    page.click("[data-test=urgent-back]")
    page.wait_for_selector("[data-test=urgent-back]", state="detached")
    assert until(lambda: crew_of(api, lost) is None)
    assert crew_of(api, calm) == crew["id"]


def test_an_urgent_report_leads_to_who_can_go_and_the_panel_takes_it_back(
    desk: Desks, office: Offices
) -> None:
    api = office("D101")
    page = desk("D101", locale="en-GB").page
    page.click("[data-test=new-job]")
    page.click("[data-test=matter]")
    page.click(".el-select-dropdown__item:visible:has-text('Burst main')")
    page.click("[data-test=pick-place]")
    page.wait_for_selector("[data-test=map][data-drawn]")
    page.click("[data-test=map]", position={"x": 290, "y": 330})
    page.fill("input[name=address]", "急报路 4 号")
    page.click(".el-dialog:visible .el-switch")
    page.click("[data-test=make]")
    expect(page.locator("[data-test=urgent-arrival]")).to_contain_text("arrives at")
    page.click("[data-test=urgent-send]")
    page.wait_for_selector("[data-test=urgent-back]")
    page.click("[data-test=urgent-close]")
    (job,) = [one for one in api("GET", "/dispatch/board")["jobs"] if one["address"] == "急报路 4 号"]
    assert (job["state"], job["is_sent_at_once"]) == ("dispatched", True)
    page.click("[data-test=take-back]")
    assert until(lambda: crew_of(api, job["id"]) is None)
