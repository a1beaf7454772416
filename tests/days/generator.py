"""Generates a city's day from a seed: crews at a moment, what they have to do, three emergencies to come.

A seed is the whole story. Records are written as the interface shows them: whoever judges needs nothing else.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.days.cities import CITIES, Ground, Place
from tests.days.oracle import City
from tests.factories import uid

KINDS = (
    "light",
    "full",
    "overfull",
    "night",
    "on call",
    "sick crews",
    "other days",
    "broken routes",
    "clocks change",
)
AT_NIGHT = ("night", "on call", "clocks change")
UNITS = ("city", "branch", "station", "neighbour")
MOST_CREWS = 12
EMERGENCIES = 3
# How much of the rest of its shift a crew has work for.
FILL = {"light": 0.35, "full": 0.95, "overfull": 1.45, "night": 0.8, "on call": 0.8, "sick crews": 0.85,
        "other days": 0.7, "broken routes": 0.9, "clocks change": 0.8}  # fmt: skip
SKILL_SETS = (
    ("pipe_repair", "large_main", "valve"),
    ("pipe_repair", "meter"),
    ("pipe_repair", "valve", "survey"),
    ("meter", "water_quality", "survey"),
    ("pipe_repair", "large_main"),
    ("meter", "pump"),
)
# The last is a set that no crew has.
URGENT_SKILLS = (
    *(4 * (("pipe_repair",),)), *(4 * (("pipe_repair", "large_main"),)), *(2 * (("pipe_repair", "valve"),)),
    ("large_main", "valve"), ("meter",), (), ("water_quality",), ("pump",), ("large_main", "water_quality"),
)  # fmt: skip
DAY_SHIFTS = (
    ("08:00", "17:30"),
    ("07:00", "15:30"),
    ("00:00", "23:59"),
    ("08:30", "18:00"),
    ("13:00", "21:30"),
)
NIGHT_SHIFTS = (("20:00", "06:00"), ("00:00", "08:00"), ("22:00", "06:30"), ("00:00", "23:59"))
Values = dict[str, Any]


@dataclass(frozen=True)
class Emergency:
    """An urgent job, and when it is reported."""

    id: str
    at: datetime
    values: Values


@dataclass
class Day:
    """A day as it stands when the first emergency is reported; records by their ids."""

    seed: int
    kind: str
    ground: Ground
    now: datetime
    crews: dict[str, Values] = field(default_factory=dict)
    rosters: dict[str, Values] = field(default_factory=dict)
    jobs: dict[str, Values] = field(default_factory=dict)
    emergencies: list[Emergency] = field(default_factory=list)
    # Jobs planned or promised for a day to come.
    of_other_days: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        begins = self.now.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
        size = f"{len(self.crews)} crews, {len(self.jobs)} jobs"
        return f"day {self.seed}: {self.kind}, {self.ground.name}, {begins}, {size}"

    @property
    def zone(self) -> ZoneInfo:
        """The city's clock."""
        return ZoneInfo(self.ground.zone)

    def city(self, unit_id: str) -> City:
        """What the oracle needs to know of the city, for a job of this unit."""
        below = {uid("days branch"): ("branch", "station"), uid("days station"): ("station",)}[unit_id]
        units = frozenset(uid(f"days {name}") for name in below)
        return City(self.zone, units, self.ground.detour, self.ground.kmh)


