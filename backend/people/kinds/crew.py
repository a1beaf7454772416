"""Crew (维修班组): who repairs together, what they can do, and when and from where they start."""

from collections.abc import Sequence

from backend.core.actor import Role
from backend.core.kinds.declaration import (
    Record,
    choices,
    clock,
    declare,
    flag,
    ids,
    place,
    refer,
    scopes_of,
    whole,
    words,
)
from backend.core.kinds.repeats import repeats_in
from backend.core.kinds.vocabulary import SKILLS
from backend.people.kinds.crew_hours import FIELDS, odd_break
from sync.errors import Fault
from sync.kind import Values


class Crew(Record):
    """A repair crew with leader, members, skills and shift."""

    __tablename__ = "crew"

    name = words("名称", "Name", required=True)
    leader_id = refer("班组长", "Leader", "staff", required=True, filter=True)
    member_ids = ids("成员", "Members", required=True)
    skills = choices("技能", "Skills", SKILLS, required=True)
    shift_start = clock("上班", "Shift start", required=True)
    shift_end = clock("下班", "Shift end", required=True)
    start_place = place("出发地", "Start place")
    end_place = place("收工地", "End place")
    break_from = clock("休息最早开始", "Break from")
    break_until = clock("休息最晚开始", "Break until")
    break_minutes = whole("休息时长（分钟）", "Break (min)", most=480)
    most_jobs = whole("每班最多工单", "Most jobs a shift", most=100)
    vehicle = words("车辆", "Vehicle", most=40)
    phone = words("联系电话", "Phone", most=30)
    is_active = flag("在岗", "Active", required=True)


def check(values: Values) -> Sequence[Fault]:
    """Its break lies inside its shift, which may pass midnight; nobody and nothing is named twice; and it
    can be given work."""
    found = [*_odd_break(values), *repeats_in(values, "member_ids", "skills")]
    if values.get("most_jobs") == 0:
        zh, en = (
            "写成0的班组一张工单也排不到：不限就留空，不出工就改成不在岗",
            "a crew with 0 is given no job at all: leave it empty for no limit, or set the crew to not active",
        )
        found.append(Fault("most_jobs", "no_jobs", zh, en, "", ("most_jobs",)))
    return found


def _odd_break(values: Values) -> Sequence[Fault]:
    among = (*FIELDS, "is_active") if values.get("is_active") else FIELDS
    break_ = (values.get(name) for name in ("break_from", "break_until", "break_minutes"))
    odd = odd_break(values["shift_start"], values["shift_end"], *break_)
    return [Fault(one.field, one.code, one.zh, one.en, "", among) for one in odd]


KIND = declare(
    Crew,
    zh="维修班组",
    en="Crew",
    scopes=scopes_of(crew="id"),
    rank=0,
    check=check,
    create_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    change_by=frozenset({Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER}),
)
