"""Simulated invalid work: what parks with what, and that a correction settles it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.simulation.careless import BUGS, failure


@pytest.mark.parametrize("block", range(4))
def test_only_what_needs_parked_work_waits_and_its_correction_settles_it(block: int) -> None:
    for seed in range(30 * block, 30 * block + 30):
        assert failure(seed) is None, seed


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(10))
def test_five_thousand_careless_worlds(block: int) -> None:
    for seed in range(10_000 + 500 * block, 10_500 + 500 * block):
        assert failure(seed) is None, seed


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_careless_worlds_find(bug: Callable[[], AbstractContextManager[Any]]) -> None:
    with bug():
        assert any(failure(seed) for seed in range(200)), f"{bug.__name__} was not found"
