"""Possible answers to a form's questions: whether any at all makes a condition true."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations, pairwise
from math import ceil, floor
from typing import Any

from backend.customers.kinds.form_values import (
    OF_TYPE,
    Meaning,
    Row,
    Wrong,
    apart,
    is_text,
    named_by,
    number_of,
    options_of,
    parts_of,
)
from mobile_api_spec.expressions import Node, tree_of

# Stands for all that depends on no answer.
_NO_ROW: Row = {"name": "", "type": "integer"}
# Of so many choices every selection is tried, and texts of so many characters.
_MOST_CHOICES, _MOST_CHARACTERS = 8, 5000
_OPEN = frozenset({"&&", "||", "not", "choice", "all", "exists", "has"})


class _AnyLength(str):
    """A text that stands for those around it in the alphabet, however long they are."""

    __slots__ = ()


def judge(meaning: Meaning, node: Node) -> None:
    """Raises Wrong for a condition that is not true for any answers: its parts do not fit, or contradict
    each other, or the constraint of a question it looks at."""
    if "truth" not in meaning.types(node, {}):
        raise Wrong("no_truth")
    if not can_hold(meaning, node):
        raise Wrong("never")


def can_hold(meaning: Meaning, node: Node) -> bool:
    """Whether a condition can be true, as far as that depends on one answer at a time."""
    asked = {row["name"]: row for part in parts_of(node) if (row := meaning.row_of(part)) is not None}
    for row in (_NO_ROW, *asked.values()):
        own = row.get("constraint") if row is not meaning.own else None
        limit = tree_of(own) if own else None
        kept = apart(limit) if limit else ("plain", True)
        if row["type"] in OF_TYPE and not _is_possible(meaning, node, row, kept):
            return False
    return True


def answered_in(node: Node) -> frozenset[str]:
    """The questions that are answered wherever a condition is true: without its answer it is not."""
    if node[0] == "&&":
        return answered_in(node[1]) | answered_in(node[2])
    parts = [] if node[0] in _OPEN and node[0] != "has" else list(parts_of(node))
    if any(part[0] in _OPEN for part in parts[1:]):
        return frozenset()
    return frozenset(name for part in parts if (name := named_by(part)) is not None)


def _is_possible(meaning: Meaning, node: Node, row: Row, kept: Node) -> bool:
    """Whether some answer to one question, within its own constraint, leaves the condition open; what
    depends on others is open."""
    within = Meaning(meaning.rows, row)
    return any(
        _holds(within, kept, row, value) is not False and _holds(meaning, node, row, value) is not False
        for value in _candidates(("&&", node, kept), row)
    )


def _candidates(node: Node, row: Row) -> list[Any]:
    """Answers of every sort that the condition can tell apart; None stands for all of them."""
    options = options_of(row)
    if OF_TYPE[row["type"]] == "list":
        return _selections(options)
    if OF_TYPE[row["type"]] == "text":
        return list(options) or _texts(node)
    named = _numbers(node)
    if row["type"] == "integer":
        return sorted(
            {whole + n for one in named for whole in (floor(one), ceil(one)) for n in (-1, 0, 1)}
        ) or [0]
    middles = [(one + other) / 2 for one, other in pairwise(named)]
    return [*named, *middles, named[0] - 1, named[-1] + 1] if named else [0]


def _numbers(node: Node) -> list[float]:
    return sorted({found for part in parts_of(node) if (found := number_of(part)) is not None})


def _selections(options: Collection[str]) -> list[Any]:
    """All that can be chosen of several."""
    if len(options) > _MOST_CHOICES:
        return [None]
    return [list(one) for n in range(len(options) + 1) for one in combinations(options, n)]


def _texts(node: Node) -> list[Any]:
    """Texts of every length that is asked for; where texts are named, each, what comes right after it, the
    first and the last of all."""
    texts = {part[1] for part in parts_of(node) if is_text(part)}
    if texts:
        return [_AnyLength(one) for one in ("", *texts, *(f"{one}\0" for one in texts), "\U0010ffff")]
    lengths = {max(floor(one) + n, 0) for one in _numbers(node) for n in (-1, 0, 1, 2)} | {0}
    return ["x" * one for one in sorted(lengths)] if max(lengths) <= _MOST_CHARACTERS else [_AnyLength()]


def _holds(meaning: Meaning, node: Node, row: Row, value: Any) -> bool | None:
    """Whether a condition holds where one question has this answer; None where that depends on something
    else."""
    if node[0] in ("&&", "||"):
        sides = [_holds(meaning, one, row, value) for one in node[1:]]
        decides = node[0] == "||"
        return decides if decides in sides else None if None in sides else not decides
    if node[0] == "not":
        found = _holds(meaning, node[1], row, value)
        return None if found is None else not found
    if node[0] == "choice":
        way = _holds(meaning, node[1], row, value)
        return None if way is None else _holds(meaning, node[2] if way else node[3], row, value)
    if node[0] == "plain":
        return node[1] if isinstance(node[1], bool) else None
    if node[0] not in _COMPARED and node[0] != "in":
        return None
    return _compares(meaning, node, row, value)


def _compares(meaning: Meaning, node: Node, row: Row, value: Any) -> bool | None:
    one, other = (_known(meaning, part, row, value) for part in node[1:])
    if node[0] == "in":
        items = [_known(meaning, each, row, value) for each in node[2][1:]] if node[2][0] == "list" else other
        return None if one is None or not isinstance(items, list) or None in items else one in items
    if one is None or other is None or isinstance(one, list) or isinstance(other, list):
        return None
    if isinstance(one, str) is not isinstance(other, str):
        return None
    return bool(_COMPARED[node[0]](one, other))


def _known(meaning: Meaning, node: Node, row: Row, value: Any) -> Any:
    """What a part is where it does not depend on anything else: the answer itself, its length, a number or a
    text."""
    if node[0] == "size":
        sized = _known(meaning, node[1], row, value)
        return None if sized is None or isinstance(sized, _AnyLength) else float(len(sized))
    if meaning.row_of(node) is row and node[0] != "has":
        return value
    found = number_of(node)
    return found if found is not None else node[1] if is_text(node) else None


_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
