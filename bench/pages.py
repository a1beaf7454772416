"""Benchmark of the pages in Chromium with the large city.

First loads, offline starts, search under a slow processor, two consoles.

`SIZE=small` for a quick look. Software rendering: figures of maps are upper bounds.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from backend.core import config
from backend.demo.load import load_city
from backend.demo.sizes import SIZES
from backend.demo.story_actors import Office
from backend.local.browser import find_chromium
from backend.local.story_server import stage
from tests.web.conftest import FLAGS, PIN, Desk, Handset

JOBS = 300
_WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => {
    window.longest = Math.max(window.longest, one.duration);
  }))
    .observe({type: 'longtask'});
}"""


def said(name: str, value: float, unit: str, target: str = "") -> None:
    print(f"{name:58} {value:10.1f} {unit:4} {target}", flush=True)


def took(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def first_scripts(pages: Path) -> float:
    """Kilobytes of compressed script that the phone needs before its first screen."""
    html = (pages / "phone/index.html").read_text()
    named = [path for path in (pages / "phone/assets").glob("*.js") if path.name in html]
    return sum(Path(f"{path}.gz").stat().st_size for path in named) / 1000


def slow(page: Page, rate: int) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})


def longest_task(page: Page, work: Callable[[], object]) -> float:
    """The longest task of the page's main thread while something is done, in milliseconds."""
    page.evaluate(_WATCH)
    work()
    page.wait_for_timeout(400)
    return float(page.evaluate("() => window.longest"))


def phone_figures(browser: Browser, url: str) -> None:
    phone = Handset(browser, url, "R101")
    said("phone: first sync, everything here", took(phone.sign_in), "ms")
    page = phone.page
    said(
        "  records on the phone",
        page.evaluate("() => Object.keys(window.__wangge.engine().store.versions()).length"),
        "",
    )
    phone.cut()
    starts = []
    for _ in range(5):
        starts.append(took(lambda: (page.reload(), page.wait_for_selector("[data-test=unlock]"))))
        page.fill("input[name=pin]", PIN)
        page.click("[data-test=unlock]")
        page.wait_for_selector("[data-test=state-bar]")
    said("phone: reload offline until the PIN can be typed", statistics.median(starts), "ms", "target 1000")
    page.reload()
    page.fill("input[name=pin]", PIN)
    opened = took(lambda: (page.click("[data-test=unlock]"), page.wait_for_selector("[data-test=state-bar]")))
    said("phone: PIN (600,000 rounds) until the day is shown", opened, "ms")
    slow(page, 4)
    phone.go("/customers")
    page.wait_for_selector(".van-list .van-cell")
    search = longest_task(page, lambda: page.type("input[name=search]", "wang", delay=120))
    said("phone: longest task while searching, 4x slower processor", search, "ms", "target 100")
    page.fill("input[name=search]", "")
    scroll = longest_task(
        page, lambda: [page.mouse.wheel(0, 900) or page.wait_for_timeout(80) for _ in range(12)]
    )
    said("phone: longest task while scrolling the list, 4x slower", scroll, "ms", "target 100")
    with suppress(AssertionError):
        phone.close()


def crew_figures(browser: Browser, url: str) -> None:
    """A crew leader with 300 jobs of a day, on a slow phone without a network."""
    office, leader = Office(url, "A001"), Office(url, "L101")
    crew = next(
        one for one in office("GET", "/crews?limit=500")["rows"] if one["leader_id"] == leader.staff_id
    )
    waiting = [one for one in office("GET", "/dispatch/board")["jobs"] if one["state"] == "received"][:JOBS]
    for job in waiting:
        office("PUT", f"/dispatch/{job['id']}/assignment", json={"crew_id": crew["id"]})
    phone = Handset(browser, url, "L101")
    phone.sign_in()
    page = phone.page
    phone.cut()
    slow(page, 4)
    phone.go("/")
    page.wait_for_selector("[data-test=jobs] .van-cell")
    shown = page.locator("[data-test=jobs] .van-cell").count()
    scroll = longest_task(
        page, lambda: [page.mouse.wheel(0, 900) or page.wait_for_timeout(80) for _ in range(30)]
    )
    said(f"phone: longest task while scrolling {shown} jobs, 4x slower", scroll, "ms", "target 100")
    for one in (office, leader):
        one.close()
    with suppress(AssertionError):
        phone.close()


def console_figures(browser: Browser, url: str) -> None:
    api = Office(url, "A001")
    board = api("GET", "/dispatch/board")
    print(f"board: {len(board['jobs'])} open jobs, {len(board['crews'])} crews, {len(board['cells'])} cells")
    said(
        "board over HTTP",
        statistics.median(took(lambda: api("GET", "/dispatch/board")) for _ in range(5)),
        "ms",
    )
    first = Desk(browser, url, "A001")
    first.sign_in()
    first.page.wait_for_selector("[data-test=map][data-drawn]", timeout=120_000)
    loads = []
    for _ in range(3):
        loads.append(
            took(
                lambda: (
                    first.page.reload(),
                    first.page.wait_for_selector("[data-test=map][data-drawn]", timeout=120_000),
                )
            )
        )
    said("console: reload until the map is drawn", statistics.median(loads), "ms", "target 3000")
    second = Desk(browser, url, "A001")
    second.sign_in()
    job = next(one for one in board["jobs"] if one["state"] == "received" and one["number"])
    second.page.fill("input[name=words]", job["number"])
    second.page.wait_for_selector(f"[data-job='{job['id']}']")
    crew = next(one for one in api("GET", f"/dispatch/{job['id']}/proposals"))["crew_id"]
    seen = []
    for _ in range(5):
        api("PUT", f"/dispatch/{job['id']}/assignment", json={"crew_id": crew})
        seen.append(
            took(lambda: second.page.wait_for_selector(f"[data-job='{job['id']}']:has-text('已派单')"))
        )
        api("DELETE", f"/dispatch/{job['id']}/assignment")
        second.page.wait_for_selector(f"[data-job='{job['id']}']:has-text('已受理')")
        time.sleep(1)
    said("console: an assignment seen in a second console", statistics.median(seen), "ms", "target 1000")
    for one in (first, second):
        with suppress(AssertionError):
            one.close()
    api.close()


def main() -> None:
    """Print the figures."""
    settings = config.read()
    program = find_chromium(settings.home)
    said("phone: first scripts, gzip", first_scripts(settings.web_root), "kB", "target 200")
    os.environ["WANGGE_LIMITS"] = "off"
    size = SIZES[os.environ.get("SIZE", "large")]
    with (
        stage(
            settings.home / "bench-pages",
            lambda database: load_city(database, size, lambda *_: None),
            port=19450,
        ) as (url, _),
        sync_playwright() as playwright,
    ):
        environment = {**os.environ, **program.environment}
        browser = playwright.chromium.launch(executable_path=program.path, args=FLAGS, env=environment)
        phone_figures(browser, url)
        console_figures(browser, url)
        crew_figures(browser, url)
        browser.close()
