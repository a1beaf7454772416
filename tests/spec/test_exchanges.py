"""What a server answers, push by push (`mobile_api_spec/exchanges/`), by the sync core on the double."""

from __future__ import annotations

import json
import weakref
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from sync.change import Author, Key, Stored, Write
from sync.honest_time import Exchange
from sync.kind import Kind, Values
from sync.memory import Memory, Transaction
from sync.push import Push
from sync.receipts import Clocks
from sync.wire import mutation_from
from tests.simulation.kinds import KINDS

FOLDER = Path(__file__).parents[2] / "mobile_api_spec/exchanges"
CASES = json.loads((FOLDER / "parking.json").read_text(encoding="utf-8"))["cases"]
SPACE = UUID("0193c0de-0000-7000-8000-000000000000")
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)


def long_id(short: str) -> str:
    return str(uuid5(SPACE, short))


class Rights:
    """Everybody here serves the cell `mine`."""

    def now(self) -> Collection[str]:
        return {"cell:mine"}

    writing = ever = now

    def successors(self, _keys: Collection[Key]) -> Mapping[Key, Key]:
        return {}

    def naming(self, _kind: str) -> Collection[str]:
        return self.now()

    def at(self, _moment: datetime) -> Collection[str]:
        return self.now()

    def record_scopes_at(self, _key: Key, _moment: datetime) -> Collection[str]:
        return ()

    def objection(self, _write: Write) -> str | None:
        return None

    def completed(self, records: Sequence[tuple[Kind, Values]]) -> list[Values]:
        return [values for _, values in records]


def kind_of(record: str) -> str:
    return {"n": "note", "j": "job", "p": "picture"}[record[0]]


def begin(store: Transaction, record: str, cell: str) -> None:
    kind = KINDS[kind_of(record)]
    values = dict.fromkeys(kind.fields) | {"unit_id": "u", "cell": cell}
    values |= {kind.state_field: kind.initial_state} if kind.initial_state else {}
    office = Author("office", None, frozenset(), "u")
    store.write_many([Write(kind, long_id(record), 1, None, values, {}, False, office, AT, "create")])


def as_sent(one: dict[str, Any]) -> bytes:
    now = {name: long_id(value) if name.endswith("_id") else value for name, value in one["now"].items()}
    minute = one.pop("minute", 5)
    named = {name: long_id(one[name]) for name in ("id", "record", "after") if name in one}
    times = {
        "happened_at": (AT + timedelta(minutes=minute)).isoformat(),
        "monotonic_ms": minute * 60_000,
        "boot": "b",
    }
    return json.dumps(
        {"base_version": 0 if one["op"] == "create" else 1, **one, **named, **times, "now": now}
    ).encode()


def pushed(memory: Memory, given: dict[str, Any]) -> list[Any]:
    """The outcomes, told as the case tells them."""
    device, late = given.get("device", "first"), AT + timedelta(minutes=30)
    clocks = Clocks(late, late, {"b": Exchange("b", 30 * 60_000, late)})
    author = Author(given.get("author", "me"), device, frozenset({"rep"}), "u")
    store = memory.begin()
    shorts = {
        long_id(one[name]): one[name]
        for one in given["mutations"]
        for name in ("id", "record", "after")
        if name in one
    }
    push = Push(store, KINDS, author, Rights(), clocks)
    outcomes = push.run([mutation_from(as_sent(dict(one)), device) for one in given["mutations"]])
    store.commit()
    gone = weakref.ref(push)
    del push
    assert gone() is None, (
        "a push holds all it wrote: what only the collector frees stays in memory long after"
    )
    told = json.dumps([[str(one.status), one.code, one.detail] for one in outcomes])
    for long, short in {
        **shorts,
        **{long_id(f"{k}{n}"): f"{k}{n}" for k in "mnjp" for n in range(1, 10)},
    }.items():
        told = told.replace(long, short)
    found: list[Any] = json.loads(told)
    for one in found:
        one[2] = {name: sorted(value) if isinstance(value, list) else value for name, value in one[2].items()}
    return found


@pytest.mark.parametrize("case", CASES, ids=[one["name"] for one in CASES])
def test_what_a_server_answers(case: dict[str, Any]) -> None:
    memory = Memory(KINDS)
    store = memory.begin()
    for one in case["there"]:
        begin(store, one["record"], one["cell"])
    store.commit()
    for given in case["pushes"]:
        for found, expected in zip(pushed(memory, given), given["outcomes"], strict=True):
            status, code, detail = (*expected, None, None)[:3]
            assert found[:2] == [status, code]
            assert detail is None or found[2].items() >= detail.items(), found
    view = memory.begin()
    ends = view.tables("decision")
    waits = [i for i, (one, _) in view.tables("waiting").items() if str(one.outcome.status) == "parked"]
    assert {i for i in waits if ends.get(i, (None, {}))[0] is None} == {long_id(one) for one in case["waits"]}
    for record, values in case["shows"].items():
        stored: Stored = view.load([(kind_of(record), long_id(record))])[kind_of(record), long_id(record)]
        assert {name: stored.values[name] for name in values} == values
