"""The phone app under faults: lost replies, full storage, moved clocks, ended sign-ins; no work is lost."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.demo.people import PASSWORD
from backend.demo.story_actors import Office, until
from backend.local.browser import find_chromium
from tests.conftest import HOME
from tests.web.conftest import FLAGS, PIN, City, Handset
from tests.web.test_phone_days import rows, sent_to_crew

Hand = Callable[..., Handset]
Offices = Callable[[str], Office]


def first_customer(phone: Handset) -> str:
    """Opens the first customer on the list; returns their id."""
    phone.go("/customers")
    phone.page.click(".van-list .van-cell >> nth=0")
    phone.page.wait_for_selector("[data-test=edit]")
    return phone.page.url.rsplit("/", 1)[1]


def note(page: Page, text: str) -> None:
    page.click("[data-test=edit]")
    page.fill("textarea[name=note]", text)
    page.click("[data-test=save]")
    expect(page.locator("[data-test=edit]")).to_be_visible()


def waiting(page: Page) -> int:
    return int(page.evaluate("() => window.__wangge.engine().store.waiting().length"))


def test_reloaded_without_a_network(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    phone.cut()
    note(phone.page, "断网后写的")
    phone.page.reload()
    phone.unlock()
    expect(phone.page.locator("text=断网后写的")).to_be_visible()
    expect(phone.page.locator("[data-test=waiting]")).to_contain_text("1 条待传")
    phone.cut(is_cut=False)
    phone.sync()
    assert office("S101")("GET", f"/customers/{customer}")["note"] == "断网后写的"


def test_the_server_breaks_in_the_middle_of_a_push(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    phone.page.route("**/sync/push", lambda route: route.fulfill(status=500, body="boom"), times=1)
    note(phone.page, "服务器坏了的时候写的")
    expect(phone.page.locator("[data-test=waiting]")).to_contain_text("同步出错")
    assert waiting(phone.page) == 1
    phone.sync()
    assert office("S101")("GET", f"/customers/{customer}")["note"] == "服务器坏了的时候写的"


def test_the_reply_is_lost_after_the_server_acted(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)

    def swallow(route: Any) -> None:
        route.fetch()
        route.abort()

    phone.page.route("**/sync/push", swallow, times=1)
    before = len(office("S101")("GET", f"/customers/{customer}/history"))
    # It may hear of its own work by a nudge and be well again before anybody sees that it was not.
    with phone.page.expect_event("requestfailed", lambda one: one.url.endswith("/sync/push")):
        note(phone.page, "回执丢了")
    phone.sync()
    assert len(office("S101")("GET", f"/customers/{customer}/history")) == before + 1


def test_a_sign_in_that_ended_a_week_ago(handset: Hand, city: City, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    city.sql(
        """
        UPDATE token
        SET expires_at = now() - interval '7 days'
        WHERE device_id IN (SELECT id FROM device WHERE name <> 'console')
        """
    )
    note(phone.page, "登录过期后写的")
    expect(phone.page.locator("[data-test=waiting]")).to_contain_text("登录已过期")
    assert waiting(phone.page) == 1
    phone.page.click("[data-test=state-bar] .main")
    phone.page.fill("input[name=again]", PASSWORD)
    phone.page.click(".van-dialog__confirm")
    expect(phone.page.locator("[data-test=waiting]")).to_have_text("全部已上传")
    assert office("S101")("GET", f"/customers/{customer}")["note"] == "登录过期后写的"


def test_two_windows(handset: Hand) -> None:
    phone = handset("R101")
    first = phone.page
    second = phone.new_page()
    second.goto(phone.url)
    expect(first.locator("text=已在另一个窗口打开")).to_be_visible()
    second.fill("input[name=pin]", PIN)
    second.click("[data-test=unlock]")
    second.wait_for_selector("[data-test=state-bar]")
    phone.page = second
    first_customer(phone)
    note(second, "第二个窗口")
    second.close()
    phone.page = first
    first.click("text=在这里使用")
    phone.unlock()


def test_a_full_phone_says_so_and_keeps_what_it_has(handset: Hand) -> None:
    phone = handset("R101")
    first_customer(phone)
    phone.cut()
    note(phone.page, "还放得下")
    phone.page.evaluate(
        """() => {
          const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };
          window.makeRoom = () => { IDBObjectStore.prototype.put = put; };
        }"""
    )
    phone.page.click("[data-test=edit]")
    phone.page.fill("textarea[name=note]", "放不下了")
    phone.page.click("[data-test=save]")
    expect(phone.page.locator(".van-toast")).to_contain_text("存储已满")
    assert waiting(phone.page) == 1
    expect(phone.page.locator("textarea[name=note]")).to_have_value("放不下了")
    phone.page.evaluate("() => window.makeRoom()")
    phone.page.click("[data-test=save]")
    expect(phone.page.locator("[data-test=edit]")).to_be_visible()
    assert waiting(phone.page) == 2


def test_a_clock_set_back_moves_nothing_into_the_past(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    phone.cut()
    phone.page.evaluate("() => { const real = Date.now; Date.now = () => real() - 7200e3; }")
    note(phone.page, "手机时钟慢两小时")
    phone.cut(is_cut=False)
    phone.sync()
    desk = office("S101")
    assert desk("GET", f"/customers/{customer}")["note"] == "手机时钟慢两小时"
    newest = desk("GET", f"/customers/{customer}/history")[0]
    late = datetime.now(UTC) - datetime.fromisoformat(newest["happened_at"])
    # The monotonic clock knows better than the wall; where it does not, the time is marked.
    assert late < timedelta(minutes=5) or newest["grade"] in ("moved", "claimed")


def test_a_cell_taken_away_while_a_visit_there_is_open(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    desk = office("S101")
    cell = (
        desk("GET", f"/customers/{customer}")["cell_id"]
        or rows(desk, f"/service-points?customer_id={customer}")[0]["cell_id"]
    )
    duties = rows(desk, f"/cell-assignments?cell_id={cell}")
    phone.cut()
    phone.page.click("[data-test=new-visit]")
    phone.page.fill("textarea[name=summary]", "网格移交前做的走访")
    visit = phone.page.url.rsplit("/", 1)[1]
    phone.page.click("[data-test=complete]")
    other = next(one for one in rows(desk, "/staff?limit=500") if one["staff_number"] == "R102")["id"]
    desk("PUT", f"/territory/cells/{cell}/representative", json={"staff_id": other})
    phone.cut(is_cut=False)
    phone.sync()
    parked = [
        one
        for group in desk("GET", "/inbox/parked")
        for one in group["mutations"]
        if one["record_id"] == visit
    ]
    stored = [one for one in rows(desk, f"/visits?customer_id={customer}&limit=500") if one["id"] == visit]
    assert stored or parked
    if parked:
        expect(phone.page.locator("[data-test=parked]")).to_be_visible()
    desk("PUT", f"/territory/cells/{cell}/representative", json={"staff_id": duties[0]["staff_id"]})


def test_a_job_cancelled_while_it_was_being_finished(handset: Hand, office: Offices) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = phone.page
    phone.go(f"/jobs/{job}")
    page.click("[data-test=step-accept]")
    phone.sync()
    phone.cut()
    phone.go(f"/jobs/{job}")
    page.click("[data-test=step-arrive]")
    desk("POST", f"/work-orders/{job}/actions/cancel", json={"cancel_reason": "客户取消"})
    page.fill("input[name=reason]", "找不到阀门")
    page.click("[data-test=step-fail]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")
    phone.cut(is_cut=False)
    phone.sync()
    questions = [one for one in desk("GET", "/inbox/questions") if one["id"] == job]
    parked = [
        one for group in desk("GET", "/inbox/parked") for one in group["mutations"] if one["record_id"] == job
    ]
    assert questions or parked


def test_the_camera_kills_the_page(handset: Hand, office: Offices, picture: Path) -> None:
    """Cheap phones throw the page away while the camera is open.

    What was typed is there when it comes back.
    """
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    phone.go(f"/jobs/{job}")
    phone.page.click("[data-test=step-accept]")
    phone.cut()
    phone.page.click("[data-test=step-arrive]")
    phone.page.fill("textarea[name=diagnosis]", "阀杆断裂")
    phone.page.wait_for_timeout(300)
    with phone.page.expect_file_chooser():
        phone.page.click("[data-test=take-photo]")
    phone.restart()
    page = phone.page
    assert page.input_value("textarea[name=diagnosis]") == "阀杆断裂"
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    phone.cut(is_cut=False)
    phone.sync()
    (photo,) = desk("GET", f"/work-orders/{job}")["photo_ids"]
    assert desk("GET", f"/photos/{photo}")["purpose"] == "before"
    assert until(lambda: desk("GET", f"/photos/{photo}")["arrived_at"] is not None)


def test_an_update_waits_for_the_person_and_loses_no_work(handset: Hand, city: City) -> None:
    phone = handset("R101")
    first_customer(phone)
    phone.page.route("**/sync/push", lambda route: route.abort())
    note(phone.page, "更新前没传出去的")
    worker = city.pages / "phone/sw.js"
    for stale in worker.parent.glob("sw.js.*"):
        stale.unlink()
    old = worker.read_text()
    worker.write_text(re.sub(r'"app-\d+"', '"app-next"', old))
    phone.page.evaluate("() => navigator.serviceWorker.getRegistration('/m/').then(r => r.update())")
    # Inside a customer's page nothing interrupts; on a tab the new version is offered.
    assert not phone.page.locator("text=有新版本").is_visible()
    phone.go("/queue")
    with phone.page.expect_navigation():
        phone.page.click("text=现在更新")
    phone.unlock()
    assert waiting(phone.page) == 1
    phone.page.unroute("**/sync/push")
    phone.sync()
    worker.write_text(old)


def test_the_browser_is_killed_right_after_it_said_kept(
    tmp_path: Path, browser: Browser, city: City, office: Offices
) -> None:
    program = find_chromium(HOME)

    def start() -> Any:
        return browser.browser_type.launch_persistent_context(
            tmp_path / "profile",
            executable_path=program.path,
            args=FLAGS,
            viewport={"width": 390, "height": 844},
            env={**os.environ, **program.environment},
            locale="zh-CN",
        )

    context = start()
    phone = Handset.of(context, city.url, "R101")
    phone.sign_in()
    customer = first_customer(phone)
    context.set_offline(True)
    note(phone.page, "保存后立刻断电")
    for pid in browser_pids(tmp_path / "profile"):
        os.kill(pid, signal.SIGKILL)
    context = start()
    phone = Handset.of(context, city.url, "R101")
    phone.page.goto(phone.url)
    phone.unlock()
    phone.sync()
    assert office("S101")("GET", f"/customers/{customer}")["note"] == "保存后立刻断电"
    context.close()


def browser_pids(profile: Path) -> list[int]:
    """Processes of the browser that uses this profile."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(profile).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.long
