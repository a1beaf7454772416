"""One suite for both stores: what the sync core may rely on, on PostgreSQL and on the double alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.kinds.registry import KINDS_BY_RANK, SYNC_KINDS
from backend.core.services.record_writer import RECORD_TABLES
from sync.change import Author, Grade, Key, Mutation, Op, Outcome, Status, Stored, Write
from sync.compare import Claim, compare
from sync.cursor import Cursor, ScopeProgress, Snapshot
from sync.errors import VersionMoved
from sync.honest_time import Judged, Receipt
from sync.memory import Memory
from sync.postgres import epoch
from sync.postgres.pull import PostgresPull
from sync.postgres.push import PostgresPush
from sync.pull import RANKS, Page, probed, pull
from sync.store import Digest, PullStore, PushStore, Question, Span, Waiting
from tests.factories import uid

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
UNIT = uid("north")
ME = Author(uid("rep"), uid("rep's phone"), frozenset({"representative"}), UNIT)
ITEM = SYNC_KINDS["item"]


class House(Protocol):
    """Somewhere to write and read; the two stores each have one."""

    def writing(self, goes_well: bool = True) -> AbstractContextManager[PushStore]:
        """A transaction."""

    def reading(self) -> AbstractContextManager[PullStore]:
        """A snapshot."""

    def questions(self) -> list[tuple[str, int]]:
        """The open questions: field, and how many heads stand against each other."""


class RealHouse:
    """PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self, goes_well: bool = True) -> Iterator[PushStore]:
        with self._database.engine.connect() as connection:
            yield PostgresPush(connection, RECORD_TABLES, epoch.current(connection))
            (connection.commit if goes_well else connection.rollback)()

    @contextmanager
    def reading(self) -> Iterator[PullStore]:
        with self._database.reading() as connection:
            yield PostgresPull(connection, KINDS_BY_RANK)

    def questions(self) -> list[tuple[str, int]]:
        sql = text("""
            SELECT field, jsonb_array_length(heads)
            FROM sync_question
            WHERE closed_at IS NULL
            ORDER BY field
        """)
        with self._database.engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(sql)]


class DoubleHouse:
    """The double."""

    def __init__(self) -> None:
        self.memory = Memory(SYNC_KINDS)

    @contextmanager
    def writing(self, goes_well: bool = True) -> Iterator[PushStore]:
        transaction = self.memory.begin()
        yield transaction
        transaction.commit() if goes_well else transaction.rollback()

    @contextmanager
    def reading(self) -> Iterator[PullStore]:
        yield self.memory.begin()

    def questions(self) -> list[tuple[str, int]]:
        return sorted((one.group, len(one.heads)) for one in self.memory.begin().tables("question").values())


@pytest.fixture(params=["postgres", "memory"])
def house(request: pytest.FixtureRequest) -> House:
    """Each test runs in both."""
    if request.param == "memory":
        return DoubleHouse()
    return RealHouse(request.getfixturevalue("empty_database"))


def scope(name: str = "case") -> str:
    return f"cell:{uid(name)}"


SCOPES = [scope()]


def write(name: str, version: int = 1, before: Stored | None = None, **more: Any) -> Write:
    """A version of an item in a cell."""
    options = {"cell": "case", "deleted": False, "heads": {}, "text": f"v{version}"} | more
    said = {"unit_id": UNIT, "description": options["text"], "theme": "pressure", "source": "visit"}
    values = dict.fromkeys(ITEM.fields) | said | {"state": "open"}
    kind, heads, deleted = _filed(options["cell"]), options["heads"], options["deleted"]
    op = "create" if before is None else "change"
    return Write(kind, uid(name), version, before, values, heads, deleted, ME, AT, op, None, Grade.CLAIMED)


def _filed(cell: str) -> Any:
    """The kind, filed under a cell that no row of ours points at."""
    return replace(ITEM, scopes=lambda values: frozenset({scope(cell), f"office:{UNIT}"}))


def put(house: House, *writes: Write) -> None:
    with house.writing() as store:
        store.write_many(writes)


