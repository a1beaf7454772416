"""Calendar (工作日历): a year's holidays and swapped working weekends; provisional until the state publishes the year."""

from marshmallow import Schema

from backend.actor import Role
from backend.records import wire
from backend.records.declaration import Record, declare, flag, json, scopes_of, whole


class Special(Schema):
    """A day that is not what its weekday says: a holiday, or a weekend day that is worked (调休)."""

    day = wire.Day(required=True)
    is_working = wire.Flag(required=True)
    name = wire.Text(most=60)


class Calendar(Record):
    """One year's exceptions from Monday-to-Friday."""

    __tablename__ = "calendar"

    year = whole("年份", "Year", least=2000, most=2100, required=True, filter=True)
    days = json("特殊日", "Special days", Special, many=True, required=True)
    is_published = flag("已公布", "Published", required=True)


KIND = declare(
    Calendar,
    zh="工作日历",
    en="Calendar",
    scopes=scopes_of(reference="unit_id"),
    rank=0,
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN}),
)
