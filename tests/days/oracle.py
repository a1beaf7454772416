"""Who could have gone to an emergency, and when: by the rules, from records alone, with the standard library.

It shares no line with what it judges. The rules: whoever has the skills, of the unit or below, and is on duty
or on call may go. A job begun on site is finished first, an emergency given earlier is gone to first; all
else gives way. A crew stands where it last came to a job; the way takes the straight line times a factor at a
speed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

EARTH_M = 6_371_008.8
BEGUN = frozenset({"in_progress", "paused"})
NOT_BEGUN = frozenset({"dispatched", "accepted", "en_route", "arrived"})
LEFT_FOR = frozenset({"en_route", "arrived"})
Place = tuple[float, float]
TimeSpan = tuple[datetime, datetime]
Values = Mapping[str, Any]


def metres(a: Place, b: Place) -> float:
    """Great-circle metres between two (lng, lat) places: the haversine formula."""
    (lng_a, lat_a), (lng_b, lat_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lng_b - lng_a) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(half, 1)))


def place_of(geojson: Values | None) -> Place | None:
    """The (lng, lat) of a point."""
    return (float(geojson["coordinates"][0]), float(geojson["coordinates"][1])) if geojson else None


def moment_of(words: str | None) -> datetime | None:
    """A moment of a record; None where there is none."""
    return datetime.fromisoformat(words).astimezone(UTC) if words else None


class Going(NamedTuple):
    """A crew that could go: when it leaves from where, and when it is there."""

    crew_id: str
    leaves: datetime
    place: Place
    arrives: datetime


@dataclass(frozen=True)
class City:
    """Where the day is: its clock, its units, and how fast one drives."""

    zone: ZoneInfo
    units: frozenset[str]
    detour: float = 1.35
    kmh: float = 30.0

    def travel(self, a: Place, b: Place) -> timedelta:
        """How long the way takes."""
        return timedelta(seconds=math.ceil(metres(a, b) * self.detour / (self.kmh * 1000) * 3600))

    def hours(self, on: date, clock_from: str, clock_until: str) -> TimeSpan:
        """The hours that begin on a day; what ends no later than it begins passes midnight."""
        last = on if clock_until > clock_from else on + timedelta(days=1)
        return self._at(on, clock_from), self._at(last, clock_until)

    def _at(self, on: date, clock: str) -> datetime:
        return datetime.combine(on, time.fromisoformat(clock), self.zone).astimezone(UTC)


class Oracle:
    """A city's records as they stand at a moment; crews and jobs by id, as the interface shows them."""

    def __init__(self, city: City, now: datetime, records: Mapping[str, Any]) -> None:
        self.city, self.now = city, now.astimezone(UTC)
        self.jobs: Mapping[str, Values] = records["jobs"]
        self.crews = {
            id_: crew
            for id_, crew in records["crews"].items()
            if crew["is_active"] and crew["unit_id"] in city.units
        }
        self._rosters: list[Values] = list(records["rosters"])

    def able(self, job_id: str) -> list[str]:
        """The crews with every skill a job needs."""
        needed = set(self.jobs[job_id].get("skills") or ())
        return [id_ for id_, crew in self.crews.items() if needed <= set(crew["skills"] or ())]

    def could_go(self, job_id: str) -> list[Going]:
        """Every able crew on duty or on call, with when it could be there; the first one first."""
        found = [self.going(crew_id, job_id) for crew_id in self.able(job_id) if self.works_since(crew_id)]
        return sorted(found, key=lambda one: (one.arrives, one.crew_id))

    def going(self, crew_id: str, job_id: str) -> Going:
        """When a crew could be there, whatever its skills and hours."""
        leaves, place = self.free(crew_id, job_id)
        return Going(crew_id, leaves, place, leaves + self.city.travel(place, self._place(job_id)))

    def free(self, crew_id: str, but: str) -> tuple[datetime, Place]:
        """When and where a crew has nothing that goes before an emergency; `but` is the emergency itself."""
        own = {id_: job for id_, job in self.jobs.items() if job.get("crew_id") == crew_id and id_ != but}
        at, place = self.begins(crew_id)
        earlier = [
            id_ for id_, job in own.items() if job["state"] in NOT_BEGUN and job.get("urgency") == "urgent"
        ]
        # What it is on its way to comes first.
        for id_ in sorted(
            earlier, key=lambda one: (own[one]["state"] not in LEFT_FOR, own[one].get("planned_at") or "")
        ):
            at += self.city.travel(place, self._place(id_)) + lasts(own[id_])
            place = self._place(id_)
        return at, place

    def begins(self, crew_id: str) -> tuple[datetime, Place]:
        """When and where a crew has finished what it has begun; now and where it stands, if nothing."""
        begun = [
            id_ for id_, job in self.jobs.items() if job.get("crew_id") == crew_id and job["state"] in BEGUN
        ]
        if not begun:
            return self.now, self.stands(crew_id)
        last = max(begun, key=lambda id_: _end(self.jobs[id_]))
        return max(self.now, _end(self.jobs[last])), self._place(last)

    def stands(self, crew_id: str) -> Place:
        """Where a crew is: where it last came to a job since it is on duty, else where it starts from."""
        since = self.works_since(crew_id) or self.now
        came = [
            (arrived, id_)
            for id_, job in self.jobs.items()
            if job.get("crew_id") == crew_id and (arrived := moment_of(job.get("arrived_at")))
        ]
        last = max((one for one in came if since <= one[0] <= self.now), default=None)
        if last:
            return self._place(last[1])
        place = place_of(self.crews[crew_id]["start_place"])
        assert place is not None
        return place

    def works_since(self, crew_id: str) -> datetime | None:
        """Since when a crew's shift has been running, or else its hours on call; None where it is off."""
        calls = [one for one in self._rosters if one["crew_id"] == crew_id]
        running = self._running(self._shifts(crew_id)) or self._running(
            self.city.hours(day, one["clock_from"], one["clock_until"])
            for one in calls
            for day in self._days()
            if one["valid_from"] <= str(day) <= one["valid_until"]
        )
        return max(running, default=None)

    def has_shift(self, crew_id: str) -> bool:
        """Whether a crew's shift runs, on call or not."""
        return bool(self._running(self._shifts(crew_id)))

    def _shifts(self, crew_id: str) -> Iterator[TimeSpan]:
        crew = self.crews[crew_id]
        return (self.city.hours(day, crew["shift_start"], crew["shift_end"]) for day in self._days())

    def _days(self) -> list[date]:
        """The days on which hours that run now can have begun."""
        on = self.now.astimezone(self.city.zone).date()
        return [on - timedelta(days=1), on]

    def _running(self, spans: Iterable[TimeSpan]) -> list[datetime]:
        return [begin for begin, end in spans if begin <= self.now < end]

    def _place(self, job_id: str) -> Place:
        place = place_of(self.jobs[job_id]["place"])
        assert place is not None
        return place

    def impossible(self, crew_id: str, jobs: Sequence[str], slack: timedelta) -> list[tuple[str, datetime]]:
        """Planned jobs that the crew cannot reach when they are promised, and when it could.

        Nobody is in two places.
        """
        (at, place), found = self.begins(crew_id), []
        for job_id in jobs:
            job, planned = self.jobs[job_id], moment_of(self.jobs[job_id]["planned_at"])
            assert planned is not None
            reached = at + self.city.travel(place, self._place(job_id))
            if planned + slack < reached:
                found.append((job_id, reached))
            opens = moment_of(job.get("appointment_from")) or reached
            # Whoever is there before the planned time begins, unless the customer is only there later.
            at, place = max(reached, opens) + lasts(job), self._place(job_id)
        return found


def lasts(job: Values) -> timedelta:
    """How long a job takes; an hour where nobody said."""
    return timedelta(minutes=job.get("duration_minutes") or 60)


def _end(job: Values) -> datetime:
    """When a job begun on site should be done."""
    since = moment_of(job.get("started_at")) or moment_of(job.get("arrived_at"))
    assert since is not None
    return since + lasts(job)
