"""Both stores on parked work: how it is found, settled field by field or whole, and tried again."""

from __future__ import annotations

from typing import Any

from sync.change import Author, Grade, Mutation, Op, Outcome, Status
from sync.honest_time import Judged, Receipt
from sync.store import Parked, Settled, Waiting
from tests.contract.test_store import AT, ME, UNIT, House, house, mutation
from tests.factories import uid

__all__ = ["house"]


def _park(house: House, name: str, code: str, group: str, record: str = "a", **now: Any) -> Mutation:
    one = mutation(name, record, now=now)
    parked = Outcome(one.id, Status.PARKED, code=code, detail={"group": uid(group)})
    with house.writing() as store:
        store.answer(ME, [(one, parked)])
        store.keep(ME, [Waiting(one, parked, uid(group), receipt=Receipt(AT, Judged(AT, Grade.PROVEN)))])
    return one


def test_parked_work_is_found_by_record_and_by_id_for_its_author(house: House) -> None:
    one = _park(house, "m", "invalid", "group", phone="1", note="2")
    two = _park(house, "k", "invalid", "group", record="b")
    other = Author(uid("other_rep"), None, frozenset(), UNIT)
    with house.writing() as store:
        (by_record,), (by_id,) = store.parked(ME, [one.key], []), store.parked(ME, [], [one.id])
        assert by_record == by_id
        assert by_id == Parked(
            one.id, one.key, uid("group"), Op.CHANGE, None, frozenset({"phone", "note"}), ME.device_id, AT
        )
        assert [found.id for found in store.parked(ME, [two.key, one.key], [])] == [one.id, two.id]
        assert store.parked(other, [one.key], [one.id]) == []


def test_parked_work_is_settled_field_by_field_or_whole_and_what_waited_comes_back(house: House) -> None:
    leader = _park(house, "m", "invalid", "m", phone="1", note="2")
    behind = _park(house, "n", "predecessor_parked", "m", note="3", summary="4")
    faulty = _park(house, "o", "invalid", "m", phone="5")
    word = uid("correction")
    with house.writing() as store:
        store.settle(ME, [Settled(leader.id, word, None, frozenset({"note"}), uid("m"))])
        store.settle(ME, [Settled(behind.id, word, None, frozenset({"note"}), uid("m"))])
    with house.writing() as store:
        left = {one.id: sorted(one.fields) for one in store.parked(ME, [leader.key], [])}
        assert left == {leader.id: ["phone"], behind.id: ["summary"], faulty.id: ["phone"]}
        store.settle(ME, [Settled(leader.id, word, "corrected", frozenset({"phone"}), uid("m"))])
    with house.writing() as store:
        assert [one.id for one in store.parked(ME, [leader.key], [])] == [behind.id, faulty.id]
        found, other = store.waiting_behind(ME, [uid("m"), uid("nobody's")])
        assert other.mutation.id == faulty.id
        assert (found.mutation.id, found.mutation.now, found.author.device_id) == (
            behind.id,
            {"summary": "4"},
            ME.device_id,
        )
        assert found.receipt == Receipt(AT, Judged(AT, Grade.PROVEN))
        assert store.waiting_behind(Author(uid("other_rep"), None, frozenset(), UNIT), [uid("m")]) == []
        again = Outcome(behind.id, Status.PARKED, code="invalid")
        store.park_again([Waiting(found.mutation, again, behind.id)])
    with house.writing() as store:
        assert [one.mutation.id for one in store.waiting_behind(ME, [uid("m"), behind.id])] == [faulty.id]
        assert [one.group for one in store.parked(ME, [], [behind.id])] == [behind.id]
        assert store.answered([behind.id])[behind.id].outcome.code == "predecessor_parked", (
            "an outcome is told once"
        )
