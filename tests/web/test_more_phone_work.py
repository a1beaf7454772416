"""A site survey with its sketch, work that was only partly done, a deputy who signs.

In a browser, without a network.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk, Handset
from tests.web.test_phone_days import begun, rows, sent_to_crew

Hand = Callable[..., Handset]
Offices = Callable[[str], Office]


def draw(page: Page, board: str) -> None:
    """A line by hand."""
    page.locator(board).scroll_into_view_if_needed()
    box = page.locator(board).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    for n in range(10):
        page.mouse.move(box["x"] + 20 + n * 22, box["y"] + 30 + (n % 4) * 20)
    page.mouse.up()


def asked_survey(desk: Office, person: Office) -> str:
    """The id of a survey at a customer of the surveyor's, made at the desk."""
    customer = person("GET", "/customers?limit=1")["rows"][0]
    values = {
        "surveyor_id": person.staff_id,
        "customer_id": customer["id"],
        "cell_id": customer["cell_id"],
        "unit_id": customer["unit_id"],
        "appointment_at": "2026-11-24T01:00:00Z",
    }
    survey: str = desk("POST", "/surveys", json=values)["id"]
    return survey


def test_a_survey_with_its_sketch(handset: Hand, office: Offices, picture: Path) -> None:
    desk, person = office("D101"), office("R101")
    survey = asked_survey(desk, person)
    phone = handset("R101")
    page = phone.page
    phone.cut()
    phone.go(f"/surveys/{survey}")
    page.click("[data-test=survey-arrive]")
    for name, value in (
        ("material", "球墨铸铁"),
        ("diameter", "200"),
        ("pressure", "280"),
        ("distance", "12.5"),
    ):
        page.fill(f"input[name={name}]", value)
    page.fill("textarea[name=plan]", "沿人行道接管")
    page.click("[data-test=survey-report]")
    page.wait_for_selector(".van-toast:has-text('3')")
    for n in range(3):
        page.set_input_files("input[type=file]", picture)
        page.wait_for_function("n => document.querySelectorAll('.strip img').length > n", arg=n)
    draw(page, "canvas.board")
    page.click("[data-test=survey-report]")
    page.wait_for_function("() => !location.pathname.includes('/surveys/')")
    phone.cut(is_cut=False)
    phone.sync()

    stored = desk("GET", f"/surveys/{survey}")
    assert (stored["state"], stored["findings"]["distance_to_main_m"], len(stored["photo_ids"])) == (
        "reported",
        12.5,
        3,
    )
    assert until(
        lambda: all(
            desk("GET", f"/photos/{one}")["arrived_at"] for one in [*stored["photo_ids"], stored["sketch_id"]]
        )
    )
    sketch = Image.open(io.BytesIO(desk.bytes_of(stored["sketch_id"]))).convert("L")
    shades = sketch.histogram()
    # A line on white paper: much light, some ink.
    assert sum(shades[200:]) > 0.9 * sketch.width * sketch.height
    assert sum(shades[:80]) > 50
    report = desk._client.get(f"/papers/survey-reports/{survey}")
    printed = "".join(one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(report.content))
    assert "球墨铸铁" in printed and "沿人行道接管" in printed


def test_partly_done_leaves_a_job_for_the_rest(handset: Hand, office: Offices, picture: Path) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = begun(phone, job)
    page.click("[data-test=step-finish_partly]")
    page.wait_for_selector(".van-toast:has-text('未完成部分')")
    page.fill("textarea[name=remainder]", "路面待恢复")
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    page.click("[data-test=step-finish_partly]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")
    phone.cut(is_cut=False)
    phone.sync()
    stored = desk("GET", f"/work-orders/{job}")
    assert (stored["state"], stored["remainder"]) == ("partly_done", "路面待恢复")
    assert until(
        lambda: any(
            one["remainder_of_id"] == job for one in rows(desk, "/work-orders?limit=500&state=received")
        )
    )


def test_a_deputy_signs_with_a_reason_and_a_paper(handset: Hand, office: Offices, picture: Path) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = begun(phone, job)
    page.set_input_files("input[type=file]", picture)
    page.wait_for_selector(".strip img")
    page.click("[data-test=sign]")
    page.fill("input[name=signer]", "王女")
    page.click("input[name=relation]")
    page.locator(".van-picker-column__item:has-text('代签')").click()
    page.click(".van-picker__confirm")
    page.wait_for_timeout(500)
    draw(page, "[data-test=signature]")
    page.click("[data-test=sign-confirm]")
    page.wait_for_selector(".van-toast:has-text('代签')")
    page.fill("input[name=deputy-reason]", "客户住院，女儿代签")
    page.locator(".sheet input[type=file]").set_input_files(picture)
    page.wait_for_selector(".sheet .strip img")
    draw(page, "[data-test=signature]")
    page.click("[data-test=sign-confirm]")
    page.wait_for_selector("text=已签字：王女")
    page.click("[data-test=step-finish]")
    page.click(".van-dialog__confirm")
    page.wait_for_function("() => !location.pathname.includes('/jobs/')")
    phone.cut(is_cut=False)
    phone.sync()
    assert until(lambda: desk("GET", f"/work-orders/{job}")["signature_state"] == "valid")
    signature = desk("GET", f"/signatures/{desk('GET', f'/work-orders/{job}')['signature_id']}")
    assert (signature["relation"], signature["deputy_reason"]) == ("deputy", "客户住院，女儿代签")
    assert desk("GET", f"/photos/{signature['photo_id']}")["purpose"] == "paper"


def test_what_was_parked_is_corrected_on_the_phone_and_told_in_the_history(
    handset: Hand, desk: Callable[..., Desk], office: Offices
) -> None:
    phone = handset("R101")
    phone.go("/customers")
    phone.page.click(".van-list .van-cell >> nth=0")
    phone.page.wait_for_selector("[data-test=edit]")
    customer = phone.page.url.rsplit("/", 1)[1]
    # No form lets it pass; an app of another age might.
    faulty = "id => window.__wangge.engine().change('customer', id, { phone: '1'.repeat(40) })"
    phone.page.evaluate(faulty, customer)
    phone.sync()
    waits = phone.page.locator("[data-test=parked]")
    waits.locator(".van-cell").first.click()
    form = phone.page.locator("[data-test=correct]")
    expect(form.locator("input[name=phone]")).to_have_value("1" * 40)
    look(phone.page, "correcting")
    form.locator("input[name=phone]").fill("0532-82000000")
    form.locator("button").click()
    expect(waits).to_have_count(0)
    expect(phone.page.locator("[data-test=recent]").filter(has_text="已由您更正")).to_have_count(1)
    look(phone.page, "corrected")
    newest = office("S101")("GET", f"/customers/{customer}/history")[0]
    assert newest["corrected"][0]["now"] == {"phone": "1" * 40}
    console = desk("D101")
    console.page.goto(f"{console.page.url.split('#')[0]}#/customers?customer={customer}")
    console.page.click("#tab-history")
    expect(console.page.locator("[data-test=corrected]").first).to_contain_text("1" * 40)
    look(console.page, "corrected-history")


def look(page: Page, name: str) -> None:
    """A picture for whoever wants to look (WANGGE_PICTURES names the folder)."""
    if os.environ.get("WANGGE_PICTURES"):
        page.wait_for_timeout(500)
        page.screenshot(path=f"{os.environ['WANGGE_PICTURES']}/{name}.png")
