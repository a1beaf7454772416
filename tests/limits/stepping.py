"""A second reading of clocks, by another way: it steps through time minute by minute and counts.

Nothing of it is shared with the engine but the names of units and events. It takes whole minutes only. A
minute is known by its number since the clock's first midnight; every one is worked or not, held or not,
running or not, and whatever is asked is counted over them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

MINUTES_A_DAY = 1440
Answer = dict[str, Any]


class Stepper:
    """The minutes of one case, from the midnight before everything to some days after it."""

    def __init__(self, case: Answer, works: Callable[[date], bool], days: int) -> None:
        self.case = case
        events = [one for one in case["events"] if one.get("round", 1) == case.get("round", 1)]
        for one in events:
            one["t"] = one["received_at"] if one.get("grade") == "moved" else one["at"]
        times = [datetime.fromisoformat(one["t"]) for one in events]
        first = min(times) if times else datetime.fromisoformat(case["now"])
        self.zero = first.replace(hour=0, minute=0)
        self.days = days
        self.zone = self.zero.tzinfo
        self.works = [works(self.zero.date() + timedelta(days=n)) for n in range(days)]
        self.events = sorted(
            ((self._minute(one["t"]), one["id"], one) for one in events), key=lambda one: one[:2]
        )
        self._forget_what_comes_later()
        self._paint()

    def _minute(self, text: str) -> int:
        return int((datetime.fromisoformat(text) - self.zero) / timedelta(minutes=1))

    def _forget_what_comes_later(self) -> None:
        if "now" in self.case:
            now = self._minute(self.case["now"])
            self.events = [one for one in self.events if one[0] <= now]
        self.end: tuple[int, str] | None = None
        kept = []
        for minute, id_, one in self.events:
            kept.append((minute, id_, one))
            if one["what"] in ("finish", "cancel"):
                self.end = (minute, {"finish": "finished", "cancel": "cancelled"}[one["what"]])
                break
        self.events = kept
        self.until = self.end[0] if self.end else self._minute(self.case["now"])
        self.start = next((minute for minute, _, one in self.events if one["what"] == "start"), None)

    def _paint(self) -> None:
        """Marks of each minute: whether offices are open in it, and whether the clock is held in it."""
        size = self.days * MINUTES_A_DAY
        self.half = np.zeros(size, dtype=np.int64)
        self.day = np.arange(size) // MINUTES_A_DAY
        am, pm = (
            [int(text[:2]) * 60 + int(text[3:]) for text in self.case["hours"][key]] for key in ("am", "pm")
        )
        self.closes, self.half_ends = {}, {}
        for n in range(self.days):
            base = n * MINUTES_A_DAY
            if self.works[n]:
                for which, (opens, closes) in enumerate((am, pm), 1):
                    self.half[base + opens : base + closes] = 2 * n + which
                    self.half_ends[2 * n + which] = (base + opens, base + closes)
                self.closes[n] = base + pm[1]
        self.held = np.zeros(size, dtype=bool)
        self.open_at: list[int] = []
        self.open_kinds: set[str] = set()
        self._paint_pauses()
        self._paint_phases()

    def _paint_pauses(self) -> None:
        for minute, id_, one in self.events:
            if one["what"] == "pause" and one["approved"] is True:
                ends = [m for m, _, r in self.events if r["what"] == "resume" and r["of"] == id_]
                later = [m for m in ends if m >= minute]
                if later:
                    self.held[minute : later[0]] = True
                elif not ends:
                    self._open(minute, "paused")

    def _paint_phases(self) -> None:
        left = None
        for minute, _, one in self.events:
            if one["what"] == "leave_counting" and left is None:
                left = minute
            if one["what"] == "enter_counting" and left is not None:
                self.held[left:minute] = True
                left = None
        if left is not None:
            self._open(left, "outside")

    def _open(self, minute: int, kind: str) -> None:
        self.held[minute:] = True
        self.open_at.append(minute)
        self.open_kinds.add(kind)

    def running(self) -> Any:
        """Minutes that run: all for `minutes`, else office hours; never held, none before the start."""
        runs = ~self.held
        if self.case["limit"]["unit"] != "minutes":
            runs &= self.half > 0
        runs[: self.start] = False
        return runs

    def due(self, amount: int) -> int | None:
        """The minute at whose beginning it is due."""
        unit = self.case["limit"]["unit"]
        runs = self.running()
        if unit in ("minutes", "working_minutes"):
            reached = np.flatnonzero(np.cumsum(runs) >= amount)
            return int(reached[0]) + 1 if len(reached) else None
        return self._after_halves(amount) if unit == "half_days" else self._after_days(amount, unit)

    def _after_halves(self, amount: int) -> int | None:
        assert self.start is not None
        count = 0
        for half in sorted(self.half_ends):
            begins, ends = self.half_ends[half]
            if begins <= self.start:
                continue
            count += bool((~self.held[begins:ends]).any())
            if count >= amount and not self.held[ends - 1]:
                return ends
        return None

    def _after_days(self, amount: int, unit: str) -> int | None:
        count = 0
        assert self.start is not None
        for n in range(self.start // MINUTES_A_DAY + 1, self.days):
            minutes = slice(n * MINUTES_A_DAY, (n + 1) * MINUTES_A_DAY)
            free = ~self.held[minutes]
            count += bool(free.any() if unit == "calendar_days" else (free & (self.half[minutes] > 0)).any())
            if count >= amount and n in self.closes and not self.held[self.closes[n] - 1]:
                return int(self.closes[n])
        return None

    def extended(self) -> int | None:
        """Due with the extensions that count."""
        amount = self.case["limit"]["amount"]
        due = self.due(amount)
        for minute, _, one in self.events:
            is_asked = one["what"] == "extend" and one["approved"] is True
            if is_asked and (due is None or minute < due):
                amount += one["amount"]
                due = self.due(amount)
        return due

    def text(self, minute: float | None) -> str | None:
        if minute is None:
            return None
        return (self.zero + timedelta(minutes=minute)).isoformat()

    def warning(self, percent: int, due: int) -> float:
        """When a percentage of the running minutes before due has run, to a part of a minute."""
        run = np.cumsum(self.running()[:due])
        wanted = int(run[-1]) * percent
        minute = int(np.flatnonzero(run * 100 >= wanted)[0])
        return minute + 1 - (int(run[minute]) * 100 - wanted) / 100

    def halves(self) -> int:
        """Halves begun after the start in which a minute ran before the end."""
        seen = {int(one) for one in np.unique(self.half[: self.until][~self.held[: self.until]]) if one}
        return max(1, sum(1 for one in seen if self.half_ends[one][0] > (self.start or 0)))

    def state(self) -> str:
        if self.end:
            return self.end[1]
        if self.start is None:
            return "waiting"
        return next((kind for kind in ("paused", "outside") if kind in self.open_kinds), "running")

    def answer(self, published: frozenset[int]) -> Answer:
        """Everything that a reading says."""
        due = None if self.start is None else self.extended()
        assert due is not None or self.start is None or self.open_at, "more days are needed"
        percents = self.case["limit"]["warn_percent"]
        warned = {one: None if due is None else self.warning(one, due) for one in percents}
        late = 0 if due is None else max(0, self.until - due)
        return {
            "due_at": self.text(due),
            "state": self.state(),
            "warnings": {str(percent): self.text(at) for percent, at in warned.items()},
            "warnings_fired": [percent for percent, at in warned.items() if self._has_fired(at)],
            **self._spent(),
            "is_late": late > 0,
            "late_by_minutes": late,
            "late_by_seconds": late * 60,
            "provisional": self._is_provisional(due, published),
        }

    def _has_fired(self, at: float | None) -> bool:
        return at is not None and (at < self.until if self.end else at <= self.until)

    def _spent(self) -> Answer:
        if self.case["limit"]["unit"] not in ("minutes", "working_minutes"):
            return {"spent_half_days": 0 if self.start is None else self.halves()}
        minutes = 0 if self.start is None else int(self.running()[: self.until].sum())
        return {"spent_minutes": minutes, "spent_seconds": minutes * 60}

    def _is_provisional(self, due: int | None, published: frozenset[int]) -> bool:
        if self.start is None or self.case["limit"]["unit"] == "minutes":
            return False
        last = self.until if due is None else due
        days = range(self.start // MINUTES_A_DAY, last // MINUTES_A_DAY + 1)
        return any((self.zero + timedelta(days=n)).year not in published for n in days)
