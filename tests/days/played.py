"""Plays a generated day on a real database.

Three emergencies one after the other, every promise asked of the oracle.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.actor import Actor, Role, system
from backend.core.errors import Problem
from backend.core.installation import installed, installed_as
from backend.core.services import record_writer
from backend.dispatch.services import dispatching, emergencies, taking_back
from backend.notices.services.notifying import RecordedChannel
from sync.change import moment_text
from tests.days import promises
from tests.days.generator import MOST_CREWS, UNITS, Day, Emergency
from tests.days.oracle import Oracle
from tests.factories import uid

Values = Mapping[str, Any]
Jobs = dict[str, dict[str, Any]]
DISPATCHER = Actor(uid("days dispatcher"), uid("days branch"), frozenset({Role.DISPATCHER}), uid("days desk"))


@dataclass
class Figures:
    """What a day's emergencies did.

    How many other jobs changed crew, have no time, and come later, for each.
    """

    faults: list[str] = field(default_factory=list)
    refused: int = 0
    moved: list[int] = field(default_factory=list)
    left_over: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)


def write_base(session: Session) -> None:
    """What every day needs: units, people who lead crews, matters."""
    top = system(uid("days city"))
    parents = {"branch": "city", "station": "branch", "neighbour": "city"}
    units = [
        (uid(f"days {name}"), {"unit_id": uid(f"days {name}"), "name": name, "level": "branch",
                               "parent_id": uid(f"days {parents[name]}") if name in parents else None})
        for name in UNITS
    ]  # fmt: skip
    record_writer.create_many(session, top, "unit", units)
    people = [(uid(f"days leader {n}"), f"L{n:02d}") for n in range(MOST_CREWS)] + [(DISPATCHER.id, "D01")]
    person = {"post": "works_manager", "employment": "own", "is_active": True, "unit_id": uid("days branch")}
    staff = [(id_, person | {"staff_number": number, "name": number}) for id_, number in people]
    record_writer.create_many(session, top, "staff", staff)
    matter = {"name_zh": "维修", "name_en": "Repair", "skills": [], "duration_minutes": 60, "is_active": True}
    matters = [
        (uid(f"days {code}"), matter | {"code": code, "urgency": urgency})
        for code, urgency in (("repair", "normal"), ("burst", "urgent"))
    ]
    record_writer.create_many(session, top, "matter", matters)


@contextmanager
def clock_of(zone: ZoneInfo) -> Iterator[None]:
    """The server in another city's time zone."""
    with installed_as(replace(installed(), time_zone=zone)):
        yield


def play(session: Session, day: Day) -> Figures:
    """Write the day, send its emergencies, say what broke a promise.

    The session is for the caller to undo.
    """
    figures = Figures()
    with clock_of(day.zone):
        top = system(uid("days branch"))
        for kind, rows in (("crew", day.crews), ("on_call", day.rosters), ("work_order", day.jobs)):
            record_writer.create_many(session, top, kind, list(rows.items()), quiet=True)
        for n, emergency in enumerate(day.emergencies):
            record_writer.create_many(
                session, top, "work_order", [(emergency.id, emergency.values)], quiet=True
            )
            sending = _Sending(session, day, emergency, figures)
            if arrives := sending.play():
                later = day.emergencies[n + 1 :]
                _goes_on(session, emergency, arrives, later[0].at if later else emergency.at)
    return figures


def _goes_on(session: Session, emergency: Emergency, arrives: datetime, until: datetime) -> None:
    """Sometimes the crew is on its way, or at work, when the next emergency is reported."""
    crew_id = record_writer.read(session, "work_order", emergency.id).values["crew_id"]
    waiting = text("""
        SELECT count(*)
        FROM work_order
        WHERE crew_id = CAST(:crew AS uuid)
        AND urgency = 'urgent'
        AND state IN ('dispatched', 'en_route')
    """)
    is_next = session.execute(waiting, {"crew": crew_id}).scalar_one() == 1
    if not is_next or random.Random(f"goes on {emergency.id}").random() < 0.5:
        return
    leader_id = record_writer.read(session, "crew", crew_id).values["leader_id"]
    leader, is_there = (
        Actor(leader_id, DISPATCHER.unit_id, frozenset({Role.CREW_LEADER}), None),
        arrives < until,
    )
    if is_there:
        at_work = text(
            "SELECT id::text FROM work_order WHERE crew_id = CAST(:crew AS uuid) AND state = 'in_progress'"
        )
        for (done,) in session.execute(at_work, {"crew": crew_id}).all():
            record_writer.act(session, leader, "work_order", done, "finish", {"result": "修好"})
    for step in ("accept", "leave", *(("arrive", "start") if is_there else ())):
        record_writer.act(session, leader, "work_order", emergency.id, step, {})
    if is_there:
        stamps = dict.fromkeys(("arrived_at", "started_at"), moment_text(arrives))
        record_writer.change(session, system(leader.unit_id), "work_order", emergency.id, stamps)