def make_day(seed: int) -> Day:
    """The day of a seed: every kind in turn, every city in turn, the rest by the dice."""
    dice = random.Random(f"day {seed}")
    kind, ground = KINDS[seed % len(KINDS)], CITIES[(seed + seed // len(KINDS)) % len(CITIES)]
    hours = range(8, 17) if kind not in AT_NIGHT else (18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5)
    clock, on = time(dice.choice(hours), dice.randrange(60)), date(2026, 9, dice.randint(1, 24))
    if kind == "clocks change":
        ground = next(one for one in (ground, *CITIES) if _changes(ZoneInfo(one.zone)))
        on = dice.choice(_changes(ZoneInfo(ground.zone))) - timedelta(days=clock.hour > 12)
    day = Day(seed, kind, ground, datetime.combine(on, clock, ZoneInfo(ground.zone)).astimezone(UTC))
    maker = _Maker(day, dice)
    maker.crews()
    maker.loose_jobs()
    maker.emergencies()
    return day


def _changes(zone: ZoneInfo) -> list[date]:
    """The days of a year whose clock is put forward or back."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    midnights = [datetime.combine(day, time(), zone) for day in days]
    return [
        day
        for day, now, then in zip(days, midnights, midnights[1:], strict=False)
        if now.utcoffset() != then.utcoffset()
    ]


class _Maker:
    """Fills a day."""

    def __init__(self, day: Day, dice: random.Random) -> None:
        self.day, self.dice, self.now = day, dice, day.now
        self.city = day.city(uid("days branch"))

    def crews(self) -> None:
        """Crews of the branch and its station, each with its day, and two idle ones of the neighbour."""
        count = self.dice.randint(5, MOST_CREWS - 2)
        on_call = set(self.dice.sample(range(count), self.dice.randint(1, 3)))
        for n in range(count):
            crew_id = self._crew(n, "station" if self.dice.random() < 0.3 else "branch", self._shift())
            if self.day.kind in AT_NIGHT and n in on_call:
                self._roster(crew_id)
            self._work_of(crew_id)
            if self.day.kind == "sick crews" and self.dice.random() < 0.3:
                self.day.crews[crew_id]["is_active"] = False
        for n in range(count, count + 2):
            self._crew(n, "neighbour", ("00:00", "23:59"))

    def _shift(self) -> tuple[str, str]:
        if self.day.kind in ("night", "clocks change"):
            return self.dice.choice((*NIGHT_SHIFTS, *DAY_SHIFTS))
        return self.dice.choice(DAY_SHIFTS[:2] if self.day.kind == "on call" else DAY_SHIFTS)

    def _crew(self, n: int, unit: str, shift: tuple[str, str]) -> str:
        crew_id, dice = uid(f"days {self.day.seed} crew {n}"), self.dice
        skills = (
            {skill for skills in SKILL_SETS for skill in skills}
            if unit == "neighbour"
            else dice.choice(SKILL_SETS)
        )
        leader = uid(f"days leader {n}")
        values: Values = {
            "unit_id": uid(f"days {unit}"), "name": f"{n + 1}班", "leader_id": leader, "member_ids": [leader],
            "is_active": True, "skills": sorted(skills), "shift_start": shift[0],
            "shift_end": shift[1], "start_place": self._place(),
        }  # fmt: skip
        if dice.random() < 0.5:
            begin = int(shift[0][:2]) + 3
            values |= {
                "break_from": f"{begin % 24:02d}:30",
                "break_until": f"{(begin + 2) % 24:02d}:00",
                "break_minutes": 30,
            }
        if dice.random() < 0.25:
            values["end_place"] = values["start_place"]
        if dice.random() < 0.2:
            values["most_jobs"] = dice.randint(3, 9)
        self.day.crews[crew_id] = values
        return crew_id

    def _roster(self, crew_id: str) -> None:
        on = self.now.astimezone(self.day.zone).date()
        values = {
            "unit_id": uid("days branch"), "crew_id": crew_id,
            "valid_from": str(on - timedelta(days=self.dice.randint(1, 9))),
            "valid_until": str(on + timedelta(days=self.dice.randint(0, 9))),
            "clock_from": self.dice.choice(("17:00", "17:30", "20:00")),
            "clock_until": self.dice.choice(("08:00", "07:00")),
        }  # fmt: skip
        self.day.rosters[uid(f"days roster {crew_id}")] = values

    def _work_of(self, crew_id: str) -> None:
        """What a crew has done, has begun, and has planned after that, one after the other."""
        begin, finish = self._hours(crew_id)
        at, place, late, state = max(begin, self.now), self._start_of(crew_id), timedelta(), "idle"
        if begin <= self.now:
            place = self._done(crew_id, begin)
            state = self.dice.choice(("on site", "on site", "arrived", "travelling", "idle"))
            if state in ("on site", "arrived"):
                at, place = self._come_to(crew_id, begin, is_begun=state == "on site")
            if self.day.kind == "broken routes" and self.dice.random() < 0.6:
                late = timedelta(minutes=self.dice.randint(30, 240))
        until = at + (finish - at) * FILL[self.day.kind] * self.dice.uniform(0.8, 1.1)
        # However full the day is, it is not the next one's.
        ends, first = finish + 0.4 * (timedelta(days=1) - (finish - begin)) - timedelta(hours=2), True
        while at < min(until, ends):
            at, place = self._planned(crew_id, at, place, late, is_left=first and state == "travelling")
            first = False
        if self.day.kind == "other days" or self.dice.random() < 0.2:
            self._another_day(crew_id, begin)

    def _start_of(self, crew_id: str) -> Place:
        lng, lat = self.day.crews[crew_id]["start_place"]["coordinates"]
        return lng, lat

    def _done(self, crew_id: str, begin: datetime) -> Place:
        """Where a crew last was in its shift; what it did before that shift says nothing about it."""
        dice, last, spent = self.dice, self._start_of(crew_id), self.now - begin
        if dice.random() < 0.3:
            self._finished(crew_id, begin - timedelta(hours=dice.randint(2, 9)), begin - timedelta(hours=1))
        if dice.random() < 0.6:
            last = self._finished(
                crew_id, begin + spent * dice.uniform(0.1, 0.3), begin + spent * dice.uniform(0.3, 0.5)
            )
        if dice.random() < 0.4:
            last = self._finished(
                crew_id, begin + spent * dice.uniform(0.5, 0.7), begin + spent * dice.uniform(0.7, 0.9)
            )
        return last

    def _finished(self, crew_id: str, arrived: datetime, done: datetime) -> Place:
        stamps = {"planned_at": arrived, "arrived_at": arrived, "started_at": arrived, "done_at": done}
        place, state = (
            self.day.ground.somewhere(self.dice),
            self.dice.choice(("done", "done", "closed", "failed")),
        )
        self._job(crew_id, place, 60, state, **{name: _text(at) for name, at in stamps.items()})
        return place

    def _hours(self, crew_id: str) -> tuple[datetime, datetime]:
        """The shift that runs or comes next."""
        crew, on = self.day.crews[crew_id], self.now.astimezone(self.day.zone).date()
        days = (on + timedelta(days=n) for n in (-1, 0, 1))
        spans = [self.city.hours(day, crew["shift_start"], crew["shift_end"]) for day in days]
        return next(span for span in spans if span[1] > self.now)

    def _come_to(self, crew_id: str, begin: datetime, *, is_begun: bool) -> tuple[datetime, Place]:
        """The job a crew is at, and when it leaves it; work begun may last longer than it should."""
        dice, place = self.dice, self.day.ground.somewhere(self.dice)
        state, minutes = dice.choice(("in_progress", "in_progress", "paused")), dice.choice((30, 60, 90, 150))
        is_late = self.day.kind == "broken routes" and dice.random() < 0.5
        since = max(self.now - timedelta(minutes=dice.randint(0, minutes * (2 if is_late else 1))), begin)
        if not is_begun:
            # They came after whatever they did before.
            since = max(self.now - timedelta(minutes=dice.randint(0, 9)), begin + (self.now - begin) * 0.92)
            state = "arrived"
        stamps = {"planned_at": since, "arrived_at": since, "dispatched_at": begin, "accepted_at": begin}
        stamps |= {"started_at": since} if is_begun else {}
        self._job(crew_id, place, minutes, state, **{name: _text(at) for name, at in stamps.items()})
        return max(self.now, since + timedelta(minutes=minutes)), place

    def _planned(
        self, crew_id: str, at: datetime, place: Place, late: timedelta, *, is_left: bool
    ) -> tuple[datetime, Place]:
        """The next job of a crew's day; `late` is how far the crew is behind what was planned."""
        dice, there = self.dice, self.day.ground.somewhere(self.dice)
        arrives = at + self.city.travel(place, there)
        planned, minutes = arrives - late, dice.choice((30, 45, 60, 90, 120))
        more: Values = {
            "planned_at": _text(planned),
            "dispatched_at": _text(self.now - timedelta(hours=dice.randint(1, 30))),
        }
        state = "en_route" if is_left else dice.choice(("dispatched", "accepted"))
        if state != "dispatched":
            more["accepted_at"] = more["dispatched_at"]
        if dice.random() < 0.3:
            begins = planned - timedelta(minutes=dice.randint(0, 30))
            more |= {
                "appointment_from": _text(begins),
                "appointment_until": _text(begins + timedelta(minutes=dice.choice((60, 120)))),
            }
        if dice.random() < 0.12:
            more["is_pinned"] = True
        if dice.random() < 0.08:
            # Given by hand, without a plan.
            del more["planned_at"]
        self._job(crew_id, there, minutes, state, **more)
        return arrives + timedelta(minutes=minutes), there

    def _another_day(self, crew_id: str, begin: datetime) -> None:
        """Work that is planned for a day to come, or promised for one."""
        for _ in range(self.dice.randint(1, 3)):
            # The same hours by the clock on the wall, whatever happens to it in between.
            later = timedelta(days=self.dice.randint(1, 4), hours=self.dice.randint(0, 6))
            promised = (begin.astimezone(self.day.zone) + later).astimezone(UTC)
            more: Values = {
                "dispatched_at": _text(self.now - timedelta(hours=3)),
                "planned_at": _text(promised),
            }
            if self.dice.random() < 0.7:
                more |= {
                    "appointment_from": _text(promised),
                    "appointment_until": _text(promised + timedelta(hours=2)),
                }
            job_id = self._job(crew_id, self.day.ground.somewhere(self.dice), 60, "dispatched", **more)
            self.day.of_other_days.add(job_id)

    def loose_jobs(self) -> None:
        """What no crew has yet: some long overdue, some promised for another day."""
        dice = self.dice
        for _ in range(dice.randint(0, 4) + (8 if self.day.kind == "overfull" else 0)):
            more: Values = {"due_at": _text(self.now + timedelta(hours=dice.choice((-144, -30, -2, 4, 30))))}
            if self.day.kind == "other days" and dice.random() < 0.5:
                promised = self.now + timedelta(days=dice.randint(1, 4))
                more = {
                    "appointment_from": _text(promised),
                    "appointment_until": _text(promised + timedelta(hours=2)),
                }
            job_id = self._job(
                None, self.day.ground.somewhere(dice), dice.choice((30, 60, 120)), "received", **more
            )
            if "appointment_from" in more:
                self.day.of_other_days.add(job_id)

    def emergencies(self) -> None:
        """Three, one after the other, some of them the station's."""
        at = self.now
        for n in range(EMERGENCIES):
            unit = "station" if self.dice.random() < 0.1 else "branch"
            values = self._values(
                self.dice.choice((60, 90, 120, 180, 240)), self.day.ground.somewhere(self.dice)
            ) | {
                "unit_id": uid(f"days {unit}"),
                "urgency": "urgent",
                "matter_id": uid("days burst"),
                "state": "received",
                "skills": list(self.dice.choice(URGENT_SKILLS)),
                "number": f"E{n + 1}",
            }
            if self.dice.random() < 0.6:
                values["due_at"] = _text(at + timedelta(hours=self.dice.randint(1, 6)))
            if self.dice.random() < 0.1:
                # Given to a crew by hand, for later: it is found to be urgent only now.
                given, planned = self.dice.choice(sorted(self.day.crews)), at + timedelta(hours=2)
                if self.day.crews[given]["unit_id"] in self.city.units:
                    stamps = {"planned_at": _text(planned), "dispatched_at": _text(at - timedelta(hours=1))}
                    values |= {"state": "dispatched", "crew_id": given} | stamps
            self.day.emergencies.append(Emergency(uid(f"days {self.day.seed} emergency {n}"), at, values))
            at += timedelta(minutes=self.dice.choice((0, 5, 20, 45)))

    def _job(self, crew_id: str | None, place: Place, minutes: int, state: str, **more: Any) -> str:
        crew = self.day.crews[crew_id] if crew_id else None
        skills = self.dice.choice(SKILL_SETS)[:2] if crew is None else crew["skills"]
        values = self._values(minutes, place) | {
            "unit_id": uid("days branch") if crew is None or self.dice.random() < 0.5 else crew["unit_id"],
            "urgency": self.dice.choice(("normal", "normal", "high")),
            "matter_id": uid("days repair"),
            "state": state,
            "number": f"W{len(self.day.jobs) + 1:03d}",
            "skills": self.dice.sample(list(skills), 1),
        }
        if crew_id:
            values["crew_id"] = crew_id
        if self.dice.random() < 0.5:
            # Some of what is planned is late already, by days.
            values["due_at"] = _text(self.now + timedelta(hours=self.dice.choice((-140, -26, -3, 3, 8, 50))))
        job_id = uid(f"days {self.day.seed} job {len(self.day.jobs)}")
        self.day.jobs[job_id] = values | more
        return job_id

    def _values(self, minutes: int, place: Place) -> Values:
        return {"duration_minutes": minutes, "place": {"type": "Point", "coordinates": list(place)}}

    def _place(self) -> Values:
        return {"type": "Point", "coordinates": list(self.day.ground.somewhere(self.dice))}


def _text(moment: datetime) -> str:
    """A moment as records keep it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
