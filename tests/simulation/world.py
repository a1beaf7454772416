"""A seeded world: phones and an office act at random over a virtual clock.

A step carries its own seed, so that a failing history can be shortened by leaving steps out.
"""

from __future__ import annotations

import functools
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import orjson

from mobile_api_spec.phone import Clock, Offline, Phone, Refused
from mobile_api_spec.phone.store import Store
from tests.simulation.core import START, CellAssignment, Crashed, Server, clock_begins_ms, ended, later
from tests.simulation.kinds import ACTIONS

USERS = (
    "a" * 8 + "-0000-4000-8000-00000000000a",
    "b" * 8 + "-0000-4000-8000-00000000000b",
    "c" * 8 + "-0000-4000-8000-00000000000c",
)
CELLS = ("c0", "c1", "c2")


class PhoneDied(Exception):
    """The phone's battery went between two steps."""


class Broken(AssertionError):
    """A promise was not kept."""


@dataclass(frozen=True)
class Step:
    """One thing that happens, with the dice it is drawn with."""

    name: str
    seed: int

    def __str__(self) -> str:
        return f"{self.name}#{self.seed}"


class SimClock(Clock):
    """A phone's clocks in the world's time."""

    def __init__(self, server: Server, device: str) -> None:
        super().__init__(boot="boot")
        self._server, self._device = server, device

    def now(self) -> datetime:
        return self._server.now + self.moved_by

    def monotonic_ms(self) -> int:
        return int((self._server.now - START).total_seconds() * 1000) + clock_begins_ms(
            self._device, self.boot
        )


class CoreLink:
    """A phone's way to the simulated server: it loses, repeats, delays and cuts."""

    def __init__(self, world: World, user: str, device: str) -> None:
        self._world, self._user, self._device = world, user, device
        self.is_up = True
        self.plan: deque[str] = deque()

    def send(self, _method: str, path: str, *, token: str | None = None, **options: Any) -> Any:
        """One request."""
        body = options["content"] if "content" in options else orjson.dumps(options["json"])
        accident = self.plan.popleft() if self.plan else "ok"
        if not self.is_up or accident == "lose_request":
            raise Offline
        if accident == "delay":
            self._world.delayed.append((self._user, self._device, path, body))
            raise Offline
        try:
            found = self._world.ask(self._user, self._device, path, body)
            if accident == "repeat":
                found = self._world.ask(self._user, self._device, path, body)
        except Crashed as error:
            raise Offline from error
        if accident == "lose_reply":
            raise Offline
        return _Reply(found)

    def close(self) -> None:
        """Nothing to give back."""


class _Reply:
    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def json(self) -> dict[str, Any]:
        return self._found


