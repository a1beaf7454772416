"""Response (答卷): a customer's answers to one edition of a questionnaire."""

from collections.abc import Sequence

from marshmallow import Schema, fields

from backend.core.actor import DESK, Role
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    flag,
    json,
    moment,
    number,
    refer,
    scopes_of,
)
from sync.errors import Fault
from sync.kind import Policy, Values

CHANNELS = {
    "visit": ("走访", "Visit"),
    "phone": ("电话", "Phone"),
    "link": ("链接", "Public link"),
    "event": ("活动", "Event"),
}


class AnswerFault(Schema):
    """What is wrong with an answer to one question: required, not_asked, constraint, not_a_choice."""

    field = fields.String(required=True)
    code = fields.String(required=True)


class Response(Record):
    """Answers with their channel; `score` is computed by the server from satisfaction questions (0 to 1)."""

    __tablename__ = "response"

    questionnaire_id = refer("问卷", "Questionnaire", "questionnaire", required=True, filter=True)
    visit_id = refer("走访", "Visit", "visit", filter=True)
    customer_id = refer("客户", "Customer", "customer", filter=True)
    cell_id = refer("网格", "Cell", "cell", filter=True)
    author_id = refer("调查人", "Surveyed by", "staff", filter=True)
    channel = choice("渠道", "Channel", CHANNELS, required=True)
    answered_at = moment("答卷时间", "Answered", required=True)
    # By question of the questionnaire's edition, which alone says what each may be.
    answers = json("答案", "Answers", required=True)
    is_anonymous = flag("匿名", "Anonymous")
    score = number("得分", "Score", least=0, most=1, policy=Policy.SERVER)
    faults = json("逻辑问题", "Faults found", AnswerFault, many=True, checked=False, policy=Policy.SERVER)


def check(values: Values) -> Sequence[Fault]:
    """An anonymous answer leads to nobody: neither to its customer nor to a visit of theirs."""
    named = [name for name in ("customer_id", "visit_id") if values.get("is_anonymous") and values.get(name)]
    return [
        Fault(
            name,
            "anonymous",
            "匿名答卷不得写明客户或走访",
            "an anonymous answer names neither customer nor visit",
        )
        for name in named
    ]


KIND = declare(
    Response,
    zh="答卷",
    en="Response",
    scopes=scopes_of(cell="cell_id", staff="author_id"),
    rank=1,
    check=check,
    create_by=DESK | {Role.REPRESENTATIVE},
    # What a customer has answered is nobody's to rewrite: a correction is a response of its own.
    change_by=frozenset(),
)