def page(
    house: House,
    cursor: Cursor,
    limit: int = 100,
    scopes: list[str] | None = None,
    have: dict[Key, int] | None = None,
) -> Page:
    with house.reading() as store:
        return pull(store, cursor, scopes or SCOPES, limit, have=have)


def names(found: Page) -> set[tuple[str, int, bool]]:
    return {(line.id, line.version, line.body is None) for line in found.lines}


def mutation(
    name: str, record: str = "a", after: str | None = None, now: dict[str, Any] | None = None
) -> Mutation:
    raw = (
        f'{{"id":"{uid(name)}","kind":"item","record":"{uid(record)}","op":"change","base_version":0,'
        f'"now":{json.dumps(now or {})},"happened_at":"2026-09-01T08:00:00Z"}}'
    )
    return Mutation(
        uid(name),
        "item",
        uid(record),
        Op.CHANGE,
        0,
        {},
        now or {},
        None,
        AT,
        None,
        after,
        raw.encode(),
        name.encode(),
    )


def test_what_was_written_is_read_back(house: House) -> None:
    first = write("a")
    put(house, first)
    with house.writing() as store:
        (found,) = store.load([("item", uid("a")), ("item", uid("nowhere"))]).values()
    assert (found.version, found.values["description"], found.deleted) == (1, "v1", False)
    assert page(house, Cursor(1)).lines[0].body == first.body.decode()


def test_a_write_undone_was_never_there(house: House) -> None:
    with house.writing(goes_well=False) as store:
        store.write_many([write("a")])
    with house.writing() as store:
        assert store.load([("item", uid("a"))]) == {}
    assert page(house, Cursor(1)).lines == []


def test_a_record_that_moved_on_is_not_overwritten(house: House) -> None:
    first = write("a")
    put(house, first)
    put(house, write("a", 2, first.after()))
    with pytest.raises(VersionMoved), house.writing(goes_well=False) as store:
        store.write_many([write("a", 2, first.after(), text="late")])


def test_a_savepoint_fails_alone(house: House) -> None:
    first = write("a")
    with house.writing() as store:
        store.write_many([first])
        with pytest.raises(VersionMoved), store.savepoint():
            store.write_many([write("b"), write("a", 3, write("a", 2, first.after()).after())])
        store.write_many([write("c")])
    assert {line.id for line in page(house, Cursor(1)).lines} == {uid("a"), uid("c")}


def test_a_pull_brings_what_is_new_and_then_nothing(house: House) -> None:
    first = write("a")
    put(house, first, write("b"))
    filled = page(house, Cursor(1))
    assert names(filled) == {(uid("a"), 1, False), (uid("b"), 1, False)}
    assert not filled.more
    assert page(house, filled.cursor).cursor is filled.cursor
    put(house, write("a", 2, first.after()))
    again = page(house, filled.cursor)
    assert names(again) == {(uid("a"), 2, False)}
    assert page(house, again.cursor).lines == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_small_pages_bring_everything_once(house: House, limit: int) -> None:
    put(house, *(write(name) for name in "abcdefg"))
    cursor, seen = Cursor(1), list[str]()
    while True:
        found = page(house, cursor, limit)
        cursor = found.cursor
        seen += [line.id for line in found.lines]
        if not found.more:
            break
    assert sorted(set(seen)) == sorted(uid(name) for name in "abcdefg")


def test_what_changes_behind_a_half_done_fill_is_sent(house: House) -> None:
    firsts = {uid(name): write(name) for name in "abcdef"}
    put(house, *firsts.values())
    half = page(house, Cursor(1), 3)
    assert half.more
    passed = firsts[half.lines[0].id]
    name = next(n for n in "abcdef" if uid(n) == passed.id)
    put(house, write(name, 2, passed.after()))
    rest, cursor = set(), half.cursor
    for _ in range(6):
        found = page(house, cursor, 3)
        rest |= {(line.id, line.version) for line in found.lines}
        cursor = found.cursor
    assert (passed.id, 2) in rest


