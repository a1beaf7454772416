"""The office's other work at the console: work that came as a file, the ground, and finding a customer."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from backend.demo.cast import Office
from tests.web.conftest import Desk, Handset

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
