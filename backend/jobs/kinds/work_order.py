"""Work order (工单): a job, its life as a table of actions, and the site card a crew needs to find the
place."""

from collections.abc import Sequence

from marshmallow import Schema, fields

from backend.core.actor import CREW, DESK, EVERYBODY, FIELD, Role
from backend.core.kinds import wire
from backend.core.kinds.declaration import (
    Record,
    choice,
    choices,
    declare,
    due_moves,
    flag,
    ids,
    json,
    moment,
    names,
    place,
    plain_id,
    refer,
    scopes_of,
    spatial_index,
    whole,
    words,
)
from backend.core.kinds.vocabulary import SKILLS, URGENCY, Preparation, doubts
from sync.errors import Fault
from sync.kind import Action, Policy, Values

STATES = {
    "received": ("已受理", "Received"),
    "waiting_papers": ("容缺待补", "Waiting for papers"),
    "dispatched": ("已派单", "Dispatched"),
    "accepted": ("已接单", "Accepted"),
    "en_route": ("在途", "En route"),
    "arrived": ("到场", "Arrived"),
    "in_progress": ("处理中", "In progress"),
    "paused": ("挂起", "Paused"),
    "partly_done": ("部分完成", "Partly done"),
    "done": ("待回访", "Done, waiting for the return visit"),
    "closed": ("办结", "Closed"),
    "refused": ("不予受理", "Refused"),
    "cancelled": ("作废", "Cancelled"),
    "failed": ("未能完成", "Could not be done"),
}
OPEN = frozenset(STATES) - {"closed", "refused", "cancelled", "failed", "partly_done"}
# What a customer signs; the phone builds the same sheet (mobile_api_spec/phone/sheet.py,
# web/shared/sheet.ts).
SHEET_FIELDS = (
    "number", "address", "description", "diagnosis", "told_minutes", "told_cost_fen", "tellings", "result",
    "remainder", "parts", "pressure_kpa",
)  # fmt: skip
# What is told of a job's photos; it refuses nothing.
PHOTO_REASONS = {
    "foreign_photo": ("有照片不是在本工单拍摄的", "A photo was not taken of this job"),
    "same_photo": (
        "有照片与另一工单（{number}）的照片是同一张",
        "A photo is the very one of another job ({number})",
    ),
}
SIGNATURE_STATES = {
    "valid": ("与所签一致", "As it was signed"),
    "changed": ("签后有改动，须重新签字", "Changed since: sign again"),
    "other": ("签的不是这张工单", "Signed for another job"),
    "doubtful": ("签名存疑", "Doubtful"),
}
UNSIGNED = {
    "absent": ("客户不在场", "Customer absent"),
    "refused": ("客户拒签", "Customer refused"),
    "other": ("其他原因", "Another reason"),
}
WORKING = frozenset({"accepted", "en_route", "arrived", "in_progress", "paused"})


WAYS_TOLD = {
    "in_person": ("当面", "In person"),
    "phone": ("电话", "By phone"),
    "message": ("短信或微信", "By message"),
    "notice": ("张贴或广播告知", "By a public notice"),
}


def _action(
    name: str,
    zh: str,
    en: str,
    sources: set[str],
    target: str,
    roles: frozenset[Role],
    *needs: str,
    not_by: tuple[str, ...] = (),
) -> Action:
    stamp = {
        "dispatch": "dispatched_at",
        "accept": "accepted_at",
        "arrive": "arrived_at",
        "start": "started_at",
    }
    stamp |= {"finish": "done_at", "finish_partly": "done_at", "fail": "done_at", "close": "closed_at"}
    allowed = frozenset(map(str, roles))
    return Action(name, zh, en, frozenset(sources), target, allowed, needs, stamp.get(name), not_by)


