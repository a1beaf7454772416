"""Pictures of every page, in both languages, for looking at: `make shots`."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from backend.demo.load import load_city
from backend.demo.sizes import SIZES
from backend.local.browser import find_chromium
from backend.local.story_server import stage
from tests.conftest import HOME
from tests.web.conftest import FLAGS, Desk, Handset
from tests.web.looking import ADMINISTRATORS, console_pages, phone_pages

FOLDER = HOME / "shots"


def take(url: str) -> list[Path]:
    """One picture of each page and language; returns where they are."""
    program, made = find_chromium(HOME), []
    with sync_playwright() as playwright:
        environment = {**os.environ, **program.environment}
        browser = playwright.chromium.launch(executable_path=program.path, args=FLAGS, env=environment)
        for locale in ("zh-CN", "en-GB"):
            for who in ("R101", "L101"):
                phone = Handset(browser, url, who, locale=locale)
                phone.sign_in()
                for name, page in phone_pages(phone):
                    made.append(FOLDER / f"phone-{who}-{name}-{locale[:2]}.png")
                    page.screenshot(path=made[-1])
                phone.close()
            made += _public(browser, url, locale)
            for who, only in (("D101", ()), ("A001", ADMINISTRATORS)):
                desk = Desk(browser, url, who, locale=locale)
                desk.sign_in()
                for name, page in console_pages(desk, only):
                    made.append(FOLDER / f"console-{who}-{name}-{locale[:2]}.png")
                    page.screenshot(path=made[-1])
                desk.close()
        browser.close()
    return made


def _public(browser: Browser, url: str, locale: str) -> list[Path]:
    """The pages for everybody, on a phone and on a desk."""
    made = []
    for width, height in ((390, 844), (1280, 800)):
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        for name in ("who", "verify", "confirm", "contractor"):
            page = context.new_page()
            page.goto(f"{url}/{name}")
            page.wait_for_timeout(600)
            made.append(FOLDER / f"public-{name}-{width}-{locale[:2]}.png")
            page.screenshot(path=made[-1])
        context.close()
    return made


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with stage(
        HOME / "test-web", lambda database: load_city(database, SIZES["small"], lambda *_: None), port=19350
    ) as (url, _):
        for path in take(url):
            print(path)
