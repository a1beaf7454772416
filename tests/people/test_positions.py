"""Positions of crews: recorded on shift and at work events alone.

They are known to whom they are about, and gone after some days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.services import record_writer
from backend.people.services import positions
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import CITY, Town

As = Callable[[str], Person]


def now() -> datetime:
    """Asked each time: a long run imports this file a quarter of an hour before the test."""
    return datetime.now(UTC).replace(microsecond=0)


def minutes_ago(minutes: float) -> str:
    return (now() - timedelta(minutes=minutes)).isoformat()


def fix(minutes: float, event: str = "arrive", **more: Any) -> dict[str, Any]:
    return {
        "event": event,
        "at": minutes_ago(minutes),
        "lng": 120.384756,
        "lat": 36.067123,
        "accuracy_m": 12.0,
        **more,
    }


def on_duty(
    database: Database, town: Town, begun: float, ended: float | None = None, who: str = "leader"
) -> None:
    values = {"staff_id": town[who], "started_at": minutes_ago(begun)} | (
        {"ended_at": minutes_ago(ended)} if ended is not None else {}
    )
    with database.transaction() as session:
        record_writer.create(session, town.actor("dispatcher"), "duty", values)


def stored(database: Database) -> int:
    with database.transaction() as session:
        return int(session.execute(text("SELECT count(*) FROM position")).scalar_one())


def tell(person: Person, *fixes: dict[str, Any]) -> Any:
    return person("POST", "/positions", {"positions": list(fixes)})


def test_what_lies_outside_a_shift_is_refused_and_nowhere_stored(
    as_: As, database: Database, town: Town
) -> None:
    on_duty(database, town, 120, 60)
    answer = tell(as_("leader"), fix(121), fix(90), fix(59))
    assert answer.get_json() == {"outcomes": ["off_shift", "kept", "off_shift"]}
    assert stored(database) == 1
    with database.transaction() as session:
        for table in ("sync_waiting", "sync_history", "outbox"):
            rows = session.execute(
                text(f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%36.067123%'")
            )
            assert rows.scalar_one() == 0, table


def test_a_shift_of_somebody_else_or_one_nobody_ended_does_not_count(
    as_: As, database: Database, town: Town
) -> None:
    on_duty(database, town, 60, who="rep")
    on_duty(database, town, 60 * 30)
    assert tell(as_("leader"), fix(10)).get_json() == {"outcomes": ["off_shift"]}
    assert stored(database) == 0


@pytest.mark.parametrize(
    ("event", "minutes", "outcome"),
    [("arrive", -20, "in_the_future"), ("arrive", 60 * 24 * 31, "too_old"), ("shift_start", 30, "kept")],
)
def test_when(as_: As, database: Database, town: Town, event: str, minutes: float, outcome: str) -> None:
    on_duty(database, town, 30)
    assert tell(as_("leader"), fix(minutes, event)).get_json() == {"outcomes": [outcome]}


def test_a_position_without_a_work_event_is_no_position(as_: As, database: Database, town: Town) -> None:
    on_duty(database, town, 30)
    for bad in (
        fix(1, "wandering"),
        fix(1) | {"lng": 181},
        fix(1) | {"lat": "NaN"},
        {"at": minutes_ago(1), "lng": 1, "lat": 1},
    ):
        assert tell(as_("leader"), bad).status_code == 422
    assert stored(database) == 0


def test_told_twice_kept_once(as_: As, database: Database, town: Town) -> None:
    on_duty(database, town, 30)
    for _ in range(2):
        assert tell(as_("leader"), fix(5)).get_json() == {"outcomes": ["kept"]}
    assert stored(database) == 1


def test_a_colleague_gives_a_reason_and_is_seen(as_: As, database: Database, town: Town) -> None:
    on_duty(database, town, 30)
    tell(as_("leader"), fix(5))
    day = (now() - timedelta(minutes=5)).astimezone(CITY).date().isoformat()
    asked = f"/positions?staff_id={town['leader']}&day={day}"
    assert as_("dispatcher")("GET", asked).get_json()["code"] == "reason_needed"
    assert as_("stranger")("GET", f"{asked}&reason=x").status_code == 404
    assert as_("rep")("GET", f"{asked}&reason=x").status_code == 403
    (seen,) = as_("dispatcher").get(f"{asked}&reason=客户催问")
    assert (seen["lng"], seen["is_exact"]) == (120.384756, True)
    (look,) = as_("leader").get("/positions/looks")
    assert look["reason"] == "客户催问" and look["by"]
    assert len(as_("leader").get(f"/positions?day={day}")) == 1
    assert len(as_("leader").get("/positions/looks")) == 1


def test_after_the_shift_others_see_a_hundred_metres(as_: As, database: Database, town: Town) -> None:
    on_duty(database, town, 30, 1)
    tell(as_("leader"), fix(5))
    day = (now() - timedelta(minutes=5)).astimezone(CITY).date().isoformat()
    (seen,) = as_("dispatcher").get(f"/positions?staff_id={town['leader']}&day={day}&reason=x")
    assert (seen["lng"], seen["lat"], seen["accuracy_m"], seen["is_exact"]) == (120.385, 36.067, None, False)
    (own,) = as_("leader").get(f"/positions?day={day}")
    assert own["lng"] == 120.384756


def test_they_are_gone_after_some_days(as_: As, database: Database, town: Town) -> None:
    on_duty(database, town, 60)
    tell(as_("leader"), fix(50), fix(5))
    with database.transaction() as session:
        assert positions.forget_old(session, 1, now() + timedelta(days=1, minutes=-20)) == 1
    assert stored(database) == 1


def test_a_phone_tells_after_its_shift_has_arrived(
    phone_of: Callable[..., Phone], database: Database, town: Town
) -> None:
    """Noted in the basement: the shift travels by push, and only then the positions.

    They are then forgotten on the phone.
    """
    phone = phone_of("leader")
    phone.sync()
    phone.note_position("leave", 120.38, 36.06)
    phone.sync()
    assert stored(database) == 0
    started = (phone.clock.now() - timedelta(minutes=1)).isoformat()
    phone.create("duty", {"staff_id": phone.staff_id, "started_at": started})
    phone.note_position("arrive", 120.38, 36.06, 9.0)
    phone.sync()
    assert stored(database) == 1
    phone.sync()
    assert stored(database) == 1
    assert phone.store.meta("positions") == []
