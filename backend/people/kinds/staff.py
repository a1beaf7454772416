"""Staff (员工): a person of the utility or of a contractor, with the post they hold."""

from collections.abc import Sequence

from backend.core.actor import Role
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

POSTS = {
    "customer_representative": ("客户代表", "Customer representative"),
    "service_clerk": ("客户服务员", "Service clerk"),
    "arrears_collector": ("催欠员", "Arrears collector"),
    "hall_agent": ("营业厅坐席", "Hall agent"),
    "account_steward": ("客户专员（管家）", "Account steward"),
    "area_manager": ("片区管理员", "Area manager"),
    "network_inspector": ("管网巡检员", "Network inspector"),
    "water_quality_tester": ("水质检测员", "Water-quality tester"),
    "works_manager": ("施工管理员", "Works manager"),
    "pump_station_patroller": ("加压设备巡护员", "Pump-station patroller"),
    "hotline_agent": ("热线受理员", "Hotline agent"),
}
EMPLOYMENT = {"own": ("正式员工", "Own staff"), "outsourced": ("三方员工", "Outsourced")}


class Staff(Record):
    """A person who works for the utility."""

    __tablename__ = "staff"

    staff_number = words("工号", "Staff number", most=20, required=True, filter=True, own=True)
    name = words("姓名", "Name", most=50, required=True)
    work_phone = words("工作电话", "Work phone", most=30)
    post = choice("岗位", "Post", POSTS, required=True, filter=True)
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
