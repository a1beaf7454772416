"""How each mutation of a push ends: what parks and why, what waits, and what applies by itself later."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.change import Author, Grade, Key, Mutation, Status, Write
from sync.errors import DatabaseRefused
from sync.honest_time import Exchange
from sync.kind import Field, Kind, Values
from sync.memory import Memory, Transaction
from sync.push import Push
from sync.receipts import Clocks
from sync.wire import mutation_from
from tests.factories import uid
from tests.simulation.kinds import FAULTY, KINDS

RECEIVED = datetime(2026, 9, 2, 8, tzinfo=UTC)
CLOCKS = Clocks(RECEIVED, RECEIVED, {"boot": Exchange("boot", 7_200_000, RECEIVED)})
ME = Author(uid("me"), uid("my phone"), frozenset({"rep"}), uid("unit"))
OTHER = replace(ME, id=uid("other"), device_id=uid("other's phone"))
HERE, THERE = frozenset({"cell:a"}), frozenset({"cell:b"})
# What a database's own rules turn down though the kind's let it pass.
OVERLONG = "overlong"


def standing(name: str, **more: Any) -> Kind:
    """A kind of which a record stands on another, and shows photos that stand on it."""
    fields = {one: Field(one) for one in ("unit_id", "cell", "of_kind", "of_id", "photo_ids")}
    load = KINDS["note"].load
    return replace(KINDS["note"], name=name, table=name, fields=fields, load=load, **more)


ALL = KINDS | {
    "photo": standing("photo", stands_on=("of_kind", "of_id")),
    "visit": standing("visit", attaches={"photo_ids": "photo"}),
    "album": standing("album", attaches={"photo_ids": "film"}),
    "sheet": standing("sheet", stands_on=("of_kind", "of_id"), attaches={"photo_ids": "photo"}),
}


@dataclass
class Given:
    """An author's rights: scopes now, once, and when the work was done."""

    held: Collection[str] = HERE
    once: Collection[str] = frozenset()
    then: Collection[str] = frozenset()
    of_record: Collection[str] = frozenset()
    against: str | None = None
    merged: Mapping[Key, Key] = field(default_factory=dict)

    def now(self) -> Collection[str]:
        return self.held

    def writing(self) -> Collection[str]:
        return self.held

    def successors(self, keys: Collection[Key]) -> Mapping[Key, Key]:
        return {key: self.merged[key] for key in keys if key in self.merged}

    def naming(self, _kind: str) -> Collection[str]:
        return self.held

    def at(self, _moment: datetime) -> Collection[str]:
        return self.then

    def ever(self) -> Collection[str]:
        return self.once

    def record_scopes_at(self, _key: Key, _moment: datetime) -> Collection[str]:
        return self.of_record

    def completed(self, records: Sequence[tuple[Kind, Values]]) -> list[Values]:
        return [values for _, values in records]

    def objection(self, _write: Write) -> str | None:
        return self.against


class Strict(Transaction):
    """A transaction of a database with a rule of its own."""

    def write_many(self, writes: Sequence[Write]) -> None:
        super().write_many(writes)
        if any(write.values.get("text") == OVERLONG for write in writes):
            raise DatabaseRefused("text") from ValueError()


@dataclass
class Server:
    """The store, and what a push came to: (status, code) by mutation."""

    memory: Memory = field(default_factory=lambda: Memory(ALL))

    def push(
        self,
        *sent: Mutation,
        rights: Given | None = None,
        author: Author = ME,
        step: Callable[[], None] = lambda: None,
        park_all: str | None = None,
    ) -> Push:
        transaction = Strict(self.memory, step=step)
        push = Push(transaction, ALL, author, rights or Given(), CLOCKS, park_all)
        self.outcomes = push.run(sent)
        self.ended = [(str(one.status), one.code) for one in self.outcomes]
        transaction.commit()
        return push

    def table(self, name: str) -> dict[Any, Any]:
        return self.memory.begin().tables(name)


@pytest.fixture
def server() -> Server:
    return Server()


