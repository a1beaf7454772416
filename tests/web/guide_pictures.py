"""Pictures of the guides, `docs/zh/pictures`: `make pictures` takes them anew from a small demo city.

A few scenes, in Chinese: what a person of each role has before them, with and without a network.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from backend.demo.load import load_city
from backend.demo.sizes import SIZES
from backend.demo.story_actors import Office
from backend.local.browser import find_chromium
from backend.local.story_server import stage
from tests.conftest import HOME
from tests.web.conftest import FLAGS, Desk, Handset
from tests.web.test_phone_days import sent_to_crew, tell

FOLDER = Path(__file__).parents[2] / "docs" / "zh" / "pictures"
QUALITY = 70
Taken = Iterator[tuple[str, Page]]


def representative(browser: Browser, url: str, picture: Path) -> Taken:
    """A morning with a visit in a cellar."""
    phone = Handset(browser, url, "R101")
    phone.sign_in()
    page = phone.page
    page.wait_for_selector("[data-test=jobs] .van-cell")
    _told(page, "在线")
    yield "today", page
    phone.go("/customers")
    page.click(".van-list .van-cell >> nth=0")
    phone.cut()
    page.click("[data-test=new-visit]")
    page.click("[data-test=check-in]")
    page.wait_for_selector("text=已签到")
    page.fill("input[name=away]", "客户约在小区门口")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    page.fill("textarea[name=summary]", "反映早晚水压低，已记录")
    _told(page, "离线")
    yield "visit", page
    page.click("[data-test=complete]")
    page.wait_for_url("**/customers/*")
    phone.go("/queue")
    page.wait_for_selector("[data-test=waiting-list]")
    _told(page, "离线")
    yield "queue", page
    phone.cut(is_cut=False)
    phone.sync()
    phone.go("/me")
    page.wait_for_selector("[data-test=shift]")
    yield "me", page
    phone.close()


def _told(page: Page, reach: str) -> None:
    """Until the bar says whether there is a network, and what was said in passing is gone."""
    page.wait_for_selector(f"[data-test=reach]:text-is('{reach}')")
    page.wait_for_selector(".van-toast", state="hidden")


def crew(browser: Browser, url: str, picture: Path) -> Taken:
    """A leak behind the meter, up to the customer's signature; then a PIN that nobody remembers."""
    desk = Office(url, "D101")
    job = sent_to_crew(desk)
    desk.close()
    phone = Handset(browser, url, "L101")
    phone.sign_in()
    page = phone.page
    phone.go(f"/jobs/{job}")
    page.click("[data-test=step-accept]")
    page.wait_for_selector("[data-test=step-arrive]")
    page.wait_for_timeout(2500)
    yield "job", page
    page.click("[data-test=step-arrive]")
    tell(page, "60", "80")
    page.click("[data-test=step-start]")
    page.fill("textarea[name=diagnosis]", "接头老化")
    page.fill("textarea[name=result]", "更换接头，试压正常")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    page.click("[data-test=sign]")
    page.fill("input[name=signer]", "王小一")
    page.wait_for_timeout(500)
    _write(page)
    yield "sign", page
    page.click("[data-test=sign-confirm]")
    page.wait_for_selector("text=已签字：王小一")
    page.click("[data-test=step-finish]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")
    phone.sync()
    yield from _forgotten(phone)
    phone.close()


