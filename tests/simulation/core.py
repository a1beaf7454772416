"""Simulation level A: the sync core on the in-memory store.

With duties, an office, a virtual clock, crashes and restores.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from mobile_api_spec.phone import Refused
from sync import answer, apply
from sync.apply import CannotApply, Change
from sync.change import Author, Grade, Key, Mutation, Outcome, Status, Write, moment_text, parse_moment
from sync.compare import Claim, compare
from sync.cursor import Cursor, CursorSeal, Holder, need_continuable
from sync.errors import StartCompare
from sync.honest_time import Exchange
from sync.kind import Kind, Values
from sync.memory import Memory, Transaction
from sync.pull import pull
from sync.push import Push
from sync.questions import questions_of
from sync.receipts import Clocks
from sync.store import Digest, Held, Span, Waiting
from sync.unparsable import park_unreadable, read_one
from sync.wire import Unreadable, read_batch
from tests.simulation.kinds import KINDS

START = datetime(2026, 9, 1, 8, tzinfo=UTC)
OFFICE = Author("0" * 8 + "-0000-4000-8000-000000000000", None, frozenset({"office"}), "u")


class Crashed(Exception):
    """The server's machine lost power in the middle of what it did."""


class Busy(Exception):
    """Another push holds a row: PostgreSQL would call it a deadlock and the batch would begin anew."""


@dataclass(frozen=True)
class CellAssignment:
    """Who serves a cell, from when, until when."""

    user: str
    cell: str
    since: datetime
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether it held at a moment."""
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True)
class FirstReceipt:
    """Whence a mutation first came, what its time was worth then, and when it was made if that is known."""

    device: str
    grade: Grade
    at: datetime


def clock_begins_ms(device: str, boot: str) -> int:
    """Where a phone's monotonic clock stood at this boot.

    Each its own, so that one says nothing of another.
    """
    return zlib.crc32(f"{device} {boot}".encode()) % 10**9


def true_moment(device: str, boot: str, monotonic_ms: int) -> datetime:
    """When it was by a phone's monotonic clock."""
    return START + timedelta(milliseconds=monotonic_ms - clock_begins_ms(device, boot))


