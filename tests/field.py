"""Builds two weeks of crews' work for tests.

Crews by day and by night, and jobs promised, planned, given, overdue and waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.queries import scopes
from backend.core.services import record_writer
from backend.jobs.kinds.work_order import OPEN
from sync.change import moment_text
from tests.factories import middle, uid

WATCHED = ("state", "crew_id", "planned_at", "is_pinned", "appointment_from", "appointment_until")
CREWS = {
    "crew": ("08:00", "17:00"),
    "far crew": ("08:00", "17:00"),
    "late crew": ("10:00", "19:00"),
    "night crew": ("20:00", "06:00"),
}


@dataclass
class Field:
    """What stands where, by name.

    `now` is ten in the morning of `today`, some days ahead of any clock that stamps.
    """

    session: Session
    today: date
    names: list[str] = field(default_factory=list)

    def at(self, hour: float, days: int = 0) -> datetime:
        """An hour of today, or of a day before or after it, by the city's clock."""
        return scopes.day_begins(self.today + timedelta(days=days)) + timedelta(hours=hour)

    @property
    def now(self) -> datetime:
        """Ten in the morning."""
        return self.at(10)

    def job(self, name: str, crew: str | None = None, where: int = 0, **more: Any) -> str:
        """One job; moments may be given as such."""
        state = more.pop("state", "dispatched" if crew else "received")
        given = (
            {"crew_id": uid(crew), "dispatched_at": self.at(-40), "opened_at": self.at(-39)} if crew else {}
        )
        values = (
            {
                "matter_id": uid("leak"),
                "place": middle(where),
                "number": name,
                "duration_minutes": 45,
                "state": state,
                "skills": ["pipe_repair"],
                "cell_id": uid(f"cell {where}"),
                "due_at": self.at(17, 7),
            }
            | given
            | more
        )
        for key, value in values.items():
            values[key] = moment_text(value) if isinstance(value, datetime) else value
        self.names.append(name)
        return record_writer.create(
            self.session, system(uid("north")), "work_order", values, record_id=uid(name)
        ).id

    def stands(self) -> dict[str, dict[str, Any]]:
        """What stands on every job now, by name, with its version."""
        stored = record_writer.push_store(self.session).load(
            [("work_order", uid(name)) for name in self.names], lock=False
        )
        rows = {name: stored["work_order", uid(name)] for name in self.names}
        return {
            name: {key: row.values.get(key) for key in WATCHED} | {"version": row.version}
            for name, row in rows.items()
        }


def build_crews(session: Session) -> None:
    """Three crews by day, one by night; all can do the same."""
    north = system(uid("north"))
    for name, (start, end) in CREWS.items():
        hours = {"shift_start": start, "shift_end": end, "skills": ["pipe_repair"], "start_place": middle(0)}
        if name in ("crew", "far crew"):
            record_writer.change(session, north, "crew", uid(name), hours)
        else:
            new = hours | {
                "name": name,
                "leader_id": uid("leader"),
                "member_ids": [uid("member")],
                "is_active": True,
            }
            record_writer.create(session, north, "crew", new, record_id=uid(name))


def _promised(made: Field) -> None:
    at = made.at
    made.job("promised today", appointment_from=at(13), appointment_until=at(15))
    made.job(
        "promised today and planned",
        "crew",
        planned_at=at(14.5),
        appointment_from=at(14),
        appointment_until=at(16),
    )
    made.job(
        "passed this morning", "crew", planned_at=at(10.2), appointment_from=at(8), appointment_until=at(9.5)
    )
    made.job("passed yesterday", appointment_from=at(9, -1), appointment_until=at(11, -1))
    made.job("left over", "crew", planned_at=at(15, -1))
    made.job("left over by hand", "far crew")
    made.job("withdrawn before", None, 1, planned_at=at(11, 2), crew_id=uid("crew"))
    made.job(
        "promised 3 but planned today",
        "crew",
        planned_at=at(11),
        appointment_from=at(9, 3),
        appointment_until=at(12, 3),
    )


def _around(made: Field) -> None:
    at = made.at
    for days in range(-7, 8):
        if days < 0:
            made.job(f"due {days}", None, -days % 3, due_at=at(17, days))
        elif days:
            hours = {"appointment_from": at(9, days), "appointment_until": at(12, days)}
            made.job(f"promised {days}", None, days % 3, **hours)
            made.job(f"promised {days} by hand", "crew", days % 3, dispatched_at=at(9), **hours)
            made.job(f"promised {days} and planned", "far crew", days % 3, planned_at=at(9.5, days), **hours)


def build_field(session: Session, today: date) -> Field:
    """The crews and two weeks of jobs: a week behind, today, and a week ahead."""
    build_crews(session)
    made = Field(session, today)
    at = made.at
    for n, crew in enumerate(("crew", "far crew", "late crew")):
        for k in range(4):
            made.job(
                f"today {crew} {k}",
                crew,
                k % 3,
                planned_at=at(10.5 + 1.5 * k),
                state=("dispatched", "accepted")[k % 2],
            )
        made.job(f"tomorrow {crew}", crew, n, planned_at=at(10 + n, 1))
        made.job(
            f"begun {crew}",
            crew,
            n,
            planned_at=at(9),
            state="in_progress",
            started_at=at(9.5),
            arrived_at=at(9.4),
        )
    made.job("tonight", "night crew", planned_at=at(22))
    made.job("after midnight", "night crew", planned_at=at(26))
    made.job("by hand today", "far crew", dispatched_at=at(9))
    _promised(made)
    _around(made)
    for n in range(4):
        made.job(f"may wait {n}", None, n % 3)
    assert {one["state"] for one in made.stands().values()} <= OPEN
    return made


def of_other_days(made: Field, days: int) -> set[str]:
    """The jobs that a plan of a day (0 today, 1 tomorrow) may not touch."""
    own = {0: "today", 1: "tomorrow"}[days]
    others = {name for name in made.names if name.startswith(("promised", "tomorrow", "today"))}
    mine = {name for name in others if name.startswith((own, f"promised {own}", f"promised {days}"))}
    begun = {name for name in made.names if name.startswith("begun")}
    today = {"tonight", "after midnight", "by hand today", "passed this morning"} if days else set()
    return (others - mine) | begun | today