def _write(page: Page) -> None:
    box = page.locator("[data-test=signature]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 50)
    page.mouse.down()
    for n in range(24):
        page.mouse.move(box["x"] + 60 + n * 8, box["y"] + 50 + (n % 6) * 12)
    page.mouse.up()


def _forgotten(phone: Handset) -> Taken:
    """The phone is opened again, and its PIN is not known."""
    page = phone.page
    page.reload()
    page.wait_for_selector("[data-test=unlock]")
    page.get_by_text("忘记 PIN，用密码登录").click()
    page.click("[data-test=forgotten]")
    page.wait_for_selector("[data-test=code]")
    yield "forgotten", page


def dispatcher(browser: Browser, url: str) -> Taken:
    """The board with a job chosen, a job taken in, and one that is done and waits for the customer's word."""
    desk = Desk(browser, url, "D101")
    desk.sign_in()
    page = desk.page
    page.locator("[data-test=jobs] .job").first.click()
    page.wait_for_selector("[data-test=candidates] > li")
    page.wait_for_timeout(1200)
    yield "board", page
    page.click("[data-test=figure-done]")
    page.wait_for_timeout(400)
    page.locator("[data-test=jobs] .job").first.click()
    page.locator("[data-test=step-close]").click()
    page.wait_for_selector("[data-test=is-satisfied]")
    page.wait_for_timeout(1200)
    yield "close", page
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-test=do-step]", state="hidden")
    page.click("[data-test=new-job]")
    page.click("[data-test=matter]")
    page.click(".el-select-dropdown__item:visible:has-text('阀门故障')")
    for name, value in (("address", "辽宁路 12 号"), ("reporter", "王女士"), ("phone", "13800000000")):
        page.fill(f"input[name={name}]", value)
    page.fill(".el-dialog textarea:visible", "楼道总阀关不严，一直滴水")
    page.wait_for_timeout(400)
    yield "new-job", page
    desk.close()


LEDGER = """\
户号,户名,用户类型,电话,用水地址,表号,口径
30000001,张三,居民,13800000001,辽宁路 12 号 1 单元 101,QD90000001,DN15
30000002,李四,居民,13800000002,辽宁路 12 号 1 单元 102,QD90000002,DN15
30000003,清河酒店,大客户,0532-86660003,香港中路 8 号,QD90000003,DN50
3.0E+07,王五,居民,13800000004,辽宁路 14 号 2 单元 301,QD90000004,DN15
"""


def administrator(browser: Browser, url: str, folder: Path) -> Taken:
    """What a first day lacks, a table read and checked, phones and accounts."""
    desk = Desk(browser, url, "A001")
    desk.sign_in()
    page = desk.page
    desk.go("checklist")
    page.wait_for_timeout(1200)
    yield "checklist", page
    desk.go("imports")
    ledger = folder / "客户台账.csv"
    ledger.write_text(LEDGER, encoding="utf-8")
    page.set_input_files("input[type=file]", ledger)
    page.click("[data-test=send]")
    page.wait_for_selector("[data-test=columns] tbody tr")
    page.wait_for_timeout(600)
    yield "imports", page
    page.click("[data-test=check]")
    page.wait_for_selector("[data-test=settle]")
    page.wait_for_timeout(600)
    yield "checked", page
    desk.go("people")
    for tab, name in (("手机", "phones"), ("账号", "accounts")):
        page.get_by_role("tab", name=tab, exact=True).click()
        page.wait_for_timeout(900)
        yield name, page
    desk.close()


def small(png: bytes) -> bytes:
    """A picture as the guides have it."""
    kept = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(kept, "WEBP", quality=QUALITY, method=6)
    return kept.getvalue()


def leak(path: Path) -> Path:
    """A photograph to take: a pipe and what comes out of it."""
    made = Image.new("RGB", (1200, 900), "#8d8577")
    pen = ImageDraw.Draw(made)
    pen.rectangle((0, 380, 1200, 520), fill="#4b5560")
    pen.ellipse((520, 430, 760, 700), fill="#7fb6d6")
    made.save(path, quality=85)
    return path


def take(browser: Browser, url: str, folder: Path) -> list[Path]:
    """Every scene, into a folder; returns where the pictures are."""
    with tempfile.TemporaryDirectory() as aside:
        picture, made = leak(Path(aside) / "leak.jpg"), []
        for scenes in (
            representative(browser, url, picture),
            crew(browser, url, picture),
            dispatcher(browser, url),
            administrator(browser, url, Path(aside)),
        ):
            for name, page in scenes:
                made.append(folder / f"{name}.webp")
                made[-1].write_bytes(small(page.screenshot()))
    return made


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = find_chromium(HOME)
    load = lambda database: load_city(database, SIZES["small"], lambda *_: None)  # noqa: E731
    with stage(HOME / "test-web", load, port=19350) as (url, _), sync_playwright() as playwright:
        environment = {**os.environ, **program.environment}
        browser = playwright.chromium.launch(executable_path=program.path, args=FLAGS, env=environment)
        for path in take(browser, url, FOLDER):
            print(path.relative_to(FOLDER.parents[2]), f"{path.stat().st_size // 1024} KiB")
        browser.close()


if __name__ == "__main__":
    main()
