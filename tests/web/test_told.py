"""Alerts at the console: a job that nobody opens, until somebody has called.

Here it is a job that nobody opens, until somebody has called.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from backend.core.actor import system
from backend.core.services import record_writer
from backend.demo.story_actors import Office, until
from backend.dispatch.services.dispatching import escalate_unopened
from backend.notices.services.notifying import RecordedChannel
from tests.web.conftest import City, Desk
from tests.web.looking import faults_of
from tests.web.test_dispatchers_morning import job_at

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]


def nobody_opens(city: City) -> None:
    """The clock's task, where jobs may lie unopened for no minute at all."""
    with city.transaction() as session:
        escalate_unopened(session, RecordedChannel(), 0)


def test_a_job_nobody_opens_asks_for_a_call(desk: Desks, office: Offices, city: City) -> None:
    boss = office("D101")
    job = job_at(boss, "催办路 5 号")
    crew = boss("GET", "/dispatch/board")["crews"][1]
    page = desk("D101").page
    boss("PUT", f"/dispatch/{job}/assignment", json={"crew_id": crew["id"]})
    number = boss("GET", f"/work-orders/{job}")["number"]
    nobody_opens(city)
    page.click(".el-notification", timeout=40_000)
    # Other tests' jobs may lie unopened too: then it leads to the list.
    page.locator(f"[data-test=must-call], [data-test=notice]:has-text('{number}')").first.wait_for()
    if page.locator("[data-test=must-call]").count() == 0:
        page.click(f"[data-test=notice]:has-text('{number}')")
    page.wait_for_selector(f"[data-test=must-call]:has-text('{crew['phone']}')")
    assert f"job={job}" in page.url
    assert until(
        lambda: not [one for one in boss("GET", "/dispatch/board")["notices"] if one["subject_id"] == job], 10
    )
    page.click("[data-test=figure-call]")
    expect(page.locator(f"[data-job='{job}']")).to_contain_text("须电话")
    assert faults_of(page) == []
    # Another crew is another ladder.
    other = boss("GET", "/dispatch/board")["crews"][0]["id"]
    boss("PUT", f"/dispatch/{job}/assignment", json={"crew_id": other})
    expect(page.locator("[data-test=must-call]")).to_have_count(0)


def test_notices_are_listed_and_read(desk: Desks, office: Offices, city: City) -> None:
    boss = office("D101")
    for n in range(2):
        job = job_at(boss, f"通知路 {n} 号")
        boss(
            "PUT",
            f"/dispatch/{job}/assignment",
            json={"crew_id": boss("GET", "/dispatch/board")["crews"][0]["id"]},
        )
        nobody_opens(city)
    page = desk("D101").page
    assert until(lambda: page.title().startswith("("), 20)
    third = job_at(boss, "通知路 9 号")
    boss(
        "PUT",
        f"/dispatch/{third}/assignment",
        json={"crew_id": boss("GET", "/dispatch/board")["crews"][0]["id"]},
    )
    nobody_opens(city)
    page.wait_for_selector(".el-notification", timeout=40_000)
    # The word that stands there leaves the way to the list free.
    page.click("[data-test=notices]")
    assert page.locator("[data-test=notice]").count() >= 2
    page.click("[data-test=read-all]")
    expect(page.locator("[data-test=notice]")).to_have_count(0)
    assert boss("GET", "/dispatch/board")["notices"] == []
    assert until(lambda: not page.title().startswith("("), 10)


def test_pipe_repairs_are_counted_by_diameter(desk: Desks, office: Offices, city: City) -> None:
    boss = office("D101")
    now = datetime.now(UTC)
    for n, hours in enumerate((-1, 1)):
        job = job_at(boss, f"抢修路 {n} 号", "burst_main")
        done = {"done_at": now.isoformat(), "due_at": (now + timedelta(hours=hours)).isoformat()}
        with city.transaction() as session:
            unit = record_writer.read(session, "work_order", job).values["unit_id"]
            record_writer.change(
                session, system(unit), "work_order", job, {"pipe": {"diameter_mm": 300}} | done
            )
    page = desk("D101").page
    page.click("[data-test=repairs]")
    row = page.locator("[data-test=repair-rows] tr:has-text('DN300–599') td")
    expect(row).to_have_text(["DN300–599", "2", "1", "50.0 %", "0", "—"])
