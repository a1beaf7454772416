"""Opens every page of both apps, for pictures and for measurements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Page

from backend.demo.story_actors import Office
from tests.web.conftest import Desk, Handset

WEB = Path(__file__).parents[2] / "web"
# What the words of both apps are filed under.
TOPICS = sorted(
    {
        topic
        for file in WEB.glob("*/src/zh/*.ts")
        for topic in re.findall(r"^  (\w+): \{", file.read_text(encoding="utf-8"), re.M)
    }
)
PHONE_TABS = ("/", "/map", "/customers", "/queue", "/me")


def phone_pages(phone: Handset) -> Iterator[tuple[str, Page]]:
    """Each screen of a signed-in phone, by name."""
    for path in PHONE_TABS:
        phone.go(path)
        phone.page.wait_for_timeout(900 if path == "/map" else 350)
        yield path.strip("/") or "today", phone.page
    for name, path in inner_pages(phone):
        phone.go(path)
        phone.page.wait_for_timeout(500)
        yield name, phone.page


def inner_pages(phone: Handset) -> Iterator[tuple[str, str]]:
    """A customer and a job of this person's, where there are any."""
    for tab, name, selector in (
        ("/customers", "customer", "a[href*='/customers/'], .van-list .van-cell"),
        ("/", "job", "[data-test=jobs] .van-cell"),
    ):
        phone.go(tab)
        phone.page.wait_for_timeout(300)
        if phone.page.locator(selector).count():
            phone.page.locator(selector).first.click()
            phone.page.wait_for_timeout(300)
            yield name, phone.page.url.split("/m", 1)[1]


def menu_of(page: Page) -> list[str]:
    """The pages that the console's menu offers, in its order."""
    page.wait_for_selector("header nav > a")
    names: list[str] = page.locator("header nav > a").evaluate_all("all => all.map((a) => a.hash.slice(2))")
    return names


# What the dispatcher's menu, by which the others are looked at, does not have or shows less of.
ADMINISTRATORS = ("imports", "exports", "messages", "checklist", "people")


def console_pages(desk: Desk, only: Sequence[str] = ()) -> Iterator[tuple[str, Page]]:
    """Each page of a signed-in console, or some; the board with a job chosen, as a map and as a timeline."""
    page = desk.page
    for name in only or menu_of(page):
        desk.go(name)
        page.wait_for_timeout(1200 if name in ("board", "ground") else 700)
        if name == "board":
            page.locator("[data-test=jobs] .job").first.click()
            page.wait_for_selector("[data-test=candidates] > li")
        if name == "customers":
            page.fill("input[name=find]", "大港")
            page.locator(".el-table__row").first.click()
            page.wait_for_selector("[data-test=customer]")
        yield name, page
        if name in ("people", "visits"):
            yield from _tabs(page, name)
        if name == "board":
            page.locator(".el-radio-button").nth(1).click()
            page.wait_for_timeout(400)
            yield "timeline", page
            page.click("[data-test=new-job]")
            page.wait_for_timeout(500)
            yield "new-job", page
            page.keyboard.press("Escape")


def _tabs(page: Page, name: str) -> Iterator[tuple[str, Page]]:
    """The other tabs of a page."""
    for n in range(1, page.locator(".el-tabs__item").count()):
        page.locator(".el-tabs__item").nth(n).click()
        page.wait_for_timeout(400)
        yield f"{name}-{n}", page


_STANDS_STILL = """() => Promise.race([
  Promise.all(document.getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished.catch(() => null))),
  new Promise((done) => setTimeout(done, 3000)),
])"""


def faults_of(page: Page) -> list[str]:
    """What axe finds wrong: rule, how many places, and one of them; and whether the page is too wide.

    It is put in past the pages' content policy. What is still fading in is waited for: half a transition has
    no contrast.
    """
    page.evaluate(_STANDS_STILL)
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [f"{one['id']} x{len(one['nodes'])}: {one['nodes'][0]['html'][:160]}" for one in found]
    over = page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth")
    return said + ([f"{over} pixels wider than the screen"] if over > 0 else [])


Offices = Callable[[str], Office]