class Server:
    """Everything a phone can ask, answered by the sync core on a double that crashes and is restored."""

    reports_before_commit = False

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.now = dice, START
        self.memory = Memory(KINDS, self._end)
        self.seal = CursorSeal("simulation")
        self.duties: list[CellAssignment] = []
        self.lingering: list[Transaction] = []
        self.epochs: list[list[Any]] = []
        self.backups: list[tuple[datetime, Memory]] = []
        self.exchanges: dict[str, dict[str, Exchange]] = {}
        # What each write came of, by the write's identity: what the order-free replay begins from.
        self.sources: dict[int, tuple[Write, Change]] = {}
        self.interleave: Callable[[], None] = lambda: None
        self.crash_in: int | None = None
        self._ids = 0
        self.receipts: dict[str, FirstReceipt] = {}
        self._mutations: dict[str, Mutation] = {}

    # -- rights ----------------------------------------------------------------------------------------------

    def scopes(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """The scopes a user holds at a moment."""
        moment = at or self.now
        return frozenset(
            {f"cell:{one.cell}" for one in self.duties if one.user == user and one.covers(moment)}
        )

    # -- transactions ----------------------------------------------------------------------------------------

    def _end(self, holder: Transaction) -> None:
        """Somebody waits for this transaction: an office's ends somehow, a push cannot be hurried."""
        if holder not in self.lingering:
            raise Busy
        self.lingering.remove(holder)
        self._finish(holder, self.dice.random() < 0.7)

    def _finish(self, transaction: Transaction, goes_well: bool) -> None:
        if goes_well:
            transaction.commit()
            self.memory.flush()
        else:
            transaction.rollback()

    def _step(self) -> None:
        """Between two statements anything may happen, the loss of power too."""
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.crash()
                raise Crashed
        self.interleave()

    def crash(self) -> None:
        """Power comes back: what was open is gone, and so are transaction ids that never reached the disk."""
        self.crash_in = None
        self.lingering.clear()
        self.memory.crash()

    # -- what a phone asks -----------------------------------------------------------------------------------

    def handle(self, user: str, device: str, path: str, body: bytes) -> dict[str, Any]:
        """One request; raises Refused with the server's problem, Crashed when it died over it."""
        verbs = {"/sync/push": self._push, "/sync/pull": self._pull, "/sync/compare": self._compare}
        try:
            found: dict[str, Any] = verbs[path](user, device, body)
        except StartCompare as error:
            raise Refused(409, {"code": "start_compare", "why": str(error)}) from error
        except Busy as error:
            raise Refused(503, {"code": "not_ready"}) from error
        return found

    def _head(self) -> dict[str, Any]:
        through = max((at for at, _ in self.backups), default=None)
        return {
            "epoch": self.memory.epoch,
            "server_time": moment_text(self.now),
            "backed_up_through": moment_text(through) if through else None,
            "epochs": self.epochs,
        }

    def _pull(self, user: str, device: str, data: bytes) -> dict[str, Any]:
        body, holder = orjson.loads(data), Holder(user, device, orjson.loads(data)["store"])
        scopes, store = self.scopes(user), self.memory.begin()
        cursor = Cursor(self.memory.epoch)
        looked = store.look([])
        if body["cursor"]:
            cursor, made_for = self.seal.open(body["cursor"])
            need_continuable(cursor, made_for, holder, self.memory.epoch, looked[0], 0)
        have = {(kind, id_): v for key, v in body["have"].items() for kind, id_ in [key.split("/")]}
        page = pull(store, cursor, sorted(scopes), body["limit"], looked=None, have=have)
        head = self._head() | {
            "cursor": self.seal.seal(page.cursor, holder),
            "more": page.more,
            "drops": page.drops,
            "scopes": [{"scope": scope, "until": None} for scope in sorted(scopes)],
        }
        found: dict[str, Any] = orjson.loads(answer.glued(head, lines=answer.lines_json(page.lines, have)))
        return found

    def _compare(self, user: str, device: str, data: bytes) -> dict[str, Any]:
        body, scopes = orjson.loads(data), sorted(self.scopes(user))
        claims = [
            Claim(Span(_key(one["after"]), _key(one["upto"])), Digest(one["count"], one["xor"]))
            for one in body["ranges"]
        ]
        found = compare(self.memory.begin(), self.memory.epoch, scopes, claims)
        head = self._head() | {
            "cursor": self.seal.seal(found.cursor, Holder(user, device, body["store"])),
            "ask": found.ask_json(),
            "scopes": [{"scope": scope, "until": None} for scope in scopes],
        }
        result: dict[str, Any] = orjson.loads(answer.glued(head, repairs=found.repairs_json()))
        return result

    def _push(self, user: str, device: str, data: bytes) -> dict[str, Any]:
        batch = read_batch(data)
        read = [read_one(bytes(raw), device, batch.boot) for raw in batch.mutations]
        mutations = [one for one in read if isinstance(one, Mutation)]
        store = self.memory.begin()
        store.step = self._step
        author = Author(user, device, frozenset({"rep"}), "u")
        push = Push(store, KINDS, author, _Rights(self, user), self._clocks(device, batch))
        first = [one for one in mutations if one.id not in store.tables("mutation")]
        try:
            judged = iter(push.run(mutations))
            kept = park_unreadable(store, author, [one for one in read if isinstance(one, Unreadable)])
            outcomes = [
                kept[one.mutation.sha256] if isinstance(one, Unreadable) else next(judged) for one in read
            ]
            answers = answer.push_answers(outcomes, push.written, self.scopes(user))
            if self.reports_before_commit and self.dice.random() < 0.3:
                store.rollback()
            else:
                self._step()
                store.commit()
                self.memory.flush()
                self._note_receipts(first, device, batch)
                self._remember(push)
        except BaseException:
            store.rollback()
            raise
        return orjson.loads(orjson.dumps({"outcomes": answers, "server_time": moment_text(self.now)})) | {}

    def _note_receipts(self, first: list[Mutation], device: str, batch: Any) -> None:
        """What each mutation's clocks are worth, whoever brings what it waits for.

        Fixed when it first came.
        """
        skew = self.now - parse_moment(batch.sent_at)
        for one in first:
            assert one.monotonic_ms is not None and one.boot is not None
            at = min(
                true_moment(device, one.boot, one.monotonic_ms) + self._under_way(device, one.boot), self.now
            )
            agrees = abs(one.happened_at + skew - at) <= timedelta(minutes=2)
            proof = Grade.PROVEN if agrees else Grade.MOVED
            grade = proof if one.boot in self.exchanges.get(device, {}) else Grade.CLAIMED
            self.receipts[one.id] = FirstReceipt(device, grade, at)
            self._mutations[one.id] = one

    def _under_way(self, device: str, boot: str) -> timedelta:
        """How long the request travelled by which the server knows this boot.

        All its times are late by so much.
        """
        known = self.exchanges.get(device, {}).get(boot)
        return known.server_at - true_moment(device, boot, known.monotonic_ms) if known else timedelta()

    def _remember(self, push: Push) -> None:
        known = self._mutations | {one.id: one for one in push.resolved}
        for id_, write in push.written.items():
            one = known[id_]
            now = {"unit_id": "u"} | one.now if one.op == "create" else one.now
            base = min(one.base_version, write.before.version if write.before else 0)
            author = replace(write.author, device_id=self.receipts[id_].device)
            self.sources[id(write)] = (
                write,
                Change(id_, author, write.happened_at, now, base, one.action, id_, write.grade),
            )

    def retry_held(self) -> None:
        """As the server does now and then.

        Everybody's held work is judged again, for others may have brought the rest.
        """
        store = self.memory.begin()
        store.step = self._step
        held: dict[str, list[Held]] = {}
        for one, by in store.tables("waiting").values():
            if one.outcome.status is Status.HELD:
                held.setdefault(by.id, []).append(Held(one.mutation, by, one.receipt))
        pushes = []
        try:
            for user, found in sorted(held.items()):
                author = Author(user, None, frozenset({"rep"}), "u")
                pushes.append(Push(store, KINDS, author, _Rights(self, user), Clocks(self.now, self.now, {})))
                pushes[-1].resume(found)
        except Busy:
            store.rollback()
            return
        store.commit()
        self.memory.flush()
        for push in pushes:
            self._remember(push)

    def _clocks(self, device: str, batch: Any) -> Clocks:
        boots = self.exchanges.setdefault(device, {})
        if batch.boot and batch.monotonic_ms is not None:
            boots[batch.boot] = Exchange(batch.boot, batch.monotonic_ms, self.now)
        return Clocks(parse_moment(batch.sent_at), self.now, dict(boots))

    # -- the office ------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """A seeded id for the office's records."""
        self._ids += 1
        return str(UUID(int=self.dice.getrandbits(64) << 32 | self._ids, version=4))

    def office(
        self, work: Callable[[Transaction], tuple[Write, Change] | None], linger: bool, goes_well: bool = True
    ) -> None:
        """A click in the office: its transaction may stay open while others come and go."""
        transaction = self.memory.begin()
        try:
            found = work(transaction)
            if found is not None:
                write = found[0]
                self.sources[id(write)] = found
                transaction.write_many([write])
                transaction.ask(questions_of(write))
        except (CannotApply, Busy):
            transaction.rollback()
            return
        if linger and transaction.xid is not None:
            self.lingering.append(transaction)
        else:
            self._finish(transaction, goes_well)

    def change(self, now: dict[str, Any], base: int, action: str | None = None) -> Change:
        """What the office does to a record it has just read."""
        return Change(self.new_id(), OFFICE, self.now, now, base_version=base, action=action)

    def create(self, kind: str, values: dict[str, Any], linger: bool = False, goes_well: bool = True) -> None:
        """A record made by the office."""
        change = self.change({"unit_id": "u"} | values, 0)

        def work(store: Transaction) -> tuple[Write, Change]:
            return apply.create(KINDS[kind], self.new_id(), change, store.next_version(0)).write, change

        self.office(work, linger, goes_well)

    def edit(self, key: Key, now: dict[str, Any], verb: str, linger: bool, goes_well: bool = True) -> None:
        """A change, a step (`act:finish`) or a deletion by the office."""

        def work(store: Transaction) -> tuple[Write, Change] | None:
            stored = store.load([key]).get(key)
            if stored is None or stored.deleted:
                return None
            name, _, action = verb.partition(":")
            change = self.change(now, stored.version, action or None)
            applied = getattr(apply, name)(KINDS[key[0]], stored, change, store.next_version(stored.version))
            return applied.write, change

        self.office(work, linger, goes_well)

    def end_lingering(self, most: int = 99) -> None:
        """Some of what is open ends, in any order."""
        for _ in range(min(most, len(self.lingering))):
            self._finish(
                self.lingering.pop(self.dice.randrange(len(self.lingering))), self.dice.random() < 0.7
            )

    def end_holds(self) -> None:
        """Everything held is parked, as at its deadline."""
        store = self.memory.begin()
        for id_, (one, author) in list(store.tables("waiting").items()):
            if one.outcome.status is Status.HELD:
                outcome = Outcome(id_, Status.PARKED, code="deadline_passed")
                store.answer_again(author, [(one.mutation, outcome)])
                store.keep(author, [Waiting(one.mutation, outcome, id_)])
        self._finish(store, True)

    def back_up(self) -> None:
        """A dump of this moment."""
        self.backups.append((self.now, self.memory.backup()))

    def restore(self) -> None:
        """Back to one of the dumps: what came after it is gone here, and so are the later dumps' marks."""
        if not self.backups:
            return
        at = self.dice.randrange(len(self.backups))
        dump = self.backups[at][1]
        self.backups = self.backups[: at + 1]
        self.lingering.clear()
        self.memory.restore(dump, self.memory.epoch + 1)
        self.epochs.append([self.memory.epoch, moment_text(self.backups[at][0])])


def _key(pair: list[str] | None) -> Key | None:
    return (pair[0], pair[1]) if pair else None


class _Rights:
    """A user's scopes for one push."""

    def __init__(self, server: Server, user: str) -> None:
        self._server, self._user = server, user

    def now(self) -> Collection[str]:
        return self._server.scopes(self._user)

    def writing(self) -> Collection[str]:
        return self.now()

    def objection(self, _write: Write) -> str | None:
        return None

    def completed(self, records: Sequence[tuple[Kind, Values]]) -> list[Values]:
        return [values for _, values in records]

    def successors(self, _keys: Collection[Key]) -> Mapping[Key, Key]:
        return {}

    def naming(self, _kind: str) -> Collection[str]:
        return self.now()

    def at(self, moment: datetime) -> Collection[str]:
        return self._server.scopes(self._user, moment)

    def ever(self) -> Collection[str]:
        return {f"cell:{one.cell}" for one in self._server.duties if one.user == self._user}

    def record_scopes_at(self, key: Key, moment: datetime) -> Collection[str]:
        history = self._server.memory.begin().tables("history")
        past = [w for (kind, id_, _), w in history.items() if (kind, id_) == key and w.happened_at <= moment]
        return max(past, key=lambda write: write.version).scopes if past else frozenset()


def later(moment: datetime, minutes: float) -> datetime:
    """Some minutes on."""
    return moment + timedelta(minutes=minutes)


def ended(duty: CellAssignment, at: datetime) -> CellAssignment:
    """A duty that ends now."""
    return replace(duty, until=at)
