"""Made-up clocks in whole minutes: by day and night, over holidays, with pauses, phases, extensions, rounds
and moved clocks, crowded onto the moments at which rules turn."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

Case = dict[str, Any]
LOCAL = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
HOURS = (
    {"am": ["08:30", "12:00"], "pm": ["13:00", "17:00"]},
    {"am": ["08:00", "11:30"], "pm": ["13:30", "17:30"]},
    {"am": ["08:30", "12:00"], "pm": ["12:00", "17:00"]},
)
# A week with nothing in it, swapped weekends, the long holidays, and a year of which nothing is published.
SEASONS = ("2026-07-27", "2026-09-17", "2026-09-29", "2026-02-12", "2026-04-28", "2026-12-28", "2027-01-05")
TURNS = (0, 510, 509, 511, 720, 719, 780, 781, 1020, 1019, 1021, 1439, 450, 600, 900)
AMOUNTS = {
    "minutes": 400, "working_minutes": 900, "half_days": 8, "working_days": 5, "calendar_days": 9,
}  # fmt: skip
PERCENTS: tuple[list[int], ...] = ([50, 80, 100], [100], [1, 33, 99], [])


class Maker:
    """Makes one case after the other from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.made = 0

    def case(self) -> Case:
        """A case in the form of the golden ones, without what it expects."""
        chance, self.made = self.random, self.made + 1
        unit = chance.choice(sorted(AMOUNTS))
        self.begin = datetime.fromisoformat(chance.choice(SEASONS)).replace(tzinfo=LOCAL)
        self.ids = iter(chance.sample(range(100, 1000), 60))
        self.round_no = chance.choice((1, 1, 1, 2))
        # A third is plain, and turns on the one instant at which it begins or ends.
        self.is_plain = chance.random() < 0.33
        events = [self._event("start", self._turn() if self.is_plain else self._moment(4))]
        events += [] if self.is_plain else self._holds_and_extensions(max(1, AMOUNTS[unit] // 4))
        case: Case = {
            "name": f"made {self.made}",
            "hours": chance.choice(HOURS),
            "limit": {
                "amount": chance.randint(1, AMOUNTS[unit]),
                "unit": unit,
                "warn_percent": chance.choice(PERCENTS),
            },
            "events": self._another_round(events),
            "round": self.round_no,
        }
        self._end(case)
        self._calendar(case)
        chance.shuffle(case["events"])
        return case

    def _moment(self, days: int) -> datetime:
        """Within so many days, half of the time where a rule turns."""
        chance = self.random
        minute = chance.choice(TURNS) if chance.random() < 0.5 else chance.randrange(1440)
        return self.begin + chance.randrange(days) * DAY + timedelta(minutes=minute)

    def _holds_and_extensions(self, most: int) -> list[Case]:
        chance, found = self.random, list[Case]()
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            found += self._pause()
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            found += self._phase()
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            approved = chance.choice((True, True, False, None))
            at = self._moment(12)
            found.append(self._event("extend", at, amount=chance.randint(1, most), approved=approved))
        return found

    def _turn(self) -> datetime:
        return self.begin + self.random.randrange(2) * DAY + timedelta(minutes=self.random.choice(TURNS))

    def _close(self) -> datetime:
        return self.begin + self.random.randrange(4) * DAY + timedelta(hours=17)

    def _event(self, what: str, at: datetime, **more: Any) -> Case:
        found = {"id": f"e{next(self.ids)}", "what": what, "at": at.isoformat(), **more}
        if self.round_no != 1:
            found["round"] = self.round_no
        if self.random.random() < 0.08:
            late = timedelta(minutes=self.random.randrange(2000))
            found |= {"grade": "moved", "received_at": (at + late).isoformat()}
        return found

    def _pause(self) -> list[Case]:
        approved = self.random.choice((True, True, True, False, None))
        begins = self._moment(12)
        found = [self._event("pause", begins, approved=approved, why="nobody at home", by="S1")]
        if self.random.random() < 0.8:
            ends = max(self._moment(16), begins)
            found.append(self._event("resume", ends, of=found[0]["id"]))
        return found

    def _phase(self) -> list[Case]:
        begins = self._moment(12)
        found = [self._event("leave_counting", begins, why="others build")]
        if self.random.random() < 0.8:
            found.append(self._event("enter_counting", max(self._moment(16), begins)))
        return found

    def _another_round(self, events: list[Case]) -> list[Case]:
        """Sometimes with what happened in a round that is not read."""
        if self.random.random() < 0.8:
            return events
        other = 3 - self.round_no
        stray = self.random.choice(("start", "finish", "cancel", "leave_counting"))
        at = self._moment(12).isoformat()
        return [*events, {"id": f"e{next(self.ids)}", "what": stray, "at": at, "round": other}]

    def _end(self, case: Case) -> None:
        """A finish, a cancel, or the moment of the reading; now and then both."""
        chance = self.random
        kind = chance.random()
        if kind < 0.5:
            what = chance.choice(("finish", "finish", "cancel"))
            # Often at the very close of a day, where most are due.
            at = self._close() if self.is_plain else self._moment(20)
            case["events"].append(self._event(what, at))
        if kind >= 0.4:
            case["now"] = self._moment(22).isoformat()

    def _calendar(self, case: Case) -> None:
        if self.random.random() < 0.2:
            days = (self.begin.date() + self.random.randrange(10) * DAY for _ in range(3))
            case["calendar"] = {"edits": {day.isoformat(): self.random.choice((0, 1)) for day in days}}
        if self.random.random() < 0.1:
            off = [date(2027, 1, n).isoformat() for n in (1, 2, 3)]
            year = {"year": 2027, "off": off, "work": ["2027-01-09"]}
            case.setdefault("calendar", {})["published"] = [year]
