"""Staff (员工): a person of the utility or of a contractor, with the post they hold."""

from collections.abc import Sequence

from backend.core.actor import Role
from backend.core.installation import USUAL_POSTS, installed
from backend.core.kinds.declaration import (
    Record,
    choice,
    choices,
    day,
    declare,
    flag,
    plain_id,
    scopes_of,
    words,
)
from backend.core.kinds.repeats import repeats_in
from backend.core.kinds.vocabulary import SKILLS
from sync.errors import Fault
from sync.kind import Policy, Values

EMPLOYMENT = {"own": ("正式员工", "Own staff"), "outsourced": ("三方员工", "Outsourced")}


class Staff(Record):
    """A person who works for the utility."""

    __tablename__ = "staff"

    staff_number = words("工号", "Staff number", most=20, required=True, filter=True, own=True)
    name = words("姓名", "Name", most=50, required=True)
    work_phone = words("工作电话", "Work phone", most=30)
    post = choice("岗位", "Post", USUAL_POSTS, lambda: installed().posts, required=True, filter=True)
    employment = choice("用工性质", "Employment", EMPLOYMENT, required=True)
    qualifications = words("资格", "Qualifications", most=500)
    exam_passed_until = day("考试合格有效期", "Exam valid until")
    skills = choices("技能", "Skills", SKILLS)
    working_hours = words("服务时间", "Hours", most=100)
    portrait_id = plain_id("照片", "Portrait", policy=Policy.LAST)
    is_active = flag("在岗", "Active", required=True)


def check(values: Values) -> Sequence[Fault]:
    """No skill is named twice."""
    return list(repeats_in(values, "skills"))


KIND = declare(
    Staff,
    zh="员工",
    en="Staff",
    scopes=scopes_of(staff="id"),
    rank=0,
    check=check,
    segment="staff",
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    attaches={"portrait_id": "photo"},
)
