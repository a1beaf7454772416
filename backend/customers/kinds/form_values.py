"""Types of a form's conditions: what their parts can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import add, mul, sub
from typing import Any

from mobile_api_spec.expressions import Node

SATISFACTION = ("very_satisfied", "satisfied", "neutral", "dissatisfied", "very_dissatisfied")
Types = frozenset[str]
Row = Mapping[str, Any]
ANY: Types = frozenset({"null", "truth", "number", "text", "list", "object"})
# What an answer to a question of a type is; a note has none.
OF_TYPE = {
    "text": "text",
    "integer": "number",
    "decimal": "number",
    "select_one": "text",
    "satisfaction": "text",
    "select_multiple": "list",
}
_ORDERED, _SIZED = frozenset({"number", "text"}), frozenset({"text", "list", "object"})


def options_of(row: Row) -> tuple[str, ...]:
    """The codes one can answer a question with, where it has such."""
    if row["type"] == "satisfaction":
        return SATISFACTION
    is_choice = str(row["type"]).startswith("select")
    return tuple(one["name"] for one in row.get("choices") or ()) if is_choice else ()


def named_by(node: Node) -> str | None:
    """The question whose answer a part of a condition is: `answers.a` or `answers['a']`."""
    if node[0] in ("member", "has") and node[1] == ("name", "answers"):
        return str(node[2])
    is_index = node[0] == "index" and node[1] == ("name", "answers") and is_text(node[2])
    return node[2][1] if is_index else None


def parts_of(node: Node) -> Iterator[Node]:
    """A condition and all its parts."""
    yield node
    for one in node[1:] if node[0] != "plain" else ():
        if isinstance(one, tuple):
            yield from parts_of(one)


def apart(node: Node, names: Mapping[str, str] | None = None) -> Node:
    """A condition in which no name of an `all` or `exists` is that of anything else."""
    names = names or {}
    if node[0] == "plain":
        return node
    if node[0] == "name":
        return ("name", names.get(node[1], node[1]))
    if node[0] in ("all", "exists"):
        own = f"{node[2]} {len(names)}"
        return (node[0], apart(node[1], names), own, apart(node[3], {**names, node[2]: own}))
    return (node[0], *(apart(one, names) if isinstance(one, tuple) else one for one in node[1:]))


def is_text(node: Node) -> bool:
    """Whether a part is a text as it is written in a condition."""
    return node[0] == "plain" and isinstance(node[1], str)


_OF_TWO: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul}


def number_of(node: Node) -> float | None:
    """A number as it is written in a condition, with its sign, or as it comes of others there."""
    if node[0] == "minus" and (found := number_of(node[1])) is not None:
        return -found
    if node[0] in _OF_TWO:
        one, other = (number_of(part) for part in node[1:])
        found = None if one is None or other is None else _OF_TWO[node[0]](one, other)
        return found if found is not None and isfinite(found) else None
    is_number = node[0] == "plain" and isinstance(node[1], float)
    return node[1] if is_number else None


class Wrong(Exception):
    """A part of a condition that can be computed for no answer (`uncomputable`) or compares what is never
    equal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Meaning:
    """What names mean in a condition: the form's questions, and the row that `value` is the answer to
    (none: null)."""

    rows: Mapping[str, Row]
    own: Row | None

    def row_of(self, node: Node) -> Row | None:
        """The question whose answer a part is."""
        return self.own if node == ("name", "value") else self.rows.get(named_by(node) or "")

    def options(self, node: Node, bound: Mapping[str, Node]) -> tuple[str, ...]:
        """The codes that a part can be, or (of several chosen) hold; a name of `all` or `exists` is one of
        its list's."""
        if node[0] == "name" and node[1] in bound:
            row = self.row_of(bound[node[1]])
            return options_of(row) if row and row["type"] == "select_multiple" else ()
        row = self.row_of(node)
        return options_of(row) if row else ()

    def types(self, node: Node, bound: Mapping[str, Node]) -> Types:
        """What a part can be; raises Wrong where it is nothing for any answer."""
        return _TYPES[node[0]](self, node, bound) if node[0] in _TYPES else _computed(self, node, bound)


def _need(types: Types, wanted: Types) -> Types:
    if not types & wanted:
        raise Wrong("uncomputable")
    return types & wanted