def test_leaving_a_scope_is_a_removal_there_and_an_arrival_elsewhere(house: House) -> None:
    first = write("a")
    put(house, first)
    here, there = page(house, Cursor(1)), page(house, Cursor(1), scopes=[scope("other")])
    moved = write("a", 2, first.after(), cell="other")
    put(house, _moved(moved, first))
    assert names(page(house, here.cursor)) == {(uid("a"), 2, True)}
    assert names(page(house, there.cursor, scopes=[scope("other")])) == {(uid("a"), 2, False)}


def _moved(to: Write, first: Write) -> Write:
    """The write whose record was filed as `first` was."""
    to.__dict__["scopes_before"] = first.scopes
    return to


def test_what_comes_before_the_fill_of_its_scope_is_marked_and_looked_at_by_itself(house: House) -> None:
    first = write("a")
    put(house, first, *(write(name, cell="other") for name in "bcd"))
    filled, both, key = page(house, Cursor(1)).cursor, [scope(), scope("other")], ("item", uid("a"))
    second = _moved(write("a", 2, first.after(), cell="other"), first)
    put(house, second)
    (whole,) = (line for line in page(house, filled, 100, both).lines if line.key == key)
    assert (whole.scopes, whole.is_ahead) == ([scope("other")], False)
    begun = page(house, filled, 1, both)
    (ahead,) = begun.lines
    assert (ahead.key, ahead.scopes, ahead.is_ahead, begun.more) == (key, [scope("other")], True, True)
    put(house, _moved(write("a", 3, second.after(), cell="away"), second))
    assert (uid("a"), 2, True) in names(page(house, begun.cursor, 1, both, have={key: 2}))


def test_the_last_line_of_a_half_done_fill_and_a_removal_beside_it_are_not_ahead(house: House) -> None:
    first, both = write("a"), [scope(), scope("other")]
    put(house, first, write("b"), write("c", cell="other"), write("d", cell="other"))
    (line,) = page(house, Cursor(1), 1, both).lines
    assert (len(line.scopes), line.is_ahead) == (1, False)
    filled = page(house, Cursor(1)).cursor
    put(house, _moved(write("a", 2, first.after(), cell="away"), first))
    (gone,) = page(house, filled, 1, both).lines
    assert (gone.id, gone.body, gone.is_ahead) == (uid("a"), None, False)


def test_a_set_names_no_scope_whose_fill_has_not_come_so_far(house: House) -> None:
    first = write("a")
    put(house, first, *(write(name, cell="other") for name in "bcdefg"))
    both = [scope(), f"office:{UNIT}"]
    filled = page(house, Cursor(1)).cursor
    put(house, write("a", 2, first.after()))
    begun = page(house, filled, 1, both)
    assert [(line.id, line.scopes, line.is_ahead) for line in begun.lines] == [(uid("a"), [scope()], False)]
    rest = page(house, begun.cursor, 100, both)
    assert {line.id: line.scopes for line in rest.lines}[uid("a")] == both


def test_a_deletion_is_a_removal(house: House) -> None:
    first = write("a")
    put(house, first)
    filled = page(house, Cursor(1))
    put(house, write("a", 2, first.after(), deleted=True))
    assert names(page(house, filled.cursor)) == {(uid("a"), 2, True)}
    with house.writing() as store:
        assert store.load([("item", uid("a"))])["item", uid("a")].deleted
        assert store.visible([("item", uid("a"))], SCOPES) == set()
        assert store.visible([("item", uid("a"))], SCOPES, with_deleted=True) == {("item", uid("a"))}
        assert store.visible([("item", uid("a"))], ["cell:never"], with_deleted=True) == set()


def test_a_body_goes_to_nobody_outside_the_scopes(house: House) -> None:
    put(house, write("a"))
    part = ScopeProgress(scope(), ITEM.rank)
    filled = ScopeProgress(scope(), ITEM.rank, position=None)
    with house.reading() as store:
        target, _ = store.look([])
        (stranger,) = store.changes(filled, target, 10, ["cell:another"])
        assert (stranger.scopes, stranger.body) == ([], None)
        (holder,) = store.live(part, 10, SCOPES)
        assert holder.scopes == SCOPES
        assert store.named([("item", uid("a"))], ["cell:another"]) == []
        assert [line.id for line in store.named([("item", uid("a")), ("item", uid("x"))], SCOPES)] == [
            uid("a")
        ]


