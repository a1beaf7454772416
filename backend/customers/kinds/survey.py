"""Survey (勘查): a look at the site before work is promised: appointment, arrival, findings, sketch, photos."""

from collections.abc import Sequence

from marshmallow import Schema

from backend.core.actor import CREW, DESK, FIELD, Role
from backend.core.installation import installed
from backend.core.kinds import wire
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    due_moves,
    ids,
    json,
    moment,
    place,
    plain_id,
    refer,
    scopes_of,
    words,
)
from sync.errors import Fault
from sync.kind import Action, Policy, Values

STATES = {
    "appointed": ("已预约", "Appointed"),
    "arrived": ("已到场", "Arrived"),
    "reported": ("已出报告", "Reported"),
}
_SURVEYORS = frozenset(map(str, FIELD))
FINDINGS = {
    "is_feasible": ("是否可行", "Feasible"),
    "pipe_material": ("管材", "Pipe material"),
    "diameter_mm": ("管径（毫米）", "Diameter (mm)"),
    "pressure_kpa": ("水压（千帕）", "Pressure (kPa)"),
    "distance_to_main_m": ("距主管（米）", "Distance to the main (m)"),
    "plan": ("方案", "Plan"),
}

ACTIONS = (
    Action("arrive", "到场", "Arrive", frozenset({"appointed"}), "arrived", _SURVEYORS, (), "arrived_at"),
    Action(
        "report",
        "出报告",
        "Report",
        frozenset({"arrived"}),
        "reported",
        _SURVEYORS,
        ("findings",),
        "reported_at",
    ),
)


class Findings(Schema):
    """What a survey must find out."""

    is_feasible = wire.Flag(required=True)
    pipe_material = wire.Text(most=50, least=1, required=True)
    diameter_mm = wire.Whole(least=10, most=3000, required=True)
    pressure_kpa = wire.Whole(most=5000, required=True)
    distance_to_main_m = wire.Number(least=0, most=100000, required=True)
    plan = wire.Text(most=2000, least=1, required=True)


class Survey(Record):
    """One survey of one site."""

    __tablename__ = "survey"

    work_order_id = refer("工单", "Work order", "work_order", filter=True)
    customer_id = refer("客户", "Customer", "customer", filter=True)
    cell_id = refer("网格", "Cell", "cell", filter=True)
    surveyor_id = refer("勘查人", "Surveyor", "staff", required=True, filter=True)
    state = choice("状态", "State", STATES, policy=Policy.SERVER, filter=True)
    case_id = plain_id("案件", "Case", policy=Policy.SERVER)
    appointment_at = moment("预约时间", "Appointment", due="promise")
    due_moves = due_moves()
    arrived_at = moment("到场时间", "Arrived", policy=Policy.SERVER)
    reported_at = moment("报告时间", "Reported", policy=Policy.SERVER)
    place = place("位置", "Place")
    findings = json("勘查结果", "Findings", Findings)
    remarks = words("备注", "Remarks", most=2000)
    sketch_id = plain_id("草图", "Sketch")
    photo_ids = ids("照片", "Photos")


def check(values: Values) -> Sequence[Fault]:
    """A report has its photos."""
    least = installed().limits.survey_photos
    if values.get("state") == "reported" and len(values.get("photo_ids") or ()) < least:
        return [Fault("photo_ids", "too_few", f"至少需要 {least} 张照片", f"needs {least} photos")]
    return ()


KIND = declare(
    Survey,
    zh="勘查",
    en="Survey",
    scopes=scopes_of(cell="cell_id", staff="surveyor_id"),
    rank=1,
    check=check,
    actions=ACTIONS,
    initial_state="appointed",
    create_by=DESK | CREW | {Role.REPRESENTATIVE},
    change_by=DESK | CREW | {Role.REPRESENTATIVE},
    attaches={"photo_ids": "photo", "sketch_id": "photo"},
    owner="surveyor_id",
    ended=frozenset({"reported"}),
)
