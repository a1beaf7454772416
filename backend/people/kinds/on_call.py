"""On call (值班): which crew leaves for urgent jobs while nobody works, on which days and between which
hours."""

from collections.abc import Sequence
from datetime import date

from backend.core.actor import Role
from backend.core.kinds.declaration import Record, clock, day, declare, refer, scopes_of
from backend.people.kinds.crew_hours import DAY, minute_of
from sync.errors import Fault
from sync.kind import Values

HOURS = ("valid_from", "valid_until", "clock_from", "clock_until")
_ROSTER = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER})


class OnCall(Record):
    """A crew's hours on call, the same on each day from a day until a day (both included); they may pass
    midnight."""

    __tablename__ = "on_call"

    crew_id = refer("班组", "Crew", "crew", required=True, filter=True)
    valid_from = day("开始日期", "From", required=True)
    valid_until = day("结束日期", "Until", required=True)
    clock_from = clock("每日开始", "Daily from", required=True)
    clock_until = clock("每日结束", "Daily until", required=True)


def check(values: Values) -> Sequence[Fault]:
    """The last day is no earlier than the first."""
    if values["valid_until"] < values["valid_from"]:
        return [Fault("valid_until", "before_start", "结束日期早于开始日期", "ends before it begins")]
    return ()


def have_in_common(one: Values, other: Values) -> bool:
    """Whether two rosters have an hour in common; what ends no later than it begins passes midnight."""
    (first, last, begin, end), theirs = _hours(one), _hours(other)
    return any(
        max(first + later, theirs[0]) <= min(last + later, theirs[1])
        and begin < theirs[3] + later * DAY
        and theirs[2] + later * DAY < end
        for later in (-1, 0, 1)
    )


def _hours(roster: Values) -> tuple[int, int, int, int]:
    """First and last day, and when its hours begin and end in minutes of the day on which they begin."""
    first, last = (date.fromisoformat(roster[name]).toordinal() for name in HOURS[:2])
    begin, end = (minute_of(roster[name]) for name in HOURS[2:])
    return first, last, begin, end if end > begin else end + DAY


KIND = declare(
    OnCall,
    zh="值班",
    en="On call",
    scopes=scopes_of(crew="crew_id"),
    rank=0,
    check=check,
    segment="on-call",
    create_by=_ROSTER,
    change_by=_ROSTER,
    delete_by=_ROSTER,
)