class _Sending:
    """One emergency: proposed, previewed, sent, taken back, sent again; by night to whoever is on call."""

    def __init__(self, session: Session, day: Day, emergency: Emergency, figures: Figures) -> None:
        self.session, self.day, self.job_id, self.now = session, day, emergency.id, emergency.at
        self.emergency, self.figures = emergency, figures
        self.settings = replace(config.read({}), travel_detour=day.ground.detour, travel_kmh=day.ground.kmh)
        self.before = self.jobs()
        self.oracle = self.asked(self.before)

    def asked(self, jobs: Jobs) -> Oracle:
        """The oracle on the day as it stands."""
        city = self.day.city(str(self.emergency.values["unit_id"]))
        day = self.day
        records = {"crews": day.crews, "jobs": jobs, "rosters": day.rosters.values()}
        return Oracle(city, self.now, records)

    def jobs(self) -> Jobs:
        """Every job's document with its version."""
        rows = self.session.execute(
            text("SELECT id::text, body, version FROM sync_document WHERE kind = 'work_order'")
        )
        return {id_: orjson.loads(body) | {"version": version} for id_, body, version in rows}

    def note(self, faults: Iterable[str]) -> None:
        """What was not as promised."""
        where = f"{self.day}; {self.emergency.values['number']} {sorted(self.emergency.values['skills'])}"
        self.figures.faults += [f"{where}: {one}" for one in faults]

    def play(self) -> datetime | None:
        """All of it; returns when the crew arrives, None where nobody was sent."""
        ranked = dispatching.propose_crews(self.session, self.settings, DISPATCHER, self.job_id, self.now)
        self.note(promises.of_the_proposal(self.oracle, self.job_id, ranked))
        self.words(reason for one in ranked for reason in one["reasons"])
        works = any(self.oracle.has_shift(crew_id) for crew_id in self.oracle.able(self.job_id))
        if not works and self.before[self.job_id]["state"] == "received":
            return self.by_night()
        try:
            shown = emergencies.preview(self.session, self.settings, DISPATCHER, self.job_id, None, self.now)
        except Problem as problem:
            self.refused(problem)
            return None
        if self.jobs() != self.before:
            self.note(["the preview changed something"])
        answer = self.send(shown)
        self.judge(answer)
        taking_back.take_back(self.session, DISPATCHER, self.job_id)
        self.note(promises.of_taking_back(self.before, self.jobs()))
        self.before = self.jobs()
        self.judge(self.send({**shown, "seen": None}), is_again=True)
        arrives: datetime = answer["arrives_at"]
        return arrives

    def send(self, shown: Values) -> Values:
        """The crew that can be there first, as it was shown."""
        answer = emergencies.send_at_once(
            self.session, self.settings, DISPATCHER, self.job_id, None, self.now, shown["seen"]
        )
        if any(answer[name] != value for name, value in shown.items() if name != "seen"):
            self.note(["something else was done than was shown"])
        return answer

    def refused(self, problem: Problem) -> None:
        """Nobody is sent."""
        self.figures.refused += 1
        self.note(promises.of_a_refusal(self.oracle, self.job_id))
        if problem.code != "no_crew":
            self.note([f"refused with {problem.code} {problem.detail}"])
        self.words(problem.detail["faults"])

    def by_night(self) -> datetime | None:
        """While nobody works, the server sends by itself whoever is on call."""
        crew_id = emergencies.send_on_call(
            self.session, self.settings, RecordedChannel(), self.job_id, self.now
        )
        if crew_id is None:
            self.figures.refused += 1
            self.note(promises.of_a_refusal(self.oracle, self.job_id))
            return None
        arrives = datetime.fromisoformat(self.jobs()[self.job_id]["planned_at"])
        self.judge({"crew_id": crew_id, "arrives_at": arrives})
        return arrives

    def judge(self, answer: Values, *, is_again: bool = False) -> None:
        """What was done, by the records."""
        before, after, others = self.before, self.jobs(), self.day.of_other_days
        self.note(promises.of_the_answer(self.oracle, self.job_id, answer["crew_id"], answer["arrives_at"]))
        self.note(promises.of_the_others(before, after, self.job_id, others))
        self.note(promises.of_emergencies(before, after, self.job_id))
        self.note(promises.of_routes(self.oracle, self.asked(after), others))
        if "moved" in answer:
            self.note(promises.of_naming(before, after, self.job_id, answer))
            self.words([*answer["left_over"], *answer["against"]])
        if not is_again:
            self.figures.moved.append(len(promises.changed_crew(before, after, self.job_id)))
            self.figures.left_over.append(len(promises.without_time(before, after, self.job_id)))
            self.figures.later.append(len(promises.later(before, after, self.job_id)))

    def words(self, reasons: Iterable[Values]) -> None:
        """What people read."""
        found = list(reasons)
        self.note(promises.of_words((one["zh"] for one in found), (one["en"] for one in found)))
