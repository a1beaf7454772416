"""Builds answers to phones by joining stored JSON texts.

A page's lines, and each outcome with the record it made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from sync.change import Key, Outcome, Write
from sync.store import Line


def lines_json(lines: Iterable[Line], have: Mapping[Key, int] | None = None) -> str:
    """A JSON array of lines.

    Where the phone has the very version from a push's answer, it gets the scopes alone.
    """
    if not have:
        return f"[{','.join([_line(one) for one in lines])}]"
    return f"[{','.join([_same(one) if _is_there(one, have) else _line(one) for one in lines])}]"


def _is_there(line: Line, have: Mapping[Key, int]) -> bool:
    return bool(line.scopes) and have.get(line.key) == line.version


def _head(line: Line) -> str:
    scopes = '","'.join(line.scopes)
    within = f'["{scopes}"]' if scopes else "[]"
    return f'{{"kind":"{line.kind}","id":"{line.id}","version":{line.version},"in":{within},"body":'


def _same(line: Line) -> str:
    return f'{_head(line)}null,"same":true{_tail(line)}'


def _line(line: Line) -> str:
    return f"{_head(line)}{line.body or 'null'}{_tail(line)}"


def _tail(line: Line) -> str:
    return ',"ahead":true}' if line.is_ahead else "}"


def glued(head: Mapping[str, Any], **arrays: str) -> bytes:
    """A JSON object of ordinary values and of arrays that are text already."""
    texts = "".join(f',"{name}":{text}' for name, text in arrays.items())
    return f"{orjson.dumps(head).decode()[:-1]}{texts}}}".encode()


def push_answers(
    outcomes: Sequence[Outcome], written: Mapping[str, Write], held: Collection[str]
) -> list[dict[str, Any]]:
    """Each outcome, with the record as the whole push left it.

    The body only where the author still holds a scope of it.
    """
    last = {write.key: write for write in written.values()}
    answers = []
    for outcome in outcomes:
        write = written.get(outcome.id)
        answers.append(outcome.as_dict() | ({"record": _record(last[write.key], held)} if write else {}))
    return answers


def _record(write: Write, held: Collection[str]) -> dict[str, Any]:
    scopes = sorted(scope for scope in write.scopes if scope in held)
    body = orjson.Fragment(write.body) if scopes else None
    return {"kind": write.kind.name, "id": write.id, "version": write.version, "in": scopes, "body": body}
