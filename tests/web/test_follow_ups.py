"""What follows from work: what was given up is seen and tried again.

A finished job is asked about; a job finds its door.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import text

from backend.core.actor import Actor, Role, system
from backend.core.events import announce
from backend.core.services import record_writer
from backend.demo.story_actors import Office, until
from tests.web.conftest import City, Desk, Handset
from tests.web.looking import faults_of

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
Hand = Callable[..., Handset]
# Of their own cells: for whom they stand in, or whom they served before, somebody else is asked to go back.
OF_R101 = """
    SELECT c.id
    FROM customer c
    JOIN cell_assignment a ON a.cell_id = c.cell_id
    JOIN staff s ON s.id = a.staff_id
    WHERE s.staff_number = 'R101'
      AND a.duty = 'representative'
      AND a.valid_until IS NULL
      AND a.deleted_at IS NULL
      AND c.category = 'resident'
    ORDER BY c.id
    OFFSET {n}
    LIMIT 1
"""


def customer_of(city: City, office: Office, n: int) -> dict[str, str]:
    return dict(office("GET", f"/customers/{city.sql(OF_R101.format(n=n)).strip()}"))


def test_what_was_given_up_is_an_alarm_in_words_and_tried_again(
    desk: Desks, office: Offices, city: City
) -> None:
    boss = office("D101")
    customer = customer_of(city, boss, 0)
    with city.transaction() as session:
        for fact in ("customer.written", "visit.called_back"):
            announce(session, fact, kind="customer", id=customer["id"], op="change", changed=[])
        dead = """
            UPDATE outbox
            SET attempts = 8, last_error = 'check_failed'
            WHERE done_at IS NULL
              AND detail->>'id' = :id
        """
        session.execute(text(dead), {"id": customer["id"]})
    page = desk("D101").page
    page.click("[data-test=facts-alarm]:has-text('2 件后续没办成')", timeout=40_000)
    cards = page.locator("[data-test=fact]")
    expect(cards).to_have_count(2)
    expect(cards.first).to_contain_text(customer["name"])
    expect(cards.first).to_contain_text("已保存，但接着该办的事没有办成")
    expect(cards.first).to_contain_text("已试 8 次。 记录整体不符合规则")
    assert faults_of(page) == []
    cards.first.locator("[data-test=retry]").click()
    expect(cards).to_have_count(1)
    page.click("[data-test=retry]")
    expect(cards).to_have_count(0)
    expect(page.locator("[data-test=facts-alarm]")).to_have_count(0)
    assert until(
        lambda: (
            city.sql("SELECT count(*) FROM outbox WHERE done_at IS NULL AND last_error IS NOT NULL").strip()
            == "0"
        )
    )
    # Somebody who may not try again sees neither.
    other = desk("H101")
    other.go("inbox")
    other.page.wait_for_selector("#tab-questions")
    expect(other.page.locator("#tab-facts")).to_have_count(0)


def finished_job(city: City, hotline: Office, customer: str) -> str:
    """A job of a customer that a crew has done."""
    matter = next(one for one in hotline("GET", "/matters?limit=500")["rows"] if one["code"] == "valve_fault")
    job = hotline("POST", "/work-orders", json={"matter_id": matter["id"], "customer_id": customer})
    crew = hotline("GET", "/crews?limit=1")["rows"][0]
    worker = Actor(crew["leader_id"], job["unit_id"], frozenset({Role.CREW_LEADER}))
    with city.transaction() as session:
        record_writer.act(
            session, system(job["unit_id"]), "work_order", job["id"], "dispatch", {"crew_id": crew["id"]}
        )
        for step in ("accept", "arrive"):
            record_writer.act(session, worker, "work_order", job["id"], step, {})
        record_writer.change(
            session, worker, "work_order", job["id"], {"told_minutes": 30, "told_cost_fen": 0}
        )
        record_writer.act(session, worker, "work_order", job["id"], "start", {})
        unsigned = {"result": "已更换阀门", "unsigned_kind": "absent", "unsigned_reason": "客户不在"}
        record_writer.change(
            session,
            system(job["unit_id"]),
            "work_order",
            job["id"],
            {"signature_required": False, "required_photos": 0},
        )
        record_writer.act(session, worker, "work_order", job["id"], "finish", {"result": unsigned["result"]})
    return str(job["id"])


def test_a_finished_job_is_asked_about_on_the_phone(
    desk: Desks, office: Offices, city: City, handset: Hand
) -> None:
    hotline = office("H101")
    customer = customer_of(city, hotline, 1)
    job = finished_job(city, hotline, customer["id"])
    assert until(lambda: hotline("GET", f"/visits?work_order_id={job}")["rows"])
    page = desk("D101").page
    page.click("nav a[href='#/visits']")
    page.click("#tab-returns")
    expect(page.locator("[data-test=returns]")).to_contain_text(customer["name"])
    expect(page.locator("[data-test=returns]")).to_contain_text("已更换阀门")
    assert faults_of(page) == []
    phone = handset("R101")
    task = phone.page.locator("[data-test=visits] .van-cell:has-text('回访')").first
    expect(task).to_contain_text("已更换阀门")
    task.click()
    phone.page.wait_for_selector("[data-test=about]")
    phone.page.fill("textarea[name=summary]", "还在漏")
    phone.page.click("[data-test=complete]")
    expect(phone.page.locator(".van-toast")).to_contain_text("客户是否满意")
    expect(phone.page.locator(".van-toast")).to_be_hidden()
    phone.page.click("[data-test=satisfied] .van-radio:has-text('不满意')")
    assert faults_of(phone.page) == []
    phone.page.click("[data-test=complete]")
    expect(phone.page.locator("[data-test=about]")).to_have_count(0)
    phone.sync()
    now = lambda: hotline("GET", f"/work-orders/{job}")  # noqa: E731
    assert until(lambda: (now()["state"], now()["round"]) == ("received", 2))
    assert "还在漏" in hotline("GET", "/items?source=return_visit")["rows"][0]["description"]


def test_which_of_a_customers_doors_is_asked(desk: Desks, office: Offices, city: City) -> None:
    boss = office("D101")
    customer = customer_of(city, boss, 2)
    spot = boss("GET", f"/service-points?customer_id={customer['id']}")["rows"][0]
    second = {name: spot[name] for name in ("customer_id", "place", "nature")} | {"address": "后门路 2 号"}
    boss("POST", "/service-points", json=second)
    page = desk("D101").page
    page.click("[data-test=new-job]")
    page.click("[data-test=matter]")
    page.click(".el-select-dropdown__item:visible:has-text('阀门故障')")
    find = page.get_by_role("combobox", name="客户", exact=True)
    find.click()
    find.fill(customer["name"])
    page.click(f".el-select-dropdown__item:visible:has-text('{customer['name']}')")
    page.wait_for_selector("[data-test=which-point]")
    page.click("[data-test=make]")
    expect(page.locator(".el-message--warning")).to_contain_text("有几个用水点")
    page.click("[data-test=which-point]")
    page.click(".el-select-dropdown__item:visible:has-text('后门路 2 号')")
    assert faults_of(page) == []
    page.click("[data-test=make]")
    page.wait_for_selector("[data-test=job-panel]:has-text('后门路 2 号')")
    (made,) = [one for one in boss("GET", "/dispatch/board")["jobs"] if one["address"] == "后门路 2 号"]
    assert made["place"] == spot["place"]
