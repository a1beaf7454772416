"""Finds by trying what a kind's check asks of its fields together: for the schemas and for readers.

A check is a pure function of a record's values. It is tried on every sort of value its fields can have; for
each fault the widest set of values is sought in which it always appears. What no JSON Schema can say (this
day before that one) is told in the fault's own words.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow.fields import Field, List

from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.wire import Choice, Document, Flag, Text
from sync.errors import Fault

Values = dict[str, Any]
TRIES, BOX_TRIES, MOST_ITEMS = 12_000, 60, 60
_EMPTY: tuple[Any, ...] = (None, "", [])
_ID_A, _ID_B = "01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"
# Enough values of each sort that a check which compares two of them is caught at it.
_SAMPLES: dict[type, list[Any]] = {
    wire.Id: [_ID_A, _ID_B], wire.Day: ["2026-01-01", "2026-12-31"], wire.Clock: ["08:00", "17:00"],
    wire.Whole: [0, 1, 4], wire.Number: [0, 1, 4],
    wire.Moment: ["2026-01-01T00:00:00.000000Z", "2026-12-31T00:00:00.000000Z"],
    Text: ["", "x", "y"], Flag: [True, False],
    wire.Coordinates: [{"type": "Point", "coordinates": [120.3, 36.1]}],
}  # fmt: skip


@dataclass(slots=True)
class Rule:
    """One thing that must not be: the fault it gives, and the values in which it appears.

    `bites` are field -> the values with which it appears; None where only the fault's own words can say it.
    """

    field: str
    code: str
    zh: str
    en: str
    looks_at: tuple[str, ...] = ()
    bites: dict[str, list[Any]] | None = None
    least: dict[str, int] = dataclasses.field(default_factory=dict)

    def schema(self) -> dict[str, Any] | None:
        """As JSON Schema: if all else is so, then one of the fields is given, or the last is not so."""
        if self.bites is None:
            return None
        given = [name for name, values in self.bites.items() if name not in self.least and _is_empty(values)]
        wanted = [_given(name, self.bites[name]) for name in given]
        wanted += [
            {"required": [name], "properties": {name: {"type": "array", "minItems": n}}}
            for name, n in self.least.items()
        ]
        if not wanted:
            last = self.field if self.field in self.bites else next(reversed(self.bites))
            given, wanted = [last], [{"not": _among(last, self.bites[last])}]
        rest = [name for name in self.bites if name not in given and name not in self.least]
        then = wanted[0] if len(wanted) == 1 else {"anyOf": wanted}
        return {"if": _all([_among(name, self.bites[name]) for name in rest]), "then": then} if rest else then

    def words(self) -> str:
        """The same for who reads: what must be, and when."""
        if self.bites is None:
            return f"{self.en} (looks at {', '.join(f'`{name}`' for name in self.looks_at)})"
        given = [f"`{n}`" for n, values in self.bites.items() if n not in self.least and _is_empty(values)]
        wanted = [f"{' or '.join(given)} is given"] if given else []
        wanted += [f"`{name}` has {n} or more" for name, n in self.least.items()]
        rest = [n for n, values in self.bites.items() if f"`{n}`" not in given and n not in self.least]
        when = " and ".join(_in_words(name, self.bites[name]) for name in rest)
        if not wanted:
            return f"never: {when} ({self.en})"
        return f"{f'when {when}: ' if when else ''}{' or '.join(wanted)} ({self.en})"


def _is_empty(values: Sequence[Any]) -> bool:
    return all(value in _EMPTY for value in values)


def _given(name: str, empty: Sequence[Any]) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"enum": list(empty)}}}}


def _among(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """The field has one of these values; after `...` stand those that it has not."""
    if ... in values:
        return _given(name, values[1:])
    found: dict[str, Any] = {"properties": {name: {"enum": list(values)}}}
    return found if None in values else {"required": [name]} | found


def _all(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return conditions[0] if len(conditions) == 1 else {"allOf": conditions}


def _in_words(name: str, values: Sequence[Any]) -> str:
    if ... in values:
        return f"`{name}` is given"
    told = [f"`{str(one).lower() if isinstance(one, bool) else one}`" for one in values if one is not None]
    return f"`{name}` is {' or '.join(told)}" + (" or not given" if None in values else "")


def _samples(one: Field[Any]) -> list[Any]:
    """Values of every sort a field can have; None where it may be empty."""
    empty = [] if one.required else [None]
    if isinstance(one, Choice):
        return empty + list(one.labels)
    if isinstance(one, List):
        return [*empty, [], [_ID_A], [_ID_A, _ID_B] * (MOST_ITEMS // 2)]
    if isinstance(one, Document):
        return empty + _documents(one)
    found = next((found for type_, found in _SAMPLES.items() if isinstance(one, type_)), [{"x": 1}])
    if isinstance(one, wire.Whole):
        # A year is no small number: what no record can have says nothing.
        found = [each for each in found if one.quick(each) is not wire.NOT_QUICK] or [2000, 2026]
    return empty + found


def _documents(one: Document) -> list[Any]:
    """A nested document with each of its choices, and with odd texts; of a list also none, and one twice."""
    plain = {name: _samples(inner)[-1] for name, inner in one.schema.load_fields.items() if inner.required}
    choices = [(name, inner) for name, inner in one.schema.load_fields.items() if isinstance(inner, Choice)]
    needed = [(name, inner) for name, inner in choices if inner.required]
    found = [plain | {name: code} for name, inner in needed for code in inner.labels] or [plain]
    texts = [name for name, inner in one.schema.load_fields.items() if isinstance(inner, Text)]
    found += [plain | {name: odd} for name in texts for odd in ("(", "answers.nobody")]
    return [[], *([each] for each in found), [found[0], found[0]]] if one.many else found


class _Seen(dict[str, Any]):
    """Values that remember which of them were looked at."""

    def __init__(self, values: Mapping[str, Any], seen: set[str]) -> None:
        super().__init__(values)
        self._seen = seen

    def __getitem__(self, name: str) -> Any:
        self._seen.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The value, remembered as looked at."""
        self._seen.add(name)
        return super().get(name, default)


