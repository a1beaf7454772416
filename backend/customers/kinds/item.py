"""Item (不满意事项): one thing a customer is dissatisfied with, tracked until somebody has gone back and asked."""

from collections.abc import Sequence

from backend.core.actor import DESK, FIELD, Role
from backend.core.kinds.declaration import (
    Record,
    choice,
    day,
    declare,
    due_moves,
    flag,
    ids,
    moment,
    plain_id,
    refer,
    scopes_of,
    words,
)
from backend.core.kinds.vocabulary import THEMES
from sync.errors import Fault
from sync.kind import Action, Policy, Values

STATES = {
    "open": ("待处理", "Open"),
    "in_hand": ("处理中", "In hand"),
    "resolved": ("待回访", "Resolved, waiting for the return visit"),
    "closed": ("办结", "Closed"),
}
SOURCES = {
    "questionnaire": ("调查问卷", "Questionnaire"),
    "visit": ("走访", "Visit"),
    "window": ("窗口", "Window"),
    "hotline": ("热线", "Hotline"),
    "event": ("活动", "Event"),
    "rating": ("差评", "Bad review"),
    "return_visit": ("工单回访", "Return visit of a job"),
}
_OWNERS = frozenset(map(str, DESK | {Role.REPRESENTATIVE}))

ACTIONS = (
    Action("take", "接办", "Take in hand", frozenset({"open"}), "in_hand", _OWNERS),
    Action(
        "resolve",
        "解决",
        "Resolve",
        frozenset({"open", "in_hand"}),
        "resolved",
        _OWNERS,
        ("resolution",),
        "resolved_at",
    ),
    Action(
        "close",
        "回访办结",
        "Close after return visit",
        frozenset({"resolved"}),
        "closed",
        _OWNERS,
        ("return_visit_note",),
        "closed_at",
        ("resolve",),
    ),
    Action(
        "reopen",
        "重新办理",
        "Reopen",
        frozenset({"resolved", "closed"}),
        "open",
        _OWNERS,
        ("return_visit_note",),
    ),
)


class Item(Record):
    """A dissatisfied item (找差评) with owner and due day."""

    __tablename__ = "item"

    theme = choice("主题", "Theme", THEMES, required=True, filter=True)
    source = choice("来源", "Source", SOURCES, required=True, filter=True)
    state = choice("状态", "State", STATES, policy=Policy.SERVER, filter=True)
    description = words("情况", "Description", most=2000, required=True)
    owner_id = refer("责任人", "Owner", "staff", filter=True)
    due_on = day("整改期限", "Due on", filter=True, due="limit")
    due_moves = due_moves()
    customer_id = refer("客户", "Customer", "customer", filter=True)
    cell_id = refer("网格", "Cell", "cell", filter=True)
    visit_id = refer("走访", "Visit", "visit")
    response_id = refer("答卷", "Response", "response", filter=True)
    work_order_id = refer("工单", "Work order", "work_order")
    case_id = plain_id("案件", "Case", policy=Policy.SERVER, filter=True)
    watcher_ids = ids("关注人", "Watchers", policy=Policy.SERVER)
    is_priority = flag("优先", "Priority", policy=Policy.SERVER)
    first_contact_owner_id = refer("首问负责人", "First-contact owner", "staff", policy=Policy.SERVER)
    resolution = words("处理结果", "Resolution", most=2000)
    return_visit_note = words("回访记录", "Return visit", most=1000)
    resolved_at = moment("解决时间", "Resolved", policy=Policy.SERVER)
    resolved_by_id = refer("解决人", "Resolved by", "staff", policy=Policy.SERVER)
    closed_at = moment("办结时间", "Closed", policy=Policy.SERVER)
    closed_by_id = refer("办结人", "Closed by", "staff", policy=Policy.SERVER)


def check(values: Values) -> Sequence[Fault]:
    """Whoever resolved it does not close it: somebody else has gone back and asked."""
    closer = values.get("closed_by_id")
    if values.get("state") == "closed" and closer and closer == values.get("resolved_by_id"):
        return [
            Fault("closed_by_id", "same_person", "解决人不能自己办结", "whoever resolved it may not close it")
        ]
    return ()


KIND = declare(
    Item,
    zh="不满意事项",
    en="Item",
    scopes=scopes_of(cell="cell_id", staff="owner_id", staff_of=("watcher_ids",)),
    rank=1,
    check=check,
    actions=ACTIONS,
    initial_state="open",
    create_by=DESK | FIELD,
    change_by=DESK | {Role.REPRESENTATIVE},
    owner="owner_id",
    ended=frozenset({"resolved", "closed"}),
)
