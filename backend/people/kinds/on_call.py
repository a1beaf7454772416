"""On call (值班): which crew leaves for urgent jobs while nobody works, on which days and between which
hours."""

from collections.abc import Sequence

from backend.core.actor import Role
from backend.core.kinds.declaration import Record, clock, day, declare, refer, scopes_of
from sync.errors import Fault
from sync.kind import Values

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
