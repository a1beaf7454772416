"""A dispatcher's morning at the console.

A report, an assignment a colleague sees, a mistake undone, a dispute settled.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.core.queries.scopes import in_city
from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk, Handset

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
Hand = Callable[..., Handset]
BREAK = ("break_from", "break_until", "break_minutes")


def job_at(office: Office, address: str, code: str = "valve_fault", **more: str) -> str:
    """A job of this morning, somewhere in the dispatcher's unit."""
    matter = next(one for one in office("GET", "/matters?limit=500")["rows"] if one["code"] == code)
    known = next(one for one in office("GET", "/dispatch/board")["jobs"] if one["place"])
    body = {"matter_id": matter["id"], "place": known["place"], "address": address, **more}
    return str(office("POST", "/work-orders", json=body)["id"])


def find(page: Page, words: str) -> None:
    page.fill("input[name=words]", words)
    expect(page.locator("[data-test=jobs] .job")).to_have_count(1)
    page.click("[data-test=jobs] .job")
    page.wait_for_selector("[data-test=candidates] > li")


def crew_of(office: Office, job: str) -> Any:
    """Whose the job is on everybody's board; None also for one that is not open."""
    return next(
        (one["crew_id"] for one in office("GET", "/dispatch/board")["jobs"] if one["id"] == job), None
    )


def give_first(page: Page) -> None:
    """The best crew; whatever speaks against it is confirmed."""
    page.click("[data-test=assign]:not([disabled]) >> nth=0")
    page.wait_for_selector(".el-message-box__btns .el-button--primary, .el-message--success")
    if page.locator(".el-message-box__btns .el-button--primary").count():
        page.click(".el-message-box__btns .el-button--primary")
        page.wait_for_selector(".el-message--success")


def test_an_assignment_is_seen_by_a_colleague_and_taken_back(desk: Desks, office: Offices) -> None:
    api = office("D101")
    job = job_at(api, "香港中路 7 号")
    mine, colleague = desk("D101"), desk("S101")
    find(colleague.page, "香港中路 7 号")
    find(mine.page, "香港中路 7 号")
    give_first(mine.page)
    expect(colleague.page.locator("[data-test=jobs] .job")).to_contain_text("已派单")
    assert crew_of(api, job) is not None
    # Both look at it; the colleague's click on what they still see is answered in words, or by the new state.
    mine.page.click("[data-test=undo]")
    expect(colleague.page.locator("[data-test=jobs] .job")).to_contain_text("已受理")
    assert crew_of(api, job) is None


def test_a_job_is_dragged_onto_a_crew(desk: Desks, office: Offices) -> None:
    api = office("D101")
    job = job_at(api, "拖放路 3 号")
    page = desk("D101").page
    page.locator(".el-radio-button").nth(1).click()
    find(page, "拖放路 3 号")
    lane = page.locator("[data-test=timeline] .lane").nth(1)
    crew = lane.get_attribute("data-crew")
    page.locator(f"[data-job='{job}']").drag_to(lane)
    page.wait_for_selector(".el-message-box__btns .el-button--primary, .el-message--success")
    if page.locator(".el-message-box__btns .el-button--primary").count():
        page.click(".el-message-box__btns .el-button--primary")
    assert until(lambda: crew_of(api, job) == crew)


def test_by_keyboard_alone(desk: Desks, office: Offices) -> None:
    api = office("D101")
    job = job_at(api, "键盘路 1 号")
    page = desk("D101").page
    find(page, "键盘路 1 号")
    page.focus("[data-test=jobs]")
    page.keyboard.press("1")
    page.wait_for_selector(".el-message-box__btns .el-button--primary, .el-message--success")
    if page.locator(".el-message-box__btns .el-button--primary").count():
        page.keyboard.press("Enter")
    assert until(lambda: crew_of(api, job) is not None, 10)
    page.focus("[data-test=jobs]")
    page.keyboard.press("Control+z")
    assert until(lambda: crew_of(api, job) is None, 10)


