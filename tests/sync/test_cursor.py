"""Snapshots and cursors: what counts as new, clamping, and the seal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import BEGINNING, Cursor, CursorSeal, Holder, ScopeProgress, Snapshot, need_continuable
from sync.errors import StartCompare

BOUND = Holder("user", "device", "store")
SEAL = CursorSeal("secret")


@pytest.mark.parametrize("text", ["3:3:", "10:12:11", "10:20:11,13,19"])
def test_a_snapshot_reads_and_writes_postgresqls_form(text: str) -> None:
    assert str(Snapshot.parse(text)) == text


def test_what_is_new_is_what_the_snapshot_could_not_see() -> None:
    snapshot = Snapshot.parse("10:15:12,14")
    assert [xid for xid in range(8, 18) if snapshot.is_new(xid)] == [12, 14, 15, 16, 17]


@given(st.integers(3, 50), st.sets(st.integers(3, 60)), st.integers(2, 70))
def test_clamping_only_ever_makes_more_new(xmax: int, open_: set[int], highest: int) -> None:
    xip = tuple(sorted(x for x in open_ if x < xmax))
    snapshot = Snapshot(min([*xip, xmax]), xmax, xip)
    clamped = snapshot.clamped(highest)
    assert clamped.xmax <= highest + 1
    assert clamped.xmin <= clamped.xmax
    assert all(clamped.is_new(xid) for xid in range(2, 80) if snapshot.is_new(xid))
    assert all(x < clamped.xmax for x in clamped.xip)


def test_a_part_survives_its_token() -> None:
    part = ScopeProgress(
        "cell:1", 2, Snapshot(3, 9, (5,)), ("customer", "abc"), Snapshot(4, 11, (5,)), (7, "customer", "abb")
    )
    assert ScopeProgress.from_list(part.as_list()) == part
    assert not ScopeProgress("cell:1", 0).started
    assert ScopeProgress("cell:1", 0, position=None).started
    assert ScopeProgress("cell:1", 0).position == BEGINNING


def test_a_sealed_cursor_opens_for_its_own_store_alone() -> None:
    cursor = Cursor(1, 77, {("cell:1", 0): ScopeProgress("cell:1", 0, Snapshot(5, 6), None)})
    opened, made_for = SEAL.open(SEAL.seal(cursor, BOUND))
    assert (opened, made_for) == (cursor, BOUND)
    need_continuable(opened, made_for, BOUND, 1, Snapshot(100, 100), 0)
    for other in (("other", "device", "store"), ("user", "other", "store"), ("user", "device", "other")):
        with pytest.raises(StartCompare, match="foreign"):
            need_continuable(opened, made_for, Holder(*other), 1, Snapshot(100, 100), 0)


def test_another_house_s_seal_is_not_ours() -> None:
    with pytest.raises(StartCompare, match="unreadable"):
        CursorSeal("another secret").open(SEAL.seal(Cursor(1), BOUND))


def test_the_last_key_of_the_ring_signs_and_those_before_it_open() -> None:
    ring = ["old"]
    seal = CursorSeal(lambda: ring)
    before = seal.seal(Cursor(1), BOUND)
    ring.append("new")
    after = seal.seal(Cursor(2), BOUND)
    assert [seal.open(one)[0].epoch for one in (before, after)] == [1, 2]
    assert CursorSeal("new").open(after)[0].epoch == 2
    with pytest.raises(StartCompare, match="unreadable"):
        CursorSeal("old").open(after)


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t[1:], lambda t: t + "x", lambda t: "♥" + t, lambda t: "."]
)
def test_a_spoiled_token_starts_anew(spoil: object) -> None:
    token = SEAL.seal(Cursor(1), BOUND)
    assert callable(spoil)
    with pytest.raises(StartCompare):
        SEAL.open(spoil(token))


AT_50 = Cursor(1, 49, {("a", 0): ScopeProgress("a", 0, Snapshot(40, 50), None)}, seen_on=20)


@pytest.mark.parametrize(
    ("epoch", "xmax", "oldest", "why"),
    [(2, 100, 0, "other_epoch"), (1, 49, 0, "ahead_of_server"), (1, 100, 21, "too_old")],
)
def test_what_cannot_be_continued_says_why(epoch: int, xmax: int, oldest: int, why: str) -> None:
    with pytest.raises(StartCompare) as caught:
        need_continuable(AT_50, BOUND, BOUND, epoch, Snapshot(xmax, xmax), oldest)
    assert str(caught.value) == why


def test_a_transaction_id_handed_out_and_not_yet_given_again_is_another_life() -> None:
    with pytest.raises(StartCompare):
        need_continuable(Cursor(1, 100), BOUND, BOUND, 1, Snapshot(100, 100), 0)


def test_a_cursor_of_today_goes_on() -> None:
    assert need_continuable(AT_50, BOUND, BOUND, 1, Snapshot(50, 50), 20) is None
