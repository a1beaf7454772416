"""Calendar (工作日历): a year's holidays and swapped working weekends; provisional until the state publishes
the year."""

from collections.abc import Sequence

from marshmallow import Schema

from backend.core.actor import Role
from backend.core.kinds import wire
from backend.core.kinds.declaration import Record, declare, flag, json, scopes_of, whole
from sync.errors import Fault
from sync.kind import Values


class Special(Schema):
    """A day that is not what its weekday says: a holiday, or a weekend day that is worked (调休)."""

    day = wire.Day(required=True)
    is_working = wire.Flag(required=True)
    name = wire.Text(most=60, allow_none=True)


class Calendar(Record):
    """One year's exceptions from Monday-to-Friday."""

    __tablename__ = "calendar"

    year = whole("年份", "Year", least=2000, most=2100, required=True, filter=True)
    days = json("特殊日", "Special days", Special, many=True, exact=True, required=True)
    is_published = flag("已公布", "Published", required=True)


_AMONG = ("year", "days")


def check(values: Values) -> Sequence[Fault]:
    """A day is given once, and is one of the year or of the month on either side, where a holiday may
    begin or end."""
    year, seen, found = values["year"], set[str](), list[Fault]()
    for n, special in enumerate(values.get("days") or ()):
        day = special["day"]
        if day in seen:
            zh, en = "这一天写了两次：只留一条", "this day is given twice: keep one of them"
            found.append(Fault(f"days.{n}.day", "twice", zh, en, day, _AMONG))
        if not f"{year - 1}-12" <= day[:7] <= f"{year + 1}-01":
            zh, en = (
                "不是这一年的日子（可含上一年12月和下一年1月）：改正日期，或写进那一年的日历",
                "not a day of this year (nor of the December before or the January after): correct it, "
                "or put it into"
                " that year's calendar",
            )
            found.append(Fault(f"days.{n}.day", "other_year", zh, en, day, _AMONG))
        seen.add(day)
    return found


KIND = declare(
    Calendar,
    zh="工作日历",
    en="Calendar",
    scopes=scopes_of(reference="unit_id"),
    rank=0,
    check=check,
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN}),
)
