"""Visit (走访): a representative at a customer's door or on the phone, planned by the customer's class or
made at once."""

from collections.abc import Sequence

from backend.core.actor import DESK, Role
from backend.core.kinds.declaration import (
    Record,
    choice,
    day,
    declare,
    due_moves,
    flag,
    ids,
    moment,
    number,
    place,
    plain_id,
    refer,
    scopes_of,
    words,
)
from backend.core.kinds.vocabulary import doubts
from sync.errors import Fault
from sync.kind import Action, Policy, Values

STATES = {
    "planned": ("待走访", "Planned"),
    "done": ("已走访", "Done"),
    "not_met": ("未遇", "Nobody met"),
    "cancelled": ("取消", "Cancelled"),
}
TRUTH = {
    "sound": ("可信", "Sound"),
    "open": ("有疑问", "One open question"),
    "doubtful": ("存疑", "Doubtful"),
}
# What a visit's record can raise: words, and whether it alone makes the visit doubtful.
REASONS = {
    "away": (
        "签到处离地址 {distance_m} 米，未说明原因",
        "{distance_m} m from the address, without a reason",
        True,
    ),
    "away_with_reason": (
        "签到处离地址 {distance_m} 米，原因：{why}",
        "{distance_m} m from the address, because: {why}",
        False,
    ),
    "no_position": ("没有签到位置，原因：{why}", "no position, because: {why}", False),
    "poor_accuracy": ("定位精度只有 {accuracy_m} 米", "position only good to {accuracy_m} m", False),
    "short": ("停留 {seconds} 秒", "stayed {seconds} s", False),
    "clock_moved": ("手机时钟被调过", "the phone's clock was moved", True),
    "too_fast": (
        "与上次走访相距 {km} 公里，间隔 {minutes} 分钟",
        "{km} km from the visit before, {minutes} min after it",
        True,
    ),
    "late_batch": (
        "{hour} 点前后集中录入 {count} 次走访",
        "{count} visits entered at about {hour}:00",
        False,
    ),
    "same_photo": ("照片与另一记录的完全相同", "the very photo of another record", True),
    "denied": ("回访时客户称不属实", "the customer said otherwise when called", True),
    "like_photo": ("照片与另一记录的几乎相同", "nearly the photo of another record", False),
}
METHODS = {"door": ("上门", "At the door"), "phone": ("电话", "By phone")}
_REPRESENTATIVE = frozenset({str(Role.REPRESENTATIVE)})

ACTIONS = (
    Action(
        "complete",
        "完成走访",
        "Complete",
        frozenset({"planned", "not_met"}),
        "done",
        _REPRESENTATIVE,
        ("summary",),
        "ended_at",
    ),
    Action(
        "nobody_met",
        "未遇",
        "Nobody met",
        frozenset({"planned"}),
        "not_met",
        _REPRESENTATIVE,
        ("absent_reason",),
        "ended_at",
    ),
    Action(
        "cancel",
        "取消",
        "Cancel",
        frozenset({"planned", "not_met"}),
        "cancelled",
        frozenset(map(str, DESK)),
        ("absent_reason",),
    ),
)


class Visit(Record):
    """One visit with its evidence: when, where, what was said."""

    __tablename__ = "visit"

    customer_id = refer("客户", "Customer", "customer", required=True, filter=True)
    service_point_id = refer("用水点", "Service point", "service_point")
    cell_id = refer("网格", "Cell", "cell", filter=True)
    representative_id = refer("客户代表", "Representative", "staff", filter=True)
    state = choice("状态", "State", STATES, policy=Policy.SERVER, filter=True)
    method = choice("方式", "Method", METHODS, required=True)
    due_on = day("应走访日期", "Due on", filter=True, due="limit")
    due_moves = due_moves()
    case_id = plain_id("案件", "Case", policy=Policy.SERVER)
    started_at = moment("开始", "Started")
    ended_at = moment("结束", "Ended", policy=Policy.SERVER)
    check_in = place("签到位置", "Check-in place", group="check_in")
    check_in_accuracy_m = number("定位精度（米）", "Accuracy (m)", least=0, most=100000, group="check_in")
    away_reason = words("不在地址的原因", "Why not at the address", most=500)
    absent_reason = words("未遇原因", "Why nobody was met", most=500)
    summary = words("走访记录", "Summary", most=2000)
    photo_ids = ids("照片", "Photos")
    truth_grade = choice("真实性", "Truth of the record", TRUTH, policy=Policy.SERVER, filter=True)
    truth_reasons = doubts("真实性依据", "Why")
    materials = words("发放资料", "Materials handed out", most=500)
    # Of the return visit to a finished job: which one, what was done there, and what the customer says of it.
    work_order_id = refer("回访工单", "Job it asks about", "work_order", policy=Policy.SERVER, filter=True)
    about = words("回访事由", "What it asks about", most=500, policy=Policy.SERVER)
    is_satisfied = flag("是否满意", "Satisfied")


def check(values: Values) -> Sequence[Fault]:
    """A visit at the door names its place, or why there is none; a return visit says what the customer
    said."""
    if values.get("state") != "done":
        return ()
    faults = []
    if values.get("work_order_id") and values.get("is_satisfied") is None:
        faults.append(
            Fault(
                "is_satisfied", "required", "回访须写明客户是否满意", "say whether the customer is satisfied"
            )
        )
    if values.get("method") == "door" and not (values.get("check_in") or values.get("away_reason")):
        faults.append(
            Fault(
                "check_in",
                "required",
                "上门走访需要签到位置，或写明原因",
                "a visit at the door needs its place, or a reason",
            )
        )
    return faults


KIND = declare(
    Visit,
    zh="走访",
    en="Visit",
    scopes=scopes_of(cell="cell_id", staff="representative_id"),
    rank=1,
    check=check,
    actions=ACTIONS,
    initial_state="planned",
    create_by=DESK | {Role.REPRESENTATIVE},
    change_by=DESK | {Role.REPRESENTATIVE},
    attaches={"photo_ids": "photo"},
    owner="representative_id",
    ended=frozenset({"done", "cancelled"}),
)
