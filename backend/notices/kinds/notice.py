"""Notice (通知): what a person must be told, a decision on their parked work included."""

from backend.core.actor import DESK, EVERYBODY
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    flag,
    moment,
    plain_id,
    refer,
    scopes_of,
    words,
)
from sync.kind import Policy

TOPICS = {
    "decision": ("人工处理结果", "Decision on parked work"),
    "question": ("有争议待确认", "A dispute about your edit"),
    "escalation": ("工单无人接收", "A job nobody opened"),
    "assignment": ("责任变更", "Change of duty"),
    "overdue": ("超期提醒", "Overdue"),
    "general": ("通知", "General"),
}


class Notice(Record):
    """A message to one person about one record."""

    __tablename__ = "notice"

    staff_id = refer("收件人", "To", "staff", required=True, filter=True, policy=Policy.FIXED)
    topic = choice("主题", "Topic", TOPICS, required=True, filter=True, policy=Policy.FIXED)
    text_zh = words("内容", "Text (Chinese)", most=1000, required=True, policy=Policy.FIXED)
    text_en = words("英文内容", "Text (English)", most=1000, required=True, policy=Policy.FIXED)
    subject_kind = words("相关类别", "About kind", most=40, policy=Policy.FIXED)
    subject_id = plain_id("相关记录", "About record", policy=Policy.FIXED)
    is_urgent = flag("紧急", "Urgent", policy=Policy.FIXED)
    read_at = moment("已读", "Read", policy=Policy.LEAST)


KIND = declare(
    Notice,
    zh="通知",
    en="Notice",
    scopes=scopes_of(staff="staff_id"),
    rank=0,
    create_by=DESK,
    change_by=EVERYBODY,
)
