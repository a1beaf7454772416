"""The board's figures lead to their jobs.

A person keeps filters under names, and clearing clears all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office, until
from tests.web.conftest import Desk
from tests.web.test_dispatchers_morning import crew_of, job_at

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
LIST = "[data-test=jobs] .job"


def shown(page: Page) -> int:
    """The count over the list."""
    return int("".join(c for c in page.inner_text("[data-test=count]") if c.isdigit()))


def figure(page: Page, name: str) -> int:
    return int(page.inner_text(f"[data-test=figure-{name}] b"))


def test_each_figure_is_the_number_of_jobs_it_leads_to(desk: Desks, office: Offices) -> None:
    api = office("D101")
    job = job_at(api, "数字街 1 号")
    page = desk("D101").page
    page.fill("input[name=words]", "数字街")
    expect(page.locator(LIST)).to_have_count(1)
    page.fill("input[name=words]", "")
    for name in ("late", "unassigned", "urgent", "unopened", "done"):
        page.click(f"[data-test=figure-{name}]")
        expect(page.locator(f"[data-test=figure-{name}]")).to_have_attribute("aria-pressed", "true")
        assert until(lambda name=name: shown(page) == figure(page, name), 10)
    page.click("[data-test=figure-unopened]")
    before = figure(page, "unopened")
    crew = api("GET", "/dispatch/board")["crews"][0]["id"]
    api("PUT", f"/dispatch/{job}/assignment", json={"crew_id": crew})
    assert until(lambda: figure(page, "unopened") == before + 1, 10)
    expect(page.locator(f"[data-job='{job}']")).to_be_visible()
    page.click("[data-test=figure-unopened]")
    expect(page.locator("[data-test=figure-unopened]")).to_have_attribute("aria-pressed", "false")
    assert until(lambda: shown(page) > before + 1, 10)
    assert crew_of(api, job) == crew


def test_a_filter_is_kept_by_name_for_this_person_and_forgotten(desk: Desks, office: Offices) -> None:
    api = office("D101")
    for n in range(2):
        job_at(api, f"保存里 {n} 号")
    console = desk("D101")
    page = console.page
    page.click("[data-test=figure-unassigned]")
    expect(page.locator("[data-test=keep-filter]")).to_have_count(0)
    page.fill("input[name=words]", "保存里")
    expect(page.locator(LIST)).to_have_count(2)
    page.click("[data-test=keep-filter]")
    page.fill(".el-message-box__input input", "我的未派")
    page.click(".el-message-box__btns .el-button--primary")
    kept = page.locator("[data-test=kept]:has-text('我的未派')")
    expect(kept).to_contain_text("2")
    page.click("[data-test=clear]")
    assert until(lambda: "crew=" not in page.url and "q=" not in page.url, 10), "both went"
    assert until(lambda: shown(page) > 2, 10)
    page.reload()
    kept.locator("button.plain").click()
    expect(page.locator(LIST)).to_have_count(2)
    kept.locator(".el-tag__close").click()
    expect(kept).to_have_count(0)
    expect(page.locator("[data-test=keep-filter]")).to_have_count(1)