def test_many_at_once_with_a_result_for_each(desk: Desks, office: Offices) -> None:
    api = office("D101")
    jobs = [job_at(api, f"批量街 {n} 号") for n in range(3)]
    page = desk("D101").page
    page.fill("input[name=words]", "批量街")
    expect(page.locator("[data-test=jobs] .job")).to_have_count(3)
    for n in range(3):
        page.click(f"[data-test=jobs] .job >> nth={n}", modifiers=["Control"])
    # Meanwhile somebody else gives one of them away: that one says so, the others go.
    crew = api("GET", "/dispatch/board")["crews"][0]["id"]
    page.route("**/api/v1/dispatch/board", lambda route: route.abort())
    api("POST", f"/work-orders/{jobs[0]}/actions/cancel", json={"cancel_reason": "重复"})
    page.click("[data-test=bulk]")
    page.click(".el-select-dropdown__item:visible >> nth=0")
    page.wait_for_selector("[data-test=result]")
    page.unroute("**/api/v1/dispatch/board")
    expect(page.locator("[data-test=result].good")).to_have_count(2)
    expect(page.locator("[data-test=result].bad")).to_have_count(1)
    assert [crew_of(api, one) is not None for one in jobs] == [False, True, True]
    assert crew


def test_a_report_with_the_network_gone_in_the_middle(desk: Desks, office: Offices) -> None:
    mine = desk("D101")
    page = mine.page
    page.click("[data-test=new-job]")
    page.click("[data-test=matter]")
    page.click(".el-select-dropdown__item:visible:has-text('阀门故障')")
    page.click("[data-test=pick-place]")
    page.wait_for_selector("[data-test=map][data-drawn]")
    page.click("[data-test=map]", position={"x": 290, "y": 330})
    page.fill("input[name=address]", "断网路 9 号")
    mine.context.set_offline(True)
    page.click("[data-test=make]")
    page.wait_for_selector(".el-message--error")
    mine.context.set_offline(False)
    page.click("[data-test=make]")
    page.wait_for_selector("[data-test=job-panel]:has-text('断网路 9 号')")
    found = [
        one for one in office("D101")("GET", "/dispatch/board")["jobs"] if one["address"] == "断网路 9 号"
    ]
    assert len(found) == 1


def test_the_board_says_when_it_is_old(desk: Desks) -> None:
    mine = desk("D101")
    mine.page.wait_for_selector("[data-test=jobs] .job")
    mine.page.clock.install()
    mine.context.set_offline(True)
    mine.page.clock.fast_forward(120_000)
    expect(mine.page.locator("[data-test=live]")).to_contain_text("数据已过时")


def test_files_open_in_excel_with_chinese_intact_and_nothing_to_run(desk: Desks, office: Offices) -> None:
    job_at(office("D101"), "=HYPERLINK(1)公式街 5 号")
    page = desk("D101").page
    page.fill("input[name=words]", "公式街")
    expect(page.locator("[data-test=jobs] .job")).to_have_count(1)
    with page.expect_download() as saved:
        page.click("[data-test=csv]")
    raw = saved.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0][1] == "事项"
    assert "'=HYPERLINK(1)公式街 5 号" in rows[1]
    with page.expect_download() as saved:
        page.click("[data-test=xlsx]")
    with zipfile.ZipFile(saved.value.path()) as book:
        text = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    assert "公式街 5 号" in text
    assert "<f>" not in text


