"""Evaluates conditions of forms: a small language with CEL's words (protocol.md, section 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import fmod, inf, isfinite
from typing import Any

MOST_NESTED, MOST_TOKENS = 32, 200
_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>'(?:[^'\\\r\n]|\\.)*'|\"(?:[^\"\\\r\n]|\\.)*\")"
    r"|(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:()\[\].,])|(?P<end>$))"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
# From the loosest to the tightest; all of them from left to right.
_LEVELS = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
Node = tuple[Any, ...]
Scope = Mapping[str, Any]
Way = Callable[[], Any]


class Wrong(Exception):
    """The condition cannot be read, or cannot be computed for these answers."""


def holds(source: str, answers: Mapping[str, Any], value: Any = None) -> bool:
    """Whether a condition is true; one that cannot be read or computed is not."""
    try:
        return _value_of(_parsed(source), {"answers": answers, "value": value}) is True
    except Wrong:
        return False


def tree_of(source: str) -> Node | None:
    """A condition as nested tuples whose first item says what to compute; None where unreadable."""
    try:
        return _parsed(source)
    except Wrong:
        return None


def unread(source: str) -> str:
    """What is left of a condition where reading stops; nothing if it is readable or lacks its end."""
    begins, at, parser = [0], 0, None
    while at < len(source) and (match := _TOKEN.match(source, at)) and match.lastgroup is not None:
        begins[-1:] = [match.start(match.lastgroup), match.end()]
        at = match.end()
    try:
        parser = _Parser(source)
        parser.whole()
    except Wrong:
        stops = parser.at if parser else MOST_TOKENS
        return source[begins[min(stops, len(begins) - 1)] :].lstrip()
    return ""


@lru_cache(maxsize=1000)
def _parsed(source: str) -> Node:
    return _Parser(source).whole()


class _Parser:
    """Reads a condition by descent into nested tuples, of which the first item says what to compute."""

    def __init__(self, source: str) -> None:
        self._tokens, self.at, self._depth = list(_tokens(source)), 0, 0
        self._names = ["answers", "value"]

    def whole(self) -> Node:
        """The whole text as one condition."""
        found = self._choice()
        if self._tokens[self.at][0] != "end":
            raise Wrong
        return found

    def _is(self, *signs: str) -> str | None:
        kind, word = self._tokens[self.at]
        found = word if word in signs and (kind == "sign" or word == "in") else None
        self.at += found is not None
        return found

    def _need(self, sign: str) -> None:
        if not self._is(sign):
            raise Wrong

    def _take(self, kind: str) -> str:
        found, word = self._tokens[self.at]
        if found != kind:
            raise Wrong
        self.at += 1
        return word

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise Wrong
        found = self._chain(0)
        if self._is("?"):
            yes = self._choice()
            self._need(":")
            found = ("choice", found, yes, self._choice())
        self._depth -= 1
        return found

    def _chain(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        found = self._chain(level + 1)
        while sign := self._is(*_LEVELS[level]):
            found = (sign, found, self._chain(level + 1))
        return found

    def _unary(self) -> Node:
        signs = []
        while sign := self._is("!", "-"):
            signs.append(sign)
        found = self._member()
        for sign in reversed(signs):
            found = ("not" if sign == "!" else "minus", found)
        return found

    def _member(self) -> Node:
        found = self._primary()
        while sign := self._is(".", "["):
            if sign == "[":
                found = ("index", found, self._choice())
                self._need("]")
                continue
            name = self._take("name")
            found = self._method(name, found) if self._is("(") else ("member", found, name)
        return found

    def _method(self, name: str, of: Node) -> Node:
        if name in ("all", "exists"):
            variable = self._take("name")
            if variable in _WORDS:
                raise Wrong
            self._need(",")
            self._names.append(variable)
            found = (name, of, variable, self._choice())
            self._names.pop()
            self._need(")")
            return found
        given = self._list(")")
        if len(given) != _METHODS.get(name):
            raise Wrong
        return (name, of, *given)

    def _list(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self._is(end):
            if found:
                self._need(",")
            found.append(self._choice())
        return found

    def _primary(self) -> Node:
        if self._is("("):
            found = self._choice()
            self._need(")")
            return found
        if self._is("["):
            return ("list", *self._list("]"))
        kind, word = self._tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("plain", _finite(float(word)))
        if kind == "text":
            return ("plain", _ESCAPE.sub(_unescaped, word[1:-1]))
        if kind == "name" and self._is("("):
            return self._function(word)
        if kind == "name" and word in _WORDS:
            return ("plain", _WORDS[word])
        if kind != "name" or word not in self._names:
            self.at -= 1
            raise Wrong
        return ("name", word)

    def _function(self, name: str) -> Node:
        if name == "has":
            found = self._member()
            is_named = found[0] == "member" and self._tokens[self.at - 1][0] == "name"
            self._need(")")
            if not is_named:
                raise Wrong
            return ("has", *found[1:])
        given = self._list(")")
        if name != "size" or len(given) != 1:
            raise Wrong
        return ("size", given[0])


_METHODS = {"size": 0, "startsWith": 1, "endsWith": 1, "contains": 1}


def _tokens(source: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while not found or found[-1][0] != "end":
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None or len(found) > MOST_TOKENS:
            raise Wrong
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        if match[2] not in _ESCAPED:
            raise Wrong
        return _ESCAPED[match[2]]
    code = int(match[1], 16)
    if 0xD800 <= code < 0xE000:
        raise Wrong
    return chr(code)


def _value_of(node: Node, scope: Scope) -> Any:
    return _WAYS[node[0]](node, scope)


def _finite(number: float) -> float:
    if not isfinite(number):
        raise Wrong
    return number


def _number(value: Any) -> float:
    if not _is_number(value):
        raise Wrong
    return _finite(_as_float(value))


def _of(type_: type, value: Any) -> Any:
    if not isinstance(value, type_):
        raise Wrong
    return value


def _member(node: Node, scope: Scope) -> Any:
    of = _of(dict, _value_of(node[1], scope))
    if node[2] not in of:
        raise Wrong
    return of[node[2]]


def _index(node: Node, scope: Scope) -> Any:
    of, at = _value_of(node[1], scope), _value_of(node[2], scope)
    if isinstance(of, dict):
        if _of(str, at) not in of:
            raise Wrong
        return of[at]
    place = _number(at)
    if not place.is_integer() or not 0 <= place < len(_of(list, of)):
        raise Wrong
    return of[int(place)]


def _same(one: Any, other: Any) -> bool:
    """Equal in type and value, however deep; a number is a number, whether it is written 1 or 1.0."""
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs += zip(one, other, strict=True)
        elif isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            pairs += [(one[name], other[name]) for name in one]
        elif not _same_value(one, other):
            return False
    return True


def _same_value(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return _as_float(one) == _as_float(other)
    return type(one) is type(other) and not isinstance(one, list | dict) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def _in(node: Node, scope: Scope) -> bool:
    one, many = _value_of(node[1], scope), _value_of(node[2], scope)
    if isinstance(many, dict):
        return _of(str, one) in many
    return any(_same(one, other) for other in _of(list, many))


def _ordered(judge: Callable[[Any, Any], bool]) -> Callable[[Node, Scope], bool]:
    def way(node: Node, scope: Scope) -> bool:
        one, other = _value_of(node[1], scope), _value_of(node[2], scope)
        if isinstance(one, str) and isinstance(other, str):
            return judge(one, other)
        return judge(_number(one), _number(other))

    return way


def _computed(work: Callable[[float, float], float]) -> Callable[[Node, Scope], Any]:
    def way(node: Node, scope: Scope) -> Any:
        one, other = _value_of(node[1], scope), _value_of(node[2], scope)
        if node[0] == "+" and isinstance(one, str) and isinstance(other, str):
            return one + other
        try:
            return _finite(work(_number(one), _number(other)))
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Wrong from error

    return way


def _any(found: Callable[[Node, Scope], list[Way]], decides: bool) -> Callable[[Node, Scope], bool]:
    """One side that decides is enough, whatever cannot be computed beside it; else all must be computable."""

    def way(node: Node, scope: Scope) -> bool:
        is_wrong = False
        for side in found(node, scope):
            try:
                if _of(bool, side()) == decides:
                    return decides
            except Wrong:
                is_wrong = True
        if is_wrong:
            raise Wrong
        return not decides

    return way


def _sides(node: Node, scope: Scope) -> list[Way]:
    return [lambda one=one: _value_of(one, scope) for one in node[1:]]  # type: ignore[misc]


def _each(node: Node, scope: Scope) -> list[Way]:
    _, of, name, condition = node
    items = _of(list, _value_of(of, scope))
    return [lambda one=one: _value_of(condition, {**scope, name: one}) for one in items]  # type: ignore[misc]


def _texts(judge: Callable[[str, str], bool]) -> Callable[[Node, Scope], bool]:
    return lambda node, scope: judge(*(_of(str, _value_of(one, scope)) for one in node[1:]))


def _size(node: Node, scope: Scope) -> float:
    value = _value_of(node[1], scope)
    if not isinstance(value, str | list | dict):
        raise Wrong
    return float(len(value))


def _choice(node: Node, scope: Scope) -> Any:
    return _value_of(node[2] if _of(bool, _value_of(node[1], scope)) else node[3], scope)


_WAYS: dict[str, Callable[[Node, Scope], Any]] = {
    "plain": lambda node, _: node[1],
    "name": lambda node, scope: scope[node[1]],
    "list": lambda node, scope: [_value_of(one, scope) for one in node[1:]],
    "member": _member,
    "index": _index,
    "has": lambda node, scope: node[2] in _of(dict, _value_of(node[1], scope)),
    "size": _size,
    "startsWith": _texts(str.startswith),
    "endsWith": _texts(str.endswith),
    "contains": _texts(str.__contains__),
    "all": _any(_each, decides=False),
    "exists": _any(_each, decides=True),
    "&&": _any(_sides, decides=False),
    "||": _any(_sides, decides=True),
    "choice": _choice,
    "not": lambda node, scope: not _of(bool, _value_of(node[1], scope)),
    "minus": lambda node, scope: -_number(_value_of(node[1], scope)),
    "==": lambda node, scope: _same(_value_of(node[1], scope), _value_of(node[2], scope)),
    "!=": lambda node, scope: not _same(_value_of(node[1], scope), _value_of(node[2], scope)),
    "in": _in,
    "<": _ordered(lambda one, other: bool(one < other)),
    "<=": _ordered(lambda one, other: bool(one <= other)),
    ">": _ordered(lambda one, other: bool(one > other)),
    ">=": _ordered(lambda one, other: bool(one >= other)),
    "+": _computed(lambda one, other: one + other),
    "-": _computed(lambda one, other: one - other),
    "*": _computed(lambda one, other: one * other),
    "/": _computed(lambda one, other: one / other),
    "%": _computed(fmod),
}