def sent(name: str, kind: str, record: str, op: str = "create", *, after: str = "", **now: Any) -> Mutation:
    """A mutation by its name, of a record by its name; a creation lies in cell a unless said otherwise."""
    told = ({"cell": "a"} if op == "create" else {}) | now
    raw: dict[str, Any] = {
        "id": uid(name), "kind": kind, "record": uid(record), "op": op, "now": told, "base_version": 9,
        "happened_at": (RECEIVED - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    return mutation_from(json.dumps(raw | ({"after": uid(after)} if after else {})).encode())


def proven(mutation: Mutation) -> Mutation:
    """Made an hour before it came, by a clock that the server knows."""
    return replace(mutation, boot="boot", monotonic_ms=3_600_000)


def test_nothing_sent_is_nothing_answered(server: Server) -> None:
    server.push()
    assert server.ended == []


def test_an_id_with_other_content_is_kept_under_an_id_of_its_own(server: Server) -> None:
    server.push(sent("m", "note", "n", text="first"))
    for _ in range(2):
        server.push(sent("m", "note", "n", text="second"))
        assert server.ended == [("parked", "id_reused")]
    assert list(server.table("waiting")) == [server.outcomes[0].detail["kept_as"]]
    assert server.table("document")[("note", uid("n"))].values["text"] == "first"


def test_of_two_with_one_id_in_a_push_the_first_counts(server: Server) -> None:
    server.push(sent("m", "note", "n", text="first"), sent("m", "note", "n", text="second"))
    assert server.ended == [("applied", None), ("parked", "id_reused")]


def test_another_persons_answer_is_told_to_nobody_else(server: Server) -> None:
    mutation = sent("m", "note", "n")
    server.push(mutation)
    server.push(mutation, author=OTHER)
    assert server.ended == [("parked", "id_reused")]


def test_a_push_that_is_not_to_be_trusted_is_kept_whole(server: Server) -> None:
    server.push(sent("m", "note", "n"), sent("o", "note", "o"), park_all="device_lost")
    assert server.ended == [("parked", "device_lost")] * 2
    assert server.table("document") == {}


@pytest.mark.parametrize(
    ("mutation", "rights", "code"),
    [
        (sent("m", "hologram", "h"), Given(), "unknown_kind"),
        (sent("m", "note", "n", cell="b"), Given(), "outside_scope"),
        (sent("m", "note", "n", unit_id=uid("other unit")), Given(), "outside_scope"),
        (sent("m", "note", "n"), Given(against="not_on_duty"), "not_on_duty"),
        (sent("m", "note", "n", text=FAULTY), Given(), "invalid"),
        (sent("m", "note", "n", text=OVERLONG), Given(), "refused_by_database"),
        # Of a grade that proves nothing, what was held then does not count.
        (sent("m", "note", "n", cell="b"), Given(then=THERE), "outside_scope"),
        (proven(sent("m", "note", "n", cell="b")), Given(), "outside_scope"),
        (sent("m", "note", "n", after="m"), Given(), "cycle"),
    ],
)
def test_what_cannot_stand_is_parked_and_says_why(
    server: Server, mutation: Mutation, rights: Given, code: str
) -> None:
    server.push(mutation, rights=rights)
    assert server.ended == [("parked", code)]
    assert server.table("document") == {}
    assert list(server.table("waiting")) == [uid("m")]


def test_only_what_the_database_refuses_is_parked(server: Server) -> None:
    server.push(sent("m", "note", "n", text=OVERLONG), sent("o", "note", "o", text="fine"))
    assert server.ended == [("parked", "refused_by_database"), ("applied", None)]
    assert server.outcomes[0].detail == {"cause": "ValueError"}
    assert [id_ for _, id_ in server.table("document")] == [uid("o")]


@pytest.mark.parametrize(
    ("rights", "detail"), [(Given(), {"version": 1}), (Given(held=THERE), {})], ids=["own", "foreign"]
)
def test_a_taken_id_tells_its_version_to_whom_may_know(
    server: Server, rights: Given, detail: dict[str, int]
) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("again", "note", "n", cell="a"), rights=rights, author=OTHER)
    assert (server.outcomes[0].code, server.outcomes[0].detail) == ("id_taken", detail)


def test_work_of_a_proven_time_counts_by_the_scopes_of_that_time(server: Server) -> None:
    server.push(sent("m", "note", "n", cell="b"), rights=Given(THERE))
    late = Given(then=THERE, once=THERE)
    server.push(proven(sent("c", "note", "n", "change", text="late")), rights=late)
    assert server.ended == [("applied", None)]
    assert server.table("document")[("note", uid("n"))].grade is Grade.PROVEN


def test_a_record_that_moved_counts_by_where_it_lay_then(server: Server) -> None:
    server.push(sent("m", "note", "n", cell="b"), rights=Given(THERE))
    gone = {"cell:c"}
    server.push(sent("c", "note", "n", "change", text="x"), rights=Given(once=THERE))
    assert server.ended == [("parked", "outside_scope")]
    late = Given(then=gone, once=THERE, of_record=gone)
    server.push(proven(sent("d", "note", "n", "change", text="x")), rights=late)
    assert server.ended == [("applied", None)]


def test_what_points_at_what_is_no_longer_the_authors_is_parked(server: Server) -> None:
    server.push(sent("m", "note", "n", cell="b"), rights=Given(THERE))
    picture = sent("p", "picture", "p", note_id=uid("n"))
    server.push(picture, rights=Given(once=THERE))
    assert server.ended == [("parked", "outside_scope")]
    server.push(sent("q", "picture", "q", note_id=uid("n")))
    assert server.ended == [("held", "waits_for")], "what was never theirs is as good as absent"


def test_what_waits_applies_when_that_has_come(server: Server) -> None:
    server.push(sent("p", "picture", "p", note_id=uid("n")), sent("q", "note", "q", after="gone"))
    assert [one.detail for one in server.outcomes] == [
        {"kind": "note", "id": uid("n")}, {"kind": "mutation", "id": uid("gone")},
    ]  # fmt: skip
    server.push(sent("m", "note", "n"))
    assert ("picture", uid("p")) in server.table("document")
    assert list(server.table("waiting")) == [uid("q")]


def test_another_persons_predecessor_is_as_good_as_none(server: Server) -> None:
    server.push(sent("m", "note", "n"), author=OTHER)
    server.push(sent("o", "note", "o", after="m"))
    assert server.ended == [("held", "waits_for")]
    server.push(sent("q", "note", "q"))
    server.push(sent("r", "note", "r", after="q"))
    assert server.ended == [("applied", None)]


def test_what_parked_behind_something_applies_once_that_is_corrected(server: Server) -> None:
    server.push(sent("m", "note", "n", text=FAULTY), sent("p", "picture", "p", note_id=uid("n")))
    assert server.ended == [("parked", "invalid"), ("parked", "predecessor_parked")]
    assert server.outcomes[1].detail == {"group": uid("m")}
    server.push(sent("y", "note", "y", text=FAULTY), sent("z", "picture", "z", note_id=uid("y")))
    push = server.push(sent("good", "note", "n", text="fine"))
    assert server.outcomes[0].detail == {"settles": [uid("m")]}
    assert [one.id for one in push.resolved] == [uid("p")]
    assert ("picture", uid("p")) in server.table("document")
    decisions = {id_: word for id_, (word, _) in server.table("decision").items()}
    assert decisions == {uid("m"): "corrected", uid("p"): "apply"}


def test_what_parked_behind_something_and_is_wrong_itself_stays_parked(server: Server) -> None:
    picture = sent("p", "picture", "p", note_id=uid("n"), title=FAULTY)
    server.push(sent("m", "note", "n", text=FAULTY), picture)
    push = server.push(sent("good", "note", "n"))
    assert push.resolved == []
    waiting, by = server.table("waiting")[uid("p")]
    assert (waiting.outcome.status, waiting.outcome.code, by) == (Status.PARKED, "invalid", ME)


def test_a_correction_of_some_fields_leaves_the_others_waiting(server: Server) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("c", "note", "n", "change", text=FAULTY, phone="1"))
    server.push(sent("d", "note", "n", "change", text="fine"))
    assert server.outcomes[0].detail == {}, "some of it still waits"
    server.push(sent("e", "note", "n", "change", phone="2"))
    assert server.outcomes[0].detail == {"settles": [uid("c")]}


