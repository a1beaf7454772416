"""Office work at the console: hand-in files, ground plans, exports, finding a customer."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import expect

from backend.core.geometry import shape_of
from backend.demo.story_actors import Office
from geo.colouring import FILLS
from geo.mapfile import Feature, write_map
from tests.web.conftest import Desk, Handset
from tests.web.looking import faults_of

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]


def test_a_phone_without_any_network_hands_its_work_in_as_a_file(
    handset: Callable[..., Handset], desk: Desks, office: Offices
) -> None:
    phone = handset("R101")
    phone.go("/customers")
    phone.page.click(".van-list .van-cell >> nth=2")
    customer = phone.page.url.rsplit("/", 1)[1]
    phone.cut()
    phone.page.click("[data-test=edit]")
    phone.page.fill("textarea[name=note]", "用文件交上来的")
    phone.page.click("[data-test=save]")
    expect(phone.page.locator("[data-test=edit]")).to_be_visible()
    phone.go("/queue")
    with phone.page.expect_download() as saved:
        phone.page.click("[data-test=export]")
    console = desk("D101")
    console.go("inbox")
    console.page.set_input_files("[data-test=import-file]", saved.value.path())
    card = console.page.locator("[data-test=parked]").filter(has_text="用文件交上来的")
    card.locator("input[name=reason]").fill("已与本人核对")
    card.locator("[data-test=apply]").click()
    expect(card).to_have_count(0)
    assert office("D101")("GET", f"/customers/{customer}")["note"] == "用文件交上来的"
    phone.cut(is_cut=False)
    phone.sync()


def test_the_ground_is_planned_looked_at_and_discarded(desk: Desks) -> None:
    page = desk("S101").page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    expect(page.locator("[data-test=coverage]")).to_contain_text("网格")
    page.click("[data-test=divide]")
    page.wait_for_selector("[data-test=accept]", timeout=60_000)
    expect(page.locator(".figures")).to_contain_text("变动工作量")
    page.click("[data-test=discard]")
    expect(page.locator("[data-test=accept]")).to_have_count(0)


def test_cells_are_told_apart_on_the_map_and_printed(desk: Desks) -> None:
    page = desk("S101").page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    page.wait_for_timeout(500)
    seen = Image.open(io.BytesIO(page.locator("[data-test=ground-map]").screenshot())).convert("RGB")
    colours = {colour for count, colour in seen.getcolors(1 << 24) if count > 400}  # type: ignore[union-attr]
    # Drawn a little translucent over the paper's grey.
    fills = [[0.85 * int(one[n : n + 2], 16) + 0.15 * 0xF0 for n in (1, 3, 5)] for one in FILLS[:4]]
    near = [
        any(max(abs(a - b) for a, b in zip(fill, one, strict=True)) < 6 for one in colours) for fill in fills
    ]
    assert sum(near) >= 3, colours
    page.click("[data-test=print-cells]")
    with page.expect_response("**/api/v1/papers/cell-maps/**") as answered:
        page.click("[data-test=print]")
    assert answered.value.status == 200 and answered.value.headers["content-type"] == "application/pdf"
    assert faults_of(page) == []


def test_representatives_are_worked_out_anew_when_somebody_leaves(desk: Desks, office: Offices) -> None:
    boss = office("S101")
    page = desk("S101").page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    page.mouse.click(600, 450)
    page.wait_for_selector("[data-test=was]")
    page.click("[data-test=duties]")
    page.wait_for_selector("[data-test=duty-figures]")
    page.click("[data-test=absent]")
    option = page.locator(".el-select-dropdown__item:visible").first
    leaver = option.inner_text()
    option.click()
    page.keyboard.press("Escape")
    page.click("[data-test=work-out]")
    needed = page.locator("[data-test=duty-changes] tr:has-text('必须改')")
    needed.first.wait_for()
    assert all(leaver in needed.nth(n).inner_text() for n in range(needed.count()))
    assert faults_of(page) == []
    cell = needed.first.locator("td").nth(1).inner_text()
    heir = needed.first.locator("td").nth(3).inner_text()
    needed.first.locator(".el-checkbox").click()
    page.click("[data-test=hand-over]")
    page.wait_for_selector("[data-test=duty-figures]", state="hidden")
    board = boss("GET", "/dispatch/board")["cells"]
    assert next(one for one in board if one["name"] == cell)["representative"] == heir
    # Back to whoever had it: other tests know them by it.
    staff = boss("GET", "/staff?limit=500")["rows"]
    was = next(one["id"] for one in staff if one["name"] == leaver)
    boss(
        "PUT",
        f"/territory/cells/{next(one['id'] for one in board if one['name'] == cell)}/representative",
        json={"staff_id": was},
    )


def test_a_map_file_that_does_not_say_its_coordinates_is_asked_for_them(
    desk: Desks, office: Offices, tmp_path: Path
) -> None:
    unit = office("S101")("GET", "/dispatch/board")["cells"][0]["unit_id"]
    cells = office("S101")("GET", "/cells?limit=500")["rows"]
    own = [
        Feature(shape_of(one["outline"]), {"MC": one["name"], "BM": one["code"]})
        for one in cells
        if one["unit_id"] == unit
    ]
    with_prj, without = zipfile.ZipFile(io.BytesIO(write_map(own, "cells", "shp"))), tmp_path / "网格.zip"
    with zipfile.ZipFile(without, "w") as archive:
        for name in with_prj.namelist():
            if not name.endswith(".prj"):
                archive.writestr(name, with_prj.read(name))
    page = desk("S101").page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    page.click("[data-test=import]")
    page.set_input_files("input[name=map]", without)
    page.fill("input[name=name_field]", "MC")
    page.fill("input[name=code_field]", "BM")
    page.click("[data-test=send-import]")
    page.wait_for_selector(".side .el-alert:has-text('坐标')")
    page.click("[data-test=import]")
    assert page.input_value("input[name=code_field]") == "BM", "only what was missing is asked again"
    assert faults_of(page) == []
    page.fill("input[name=crs]", "EPSG:4326")
    page.click("[data-test=send-import]")
    page.wait_for_selector("[data-test=accept]", timeout=60_000)
    expect(page.locator(".figures tr").nth(1)).to_contain_text(str(len(own)))
    page.click("[data-test=discard]")
    expect(page.locator("[data-test=accept]")).to_have_count(0)


def test_layers_leave_as_files_and_by_a_token(desk: Desks) -> None:
    page = desk("S101").page
    page.click("nav a[href='#/ground']")
    page.click("[data-test=map-access]")
    with page.expect_download() as download:
        page.click("[data-test=export]")
    assert download.value.suggested_filename == "cells.gpkg"
    assert download.value.path().read_bytes().startswith(b"SQLite format 3")
    page.fill("input[name=label]", "我的电脑")
    page.click("[data-test=make-token]")
    token = page.inner_text("[data-test=new-token] .el-alert__description")
    where = f"{page.inner_text('[data-test=ogc-address]')}collections/cells/items?limit=3"
    asked = httpx.get(where, auth=("S101", token))
    assert len(asked.json()["features"]) == 3
    assert faults_of(page) == []
    page.locator("[data-test=tokens] tr:has-text('我的电脑') [data-test=end-token]").click()
    expect(page.locator("[data-test=tokens] tr:has-text('我的电脑')")).to_have_count(0)
    assert httpx.get(where, auth=("S101", token)).status_code == 401


def test_a_cell_is_split_by_a_drawn_line_and_its_card_printed(desk: Desks, office: Offices) -> None:
    console = desk("S101")
    page = console.page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    page.wait_for_timeout(800)
    box = page.locator("[data-test=ground-map]").bounding_box()
    assert box is not None
    middle = {"x": box["width"] / 2, "y": box["height"] / 2}
    page.click("[data-test=ground-map]", position=middle)
    with console.context.expect_page() as opened:
        page.click("[data-test=card]")
    expect(opened.value.locator("h1")).to_contain_text("网格")
    opened.value.close()
    page.click("[data-test=split]")
    for x in (8, box["width"] - 8):
        page.click("[data-test=ground-map]", position={"x": x, "y": middle["y"]})
    page.click("[data-test=split]")
    page.wait_for_selector("[data-test=accept], .el-message--error", timeout=30_000)
    assert page.locator(".el-message--error").count() == 0
    before = len(office("S101")("GET", "/dispatch/board")["cells"])
    page.click("[data-test=accept]")
    page.wait_for_selector(".el-message--success")
    assert len(office("S101")("GET", "/dispatch/board")["cells"]) == before + 1


def test_a_customer_is_found_with_everything_about_them(desk: Desks) -> None:
    console = desk("D101")
    console.go("customers")
    page = console.page
    page.fill("input[name=find]", "大港")
    number = page.locator("[data-test=found] .el-table__row td >> nth=1").first.inner_text()
    page.fill("input[name=find]", f" {number[:3]} {number[3:]}")
    expect(page.locator("[data-test=found] .el-table__row")).to_have_count(1)
    page.locator("[data-test=found] .el-table__row").first.click()
    page.wait_for_selector("[data-test=customer]")
    page.click("#tab-history")
    expect(page.locator("[data-test=history-table]")).to_be_visible()
    assert "customer=" in page.url


def test_somebody_goes_on_leave_and_a_colleague_stands_in(desk: Desks, office: Offices) -> None:
    console = desk("S101")
    console.go("people")
    page = console.page
    page.click("#tab-staff")
    page.click("tr:has-text('R102') [data-test=leave]")
    page.click("[data-test=stand-in] >> nth=0")
    page.click(".el-select-dropdown__item:visible >> nth=0")
    page.click("[data-test=keep-leave]")
    page.wait_for_selector(".el-message--success")
    duties = office("S101")("GET", "/cell-assignments?duty=stand_in&limit=100")["rows"]
    assert len({one["cell_id"] for one in duties}) == len(duties) >= 1