# Who may do what in which state: one table for the API, the push and the phones.
ACTIONS = (
    _action(
        "wait_for_papers", "容缺受理", "Wait for papers", {"received"}, "waiting_papers", DESK, "waiting_for"
    ),
    _action(
        "papers_complete",
        "材料补齐",
        "Papers complete",
        {"waiting_papers"},
        "received",
        DESK | {Role.REPRESENTATIVE},
    ),
    _action(
        "dispatch", "派单", "Dispatch", {"received", "dispatched", "accepted"}, "dispatched", DESK, "crew_id"
    ),
    _action("withdraw", "撤回派单", "Withdraw", {"dispatched", "accepted"}, "received", DESK),
    _action("accept", "接单", "Accept", {"dispatched"}, "accepted", CREW),
    _action("leave", "出发", "Leave", {"accepted"}, "en_route", CREW),
    _action("arrive", "到场", "Arrive", {"accepted", "en_route"}, "arrived", CREW),
    _action("start", "开工", "Start work", {"arrived", "paused"}, "in_progress", CREW),
    _action("pause", "挂起", "Pause", {"arrived", "in_progress"}, "paused", CREW | DESK, "pause_reason"),
    _action(
        "finish_partly",
        "部分完成",
        "Partly done",
        {"in_progress"},
        "partly_done",
        CREW,
        "result",
        "remainder",
    ),
    _action("finish", "完成", "Finish", {"in_progress"}, "done", CREW, "result"),
    _action("fail", "未能完成", "Could not be done", set(WORKING), "failed", CREW, "failure_reason"),
    _action(
        "close",
        "回访办结",
        "Close after return visit",
        {"done"},
        "closed",
        DESK | {Role.REPRESENTATIVE},
        "return_visit",
        not_by=("accept", "leave", "arrive", "start", "finish"),
    ),
    _action("reopen", "重新办理", "Reopen", {"done", "closed", "failed"}, "received", DESK, "reopen_reason"),
    _action(
        "refuse",
        "不予受理",
        "Refuse",
        {"received", "waiting_papers"},
        "refused",
        DESK,
        "refuse_reason",
        "responsible_party",
    ),
    _action("cancel", "作废", "Cancel", set(OPEN) - {"done"}, "cancelled", DESK, "cancel_reason"),
)


class SiteCard(Schema):
    """What a crew needs at the door, copied from the ledger so that no crew needs the ledger."""

    customer_name = wire.Text(most=100, allow_none=True)
    phone = wire.Text(most=30, allow_none=True)
    address = wire.Text(most=200, allow_none=True)
    meter_number = wire.Text(most=40, allow_none=True)
    access_note = wire.Text(most=500, allow_none=True)
    is_vulnerable = wire.Flag(allow_none=True)


class Part(Schema):
    """A part used on a job."""

    name = wire.Text(most=100, least=1, required=True)
    quantity = wire.Number(least=0, most=1e6, required=True)
    unit_price_fen = wire.Whole(allow_none=True)


class Pipe(Schema):
    """The pipe an emergency repair is about, and the valves that were turned."""

    diameter_mm = wire.Whole(least=10, most=5000, required=True)
    material = wire.Text(most=50, allow_none=True)
    valves_shut = fields.List(wire.Text(most=40), allow_none=True)
    shut_at = wire.Moment(allow_none=True)
    opened_at = wire.Moment(allow_none=True)


class Reporter(Schema):
    """Who reported the trouble."""

    name = wire.Text(most=50, allow_none=True)
    phone = wire.Text(most=30, allow_none=True)


class Telling(Schema):
    """One telling of time and cost: how much, to whom, when, how, whether they agreed, and why it is
    another than before."""

    minutes = wire.Whole(required=True)
    cost_fen = wire.Whole(required=True)
    told_to = wire.Text(most=50, least=1, required=True)
    way = wire.Choice(WAYS_TOLD, required=True)
    at = wire.Moment(required=True)
    is_agreed = wire.Flag(required=True)
    why = wire.Text(most=500, allow_none=True)


class ReturnVisit(Schema):
    """What the customer said when asked afterwards."""

    is_satisfied = wire.Flag(required=True)
    opinion = wire.Text(most=1000, allow_none=True)
    method = wire.Text(most=50, allow_none=True)