def test_one_who_begins_earlier_and_commits_later_is_not_missed(house: House) -> None:
    filled = page(house, Cursor(1))
    with house.writing() as slow:
        slow.write_many([write("slow")])
        put(house, write("quick"))
        between = page(house, filled.cursor)
        assert names(between) == {(uid("quick"), 1, False)}
    assert names(page(house, between.cursor)) == {(uid("slow"), 1, False)}


def test_a_snapshot_does_not_change_under_its_reader(house: House) -> None:
    put(house, write("a"))
    with house.reading() as store:
        store.look([])
        put(house, write("b"))
        assert [line.id for line in store.live(ScopeProgress(scope(), ITEM.rank), 10, SCOPES)] == [uid("a")]


def test_looking_names_the_parts_with_news(house: House) -> None:
    put(house, write("a"))
    filled = page(house, Cursor(1), scopes=[scope(), scope("other")])
    with house.reading() as store:
        assert store.look(probed(filled.cursor))[1] == set()
    put(house, write("b"))
    with house.reading() as store:
        assert store.look(probed(filled.cursor))[1] == {(scope(), ITEM.rank)}


def test_a_mutation_is_answered_once(house: House) -> None:
    one, other = mutation("m"), mutation("n")
    with house.writing() as store:
        assert store.answer(ME, [(one, Outcome(one.id, Status.APPLIED, 1))]) == {one.id}
    with house.writing() as store:
        again = [(each, Outcome(each.id, Status.APPLIED, 7)) for each in (one, other)]
        assert store.answer(ME, again) == {other.id}
        found = store.answered([one.id, uid("unknown")])
    assert list(found) == [one.id]
    assert (found[one.id].author_id, found[one.id].sha256) == (ME.id, b"m")
    assert found[one.id].outcome == Outcome(one.id, Status.APPLIED, 1)


def test_an_answer_undone_is_free_again(house: House) -> None:
    answer = (mutation("m"), Outcome(uid("m"), Status.APPLIED, 1))
    with house.writing(goes_well=False) as store:
        store.answer(ME, [answer])
    with house.writing() as store:
        assert store.answer(ME, [answer]) == {uid("m")}


def test_held_work_comes_back_when_what_it_waits_for_arrives(house: House) -> None:
    one, key = mutation("m"), ("item", uid("late"))
    receipt = Receipt(AT, Judged(AT - timedelta(hours=2), Grade.PROVEN))
    held = Outcome(one.id, Status.HELD, code="waits_for")
    with house.writing() as store:
        store.answer(ME, [(one, held)])
        store.keep(ME, [Waiting(one, held, one.id, key, AT + timedelta(hours=72), receipt)])
    with house.writing() as store:
        assert store.held_for([("item", uid("another"))], []) == []
        ((found, author, told),) = store.held_for([key], [])
        assert (found.id, found.raw, author.id) == (one.id, one.raw, ME.id)
        assert (author.device_id, told) == (ME.device_id, receipt)
        store.answer_again(ME, [(one, Outcome(one.id, Status.APPLIED, 2))])
    with house.writing() as store:
        assert store.held_for([key], []) == []
        assert store.answered([one.id])[one.id].outcome.status is Status.APPLIED


def test_a_record_is_nameable_by_those_who_have_or_had_it(house: House) -> None:
    first = write("a")
    put(house, first)
    put(house, _moved(write("a", 2, first.after(), cell="other"), first))
    key = ("item", uid("a"))
    with house.writing() as store:
        assert store.visible([key, ("item", uid("x"))], [scope("other")]) == {key}
        assert store.visible([key], SCOPES) == {key}
        assert store.visible([key], ["cell:never"]) == set()


