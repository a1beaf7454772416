"""Whom a shut-off leaves without water: around a job, along a pipe, in a drawn area.

They are a list to call and to send.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office
from tests.web.conftest import Desk
from tests.web.looking import faults_of
from tests.web.test_dispatchers_morning import find, job_at

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
ROWS = "[data-test=affected] tbody tr"


def listed(page: Page) -> int:
    """The number of customers in the title of the list."""
    page.click("[data-test=list-affected]")
    title = page.locator(".el-dialog__title:visible:has-text('受影响用户')")
    title.wait_for()
    return int("".join(c for c in title.inner_text().split("户，")[0] if c.isdigit()))


def put_away(page: Page) -> None:
    page.click(".el-dialog__footer:visible .el-button--primary")
    page.wait_for_selector("[data-test=affected]", state="hidden")


def test_around_a_job_without_touching_the_map(desk: Desks, office: Offices) -> None:
    api = office("D101")
    job = job_at(api, "停水路 6 号")
    place = api("GET", f"/work-orders/{job}")["place"]
    page = desk("D101").page
    page.click("[data-test=shut-off]")
    expect(page.locator("[data-test=list-affected]")).to_be_disabled()
    find(page, "停水路 6 号")
    page.fill(".bar .el-input-number input", "400")
    page.keyboard.press("Tab")
    count = listed(page)
    expected = api("POST", "/territory/affected", json={"area": place, "around_m": 400})
    assert count == len(expected) > 0
    assert faults_of(page) == []
    with page.expect_download() as download:
        page.click("[data-test=affected-csv]")
    rows = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) == count + 1
    assert {row[1] for row in rows[1:]} == {one["number"] for one in expected}
    assert rows[1][4] == (expected[0]["phone"] or "")


def test_a_drawn_area_holds_more_than_the_pipe_along_its_corners(desk: Desks) -> None:
    page = desk("D101").page
    page.wait_for_selector("[data-test=map][data-drawn=yes]")
    page.click("[data-test=shut-off]")
    box = page.locator("[data-test=map]").bounding_box()
    assert box
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.wait_for_selector(".bar:has-text('已 4 点')")
    area = listed(page)
    put_away(page)
    page.click(".bar .el-checkbox")
    pipe = listed(page)
    put_away(page)
    assert area > pipe > 0
    page.click("[data-test=shut-stop]")
    expect(page.locator("[data-test=shut-off]")).to_be_visible()
    page.click("[data-test=shut-off]")
    page.wait_for_selector(".bar:has-text('已 0 点')")
