"""Masks of personal data: what of a record its reader may see, as values, as JSON text and as SQL.

An auditor checks work, not customers. Names, phone numbers and addresses come masked, what cannot be masked
(a nested contact, a door code) not at all, and telephone numbers inside free text lose their middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from backend.core.actor import Actor
from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.registry import KINDS
from sync.canonical import canonical_json
from sync.kind import Values

# What is no value of its own in the seals but tells of a person all the same.
_ALSO = {
    "customer": {"pinyin": "name"},
    "service_point": {"access_note": "hidden"},
    "response": {"answers": "text"},
    "administrative_act": {"before": "text", "after": "text"},
}
# Shorter texts are names of things, codes and work numbers; longer ones are what people write.
_FREE_FROM = 300
# As they are written in China, with a country's code, in pairs, in groups, and in North America; a day is
# none.
_WAYS = (
    r"1\d{10}",
    r"0\d{2,3}-?\d{7,8}",
    r"\+\d[\d ()./-]{5,20}\d",
    r"0\d(?:[ .]\d{2}){4}",
    r"0\d{2,4}(?: \d{3,4}){2}",
    r"\(\d{3}\) ?\d{3}[ .-]?\d{4}",
    r"\d{3}[ .-]\d{3}[ .-]\d{4}",
)
_NUMBER = re.compile(rf"(?<![0-9A-Za-z+-])(?:{'|'.join(_WAYS)})(?![0-9A-Za-z-])")
# A house number stands first in many countries.
_DIGITS = "[0-9０-９٠-٩۰-۹]"


def sees_all(actor: Actor) -> bool:
    """Whether nothing is masked for them."""
    return actor.sees_phone_numbers


def masks_of(kind: RecordKind) -> Mapping[str, str]:
    """Field -> how it is masked: name, phone, address, hidden (contact), or text."""
    free = {
        name: "text"
        for name, one in kind.wired.items()
        if isinstance(one.field, wire.Text) and one.field.most >= _FREE_FROM
    }
    return free | kind.personal | _ALSO.get(kind.name, {})  # fmt: skip


def masked(actor: Actor, kind: RecordKind, values: Values) -> Values:
    """A record's values as the actor sees them; every field is named, also an empty one."""
    values = dict.fromkeys(kind.wired) | values
    return values if sees_all(actor) else _masked(kind, values)


def masked_part(actor: Actor, kind: RecordKind | None, values: Values) -> Values:
    """Some fields of a record as the actor sees them; of a kind nobody knows (yet) nothing is shown to who
    sees masks."""
    if sees_all(actor):
        return values
    return _masked(kind, values) if kind else {}


def masked_changes(actor: Actor, kind: RecordKind, changed: Mapping[str, Any]) -> dict[str, Any]:
    """A step's changes, field -> [old, new]; personal fields are left out for who sees masks."""
    if sees_all(actor):
        return dict(changed)
    masks = masks_of(kind)
    return {
        name: [mask("text", one) for one in pair] if name in masks else pair
        for name, pair in changed.items()
        if masks.get(name, "text") == "text"
    }


def masked_body(kind_name: str, body: str) -> str:
    """A stored body as somebody gets it who sees masks; what is hidden is left out, as what is empty
    always is."""
    values = _masked(KINDS[kind_name], orjson.loads(body))
    return canonical_json({name: value for name, value in values.items() if value is not None}).decode()


def mask(what: str, value: Any) -> Any:
    """One value masked as `what`: name, phone, address or text; anything else is hidden."""
    if value is None:
        return None
    found = _MASKS.get(what)
    return found(value) if found else None


def mask_sql(what: str, sql: str) -> str:
    """The same mask over an SQL expression of a text: for maps, whose tiles are made in the database."""
    if what == "name":
        return f"(left({sql}, 1) || repeat('*', greatest(length({sql}) - 1, 0)))"
    if what == "address":
        return f"(regexp_replace(left({sql}, 3), '{_DIGITS}', '*', 'g') || '***')"
    return "CAST(NULL AS text)"


def mask_phone(number: str) -> str:
    """The first three and last two digits of a number; of a short one the last two alone."""
    shown = 3 if len(number) >= 8 else 0
    return number[:shown] + "*" * max(len(number) - shown - 2, 0) + number[-2:]


def _masked(kind: RecordKind, values: Values) -> Values:
    return values | {
        name: mask(what, values[name]) for name, what in masks_of(kind).items() if name in values
    }


def _mask_text(value: Any) -> Any:
    """Telephone numbers in whatever was written, nested or not."""
    if isinstance(value, str):
        return _NUMBER.sub(lambda found: mask_phone(found[0]), value)
    if isinstance(value, list):
        return [_mask_text(one) for one in value]
    return {name: _mask_text(one) for name, one in value.items()} if isinstance(value, dict) else value


_MASKS: dict[str, Callable[[Any], Any]] = {
    "phone": lambda value: mask_phone(str(value)),
    "name": lambda value: str(value)[:1] + "*" * (len(str(value)) - 1),
    # The district tells an auditor enough; a house number is the customer's.
    "address": lambda value: re.sub(_DIGITS, "*", str(value)[:3]) + "***",
    "text": _mask_text,
}