@pytest.mark.parametrize(
    ("photos", "ended"),
    [
        ([], ("applied", None)),
        (["own"], ("applied", None)),
        (["anothers"], ("parked", "outside_scope")),
        (["own", "anothers"], ("parked", "outside_scope")),
        # Looked at by who shows it, once it comes.
        (["not yet there"], ("applied", None)),
    ],
)
def test_nobody_hangs_on_a_record_what_stands_on_another(
    server: Server, photos: list[str], ended: tuple[str, str | None]
) -> None:
    server.push(sent("v", "visit", "v"), sent("w", "visit", "w"))
    for photo, visit in (("own", "v"), ("anothers", "w")):
        server.push(sent(photo, "photo", photo, of_kind="visit", of_id=uid(visit)))
    server.push(sent("c", "visit", "v", "change", photo_ids=[uid(one) for one in photos]))
    assert server.ended == [ended]


def test_nor_what_comes_with_it(server: Server) -> None:
    """In one push with the photo, which is another's."""
    server.push(sent("v", "visit", "v"), sent("w", "visit", "w"))
    server.push(
        sent("p", "photo", "p", of_kind="visit", of_id=uid("w")),
        sent("c", "visit", "v", "change", photo_ids=[uid("p")]),
    )
    assert server.ended == [("applied", None), ("parked", "outside_scope")]


