"""A real beginning in a browser: the terminal's address, the setup page, the first sign-in, the checklist."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from backend.core import config
from backend.demo.story_actors import until
from backend.local.cluster import Cluster
from tests.conftest import own_port
from tests.factories import uid
from tests.web.conftest import PATIENCE_MS
from tests.web.looking import faults_of

MINE = "violet-harbour-93-lamp-trumpet"
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/setup#\S+")


@pytest.fixture
def terminal(cluster: Cluster, empty_template: str, tmp_path: Path) -> Iterator[Path]:
    """What `wangge run --city empty` says on an empty database, as it serves."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_page WITH (FORCE)")
    cluster.ensure_database("copy_page", empty_template)
    own = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    own |= {"WANGGE_HOME": str(tmp_path / "home"), "WANGGE_DATABASE_URL": cluster.url("copy_page"),
            "WANGGE_WEB_ROOT": str(config.read().web_root),
            "WANGGE_FONTS": os.environ["WANGGE_FONTS"]}  # fmt: skip
    said = tmp_path / "terminal.txt"
    command = [
        Path(sys.executable).with_name("wangge"),
        "run",
        "--city",
        "empty",
        "--port",
        str(own_port(19880)),
    ]
    with said.open("wb") as out:
        server = subprocess.Popen(command, env=own, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    assert until(lambda: bool(ADDRESS.search(said.read_text())) or server.poll() is not None, 90)
    yield said
    server.send_signal(signal.SIGTERM)
    server.wait(90)
    cluster.psql("postgres", "DROP DATABASE copy_page WITH (FORCE)")


def fill(page: Page) -> None:
    for name, value in (
        ("name", "清河水务集团"),
        ("branches", "城东营业所\n城西营业所"),
        ("time-zone", "Asia/Shanghai"),
        ("number", "A001"),
        ("person", "王芳"),
    ):
        page.fill(f"[name={name}]", value)
    page.select_option("[name=country]", "CN")


def change_password(url: str, given: str) -> None:
    """The first sign-in, by whatever means."""
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60) as client:
        body = {"login": "A001", "password": given, "device": {"id": uid("first desk"), "name": "desk"}}
        signed = client.post("/sessions", json=body).json()
        client.headers["Authorization"] = f"Bearer {signed['access_token']}"
        assert client.put("/sessions/password", json={"old": given, "new": MINE}).status_code == 204


def test_a_utility_begins_in_a_browser(browser: Browser, terminal: Path) -> None:
    found = ADDRESS.search(terminal.read_text())
    assert found, terminal.read_text()
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(found.group())
    page.wait_for_selector("form")
    assert faults_of(page) == []
    fill(page)
    # What the country says of money is filled in.
    expect(page.locator("[name=currency]")).to_have_value("CNY")
    page.click("[data-test=send]")
    given = page.inner_text("[data-test=password]")
    # The same address opens nothing any more.
    again = context.new_page()
    again.goto(found.group())
    expect(again.locator("[data-test=is-set-up]")).to_be_visible()
    change_password(found.group(1), given)
    page.goto(f"{found.group(1)}/#/checklist")
    page.fill("input[name=login]", "A001")
    page.fill("input[name=password]", MINE)
    page.click("[data-test=sign-in]")
    line = page.locator("[data-test=line-cells]")
    expect(line).to_be_visible()
    assert faults_of(page) == []
    line.locator("a").click()
    expect(page).to_have_url(re.compile("#/ground"))
    context.close()
    assert faults == []
