"""Invariants of a quiet world: P2, P3, P4, P8 and, for stores that were damaged, P10."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson

from mobile_api_spec.phone import Phone, Refused
from sync import apply
from sync.apply import CannotApply, Change
from sync.change import Grade, Key, Stored, Write
from sync.memory import Transaction
from sync.parking import APPLIED
from sync.questions import open_questions
from tests.simulation.kinds import KINDS
from tests.simulation.world import Broken, Step, World


def quiet(world: World) -> None:
    """No more accidents: everything under way arrives, everybody syncs until nothing is left."""
    server = world.server
    server.end_lingering()
    while world.delayed:
        with suppress(Refused):
            world.ask(*world.delayed.pop())
    server.end_lingering()
    for turn in range(4):
        for phone in world.phones.values():
            phone.sync()
        if turn == 1:
            server.end_holds()


def check(world: World) -> None:
    """Raises Broken with the promise that was not kept."""
    view = world.server.memory.begin()
    documents: dict[Key, Write] = view.tables("document")
    written = Counter(write.mutation_id for write in view.tables("history").values() if write.mutation_id)
    for phone in world.phones.values():
        _equals_the_server(phone, documents, world.server.scopes(phone.staff_id))
        _every_mutation_ended_once(phone, view, written)
    _judged_by_their_own_clocks(world, view)
    _whatever_the_order(world, view)


def _equals_the_server(phone: Phone, documents: dict[Key, Write], held: frozenset[str]) -> None:
    wanted = {key: (w.version, orjson.loads(w.body)) for key, w in documents.items() if w.scopes & held}
    found = phone.store.bodies()
    if found != wanted:
        keys = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        raise Broken(f"P2: the phone differs at {[(k, found.get(k), wanted.get(k)) for k in keys[:2]]}")


def _every_mutation_ended_once(phone: Phone, view: Transaction, written: Counter[str | None]) -> None:
    answers, waiting, ends = view.tables("mutation"), view.tables("waiting"), view.tables("decision")
    for mutation, outcome in phone.store.journal():
        id_ = mutation["id"]
        if outcome is None or outcome["status"] == "held":
            raise Broken(f"P3: {id_} has no ending: {outcome}")
        if id_ not in answers or str(answers[id_].outcome.status) != outcome["status"]:
            raise Broken(f"P4: {id_} was acknowledged as {outcome['status']} and is not there")
        if outcome["status"] == "parked":
            # What parked with something that is settled now was tried again: told once, and resolved once.
            is_resolved = ends.get(id_, ("", {}))[0] == APPLIED
            if id_ not in waiting or written[id_] != is_resolved:
                raise Broken(f"P3: {id_} was parked and is not kept, or was written too")
        elif written[id_] != 1:
            raise Broken(
                f"P4: {id_} was acknowledged as {outcome['status']} and written {written[id_]} times"
            )


def _judged_by_their_own_clocks(world: World, view: Transaction) -> None:
    """P8: each write names its device, graded and timed as at first receipt, however long it was held."""
    times: dict[Key, set[datetime]] = {}
    for (kind, id_, _), write in sorted(view.tables("history").items()):
        before = times.setdefault((kind, id_), set())
        due = world.server.receipts.get(write.mutation_id or "")
        if due:
            if (write.author.device_id, write.grade) != (due.device, due.grade):
                raise Broken(
                    f"P8: {write.mutation_id} was judged as {write.author.device_id}'s, {write.grade}: {due}"
                )
            is_moved = abs(write.happened_at - due.at) > timedelta(seconds=1)
            if (
                due.grade is Grade.PROVEN
                and is_moved
                and write.happened_at - timedelta(microseconds=1) not in before
            ):
                raise Broken(
                    f"P8: {write.mutation_id} was made at {due.at} and counts from {write.happened_at}"
                )
        before.add(write.happened_at)


def _whatever_the_order(world: World, view: Transaction) -> None:
    """P8: the same writes in another causal order give the same record and questions."""
    histories: dict[Key, list[Write]] = {}
    for (kind, id_, _), write in view.tables("history").items():
        histories.setdefault((kind, id_), []).append(write)
    dice = random.Random(1)
    for key, writes in histories.items():
        pairs = [world.server.sources[id(write)] for write in writes if id(write) in world.server.sources]
        if len(pairs) < 3 or len(pairs) != len(writes):
            continue
        final: Write = view.tables("document")[key]
        again = _replayed(key, _another_order(pairs, dice))
        if _essence(again) != _essence(final.after()):
            raise Broken(f"P8: {key} depends on the order: {_essence(again)} and {_essence(final.after())}")


def _essence(stored: Stored) -> Any:
    questions = open_questions(KINDS[stored.kind], stored.heads)
    return (
        stored.values,
        stored.deleted,
        {group: sorted(head["id"] for head in heads) for group, heads in questions.items()},
    )


def _another_order(pairs: list[tuple[Write, Change]], dice: random.Random) -> list[tuple[Write, Change]]:
    left, order = sorted(pairs, key=lambda pair: pair[0].version), list[tuple[Write, Change]]()
    while left:
        ready = [
            pair for pair in left if not any(_comes_first(other, pair) for other in left if other is not pair)
        ]
        order.append(dice.choice(ready))
        left.remove(order[-1])
    return order


def _comes_first(one: tuple[Write, Change], other: tuple[Write, Change]) -> bool:
    """Whether `other` had seen `one`, or both are of one device and `one` was earlier."""
    (write, change), (later, base) = one, other
    device = change.author.device_id
    is_own = device is not None and device == base.author.device_id and write.version < later.version
    return write.op == "create" or write.version <= base.base_version or is_own


def _replayed(key: Key, pairs: list[tuple[Write, Change]]) -> Stored:
    kind, stored = KINDS[key[0]], None
    for write, change in pairs:
        try:
            if stored is None:
                applied = apply.create(kind, key[1], change, write.version)
            else:
                verb = {"change": apply.change, "delete": apply.delete}.get(str(write.op), apply.act)
                applied = verb(kind, stored, change, write.version)
        except CannotApply as error:
            raise Broken(
                f"P8: {key} {write.op} applies in one order only: {error.code} {error.detail}"
            ) from error
        stored = applied.write.after()
    assert stored is not None
    return stored


def play(seed: int, steps: list[Step]) -> None:
    """One history from morning to quiet, and every check; raises what went wrong."""
    world = World(seed)
    world.run(steps)
    with world._seeded_ids():
        quiet(world)
    check(world)


def failure(seed: int, steps: list[Step]) -> str | None:
    """What went wrong in a history, or None."""
    try:
        play(seed, steps)
    except Exception as error:  # noqa: BLE001 - whatever breaks is the finding
        return f"{type(error).__name__}: {error}"[:600]
    return None


def shrunk(seed: int, steps: list[Step]) -> list[Step]:
    """The history with every step left out that the failure does not need."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if failure(seed, fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


def story(seed: int, steps: list[Step]) -> str:
    """A failing history in as few words as it can be told."""
    short = shrunk(seed, steps)
    lines = "\n".join(f"  {n:2d}. {step}" for n, step in enumerate(short, 1))
    return f"seed {seed}, {len(short)} steps:\n{lines}\n{failure(seed, short)}"
