"""Simulation level A: the sync core on the in-memory store, seed by seed.

Also the proof that the simulator finds what it is there to find.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.simulation.bugs import BUGS, SHARED_BUGS
from tests.simulation.promises import failure, shrunk, story
from tests.simulation.world import WORLDS, plan, shared, unsettled

# Seeds that once broke a promise; what each found is told where it was mended.
ONCE_BROKEN = {
    6: "a delayed pull of an older epoch",
    35: "a backup made after a restore hid from phones what the restore had lost",
    145: "a damaged phone claimed to have seen versions that were not written yet",
    200: "a body that came with a push's answer was taken for held though its scope had been dropped",
    12985: "a garbled version outlived the repair on a record that was kept for unsent work",
    15457: "a version of a lost epoch outlived the restore on a record that was kept for unsent work",
    515: "a record left its scope before the fill reached it, and the phone kept it from a push's answer",
    1795528087187: (
        "a body came with the scope it left, before the fill of the scope it went to, and stayed "
        "when it went on"
    ),
}
# Where the bugs that are rare were found before: looked at first, the others only where that is so no more.
FOUND_IN = (40, 219, 137, 23, 76)
FOUND_WHERE_SHARED = (1070, 14, 5, 339)


@pytest.mark.parametrize("seed", sorted(ONCE_BROKEN))
def test_what_once_broke_stays_mended(seed: int) -> None:
    assert failure(seed, plan(seed)) is None, ONCE_BROKEN[seed]


def test_work_sent_before_the_first_pull_outlives_a_restore() -> None:
    assert failure(1070, shared(1070)) is None


@pytest.mark.parametrize("block", range(16))
def test_every_promise_holds_in_every_world(block: int) -> None:
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        if failure(seed, plan(seed)):
            pytest.fail(story(seed, plan(seed)))


@pytest.mark.parametrize("block", range(8))
def test_every_promise_holds_while_the_ground_moves(block: int) -> None:
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        if failure(seed, unsettled(seed)):
            pytest.fail(story(seed, unsettled(seed)))


@pytest.mark.parametrize("block", range(8))
def test_every_promise_holds_where_people_have_two_phones(block: int) -> None:
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        if failure(seed, shared(seed)):
            pytest.fail(story(seed, shared(seed)))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(20))
def test_ten_thousand_worlds(block: int) -> None:
    for seed in range(10_000 + 500 * block, 10_500 + 500 * block):
        for steps in (make(seed) for make in WORLDS):
            if failure(seed, steps):
                pytest.fail(story(seed, steps))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_simulator_finds(bug: Callable[[], AbstractContextManager[Any]]) -> None:
    with bug():
        found = next(
            (seed for seed in [*ONCE_BROKEN, *FOUND_IN, *range(600)] if failure(seed, plan(seed))), None
        )
    assert found is not None, f"{bug.__name__} was not found"


@pytest.mark.parametrize("bug", SHARED_BUGS, ids=lambda bug: bug.__name__)
def test_the_simulator_finds_where_people_have_two_phones(
    bug: Callable[[], AbstractContextManager[Any]],
) -> None:
    with bug():
        found = next(
            (seed for seed in [*FOUND_WHERE_SHARED, *range(600)] if failure(seed, shared(seed))), None
        )
    assert found is not None, f"{bug.__name__} was not found"


def test_a_failing_history_is_told_in_few_words() -> None:
    bug = BUGS[0]
    with bug():
        seed = next(seed for seed in [*FOUND_IN, *range(2000)] if failure(seed, plan(seed)))
        short = shrunk(seed, plan(seed))
        told = story(seed, plan(seed))
    assert 0 < len(short) < len(plan(seed)) / 2
    assert all(str(step) in told for step in short)
    assert "P2" in told