def test_five_hundred_pieces_of_work_and_sixty_photos_on_a_slow_link(handset: Hand, office: Offices) -> None:
    phone = handset("R101")
    customer = first_customer(phone)
    phone.cut()
    made = phone.page.evaluate(
        """async (customer) => {
          const engine = window.__wangge.engine();
          const points = [...engine.records('service_point').values()];
          const cell = points.find(p => p.customer_id === customer).cell_id;
          const values = {customer_id: customer, cell_id: cell, representative_id: engine.staffId};
          for (let n = 0; n < 440; n += 1) await engine.create('visit', {...values, method: 'phone'});
          const visit = await engine.create('visit', {...values, method: 'door'});
          const ids = [];
          for (let n = 0; n < 60; n += 1) {
            const data = new Uint8Array(60000).map((_, i) => (i * 31 + n * 7) % 256).buffer;
            const photo = {of: ['visit', visit], purpose: 'site', data, keys: {cell_id: cell}};
            ids.push(await engine.takePhoto(photo));
          }
          return ids;
        }""",
        customer,
    )
    session = phone.context.new_cdp_session(phone.page)
    phone.cut(is_cut=False)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 200, "downloadThroughput": 2e5, "uploadThroughput": 2e5},
    )
    phone.context.set_default_timeout(180_000)
    phone.sync()
    desk = office("S101")
    assert until(lambda: all(desk("GET", f"/photos/{one}")["arrived_at"] for one in made))
    assert len(set(made)) == 60


def test_a_system_that_erased_the_phones_data_is_found_out(handset: Hand) -> None:
    phone = handset("R101")
    phone.page.goto("about:blank")
    session = phone.context.new_cdp_session(phone.page)
    session.send(
        "Storage.clearDataForOrigin", {"origin": phone.url.removesuffix("/m/"), "storageTypes": "indexeddb"}
    )
    phone.page.goto(phone.url)
    expect(phone.page.locator("[role=alert]")).to_contain_text("系统清除过这台手机的离线数据")
    phone.sign_in()
    first_customer(phone)
