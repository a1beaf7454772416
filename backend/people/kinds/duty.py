"""Work shift (考勤), kind `duty`: when a person came on and went off."""

from backend.core.actor import DESK, FIELD
from backend.core.kinds.declaration import Record, declare, moment, place, refer, scopes_of
from sync.kind import Policy


class WorkShift(Record):
    """One person's shift; open while `ended_at` is empty."""

    __tablename__ = "duty"

    staff_id = refer("员工", "Staff", "staff", required=True, filter=True)
    crew_id = refer("班组", "Crew", "crew", filter=True)
    started_at = moment("上岗", "Started", required=True, policy=Policy.LEAST)
    ended_at = moment("下岗", "Ended", policy=Policy.GREATEST)
    start_place = place("上岗位置", "Start place")


KIND = declare(
    WorkShift,
    zh="考勤",
    en="Duty",
    scopes=scopes_of(staff="staff_id"),
    rank=1,
    create_by=DESK | FIELD,
    change_by=DESK | FIELD,
)
