"""Nudges: a job that is given away reaches the crew's open phone at once.

Where the server has no stream to spare, it does so soon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from backend.demo.story_actors import Office
from tests.web.conftest import City, Handset
from tests.web.test_dispatchers_morning import job_at

Offices = Callable[[str], Office]
# What asks every 30 seconds is silent here: only a nudge, or what the server asks for, can bring news.
NO_LONG_TIMERS = """{
  const real = window.setInterval;
  window.setInterval = (f, ms, ...more) => (ms >= 10000 ? 0 : real(f, ms, ...more));
}"""


@pytest.fixture
def patient(browser: Browser, city: City) -> Iterator[Handset]:
    """A crew leader's phone that never asks by itself."""
    phone = Handset(browser, city.url, "L102")
    phone.context.add_init_script(NO_LONG_TIMERS)
    yield phone
    phone.close()


def give(office: Offices, address: str) -> str:
    """A job for that leader's crew."""
    boss = office("D101")
    crew = next(one for one in boss("GET", "/dispatch/board")["crews"] if one["name"].endswith("维修2班"))
    job = job_at(boss, address)
    boss("PUT", f"/dispatch/{job}/assignment", json={"crew_id": crew["id"]})
    return job


def test_an_open_phone_hears_of_its_job_and_of_its_end(patient: Handset, office: Offices) -> None:
    with patient.page.expect_response("**/sync/nudges"):
        patient.sign_in()
    job = give(office, "即时路 1 号")
    line = patient.page.locator("[data-test=jobs] :text('即时路 1 号')")
    line.first.wait_for()
    office("D101")("POST", f"/work-orders/{job}/actions/withdraw", json={})
    expect(line).to_have_count(0, timeout=15_000)


def test_without_a_stream_it_asks_as_often_as_the_server_says(patient: Handset, office: Offices) -> None:
    asked: list[str] = []

    def none_left(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=204, headers={"Retry-After": "1"})

    patient.context.route("**/sync/nudges", none_left)
    patient.sign_in()
    give(office, "轮询路 2 号")
    patient.page.locator("[data-test=jobs] :text('轮询路 2 号')").first.wait_for()
    assert len(asked) > 1
