"""Writes the data dictionary, `docs/data_dictionary.md` and `docs/zh/data_dictionary.md`: each kind of record
with its fields and vocabularies, who sees it, how long it is kept, and how it is exported.

Everything comes from the kinds' declarations, the masks and the exports; only the words between are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from marshmallow import Schema
from marshmallow.fields import Field, List

from backend.core.actor import ROLE_LABELS, Role
from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind, Wired
from backend.core.kinds.registry import KINDS
from backend.core.queries.masks import masks_of
from backend.imports.reading.targets import TARGETS
from backend.imports.services.exporting import TABLES, geometry_of
from sync.kind import Policy

LANGUAGES = {"zh": 0, "en": 1}
Words = tuple[str, str]
# A kind's scopes say who sees it: the scope's name -> in words, `{}` for the field that gives the key.
_SEEN = {
    "audit": ("管理员、审计员", "administrators and auditors"),
    "reference": ("本单位及上下级单位的所有人", "everybody of the unit, and of those above and below it"),
    "office": ("本单位及上级单位的办公室", "the office of the unit and of units above it"),
    "cell": ("负责该网格的人", "who serves the cell"),
    "crew": ("该班组的人", "the crew"),
    "staff": ("{} 中的人", "the person in {}"),
}
_TYPES: dict[type[Field], Words] = {
    wire.Id: ("编号", "id"),
    wire.Moment: ("时刻", "moment"),
    wire.Day: ("日期", "day"),
    wire.Clock: ("钟点", "time of day"),
    wire.Whole: ("整数", "whole number"),
    wire.Number: ("数", "number"),
    wire.Flag: ("是否", "yes or no"),
    wire.Choice: ("选项", "one of"),
    wire.Text: ("文字", "text"),
}
MASKED = {
    "name": ("只见姓", "first character"),
    "phone": ("中间数字隐去", "middle digits hidden"),
    "address": ("只见开头", "its beginning"),
    "contact": ("不可见", "hidden"),
    "hidden": ("不可见", "hidden"),
    "text": ("其中电话号码隐去", "telephone numbers in it hidden"),
}
_HEAD = (
    "# 数据字典\n\n由 `make map` 根据 `backend/*/kinds` 生成，请勿手改。每一种记录：字段、类型、可选值、"
    "谁能看到、保存多久、能否导出。记录以外保存的内容见[隐私说明](privacy.md)，办理步骤见"
    "[记录种类](../../mobile_api_spec/kinds.md)，接口用法见[接口说明](../api.md)。\n\n"
    "“可筛选”指列表可以按它查找；“审计员看到”指打码以后的样子，其他人看到原样；"
    "“消除”指 `wangge erase` 会清掉它的值。带 * 的字段必填，标“系统”的只由系统填写。\n",
    "# Data dictionary\n\nWritten by `make map` from `backend/*/kinds`; do not edit it by hand. For each "
    "kind of record: fields, types, vocabularies, who sees it, how long it is kept, whether it is "
    "exported. What is "
    "kept besides records is on [Privacy](privacy.md), the steps of a kind are in "
    "[kinds](../mobile_api_spec/kinds.md), how it is all read and written in [Using the API](api.md).\n\n"
    "*Filter*: a list can be filtered by it. *An auditor sees*: what the masks leave; everybody else sees it "
    "whole. *Erased*: `wangge erase` takes its value away. A field with * must be given; one marked *server* "
    "is written by the server alone.\n",
)
_COLUMNS = (
    "| 字段 | 名称 | 类型和可选值 | 可筛选 | 审计员看到 | 消除 |",
    "| field | name | type and vocabulary | filter | an auditor sees | erased |",
)
_KEPT = (
    "长期保存，连同全部历史；作废的仍可查阅",
    "for good, with its whole history; what was voided can still be looked up",
)


def dictionary(language: str) -> str:
    """The page in one language."""
    n = LANGUAGES[language]
    return "\n".join([_HEAD[n], *(_section(kind, n) for kind in KINDS.values())])


def _section(kind: RecordKind, n: int) -> str:
    said = " ".join((kind.model.__doc__ or "").split())
    facts = [
        ("接口", "Address", f"`/api/v1/{kind.segment}`"),
        ("谁能看到", "Seen by", ("；", "; ")[n].join(seen_by(kind, n))),
        ("谁能新建", "Made by", roles_named(kind.kind.create_by, n)),
        ("谁能修改", "Changed by", roles_named(kind.kind.change_by, n)),
        ("谁能删除", "Taken away by", roles_named(kind.kind.delete_by, n)),
        ("保存", "Kept", _KEPT[n]),
        ("导出", "Exported", _exports(kind, n)),
    ]
    lines = [f"## {kind.name} · {(kind.zh, kind.en)[n]}", ""]
    lines += [said, ""] if n and said else []
    lines += [f"- {(zh, en)[n]}{('：', ': ')[n]}{what}" for zh, en, what in facts]
    masks = masks_of(kind)
    rows = [_row(name, one, masks.get(name), n) for name, one in kind.wired.items()]
    return "\n".join([*lines, "", _COLUMNS[n], "|---|---|---|---|---|---|", *rows, ""])


def seen_by(kind: RecordKind, n: int) -> list[str]:
    """Who sees a kind's records, asked of its scopes with each field's own name as its value."""
    asked = {name: [name] if isinstance(one.field, List) else name for name, one in kind.wired.items()} | {
        "id": "id"
    }
    keys = sorted(key.split(":", 1) for key in kind.kind.scopes(asked))
    found = []
    for scope, some in groupby(keys, key=lambda key: key[0]):
        named = ("、", ", ")[n].join(_called(kind, name, n) for _, name in some)
        found.append(_SEEN[scope][n].format(named))
    return found


def _called(kind: RecordKind, name: str, n: int) -> str:
    return f"`{name}`" if name == "id" else f"`{name}` ({_label(kind.wired[name], n)})"


def _label(one: Wired, n: int) -> str:
    return (one.zh, one.en)[n]


def roles_named(roles: Iterable[str], n: int) -> str:
    """Roles in words, in their own order; nobody's is the server's."""
    named = sorted((Role(role) for role in roles), key=list(Role).index)
    return ("、", ", ")[n].join(ROLE_LABELS[role][n] for role in named) or ("仅系统", "the server alone")[n]


def _exports(kind: RecordKind, n: int) -> str:
    ways = ["CSV", *(["GeoJSON"] if geometry_of(kind.name) else []), ("历史", "history")[n]]
    tables = [name for name in TABLES if TARGETS[name].kind == kind.name]
    ways += [f"{('可再导入的表', 'as a table to import again')[n]} `{name}`" for name in tables]
    return ("、", ", ")[n].join(ways)


def _row(name: str, one: Wired, mask: str | None, n: int) -> str:
    star = "*" if one.field.required and one.policy is not Policy.SERVER else ""
    kind_of = _type(one, n) + (("（系统）", " (server)")[n] if one.policy is Policy.SERVER else "")
    cells = [
        f"`{name}`{star}",
        _label(one, n),
        kind_of,
        ("是", "yes")[n] if one.filter else "",
        MASKED[mask][n] if mask else "",
        ("是", "yes")[n] if one.personal else "",
    ]
    return f"| {' | '.join(cells)} |"


def _type(one: Wired, n: int) -> str:
    field = one.field
    if isinstance(field, List):
        return f"{('多个：', 'several: ')[n]}{_single(field.inner, one, n)}"
    return _single(field, one, n)


def _single(field: Field, one: Wired, n: int) -> str:
    if one.references:
        return f"→ [{one.references}](#{_anchor(one.references, n)})"
    if isinstance(field, wire.Coordinates):
        return f"GeoJSON {field.geometry}"
    if isinstance(field, wire.Document | wire.Json):
        return ("内嵌记录", "nested document")[n] + _parts(field, n)
    words = next(said for of, said in _TYPES.items() if isinstance(field, of))[n]
    return words + _MORE.get(type(field), lambda *_: "")(field, n)


def _parts(field: Field, n: int) -> str:
    """The names of what stands in a nested document, where a schema says so."""
    schema = field.schema if isinstance(field, wire.Document) else getattr(field, "shape", None)
    known = schema if isinstance(schema, Schema) else schema() if isinstance(schema, type) else None
    named = (f"`{name}`" for name in known.fields) if known else ()
    return ("：", ": ")[n] + ("、", ", ")[n].join(named) if known else ""


def _anchor(kind: str, n: int) -> str:
    """As MkDocs makes anchors of headings: letters of ASCII, digits, underscores; the rest falls away."""
    if n == 0:
        return kind
    return f"{kind}-{KINDS[kind].en.lower().replace(' ', '-')}"


def _choices(field: Field, n: int) -> str:
    assert isinstance(field, wire.Choice)
    listed = (f"`{code}` {labels[n]}" for code, labels in field.labels.items())
    return ("：", ": ")[n] + ("；", "; ")[n].join(listed)


def _at_most(field: Field, n: int) -> str:
    assert isinstance(field, wire.Text)
    return f"{('，最多 ', ', at most ')[n]}{field.most}"


_MORE: dict[type[Field], Callable[[Field, int], str]] = {wire.Choice: _choices, wire.Text: _at_most}
