"""In which order a push is judged: what others build on first, no record twice in a round."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.change import Mutation
from sync.order import in_order, rounds
from sync.wire import mutation_from
from tests.factories import mutation, uid


def one(name: str, record: str = "", after: str | None = None, **now: Any) -> Mutation:
    """A creation by its name, of a record of that name."""
    sent = mutation("visit", uid(record or name), "create", now, id=uid(name))
    raw = json.dumps(sent | ({"after": uid(after)} if after else {})).encode()
    return mutation_from(raw, "device")


def names(mutations: list[Mutation]) -> list[str]:
    known = {uid(name): name for name in "abcde"}
    return [known[each.id] for each in mutations]


@pytest.mark.parametrize(
    ("sent", "order", "circle"),
    [
        ([], [], []),
        ([("b", None), ("a", None)], ["b", "a"], []),
        ([("b", "a"), ("a", None)], ["a", "b"], []),
        ([("c", "b"), ("b", "a"), ("a", None), ("d", None)], ["a", "b", "c", "d"], []),
        # Whose predecessor is not in this push goes as it comes.
        ([("b", "gone"), ("a", None)], ["b", "a"], []),
        ([("a", "b"), ("b", "a"), ("c", None)], ["c"], ["a", "b"]),
        ([("a", "a")], [], ["a"]),
        # What waits for a circle waits with it.
        ([("c", "b"), ("a", "b"), ("b", "a")], [], ["c", "a", "b"]),
    ],
)
def test_each_comes_behind_what_it_waits_for(
    sent: list[tuple[str, str | None]], order: list[str], circle: list[str]
) -> None:
    done, stuck = in_order([one(name, after=after) for name, after in sent])
    assert (names(done), names(stuck)) == (order, circle)


def test_a_round_holds_no_record_twice() -> None:
    batches = rounds([one("a", "r"), one("b", "r"), one("c", "s")])
    assert [names(batch) for batch in batches] == [["a", "c"], ["b"]]


def test_a_round_comes_behind_what_it_points_at_and_waits_for() -> None:
    pointing = one("b", customer_id=uid("a"))
    batches = rounds([one("a"), pointing, one("c", after="b"), one("d", customer_id=uid("elsewhere"))])
    assert [names(batch) for batch in batches] == [["a", "d"], ["b"], ["c"]]


def test_nothing_makes_no_round() -> None:
    assert rounds([]) == []