class WorkOrder(Record):
    """A job from report to return visit."""

    __tablename__ = "work_order"
    __table_args__ = (spatial_index("work_order", "place"),)

    number = words("工单号", "Number", most=40, filter=True)
    state = choice("状态", "State", STATES, policy=Policy.SERVER, filter=True)
    matter_id = refer("事项", "Matter", "matter", required=True, filter=True)
    urgency = choice("紧急程度", "Urgency", URGENCY, filter=True)
    skills = choices("所需技能", "Skills needed", SKILLS, policy=Policy.SERVER)
    description = words("情况说明", "Description", most=2000, policy=Policy.REVIEW)
    place = place("位置", "Place")
    address = words("地址", "Address", personal="address")
    reporter = json("报修人", "Reporter", Reporter, personal="contact")
    customer_id = refer("客户", "Customer", "customer", filter=True)
    service_point_id = refer("用水点", "Service point", "service_point", filter=True)
    site_card = json("现场卡片", "Site card", SiteCard, policy=Policy.SERVER, personal="contact")
    cell_id = refer("网格", "Cell", "cell", filter=True)
    crew_id = refer("班组", "Crew", "crew", policy=Policy.FIXED, filter=True)
    is_pinned = flag("锁定班组", "Pinned to its crew")
    planned_at = moment("计划到场", "Planned arrival", policy=Policy.SERVER)
    bundle_id = plain_id("同址组", "Bundle at one address", policy=Policy.SERVER, filter=True)
    duplicate_of_id = refer("重复于", "Duplicate of", "work_order", policy=Policy.SERVER, filter=True)
    other_reporters = json(
        "其他报修人", "Other reporters", Reporter, many=True, policy=Policy.SERVER, personal="contact"
    )
    case_id = plain_id("案件", "Case", policy=Policy.SERVER, filter=True)
    first_contact_owner_id = refer(
        "首问负责人", "First-contact owner", "staff", policy=Policy.SERVER, filter=True
    )
    contact_by = moment("联系时限", "Contact by", policy=Policy.SERVER, due="limit")
    due_at = moment("办结时限", "Due", policy=Policy.SERVER, due="limit")
    appointment_from = moment(
        "预约开始", "Appointment from", group="appointment", policy=Policy.REVIEW, due="promise"
    )
    appointment_until = moment(
        "预约结束", "Appointment until", group="appointment", policy=Policy.REVIEW, due="promise"
    )
    due_moves = due_moves()
    duration_minutes = whole("预计时长（分钟）", "Expected duration (min)", policy=Policy.SERVER)
    required_photos = whole("照片数", "Photos required", policy=Policy.SERVER)
    signature_required = flag("需签字", "Signature required", policy=Policy.SERVER)
    quote_required = flag("先告知时间和费用", "Time and cost told first", policy=Policy.SERVER)
    checklist = json("出发前检查单", "Checklist before leaving", Preparation, many=True, policy=Policy.SERVER)
    prepared_codes = names("已备妥", "At hand")
    pipe = json("管道", "Pipe", Pipe)
    waiting_for = words("待补材料", "Papers missing", most=500)
    diagnosis = words("诊断", "Diagnosis", most=2000)
    told_minutes = whole("告知时间（分钟）", "Time told (min)", group="told")
    told_cost_fen = whole("告知费用（货币最小单位）", "Cost told (minor units)", group="told")
    tellings = json("告知记录", "Tellings", Telling, many=True, policy=Policy.APPEND, personal="contact")
    pause_reason = words("挂起原因", "Reason for the pause", most=500)
    failure_reason = words("未能完成的原因", "Why it could not be done", most=500)
    refuse_reason = words("不予受理的原因", "Why it was refused", most=500)
    responsible_party = words("责任单位", "Who is responsible", most=200)
    cancel_reason = words("作废原因", "Why it was cancelled", most=500)
    reopen_reason = words("重新办理的原因", "Why it was reopened", most=500)
    result = words("处理结果", "Result", most=2000)
    remainder = words("未完成部分", "What is left", most=1000)
    remainder_of_id = refer("余项来源", "Remainder of", "work_order", policy=Policy.SERVER)
    parts = json("用料", "Parts", Part, many=True)
    pressure_kpa = whole("水压（千帕）", "Pressure (kPa)", most=5000)
    photo_ids = ids("照片", "Photos")
    photo_reasons = doubts("照片疑点", "Doubts about its photos")
    signature_id = refer("签名", "Signature", "signature")
    signature_state = choice("签名状态", "Signature's state", SIGNATURE_STATES, policy=Policy.SERVER)
    unsigned_kind = choice("未签名情形", "Why it is not signed (kind)", UNSIGNED, filter=True)
    unsigned_reason = words("未签名原因", "Why it is not signed", most=500)
    return_visit = json("回访", "Return visit", ReturnVisit)
    round = whole("办理轮次", "Round", policy=Policy.SERVER)
    dispatched_at = moment("派单时间", "Dispatched", policy=Policy.SERVER)
    opened_at = moment("打开时间", "Opened", policy=Policy.LEAST)
    accepted_at = moment("接单时间", "Accepted", policy=Policy.SERVER)
    arrived_at = moment("到场时间", "Arrived", policy=Policy.SERVER)
    started_at = moment("开工时间", "Started", policy=Policy.SERVER)
    done_at = moment("完成时间", "Done", policy=Policy.SERVER)
    done_by_id = refer("完成人", "Done by", "staff", policy=Policy.SERVER)
    closed_at = moment("办结时间", "Closed", policy=Policy.SERVER)
    closed_by_id = refer("办结人", "Closed by", "staff", policy=Policy.SERVER)
    reminded_at = moment("提醒时间", "Reminded", policy=Policy.SERVER)
    escalated_at = moment("升级时间", "Escalated", policy=Policy.SERVER)