def _plain(_meaning: Meaning, node: Node, _bound: Mapping[str, Node]) -> Types:
    value = node[1]
    if value is None:
        return frozenset({"null"})
    return frozenset(
        {"truth" if isinstance(value, bool) else "number" if isinstance(value, float) else "text"}
    )


def _name(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    if node[1] in bound:
        return frozenset({"text"}) if meaning.options(node, bound) else ANY
    if node[1] == "answers":
        return frozenset({"object"})
    return _answer(meaning.own) if meaning.own else frozenset({"null"})


def _answer(row: Row | None) -> Types:
    return frozenset({OF_TYPE[row["type"]]}) if row and row["type"] in OF_TYPE else ANY


def _member(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    _need(meaning.types(node[1], bound), frozenset({"object", "list"} if node[0] == "index" else {"object"}))
    if node[0] == "index":
        meaning.types(node[2], bound)
    if named_by(node):
        return _answer(meaning.row_of(node))
    row = meaning.row_of(node[1])
    return frozenset({"text"}) if row and row["type"] == "select_multiple" else ANY


def _each(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    _need(meaning.types(node[1], bound), frozenset({"list"}))
    _need(meaning.types(node[3], {**bound, node[2]: node[1]}), frozenset({"truth"}))
    return frozenset({"truth"})


def _equal(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    one, other = (meaning.types(part, bound) for part in node[1:])
    if not one & other and "null" not in one | other:
        raise Wrong("never_equal")
    return frozenset({"truth"})


def _in(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    one, many = meaning.types(node[1], bound), meaning.types(node[2], bound)
    _need(many, frozenset({"list", "object"}))
    row, listed = meaning.row_of(node[2]), node[2][0] == "list"
    items = [meaning.types(item, bound) for item in node[2][1:]] if listed else []
    if row is not None and row["type"] == "select_multiple":
        items = [frozenset({"text"})]
    if items and not any(one & item for item in items):
        raise Wrong("never_equal")
    return frozenset({"truth"})


def _list(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    for one in node[1:]:
        meaning.types(one, bound)
    return frozenset({"list"})


def _choice(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    _need(meaning.types(node[1], bound), frozenset({"truth"}))
    return meaning.types(node[2], bound) | meaning.types(node[3], bound)


def _computed(meaning: Meaning, node: Node, bound: Mapping[str, Node]) -> Types:
    """Everything whose parts must all be of one type, of those it takes."""
    takes, gives = _TAKES[node[0]]
    if node[0] in ("/", "%") and number_of(node[2]) == 0:
        raise Wrong("uncomputable")
    found = takes
    for part in node[1:]:
        found = _need(meaning.types(part, bound), found)
    return gives or found


_TRUTH, _NUMBER, _TEXT = frozenset({"truth"}), frozenset({"number"}), frozenset({"text"})
# What operators take, and what they give (none: the same).
_TAKES: dict[str, tuple[Types, Types | None]] = {
    "&&": (_TRUTH, _TRUTH),
    "||": (_TRUTH, _TRUTH),
    "not": (_TRUTH, _TRUTH),
    "size": (_SIZED, _NUMBER),
    "startsWith": (_TEXT, _TRUTH),
    "endsWith": (_TEXT, _TRUTH),
    "contains": (_TEXT, _TRUTH),
    "minus": (_NUMBER, _NUMBER),
    "<": (_ORDERED, _TRUTH),
    "<=": (_ORDERED, _TRUTH),
    ">": (_ORDERED, _TRUTH),
    ">=": (_ORDERED, _TRUTH),
    "+": (_ORDERED, None),
    "-": (_NUMBER, None),
    "*": (_NUMBER, None),
    "/": (_NUMBER, None),
    "%": (_NUMBER, None),
}
_TYPES: dict[str, Callable[[Meaning, Node, Mapping[str, Node]], Types]] = {
    "plain": _plain,
    "name": _name,
    "member": _member,
    "index": _member,
    "all": _each,
    "exists": _each,
    "==": _equal,
    "!=": _equal,
    "in": _in,
    "choice": _choice,
    "list": _list,
    "has": lambda meaning, node, bound: (
        _need(meaning.types(node[1], bound), frozenset({"object"})) and _TRUTH
    ),
}
