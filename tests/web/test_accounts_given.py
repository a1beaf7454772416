"""An administrator enters somebody, invites them, and they begin on a phone; a forgotten PIN loses nothing.

By the pages alone, and by whoever has only what the pages show them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.web.conftest import PIN, City, Desk, Handset
from tests.web.test_office_records import choose, opened

OWN, NEXT = "quartz lantern ferry 88", "violet harbour 93 trumpet"


def tab(page: Page, name: str) -> None:
    page.click(f"#tab-{name}")


def row(page: Page, table: str, text: str) -> str:
    found = f"[data-test={table}] tr:has-text('{text}')"
    page.wait_for_selector(found)
    return found


def link_shown(page: Page) -> str:
    page.wait_for_function("() => document.querySelector('textarea[data-test=link]')?.value")
    url = page.locator("textarea[data-test=link]").input_value()
    page.locator(".el-dialog:visible button:has-text('已交给本人')").click()
    return url


def choose_password(page: Page, url: str, password: str) -> None:
    page.goto(url)
    for name in ("password", "password-again"):
        page.fill(f"input[name={name}]", password)
    page.click("[data-test=choose]")
    page.wait_for_selector("input[name=login]")


def enter(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"input[name={name.replace('_', '-')}]", value)


@pytest.mark.long
def test_from_a_name_to_a_phone_and_over_a_forgotten_pin(
    desk: Callable[..., Desk], browser: Browser, city: City
) -> None:
    console = opened(desk, "A001", "员工")
    console.click("[data-test=new-staff]")
    console.fill("input[name=staff_number]", "N900")
    console.fill("input[name=name]", "新来的")
    choose(console, "post", "客户代表")
    choose(console, "employment", "正式员工")
    console.click("[data-test=form-save]")
    console.wait_for_selector("[data-test=record-form]", state="detached")
    tab(console, "accounts")
    console.click(f"{row(console, 'accounts', 'N900')} [data-test=account]")
    console.locator(".el-checkbox:has-text('客户代表')").click()
    console.click("[data-test=account-save]")
    url = link_shown(console)
    assert url.startswith(f"{city.url}/m/invitation#")
    # The phone of the newcomer, who has the link and nothing else.
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", is_mobile=True)
    phone = Handset.of(context, city.url, "N900")
    choose_password(phone.page, url, OWN)
    assert phone.page.locator("input[name=login]").input_value() == "N900"
    assert "#" not in phone.page.url
    enter(phone.page, password=OWN, pin=PIN, pin_again=PIN)
    phone.page.click("[data-test=sign-in]")
    phone.page.wait_for_selector("[data-test=state-bar]")
    phone.wait_until_ready()
    _works_without_a_network(phone.page)
    _forgets_everything(console, phone)
    phone.close()


def _works_without_a_network(page: Page) -> None:
    """The server has its half by then; the shift that begins in the basement does not go."""
    kept = """
        async () => (await new Promise((done) => {
          const open = indexedDB.open("wangge-door");
          open.onsuccess = () => {
            const store = [...open.result.objectStoreNames][0];
            const all = open.result.transaction(store).objectStore(store).getAll();
            all.onsuccess = () => done(JSON.stringify(all.result));
          };
        })).includes("byRecovery")
    """
    page.wait_for_function(kept)
    page.context.set_offline(True)
    page.evaluate("() => window.__wangge.go('/me')")
    page.click("[data-test=shift-turn]")
    page.wait_for_selector("[data-test=shift]:has-text('下岗')")
    page.click("[data-test=lock]")
    page.context.set_offline(False)


def _forgets_everything(console: Page, phone: Handset) -> None:
    """PIN and password: a new password by a link, a new PIN by six digits that are read out."""
    console.click(f"{row(console, 'accounts', 'N900')} [data-test=reset]")
    console.locator(".el-message-box__btns .el-button--primary").click()
    choose_password(phone.page, link_shown(console), NEXT)
    phone.page.click("[data-test=forgotten]")
    code = phone.page.locator("[data-test=code]").inner_text()
    console.click("[data-test=unlocks] p:has-text('N900') [data-test=approve]")
    console.fill(".el-message-box__input input", code)
    console.locator(".el-message-box__btns .el-button--primary").click()
    phone.page.wait_for_selector("[data-test=open-approved]")
    enter(phone.page, password=NEXT, pin="9753", pin_again="9753")
    phone.page.click("[data-test=open-approved]")
    phone.page.wait_for_selector("[data-test=state-bar]")
    phone.go("/me")
    phone.page.wait_for_selector("[data-test=shift]:has-text('下岗')")
    phone.sync()