class World:
    """Phones, the server, and what happens to them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.server = Server(self.dice)
        self.server.interleave = self._interleave
        self.delayed: list[tuple[str, str, str, bytes]] = []
        self.stores: dict[str, Store] = {}
        self.phones: dict[str, Phone] = {}
        self._ids = 0
        self._depth = 0
        with self._seeded_ids():
            for user in USERS:
                self._start(user, "d" + user[1:])
        for n, cell in enumerate(CELLS):
            self.server.duties.append(CellAssignment(USERS[n], cell, self.server.now))
            for m in range(4):
                self.server.create("note", {"cell": cell, "text": f"{cell}{m}"})
            self.server.create("job", {"cell": cell})
        self.server.back_up()

    def _start(self, user: str, device: str) -> None:
        """The program begins on a phone, on the disk that it left if it had run before."""
        store = self.stores.setdefault(device, Store(None))
        self.phones[device] = phone = Phone(
            store, CoreLink(self, user, device), SimClock(self.server, device)
        )
        phone.page_lines = 3
        store.set_meta(staff=user, access="token", device=device)

    @contextmanager
    def _seeded_ids(self) -> Iterator[None]:
        def make() -> str:
            self._ids += 1
            return str(UUID(int=self.dice.getrandbits(64) << 40 | self._ids, version=4))

        with patch("mobile_api_spec.phone.phone.new_id", make):
            yield

    # -- asking ----------------------------------------------------------------------------------------------

    def ask(self, user: str, device: str, path: str, body: bytes) -> dict[str, Any]:
        """A request reaches the server; nothing outside the asker's scopes may come back (P5)."""
        found = self.server.handle(user, device, path, body)
        held = self.server.scopes(user)
        records = [
            *found.get("lines", ()),
            *(line for one in found.get("repairs", ()) for line in one["lines"]),
        ]
        records += [one["record"] for one in found.get("outcomes", ()) if one.get("record")]
        for line in records:
            if set(line["in"]) - held or (line["body"] is not None and not line["in"]):
                raise Broken(
                    f"P5: {line['kind']}/{line['id']} went to somebody who does not hold it: {line['in']}"
                )
        return found

    def _interleave(self) -> None:
        """Between two statements of a push others read and write."""
        if self._depth < 1 and self.dice.random() < 0.06:
            self._depth += 1
            try:
                self.dice.choice(
                    [self._office_edit, self._office_edit, self._end_some, self._pull_somewhere]
                )(self.dice)
            finally:
                self._depth -= 1

    # -- steps -----------------------------------------------------------------------------------------------

    def run(self, steps: list[Step]) -> None:
        """Let it all happen."""
        with self._seeded_ids():
            for step in steps:
                self.server.now = later(self.server.now, 1)
                dice = random.Random(step.seed)
                self.dice.seed(step.seed)
                try:
                    STEPS[step.name][1](self, dice)
                except (Offline, Crashed, PhoneDied):
                    pass
                except Refused as refused:
                    if refused.code != "not_ready":
                        raise

    def _any_phone(self, dice: random.Random) -> Phone:
        return self.phones[dice.choice(tuple(self.phones))]

    def phone_edit(self, dice: random.Random) -> None:
        """A person writes on a note they see."""
        phone = self._any_phone(dice)
        notes = sorted(phone.records("note"))
        if notes:
            now = dice.choice(
                [
                    {"text": f"t{dice.randrange(99)}"},
                    {"phone": f"p{dice.randrange(5)}"},
                    {"tags": [dice.choice("xyz")]},
                    {"count": dice.randrange(9)},
                    {"lng": dice.randrange(9), "lat": 1},
                    {"cell": dice.choice(CELLS)},
                ]
            )
            phone.change("note", dice.choice(notes), now)

    def phone_create(self, dice: random.Random) -> None:
        """A new note, and a picture of it."""
        phone = self._any_phone(dice)
        cells = sorted({one["cell"] for one in phone.records("note").values() if "cell" in one})
        if cells:
            note = phone.create("note", {"cell": dice.choice(cells), "text": "new"})
            if dice.random() < 0.5:
                phone.create("picture", {"cell": dice.choice(cells), "note_id": note, "title": "of it"})

    def phone_act(self, dice: random.Random) -> None:
        """A step of a job, fitting or not."""
        phone = self._any_phone(dice)
        jobs = sorted(phone.records("job"))
        if jobs:
            job = dice.choice(jobs)
            for action in dice.choice(
                [("take", "work", "finish"), ("take",), ("cancel",), (dice.choice(ACTIONS).name,)]
            ):
                phone.act("job", job, action, {"result": "r"} if action == "finish" else {})

    def phone_delete(self, dice: random.Random) -> None:
        """A note is taken away."""
        phone = self._any_phone(dice)
        notes = sorted(phone.records("note"))
        if notes:
            phone.delete("note", dice.choice(notes))

    def phone_sync(self, dice: random.Random) -> None:
        """A sync with planned accidents; the phone may die in the middle."""
        phone = self._any_phone(dice)
        phone.link.plan.extend(
            dice.choices(["ok", "lose_request", "lose_reply", "repeat", "delay"], [8, 1, 2, 1, 1], k=5)
        )
        if dice.random() < 0.15:
            self.server.crash_in = dice.randrange(1, 12)
        try:
            with self._dying(phone, dice.randrange(1, 40) if dice.random() < 0.15 else None):
                dice.choice([phone.push, phone.pull, phone.sync, phone.sync])()
        finally:
            phone.link.plan.clear()
            self.server.crash_in = None

    @contextmanager
    def _dying(self, phone: Phone, steps: int | None) -> Iterator[None]:
        """The battery goes after so many steps on the phone's disk: the open local transaction is undone."""
        left = [steps]
        original = Store.keep_line

        def keep_line(store: Store, line: dict[str, Any], **options: Any) -> None:
            if left[0] is not None:
                left[0] -= 1
                if left[0] <= 0:
                    raise PhoneDied
            original(store, line, **options)

        if steps is None:
            yield
            return
        with patch.object(Store, "keep_line", keep_line):
            yield

    def second_phone(self, dice: random.Random) -> None:
        """Somebody takes another phone beside the one they have."""
        user = dice.choice(USERS)
        self._start(user, "e" + user[1:])

    def phone_ahead(self, dice: random.Random) -> None:
        """Somebody works on what their other phone, or another's, has not sent yet.

        They heard of it by other ways.
        """
        phone = self._any_phone(dice)
        made = [
            one for other in self.phones.values() if other is not phone for one in other.store.waiting(-1)
        ]
        own = [one for one in made if one["op"] == "create" and one["author"] == phone.staff_id]
        notes = [one for one in own or made if one["op"] == "create" and one["kind"] == "note"]
        if notes:
            note = dice.choice(notes)
            values = dice.choice([{"text": f"a{dice.randrange(99)}"}, {"phone": f"a{dice.randrange(9)}"}])
            phone.change("note", note["record"], values)
            if dice.random() < 0.3:
                phone.create(
                    "picture", {"cell": note["now"]["cell"], "note_id": note["record"], "title": "ahead"}
                )

    def phone_garbles(self, dice: random.Random) -> None:
        """A text cut inside an emoji, or lists in lists.

        Nobody can read it, and what stands beside it goes on.
        """
        phone = self._any_phone(dice)
        notes = sorted(phone.records("note"))
        if notes:
            deep: Any = functools.reduce(lambda inner, _: [inner], range(100), "x")
            text: Any = dice.choice(["half \ud83d", deep])
            phone.change("note", dice.choice(notes), {"text": text})

    def retry(self, _dice: random.Random) -> None:
        """The server looks again at held work whose record somebody else has brought."""
        self.server.retry_held()

    def phone_restart(self, dice: random.Random) -> None:
        """The program is started anew on the same disk; sometimes the phone too, and its clock is moved."""
        old = self._any_phone(dice)
        device = str(old.store.meta("device"))
        self._start(old.staff_id, device)
        if dice.random() < 0.5:
            self.phones[device].clock.reboot()
        if dice.random() < 0.3:
            self.phones[device].clock.moved_by = timedelta(minutes=dice.randrange(-600, 600))

    def phone_damage(self, dice: random.Random) -> None:
        """The disk loses or garbles rows, and the phone notices."""
        phone = self._any_phone(dice)
        rows = sorted(phone.store.versions())
        for kind, id_ in dice.sample(rows, min(len(rows), 3)):
            phone.store.damage(kind, id_, is_lost=dice.random() < 0.5)
        phone.store.set_meta(cursor="damaged")

    def _office_edit(self, dice: random.Random) -> None:
        """The office changes, moves, steps or deletes a record; the transaction may stay open or fail."""
        keys = sorted(self.server.memory.begin().tables("document"))
        if not keys:
            return
        key, linger, goes_well = dice.choice(keys), dice.random() < 0.5, dice.random() < 0.7
        if key[0] == "job":
            self.server.edit(key, {}, f"act:{dice.choice(ACTIONS).name}", linger, goes_well)
        elif dice.random() < 0.08:
            self.server.edit(key, {}, "delete", linger, goes_well)
        else:
            values = (
                {"cell": dice.choice(CELLS)}
                if dice.random() < 0.3 or key[0] == "picture"
                else {"text": f"o{dice.randrange(99)}"}
            )
            self.server.edit(key, values, "change", linger, goes_well)

    def office_create(self, dice: random.Random) -> None:
        """A new record from the office."""
        values = {"cell": dice.choice(CELLS)}
        self.server.create(dice.choice(["note", "job"]), values, dice.random() < 0.5, dice.random() < 0.7)

    def office_duty(self, dice: random.Random) -> None:
        """A cell changes hands, or somebody stands in for a while."""
        cell, user = dice.choice(CELLS), dice.choice(USERS)
        now = self.server.now
        if dice.random() < 0.3:
            self.server.duties.append(CellAssignment(user, cell, now, later(now, dice.randrange(2, 12))))
        else:
            self.server.duties = [
                ended(d, now) if d.cell == cell and d.until is None else d for d in self.server.duties
            ]
            self.server.duties.append(CellAssignment(user, cell, now))

    def office_split(self, dice: random.Random) -> None:
        """Half of a cell's notes go to another cell, one transaction each, as they come."""
        source, target = dice.sample(CELLS, 2)
        found = self.server.memory.begin().tables("document")
        for key in sorted(
            key for key, write in found.items() if key[0] == "note" and write.values["cell"] == source
        )[::2]:
            self.server.edit(key, {"cell": target}, "change", linger=False)

    def _end_some(self, dice: random.Random) -> None:
        """Open transactions of the office end, in any order."""
        self.server.end_lingering(dice.randrange(1, 4))

    def _pull_somewhere(self, dice: random.Random) -> None:
        self._any_phone(dice).pull()

    def deliver(self, dice: random.Random) -> None:
        """A request that was long under way arrives; nobody hears the answer."""
        if self.delayed:
            with suppress(Refused):
                self.ask(*self.delayed.pop(dice.randrange(len(self.delayed))))

    def power_cut(self, _dice: random.Random) -> None:
        """The server's machine loses power."""
        self.server.crash()

    def back_up(self, _dice: random.Random) -> None:
        """A backup is made."""
        self.server.back_up()

    def restore(self, _dice: random.Random) -> None:
        """The server is brought back from a backup."""
        self.server.restore()
        self.delayed.clear()

    def time_passes(self, dice: random.Random) -> None:
        """Hours go by."""
        self.server.now = later(self.server.now, dice.randrange(5, 300))