def check(values: Values) -> Sequence[Fault]:
    """What must stand on a job before it may be in its state."""
    faults: list[Fault] = []
    state = values.get("state")
    if state in {"in_progress", "partly_done", "done"} and values.get("quote_required"):
        faults += _untold(values)
    if state == "done" and values.get("signature_required") and not values.get("signature_id"):
        faults += _unsigned(values)
    if state == "done" and len(values.get("photo_ids") or ()) < (values.get("required_photos") or 0):
        faults.append(
            Fault("photo_ids", "too_few", f"至少需要 {values['required_photos']} 张照片", "needs more photos")
        )
    if (
        state == "closed"
        and values.get("signature_state") in {"changed", "other"}
        and not values.get("unsigned_reason")
    ):
        faults.append(
            Fault(
                "signature_id",
                "sheet_changed",
                "签字后内容有改动，须重新签字，或写明未签原因",
                "the sheet has changed since it was signed: a new signature, or the reason for none",
            )
        )
    if (
        state == "closed"
        and values.get("closed_by_id")
        and values["closed_by_id"] == values.get("done_by_id")
    ):
        faults.append(
            Fault(
                "closed_by_id", "same_person", "完成人不能自己办结", "whoever did the work may not close it"
            )
        )
    start, end = values.get("appointment_from"), values.get("appointment_until")
    if start and end and end < start:
        faults.append(Fault("appointment_until", "before_start", "预约结束早于开始", "ends before it begins"))
    return faults


def _untold(values: Values) -> Sequence[Fault]:
    return [
        Fault(name, "required", "开工前须告知时间和费用", "time and cost must be told before work")
        for name in ("told_minutes", "told_cost_fen")
        if values.get(name) is None
    ]


def told_amounts(values: Values) -> tuple[int | None, int | None]:
    """The minutes and the cost that stand as told."""
    return values.get("told_minutes"), values.get("told_cost_fen")


def _unsigned(values: Values) -> Sequence[Fault]:
    """Without a signature: absent, refused or why else, in words, and a photo that shows the crew was
    there."""
    if not values.get("unsigned_reason"):
        return [
            Fault(
                "signature_id",
                "required",
                "需客户签字，或写明未签原因",
                "needs a signature, or the reason for none",
            )
        ]
    faults = []
    if not values.get("unsigned_kind"):
        faults.append(
            Fault("unsigned_kind", "required", "请选择未签名情形", "say whether absent, refused or else")
        )
    if not values.get("photo_ids"):
        faults.append(
            Fault("photo_ids", "too_few", "未签字时须有现场照片", "needs a photo where nobody signed")
        )
    return faults


KIND = declare(
    WorkOrder,
    zh="工单",
    en="Work order",
    scopes=scopes_of(cell="cell_id", crew="crew_id", staff="first_contact_owner_id"),
    rank=0,
    check=check,
    actions=ACTIONS,
    initial_state="received",
    create_by=DESK | FIELD,
    change_by=EVERYBODY - {Role.AUDITOR},
    delete_by=frozenset({Role.ADMIN}),
    ended=frozenset(STATES) - OPEN | {"done"},
    attaches={"photo_ids": "photo"},
)