_FOUND: dict[str, list[Rule]] = {}


def rules_of(kind: RecordKind) -> list[Rule]:
    """What the kind's check asks, in the order of its fields; sought once."""
    if kind.name not in _FOUND:
        _FOUND[kind.name] = Search(kind).rules()
    return _FOUND[kind.name]


class Search:
    """Tries a kind's check; the same tries each time, so that what is generated stays as it is."""

    def __init__(self, kind: RecordKind) -> None:
        self._kind, self._lot = kind, random.Random(17)
        self.plain: Values = {name: _samples(one.field)[0] for name, one in kind.wired.items()}
        self.sorts = {name: _samples(one.field) for name, one in kind.wired.items()}
        self._read = self._looked_at()

    def _looked_at(self) -> list[str]:
        seen: set[str] = set()
        for _ in range(2000):
            values = {name: self._lot.choice(sorts) for name, sorts in self.sorts.items()}
            self._kind.kind.check(_Seen(values, seen))
        return [name for name in self._kind.wired if name in seen]

    def rules(self) -> list[Rule]:
        """Each fault that appears, with the values in which it always does."""
        found: dict[tuple[str, str, str], list[Rule]] = {}
        said: dict[tuple[str, str, str], set[str]] = {}
        for _ in range(TRIES if self._read else 0):
            values = self.plain | {name: self._lot.choice(self.sorts[name]) for name in self._read}
            for fault in self._kind.kind.check(values):
                said.setdefault(_key(fault), set()).add(fault.zh)
                known = found.setdefault(_key(fault), [])
                if not any(one.bites is None or _covers(one, values) for one in known):
                    known.append(self._rule(fault, values))
        for key in (key for key, words in said.items() if len(words) > 1):
            for rule in found[key]:
                rule.zh = re.sub(r"\d+", "…", rule.zh)  # A number of this one try.
        order = {name: n for n, name in enumerate(self._kind.wired)}
        rules = [one for many in found.values() for one in many]
        return sorted(rules, key=lambda one: (order[one.field], one.code))

    def _appears(self, key: tuple[str, str, str], values: Values) -> bool:
        return key in {_key(fault) for fault in self._kind.kind.check(values)}

    def _rule(self, fault: Fault, values: Values) -> Rule:
        key, box = _key(fault), {name: [values[name]] for name in self._read}
        for name in self._read:
            box[name] = [one for one in self.sorts[name] if self._always(key, box | {name: [one]})]
        box = {name: many for name, many in box.items() if len(many) < len(self.sorts[name])}
        rule = Rule(key[0], fault.code, fault.zh, fault.en, looks_at=tuple(box))
        partly = [name for name, many in box.items() if not self._is_said(name, many)]
        if len(partly) == 1 and isinstance(self._kind.wired[partly[0]].field, List):
            fewest = self._fewest(key, values, partly[0])
            if fewest == 0:  # It is not about how many there are.
                return rule
            rule.least = {partly[0]: fewest}
        elif partly:
            return rule
        rule.bites = {name: self._told(name, many) for name, many in box.items()}
        return rule

    def _always(self, key: tuple[str, str, str], box: dict[str, list[Any]]) -> bool:
        tries = ({name: self._lot.choice(many) for name, many in box.items()} for _ in range(BOX_TRIES))
        return all(self._appears(key, self.plain | one) for one in tries)

    def _is_said(self, name: str, many: list[Any]) -> bool:
        """Whether these are all values or none of those that are not empty, or codes that can be listed."""
        if isinstance(self._kind.wired[name].field, Choice | Flag):
            return True
        full = [one for one in self.sorts[name] if one not in _EMPTY]
        return not any(one in many for one in full) or all(one in many for one in full)

    def _told(self, name: str, many: list[Any]) -> list[Any]:
        if isinstance(self._kind.wired[name].field, Choice | Flag):
            return many
        empty = [one for one in self.sorts[name] if one in _EMPTY and one not in many]
        return many if _is_empty(many) else [..., *empty]

    def _fewest(self, key: tuple[str, str, str], values: Values, name: str) -> int:
        return next(n for n in range(MOST_ITEMS) if not self._appears(key, values | {name: [_ID_A] * n}))


def _key(fault: Fault) -> tuple[str, str, str]:
    return fault.field.split(".")[0], fault.code, fault.en


def _covers(rule: Rule, values: Values) -> bool:
    bites = rule.bites or {}
    return all(
        len(values[name] or ()) < rule.least[name] if name in rule.least else _is_among(values[name], many)
        for name, many in bites.items()
    )


def _is_among(value: Any, many: list[Any]) -> bool:
    return value not in many if ... in many else value in many
