"""Questionnaire (问卷): a versioned definition with rows as in XLSForm and conditions, checked by phone and
server."""

from collections.abc import Sequence

from marshmallow import Schema, fields

from backend.core.actor import Role
from backend.core.kinds import wire
from backend.core.kinds.declaration import Record, declare, flag, json, scopes_of, whole, words
from backend.core.kinds.vocabulary import THEMES
from backend.customers.kinds.form_logic import choice_faults, logic_faults
from sync.errors import Fault
from sync.kind import Values

ROW_TYPES = {
    "text": ("文字", "Text"),
    "integer": ("整数", "Integer"),
    "decimal": ("小数", "Decimal"),
    "select_one": ("单选", "Select one"),
    "select_multiple": ("多选", "Select multiple"),
    "satisfaction": ("满意度", "Satisfaction"),
    "note": ("说明", "Note"),
}


class Option(Schema):
    """One choice of a question."""

    name = wire.Text(most=50, least=1, required=True)
    label_zh = wire.Text(most=200, required=True)
    label_en = wire.Text(most=200, required=True)


class Row(Schema):
    """One question; `relevant` and `constraint` are conditions over the answers so far (`answers`) and the
    value (`value`)."""

    type = wire.Choice(ROW_TYPES, required=True)
    name = wire.Text(most=50, least=1, required=True)
    label_zh = wire.Text(most=500, required=True)
    label_en = wire.Text(most=500, required=True)
    required = wire.Flag(load_default=False)
    relevant = wire.Text(most=500, allow_none=True)
    constraint = wire.Text(most=500, allow_none=True)
    theme = wire.Choice(THEMES, allow_none=True)
    choices = fields.List(fields.Nested(Option))


class Questionnaire(Record):
    """A form; a new edition is a new record, so that answers keep theirs."""

    __tablename__ = "questionnaire"

    code = words("代码", "Code", most=40, required=True, filter=True)
    edition = whole("版本", "Edition", least=1, required=True)
    title_zh = words("标题", "Title (Chinese)", required=True)
    title_en = words("英文标题", "Title (English)", required=True)
    rows = json("题目", "Rows", Row, many=True, exact=True, required=True)
    is_active = flag("启用", "Active", required=True)


def check(values: Values) -> Sequence[Fault]:
    """Names are unique, choices are there, and the conditions of a form that is asked can be kept.

    One that is not active may be a draft, or a form of before that is put away.
    """
    rows, is_active = values.get("rows") or [], bool(values.get("is_active"))
    among = ("rows", "is_active") if is_active else ("rows",)
    return [*choice_faults(rows, among), *(logic_faults(rows, among) if is_active else ())]


KIND = declare(
    Questionnaire,
    zh="问卷",
    en="Questionnaire",
    scopes=scopes_of(reference="unit_id"),
    rank=0,
    check=check,
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN}),
)
