"""Cell assignment (网格责任): who serves a cell, as its representative or standing in, and on which days."""

from collections.abc import Sequence

from backend.core.actor import Role
from backend.core.kinds.declaration import Record, choice, day, declare, refer, scopes_of
from sync.errors import Fault
from sync.kind import Values

# In the order of this table turned round: who stands in goes first, then the representative, then who helps
# them.
DUTIES = {
    "deputy": ("协办代表", "Deputy"),
    "representative": ("客户代表", "Representative"),
    "stand_in": ("替班", "Stand-in"),
}


class CellAssignment(Record):
    """One person's duty for one cell, from a day until a day (both included)."""

    __tablename__ = "cell_assignment"

    cell_id = refer("网格", "Cell", "cell", required=True, filter=True)
    staff_id = refer("员工", "Staff", "staff", required=True, filter=True)
    duty = choice("责任", "Duty", DUTIES, required=True, filter=True)
    valid_from = day("开始日期", "From", required=True)
    valid_until = day("结束日期", "Until")


def check(values: Values) -> Sequence[Fault]:
    """A duty ends no earlier than it begins; a stand-in has an end."""
    until = values.get("valid_until")
    if until and until < values["valid_from"]:
        return [Fault("valid_until", "before_start", "结束日期早于开始日期", "ends before it begins")]
    if values["duty"] == "stand_in" and not until:
        return [Fault("valid_until", "required", "替班必须有结束日期", "a stand-in needs an end")]
    return ()


KIND = declare(
    CellAssignment,
    zh="网格责任",
    en="Cell assignment",
    scopes=scopes_of(staff="staff_id", cell="cell_id"),
    rank=0,
    check=check,
    create_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    change_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    delete_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
)