def test_photos_that_hang_there_already_are_not_asked_about_again(server: Server) -> None:
    photo = sent("p", "photo", "p", of_kind="visit", of_id=uid("v"))
    server.push(sent("v", "visit", "v", photo_ids=[uid("p")]), photo)
    server.push(sent("c", "visit", "v", "change", photo_ids=[uid("p"), uid("q")]))
    assert server.ended == [("applied", None)]


def test_nor_if_what_hangs_there_was_moved_to_another(server: Server) -> None:
    """Who moved it is not who shows it."""
    photo = sent("p", "photo", "p", of_kind="visit", of_id=uid("v"))
    server.push(sent("v", "visit", "v", photo_ids=[uid("p")]), sent("w", "visit", "w"), photo)
    server.push(sent("m", "photo", "p", "change", of_id=uid("w")))
    server.push(sent("c", "visit", "v", "change", photo_ids=[uid("p"), uid("q")]))
    assert server.ended == [("applied", None)]


def test_what_stands_on_a_record_shows_the_photos_of_that(server: Server) -> None:
    on_it = {"of_kind": "visit", "of_id": uid("v")}
    server.push(sent("v", "visit", "v"), sent("p", "photo", "p", **on_it), sent("s", "sheet", "s", **on_it))
    server.push(sent("c", "sheet", "s", "change", photo_ids=[uid("p")]))
    assert server.ended == [("applied", None)]


def test_what_hangs_on_it_may_be_of_a_kind_that_is_not_known_yet(server: Server) -> None:
    server.push(sent("a", "album", "a", photo_ids=[uid("f")]))
    assert server.ended == [("applied", None)]


def test_of_two_pushes_at_once_with_the_same_work_one_alone_writes(server: Server) -> None:
    mutation, steps = sent("m", "note", "n", text="once"), iter(range(100))

    def meanwhile() -> None:
        # Its answers are read, its records too; now it would answer.
        if next(steps) == 2:
            server.push(mutation)

    push = server.push(mutation, step=meanwhile)
    assert server.ended == [("applied", None)]
    assert push.written == {}
    assert [version for _, _, version in server.table("history")] == [1]


def test_a_deletion_nobody_may_make_is_parked(server: Server) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("d", "note", "n", "delete"), author=replace(ME, roles=frozenset()))
    assert server.ended == [("parked", "not_allowed")]
    server.push(sent("e", "note", "n", "delete"))
    server.push(sent("p", "picture", "p", note_id=uid("n")))
    assert server.ended == [("parked", "record_deleted")], "what is deleted is not there"


def test_what_was_deleted_is_told_to_those_who_could_see_it_alone(server: Server) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("e", "note", "n", "delete"))
    picture = {"note_id": uid("n")}
    server.push(sent("p", "picture", "p", **picture))
    assert server.ended == [("parked", "record_deleted")]
    # Once theirs, and deleted since: they may know of it.
    server.push(sent("q", "picture", "q", **picture), rights=Given(held=THERE, once=HERE))
    assert server.ended == [("parked", "record_deleted")]
    # Never theirs: as what does not exist.
    for name, record in (("r", "n"), ("s", "nothing")):
        server.push(sent(name, "picture", name, note_id=uid(record)), rights=Given(held=THERE))
        assert server.ended == [("held", "waits_for")], record