def test_parked_work_and_a_dispute_are_decided_in_plain_words(
    desk: Desks, office: Offices, handset: Hand
) -> None:
    api = office("D101")
    rep = handset("R101")
    rep.go("/customers")
    name = rep.page.inner_text(".van-list .van-cell__title >> nth=0").split("\n")[0]
    rep.page.click(".van-list .van-cell >> nth=0")
    customer = rep.page.url.rsplit("/", 1)[1]
    rep.cut()
    rep.page.click("[data-test=edit]")
    rep.page.fill("input[name=phone]", "13900000001")
    rep.page.click("[data-test=save]")
    stored = office("S101")("GET", f"/customers/{customer}")
    office("S101")(
        "PATCH", f"/customers/{customer}", json={"phone": "13900000002"}, version=stored["version"]
    )
    rep.cut(is_cut=False)
    rep.sync()
    # Whoever was met by another's change sees both values, and that somebody else decides.
    rep.page.locator("[data-test=recent]").first.click()
    disputed = rep.page.locator("[data-test=detail-phone]")
    expect(disputed).to_contain_text("有争议")
    expect(disputed).to_contain_text("13900000001")
    expect(disputed).to_contain_text("13900000002")
    page = desk("D101").page
    page.click("nav a[href='#/inbox']")
    page.click("#tab-questions")
    card = page.locator("[data-test=question]").filter(has_text="13900000001")
    expect(card).to_contain_text("13900000002")
    card.locator(".head").filter(has_text="13900000001").locator("[data-test=choose]").click()
    expect(page.locator("[data-test=question]").filter(has_text="13900000001")).to_have_count(0)
    assert api("GET", f"/customers/{customer}")["phone"] == "13900000001"
    assert name


@pytest.fixture
def crews_at_work(office: Offices) -> Iterator[None]:
    """The unit's crews have hours of work before them at whatever hour the test runs.

    After it they have their own shifts again.
    """
    dispatcher, now = office("D101"), in_city(datetime.now(UTC))
    hours = {
        "shift_start": f"{now - timedelta(hours=1):%H:00}",
        "shift_end": f"{now + timedelta(hours=9):%H:00}",
    }
    hours |= dict.fromkeys(BREAK)
    crews = dispatcher("GET", "/crews?limit=500")["rows"] if now.hour >= 13 else []
    for crew in crews:
        dispatcher("PATCH", f"/crews/{crew['id']}", json=hours, version=crew["version"])
    yield
    for crew in crews:
        version = dispatcher("GET", f"/crews/{crew['id']}")["version"]
        dispatcher(
            "PATCH", f"/crews/{crew['id']}", json={name: crew.get(name) for name in hours}, version=version
        )


@pytest.mark.usefixtures("crews_at_work")
def test_a_days_plan_is_looked_at_and_published(desk: Desks, office: Offices) -> None:
    job_at(
        office("D101"),
        "排班路 1 号",
        appointment_from="2026-01-05T01:00:00Z",
        appointment_until="2026-01-05T03:00:00Z",
    )
    page = desk("D101").page
    find(page, "排班路 1 号")
    expect(page.locator("[data-test=promised]")).to_have_text("1/5 09:00–11:00 已过，请联系客户")
    page.click("nav a[href='#/plan']")
    page.fill("[data-test=plan-seconds] input", "2")
    page.keyboard.press("Tab")
    page.click("[data-test=make-plan]")
    page.wait_for_selector("[data-test=publish]", timeout=60_000)
    assert "分钟" in page.inner_text("[data-test=plan-figures]")
    expect(page.locator("[data-test=notes]")).to_contain_text("预约 01-05 09:00–11:00 已过，客户仍在等")
    # A crew's first line can be one that it loses.
    rows = page.locator("[data-test=effects] tbody tr td:last-child").all_inner_texts()
    times = [one for one in rows if one != "未派"]
    assert times, "somebody comes"
    assert all(re.search(r"\d+/\d+ \d\d:\d\d$", one) for one in times), "who comes when"
    page.click("[data-test=publish]")
    page.wait_for_selector(".el-message--success:has-text('已发布'), .el-message--error")
    assert page.locator(".el-message--success").count() == 1
    jobs = {job["id"]: job for job in office("D101")("GET", "/dispatch/board")["jobs"]}
    page.reload()
    page.locator("[data-test=earlier] button").filter(has_text="已发布").first.click()
    page.click("[data-test=take-back]")
    page.click(".el-message-box .el-button--primary")
    page.wait_for_selector("[data-test=taken-back]")
    assert "全部恢复到发布前" in page.inner_text("main, body")
    back = {job["id"]: job for job in office("D101")("GET", "/dispatch/board")["jobs"]}
    assert any(back[one]["crew_id"] != jobs[one]["crew_id"] for one in back)
