"""Accessibility and language of every page.

Nothing that keeps a person out (axe), nothing fetched from elsewhere, no missing words in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.demo.story_actors import Office
from tests.web.conftest import City, Desk, Handset
from tests.web.looking import ADMINISTRATORS, TOPICS, console_pages, faults_of, menu_of, phone_pages

LANGUAGES = ("zh-CN", "en-GB")
# A key of messages that was shown instead of its sentence.
RAW_KEY = re.compile(rf"\b({'|'.join(TOPICS)})\.[a-zA-Z_]+\b")


def hosts(urls: set[str]) -> set[str]:
    return {urlsplit(url).netloc for url in urls if url.startswith("http")}


def looked_at(pages: object) -> str:
    wrong: list[str] = []
    for name, page in pages:  # type: ignore[attr-defined]
        wrong += [f"{name}: {fault}" for fault in faults_of(page)]
        wrong += [f"{name}: raw key {found.group()}" for found in RAW_KEY.finditer(page.inner_text("body"))]
    return "\n".join(wrong)


@pytest.mark.parametrize(("who", "locale"), [("R101", "zh-CN"), ("L101", "en-GB")])
def test_the_phone(handset: Callable[..., Handset], city: City, who: str, locale: str) -> None:
    phone = handset(who, locale=locale)
    assert looked_at(phone_pages(phone)) == ""
    assert hosts(phone.asked) == {urlsplit(city.url).netloc}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_console(desk: Callable[..., Desk], city: City, locale: str) -> None:
    console = desk("D101", locale=locale)
    assert {"board", "plan", "ground", "inbox", "customers", "visits", "people", "records"} <= {
        *menu_of(console.page)
    }
    assert looked_at(console_pages(console)) == ""
    assert hosts(console.asked) == {urlsplit(city.url).netloc}


# In English only in `make test-long`: the dispatcher's pages are looked at in both.
@pytest.mark.parametrize("locale", ["zh-CN", pytest.param("en-GB", marks=pytest.mark.long)])
def test_what_administrators_have_beside(desk: Callable[..., Desk], city: City, locale: str) -> None:
    console = desk("A001", locale=locale)
    assert set(ADMINISTRATORS) <= {*menu_of(console.page)}
    assert looked_at(console_pages(console, ADMINISTRATORS)) == ""
    assert hosts(console.asked) == {urlsplit(city.url).netloc}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_ways_in(browser: Browser, city: City, locale: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=locale)
    page = context.new_page()

    def at(path: str) -> Page:
        page.goto(city.url + path)
        page.wait_for_selector("h1")
        return page

    assert (
        looked_at(
            (path, at(path))
            for path in ("/m/", "/#/board", "/who", "/verify", "/confirm#nothing", "/contractor#nothing")
        )
        == ""
    )
    context.close()


def test_anybody_finds_their_representative(
    browser: Browser, city: City, office: Callable[[str], Office]
) -> None:
    """The public look-up, however the address is typed.

    What fits many places, what is not known and where nobody is are told apart.
    """
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    home = office("R101")("GET", "/service-points?limit=1")["rows"][0]["address"]
    page.goto(f"{city.url}/who")
    page.fill("input[name=address]", f"青岛市 {home.replace('单元', ' 单元 ').replace('户', '室')}")
    page.click("[data-test=find]")
    page.wait_for_selector("[data-test=who] h2")
    shown = page.inner_text("[data-test=who]")
    assert "服务时间" in shown or "电话" in shown
    for typed, told in (
        ("没有这个地方吧", "没有找到这个地址"),
        ("社区居委会", "门牌号"),
        ("1号楼1单元", "门牌号"),
    ):
        page.fill("input[name=address]", typed)
        page.click("[data-test=find]")
        page.wait_for_selector(f"[data-test=problem]:has-text('{told}')")
        assert page.locator("[data-test=who]").count() == 0
    page.click(".language")
    page.wait_for_selector("[data-test=problem]:has-text('house number')")
    page.goto(f"{city.url}/verify?s=0193c0de-0000-7000-8000-000000000001&h={'0' * 64}")
    page.wait_for_selector("[data-test=verdict].unknown")
    assert context.cookies() == []
    context.close()


def test_a_phone_finds_without_a_network_what_the_server_finds(
    handset: Callable[..., Handset], office: Callable[[str], Office]
) -> None:
    point = office("R101")("GET", "/service-points?limit=1")["rows"][0]
    customer = office("R101")("GET", f"/customers/{point['customer_id']}")
    phone = handset("R101")
    phone.cut()
    phone.go("/customers")
    number, called, home = customer["number"], customer["phone"], point["address"]
    ways = (
        f"{number[:4]} {number[4:]}",
        number[-6:],
        f"+86 {called[:3]}-{called[3:7]} {called[7:]}",
        f"青岛市{home.replace('户', '室')}",
        f"{customer['name'][0]} {point['meter_number'].lower()}",
        customer["pinyin"].split()[1].upper(),
    )
    for typed in ways:
        phone.page.fill("input[name=search]", typed)
        found = (
            phone.page.locator(".van-list .van-cell").filter(has_text=customer["name"]).filter(has_text=home)
        )
        expect(found.first).to_be_visible()
    phone.page.fill("input[name=search]", "没有这个人%")
    phone.page.wait_for_selector(".van-empty")