def test_questions_open_widen_close_and_open_again(house: House) -> None:
    head = {"id": "1", "values": {"note": "x"}, "author": ME.id}
    key = ("item", uid("a"))
    for heads, expected in (
        ([head], [("note", 1)]),
        ([head, head], [("note", 2)]),
        ([], []),
        ([head], [("note", 1)]),
    ):
        with house.writing() as store:
            store.ask([Question(key, "note", UNIT, heads)])
        assert house.questions() == expected


def test_both_compute_the_same_digest_of_the_same_records(empty_database: Database) -> None:
    houses: list[House] = [RealHouse(empty_database), DoubleHouse()]
    digests = []
    for house in houses:
        put(house, *(write(name) for name in "abc"), write("d", cell="other"))
        with house.reading() as store:
            digests.append((store.digest(Span(), SCOPES), store.digest(Span(), [*SCOPES, scope("other")])))
    assert digests[0] == digests[1]
    assert [one.count for one in digests[0]] == [3, 4]


def test_spans_and_borders_cover_everything_once(house: House) -> None:
    put(house, *(write(f"r{n}") for n in range(40)))
    with house.reading() as store:
        borders = store.borders(Span(), SCOPES, 8)
        spans = [Span(a, b) for a, b in zip([None, *borders[:-1]], [*borders[:-1], None], strict=True)]
        found = [line.id for span in spans for line in store.lines(span, SCOPES)]
        assert sum(store.digest(span, SCOPES).count for span in spans) == 40
    assert (sorted(found), len(spans)) == (sorted(uid(f"r{n}") for n in range(40)), 8)


def test_an_empty_span_has_no_borders(house: House) -> None:
    with house.reading() as store:
        assert store.borders(Span(), SCOPES, 8) == []
        assert store.digest(Span(), SCOPES) == Digest(0, "0" * 32)


def test_a_comparison_gives_a_cursor_that_goes_on(house: House) -> None:
    put(house, *(write(name) for name in "abc"))
    with house.reading() as store:
        right = store.digest(Span(), SCOPES)
        same = compare(store, 1, SCOPES, [Claim(Span(), right)])
        wrong = compare(store, 1, SCOPES, [Claim(Span(), Digest(3, "f" * 32))])
    assert (same.repairs, same.ask) == ([], [])
    assert [line.id for _, lines in wrong.repairs for line in lines] == sorted(uid(name) for name in "abc")
    assert page(house, same.cursor).lines == []
    put(house, write("later"))
    assert names(page(house, same.cursor)) == {(uid("later"), 1, False)}


def test_a_large_difference_is_narrowed_down(house: House) -> None:
    put(house, *(write(f"r{n}") for n in range(100)))
    with house.reading() as store:
        found = compare(store, 1, SCOPES, [Claim(Span(), Digest(0, "0" * 32))])
    assert found.repairs == []
    assert (len(found.ask), found.ask[0].after, found.ask[-1].upto) == (16, None, None)


def test_what_no_entry_reaches_is_not_in_the_snapshot_handed_out(house: House) -> None:
    """After a crash transaction ids that nobody was shown may be given out again."""
    put(house, write("a"))
    with house.writing(goes_well=False) as store:
        store.write_many([write("b")])
    filled = page(house, Cursor(1))
    shown = max(line.xid for line in filled.lines)
    assert all(part.since.xmax <= shown + 1 for part in filled.cursor.parts.values())
    assert {part.rank for part in filled.cursor.parts.values()} == set(RANKS)
    assert Snapshot(3, 3).is_new(shown)


def test_the_highest_id_is_that_of_the_last_entry(house: House) -> None:
    put(house, write("a"))
    with house.reading() as store:
        first = store.highest_xid(SCOPES)
        assert store.highest_xid(["cell:empty"]) == 2
    put(house, write("b"))
    with house.reading() as store:
        assert store.highest_xid(SCOPES) > first > 2


def test_versions_continue_above_an_older_epoch(house: House) -> None:
    with house.writing() as store:
        assert store.next_version(0) == 1
        assert store.next_version(41) == 42