def test_work_for_what_was_merged_is_done_for_what_stays(server: Server) -> None:
    for name in ("n", "kept"):
        server.push(sent(f"m {name}", "note", name))
    server.push(sent("e", "note", "n", "delete"))
    merged = Given(merged={("note", uid("n")): ("note", uid("kept"))})
    sent_one = sent("p", "picture", "p", note_id=uid("n"))
    push = server.push(sent_one, rights=merged)
    assert server.ended == [("applied", None)]
    assert [write.values["note_id"] for write in push.written.values()] == [uid("kept")]
    # The same once more has its answer: it was kept as it was sent.
    server.push(sent_one, rights=merged)
    assert server.ended == [("applied", None)]


@pytest.mark.parametrize(
    ("rights", "ended"),
    [
        (Given(held=THERE), ("held", "waits_for")),
        (Given(held=THERE, once=HERE), ("parked", "record_deleted")),
        (Given(held=THERE, then=HERE), ("parked", "record_deleted")),
    ],
    ids=["never theirs", "once theirs", "theirs when it was done"],
)
def test_that_a_record_was_deleted_is_told_to_whose_it_was(
    server: Server, rights: Given, ended: tuple[str, str]
) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("e", "note", "n", "delete"), author=OTHER)
    server.push(proven(sent("c", "note", "n", "change", text="late")), rights=rights)
    assert server.ended == [ended]


def test_of_what_was_once_theirs_they_are_told_how_far_it_has_come(server: Server) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("x", "note", "n"), rights=Given(held=THERE, once=HERE))
    assert (server.outcomes[0].code, server.outcomes[0].detail) == ("id_taken", {"version": 1})


def test_what_names_a_record_that_its_author_made_anew_waits_behind_that(server: Server) -> None:
    """Whoever decides about the new one decides about both."""
    for one in (sent("m", "note", "n"), sent("e", "note", "n", "delete"), sent("again", "note", "n")):
        server.push(one)
    assert server.ended == [("parked", "id_taken")]
    server.push(sent("p", "picture", "p", note_id=uid("n")))
    assert server.ended == [("parked", "predecessor_parked")]


def test_work_of_a_kind_that_nobody_knows_stops_none_for_what_was_merged(server: Server) -> None:
    for name in ("n", "kept"):
        server.push(sent(f"m {name}", "note", name))
    server.push(sent("e", "note", "n", "delete"))
    merged = Given(merged={("note", uid("n")): ("note", uid("kept"))})
    server.push(
        sent("p", "picture", "p", note_id=uid("n")), sent("q", "statue", "q", note_id=uid("n")), rights=merged
    )
    assert server.ended == [("applied", None), ("parked", "unknown_kind")]


def test_work_for_what_was_merged_into_what_one_may_not_see_waits_for_a_person(server: Server) -> None:
    server.push(sent("m", "note", "n"))
    server.push(sent("e", "note", "n", "delete"))
    merged = Given(merged={("note", uid("n")): ("note", uid("elsewhere"))})
    server.push(sent("p", "picture", "p", note_id=uid("n")), rights=merged)
    assert server.ended == [("parked", "record_deleted")]


def test_what_waited_for_one_that_was_deleted_meanwhile_waits_for_a_person(server: Server) -> None:
    """And not for its deadline: that record does not come any more."""
    server.push(sent("p", "picture", "p", note_id=uid("n")))
    assert server.ended == [("held", "waits_for")]
    for one in (sent("m", "note", "n"), sent("e", "note", "n", "delete")):
        server.push(one, author=OTHER)
    store = server.memory.begin()
    held = store.held_for([("note", uid("n"))], [])
    push = Push(store, ALL, ME, Given(), CLOCKS)
    push.resume(held)
    store.commit()
    (answered,) = server.memory.begin().answered([uid("p")]).values()
    assert (str(answered.outcome.status), answered.outcome.code) == ("parked", "record_deleted")
