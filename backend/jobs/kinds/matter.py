"""Matter (事项): a type of job as data: which skills, how long, which limits, which evidence."""

from collections.abc import Sequence

from backend.core.actor import Role
from backend.core.kinds.declaration import (
    Record,
    choice,
    choices,
    declare,
    flag,
    json,
    plain_id,
    scopes_of,
    whole,
    words,
)
from backend.core.kinds.repeats import repeats_in
from backend.core.kinds.vocabulary import SKILLS, URGENCY, Preparation
from sync.errors import Fault
from sync.kind import Policy, Values


class Matter(Record):
    """A type of job; a limit that is empty is not set, and none is invented."""

    __tablename__ = "matter"

    code = words("代码", "Code", most=40, required=True, filter=True)
    name_zh = words("名称", "Name (Chinese)", required=True)
    name_en = words("英文名称", "Name (English)", required=True)
    urgency = choice("紧急程度", "Urgency", URGENCY, required=True)
    skills = choices("所需技能", "Skills needed", SKILLS, required=True, policy=Policy.LAST)
    duration_minutes = whole(
        "预计时长（分钟）", "Expected duration (min)", least=1, most=10080, required=True
    )
    contact_within_minutes = whole("联系时限（分钟）", "Contact within (min)", least=1)
    finish_within_minutes = whole("办结时限（分钟）", "Finish within (min)", least=1)
    required_photos = whole("照片数", "Photos required", most=50)
    signature_required = flag("需签字", "Signature required")
    is_repair = flag("维修类", "A repair")
    quote_required = flag("先告知时间和费用", "Time and cost told first")
    questionnaire_id = plain_id("表单", "Form")
    checklist = json("出发前检查单", "Checklist before leaving", Preparation, many=True, exact=True)
    is_active = flag("启用", "Active", required=True)


def check(values: Values) -> Sequence[Fault]:
    """Its limits do not contradict each other, no skill is named twice, and everything on its checklist has
    a code of its own."""
    found, limit = list(repeats_in(values, "skills")), values.get("finish_within_minutes")
    if limit is not None and (values.get("contact_within_minutes") or 0) > limit:
        zh, en = (
            "联系时限比办结时限还长：改短它，或延长办结时限",
            "is longer than the limit to finish: shorten it, or give more time to finish",
        )
        among = ("contact_within_minutes", "finish_within_minutes")
        found.append(Fault("contact_within_minutes", "after_finish", zh, en, "", among))
    codes = [one["code"] for one in values.get("checklist") or ()]
    for n, code in enumerate(codes):
        if code in codes[:n]:
            zh, en = (
                "检查单里代号重复：每一项用不同的代号",
                "occurs twice on the checklist: give each thing a code of its own",
            )
            found.append(Fault(f"checklist.{n}.code", "twice", zh, en, code, ("checklist",)))
    return found


KIND = declare(
    Matter,
    zh="事项",
    en="Matter",
    scopes=scopes_of(reference="unit_id"),
    rank=0,
    check=check,
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN}),
)
