"""Which days are worked: weekdays, but for holidays and weekend days that are worked in exchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

NONE: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that are not what their weekday says (`special`: does it work?), their names, and the years whose
    holidays are published. Any other year is read by its weekdays, and whatever hangs on it is provisional.
    """

    special: Mapping[date, bool] = field(default_factory=lambda: NONE)
    names: Mapping[date, str] = field(default_factory=lambda: NONE)
    published: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether offices are open on a day."""
        special = self.special.get(day)
        return day.weekday() < 5 if special is None else special

    def is_swapped(self, day: date) -> bool:
        """Whether it is a weekend day that is worked."""
        return day.weekday() >= 5 and self.is_working(day)

    def is_holiday(self, day: date) -> bool:
        """Whether it is free though it is a weekday, or free by a name."""
        return not self.is_working(day) and (day.weekday() < 5 or bool(self.names.get(day)))

    def knows(self, first: date, last: date) -> bool:
        """Whether every year from one day to another is published."""
        return self.published.issuperset(range(first.year, last.year + 1))

    def edited(self, edits: Mapping[date, bool]) -> Calendar:
        """With some days set otherwise; a year that is not published stays so."""
        return replace(self, special={**self.special, **edits}) if edits else self

    def publishing(self, year: int, special: Mapping[date, bool], names: Mapping[date, str]) -> Calendar:
        """With one year as it was published: what was known of that year before is gone."""
        return Calendar(
            {day: works for day, works in self.special.items() if day.year != year} | dict(special),
            {day: name for day, name in self.names.items() if day.year != year} | dict(names),
            self.published | {year},
        )


def calendar_from(records: Iterable[Mapping[str, Any]]) -> Calendar:
    """The calendar of some years, each with the values of the kind `calendar`: year, days, is_published.

    A day that two years name (a January in the December before) is as the year itself says it.
    """
    special: dict[date, bool] = {}
    names: dict[date, str] = {}
    own: set[date] = set()
    published = set()
    for record in records:
        published |= {record["year"]} if record["is_published"] else set()
        for one in record["days"]:
            day = date.fromisoformat(one["day"])
            if day in own:
                continue
            special[day] = one["is_working"]
            names[day] = one.get("name") or ""
            own |= {day} if day.year == record["year"] else set()
    return Calendar(special, names, frozenset(published))
