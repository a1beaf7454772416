"""Simulated worlds of invalid work: values no field takes, work that builds on them, later corrections."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from mobile_api_spec.phone import Phone
from sync.change import Mutation, Op
from sync.memory import Transaction
from sync.store import Parked
from tests.simulation import promises
from tests.simulation.kinds import FAULTY, KINDS
from tests.simulation.world import SHARED, STEPS, Broken, Step, World, plan


def phone_slip(world: World, dice: random.Random) -> None:
    """Something faulty, and more work on the same record and on what points at it."""
    phone = world._any_phone(dice)
    notes, jobs = sorted(phone.records("note")), sorted(phone.records("job"))
    cells = sorted({one["cell"] for one in phone.records("note").values() if "cell" in one})
    way = dice.choice(["change", "create", "act"])
    if way == "change" and notes:
        note = dice.choice(notes)
        phone.change(
            "note", note, {"text": FAULTY} | ({"count": dice.randrange(9)} if dice.random() < 0.5 else {})
        )
        phone.change(
            "note", note, dice.choice([{"phone": "p"}, {"tags": ["x"]}, {"count": 3}, {"text": "right"}])
        )
        if dice.random() < 0.5:
            phone.create("picture", {"cell": phone.records("note")[note].get("cell", "c0"), "note_id": note})
    elif way == "create" and cells:
        note = phone.create("note", {"cell": dice.choice(cells), "text": FAULTY})
        phone.change("note", note, {"count": 1})
        picture = phone.create("picture", {"cell": dice.choice(cells), "note_id": note})
        phone.change("picture", picture, {"title": dice.choice(["of it", FAULTY])})
    elif way == "act" and jobs:
        job = dice.choice(jobs)
        phone.act("job", job, "take", dice.choice([{}, {"result": FAULTY}]))
        phone.act("job", job, dice.choice(["work", "cancel"]))


def phone_mend(world: World, dice: random.Random) -> None:
    """Somebody gives again what was parked, with a value that is taken, or slips again."""
    phone = world._any_phone(dice)
    faulty = [
        one
        for one, end in phone.store.journal()
        if end and end["code"] == "invalid" and "settled_by" not in end
    ]
    if faulty:
        one = dice.choice(faulty)
        value = "mended" if dice.random() < 0.8 else FAULTY
        phone.correct(one["id"], {name: value for name, was in one["now"].items() if was == FAULTY})


# They happen in careless worlds alone, so that the others stay as they were.
STEPS["phone_slip"], STEPS["phone_mend"] = (0, phone_slip), (0, phone_mend)


def careless(seed: int) -> list[Step]:
    """A world in which every third thing is somebody's slip, or its mending.

    In every other people have two phones.
    """
    return plan(seed, 40, (SHARED if seed % 2 else {}) | {"phone_slip": 9, "phone_mend": 7, "phone_sync": 16})


def check(world: World) -> None:
    """Every promise, and what parks with what; raises Broken."""
    promises.check(world)
    view = world.server.memory.begin()
    _nothing_parks_without_need(view)
    # A server that was restored may get the correction first, and what it corrects when the
    # phone has noticed.
    for phone in world.phones.values() if world.server.memory.epoch == 1 else ():
        _corrections_settle(phone, view)


def _open_rows(view: Transaction) -> list[Any]:
    ends = view.tables("decision")
    rows = sorted(view.tables("waiting").items(), key=lambda row: view.memory.places[row[0]])
    return [one for id_, (one, _) in rows if ends.get(id_, (None, {}))[0] is None]


def _nothing_parks_without_need(view: Transaction) -> None:
    """What says that it waits behind parked work needs some that still waits.

    Its creation, a step or value before it.
    """
    rows = _open_rows(view)
    for n, one in enumerate(rows):
        if one.outcome.code == "predecessor_parked":
            before = [other.mutation for other in rows[:n] if other.group == one.group]
            if not any(_needs(one.mutation, other) for other in before):
                raise Broken(
                    f"P3: {one.mutation.id} waits behind {[b.id for b in before]} and needs none of them"
                )


def _needs(one: Any, other: Any) -> bool:
    if other.op is Op.CREATE and other.key in {one.key, *KINDS[one.kind].references(one.now).values()}:
        return True
    return other.key == one.key and other.op is Op.ACT and one.op is Op.ACT


def _corrections_settle(phone: Phone, view: Transaction) -> None:
    """Of a phone's own journal: no parked slip stays open behind an accepted correction of all it said."""
    waits = {one.mutation.id for one in _open_rows(view)}
    journal = phone.store.journal()
    for n, (one, end) in enumerate(journal):
        # What nobody could read says of no field that it was meant.
        if end is None or end["status"] != "parked" or end["code"] == "unreadable" or one["id"] not in waits:
            continue
        for later, its_end in journal[n + 1 :]:
            is_same = (later["kind"], later["record"], later["op"]) == (one["kind"], one["record"], one["op"])
            covers = one["op"] == "create" or (
                one["op"] == "change" and one["now"].keys() <= later["now"].keys()
            )
            if is_same and covers and its_end and its_end["status"] in ("applied", "merged"):
                raise Broken(f"P3: {one['id']} still waits though {later['id']} corrects it")


def everything_on_the_record_parks() -> AbstractContextManager[Any]:
    """Whatever is of a record with parked work, or points at it, parks too."""

    def needed(mutation: Mutation, _absent: Any, parked: Sequence[Parked]) -> Parked | None:
        keys = {mutation.key, *KINDS[mutation.kind].references(mutation.now).values()}
        return next((one for one in parked if one.key in keys and one.id != mutation.id), None)

    return patch("sync.parking.needed", needed)


def corrections_that_settle_nothing() -> AbstractContextManager[Any]:
    """What was corrected waits on for a person."""
    return patch("sync.parking.settled_by", lambda *_, **__: [])


def what_waited_is_forgotten() -> AbstractContextManager[Any]:
    """A correction closes what it corrects, and what had parked only for that stays where it is."""
    return patch.object(Transaction, "waiting_behind", lambda *_: [])


BUGS: tuple[Callable[[], AbstractContextManager[Any]], ...] = (
    everything_on_the_record_parks,
    corrections_that_settle_nothing,
    what_waited_is_forgotten,
)


def failure(seed: int) -> str | None:
    """What went wrong in a careless world, or None."""
    world = World(seed)
    try:
        world.run(careless(seed))
        with world._seeded_ids():
            promises.quiet(world)
        check(world)
    except Exception as error:  # noqa: BLE001 - whatever breaks is the finding
        return f"{type(error).__name__}: {error}"[:600]
    return None
