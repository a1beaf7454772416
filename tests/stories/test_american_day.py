"""The day of the demo, played in Los Angeles: real HTTP, broker and worker, English names, US dollars."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from backend.core.db import Database, make_engine
from backend.demo.story import play
from backend.demo.story_actors import Office, until
from backend.local.cluster import Cluster
from tests.conftest import own_port
from tests.staging import staged
from tests.stories.american import load_american

pytestmark = pytest.mark.long
ZONE = ZoneInfo("America/Los_Angeles")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def american_template(cluster: Cluster, empty_template: str) -> Iterator[str]:
    """The small city in Los Angeles."""
    cluster.ensure_database("american_city", empty_template)
    engine = make_engine(cluster.url("american_city"))
    load_american(Database(engine))
    engine.dispose()
    yield "american_city"
    cluster.psql("postgres", 'DROP DATABASE "american_city" WITH (FORCE)')


def test_every_promise_of_the_day_is_kept_in_another_city(
    tmp_path: Path, cluster: Cluster, american_template: str
) -> None:
    console = Console(file=io.StringIO(), width=200)
    began = datetime.now(ZONE)
    with staged(cluster, american_template, tmp_path / "story", own_port(19050)) as (url, _):
        kept = play(url, tmp_path, console)
        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert kept, printed
        assert printed.count("✓") == 22 and "✗" not in printed
        _look_at_the_city(url)
        _look_at_the_days(url, began)
        _look_at_the_plan(url)


def _look_at_the_city(url: str) -> None:
    """Nobody has a Chinese name, and everything is where and as the installation says."""
    office = Office(url, "D101")
    try:
        told = office("GET", "/installation")
        assert (told["time_zone"], told["currency"]) == ("America/Los_Angeles", "USD")
        for kind in ("staff", "crews", "cells", "customers"):
            rows = office("GET", f"/{kind}?limit=500")["rows"]
            assert rows and not [one["name"] for one in rows if CHINESE.search(one["name"])], kind
        for spot in office("GET", "/service-points?limit=500")["rows"]:
            lng, lat = spot["place"]["coordinates"]
            assert -120 < lng < -116 and 32 < lat < 36
            assert spot["address"].endswith("Los Angeles, CA")
    finally:
        office.close()


def _look_at_the_days(url: str, began: datetime) -> None:
    """Due days, numbers and what the server wrote are of the city's day and language."""
    office = Office(url, "D101")
    try:
        days = {began.date(), datetime.now(ZONE).date()}
        (item,) = office("GET", "/items?source=questionnaire")["rows"]
        assert item["due_on"] in {str(day + timedelta(days=5)) for day in days}
        assert "Satisfied with: Pressure?" in item["description"]
        jobs = office("GET", "/work-orders?limit=500")["rows"]
        numbers = {one["number"][:7] for one in jobs if re.fullmatch(r"W\d{6}-.*", one["number"])}
        assert numbers and numbers <= {f"W{day:%y%m%d}" for day in days}
    finally:
        office.close()


def _look_at_the_plan(url: str) -> None:
    """Tomorrow's plan begins and ends within the shifts of the city's clock."""
    office = Office(url, "D101")
    try:
        tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
        unit = office("GET", "/crews?limit=1")["rows"][0]["unit_id"]
        plan = office("POST", "/dispatch/plans", json={"unit_id": unit, "day": str(tomorrow)})
        assert until(lambda: office("GET", f"/dispatch/plans/{plan['id']}")["stops"] is not None, 60)
        found = office("GET", f"/dispatch/plans/{plan['id']}")
        stops = found["stops"]
        assert stops
        begins = {datetime.fromisoformat(one["begin_at"]).astimezone(ZONE).date() for one in stops}
        assert begins <= {tomorrow, tomorrow + timedelta(days=1)}
    finally:
        office.close()