Verb = Callable[[World, random.Random], None]
STEPS: dict[str, tuple[float, Verb]] = {
    "phone_sync": (10, World.phone_sync),
    "phone_edit": (7, World.phone_edit),
    "phone_create": (3, World.phone_create),
    "phone_act": (3, World.phone_act),
    "phone_delete": (0.4, World.phone_delete),
    "phone_restart": (1, World.phone_restart),
    "phone_damage": (0.4, World.phone_damage),
    "office_edit": (6, World._office_edit),
    "office_create": (1, World.office_create),
    "office_duty": (2, World.office_duty),
    "office_split": (0.4, World.office_split),
    "end_some": (4, World._end_some),
    "deliver": (1, World.deliver),
    "power_cut": (0.7, World.power_cut),
    "back_up": (0.5, World.back_up),
    "restore": (0.25, World.restore),
    "time_passes": (1, World.time_passes),
    # Only in worlds that say so, and last: the others' dice fall as they always did.
    "second_phone": (0, World.second_phone),
    "phone_ahead": (0, World.phone_ahead),
    "phone_garbles": (0, World.phone_garbles),
    "retry": (0, World.retry),
}


# A town whose cells are cut up and change hands all the time, while phones are in the middle of fills.
UNSETTLED = {"phone_sync": 14, "office_duty": 6, "office_split": 6}
# People with two phones, who work on one on what the other has not sent yet, and send what nobody can read.
SHARED = {
    "phone_sync": 16,
    "phone_create": 6,
    "phone_restart": 3,
    "second_phone": 2,
    "phone_ahead": 9,
    "phone_garbles": 1,
    "retry": 1,
}


def plan(seed: int, length: int = 45, weights: Mapping[str, float] | None = None) -> list[Step]:
    """What will happen in this seed's world."""
    dice = random.Random(seed)
    usual = {name: weight for name, (weight, _) in STEPS.items()} | dict(weights or {})
    return [
        Step(name, dice.getrandbits(31)) for name in dice.choices(list(usual), list(usual.values()), k=length)
    ]


def unsettled(seed: int) -> list[Step]:
    """A shorter world in which the ground moves most of the time."""
    return plan(seed, 30, UNSETTLED)


def shared(seed: int) -> list[Step]:
    """A world in which people have two phones, with held work between them."""
    return plan(seed, 45, SHARED)


# Each seed makes a world of each sort.
WORLDS: tuple[Callable[[int], list[Step]], ...] = (plan, unsettled, shared)
