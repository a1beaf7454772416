"""Deliberate bugs of the sync service that one named test each must find.

A pytest plugin that switches one of them on.

The simulator's own are in `bugs.py`; these need the real database, the API or an engine alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from msgspec import DecodeError

from backend.phones.queries import inbox
from mobile_api_spec.phone import Phone
from sync.postgres.push import PostgresPush
from sync.receipts import Receipts
from sync.wire import read_batch

Switch = Callable[[], AbstractContextManager[Any]]


def whoever_came_first() -> AbstractContextManager[Any]:
    """Held work is tried in a fixed order, what was in vain again and again.

    One phone's stops everybody's.
    """
    return patch.object(PostgresPush, "note_tried", lambda _self, _held: None)


def an_inbox_that_shows_what_it_cannot_write() -> AbstractContextManager[Any]:
    """What is kept is read into a list that nobody can write as JSON."""
    return patch.object(inbox, "depth_of", lambda _raw: 0)


def a_batch_that_stands_or_falls_together() -> AbstractContextManager[Any]:
    """One mutation that is no JSON takes its whole batch with it."""

    def read(data: bytes) -> Any:
        try:
            orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise DecodeError("not JSON") from error
        return read_batch(data)

    return patch("backend.phones.api.sync.read_batch", read)


@contextmanager
def an_engine_that_asks_the_same_for_ever() -> Iterator[None]:
    """A push without an answer to anything it sent is sent once more, as it was."""

    def push(self: Phone) -> None:
        while batch := self.store.waiting(500):
            headers = {"Content-Type": "application/json"}
            answer = self._send("POST", "/sync/push", content=self._batch(batch), headers=headers).json()
            self._keep_outcomes(answer["outcomes"], answer["server_time"])

    with patch.object(Phone, "push", push):
        yield


def held_work_of_another_phone() -> AbstractContextManager[Any]:
    """Held work is written in the name of the phone that brings what it waited for."""
    return patch.object(Receipts, "author_of", lambda self, _mutation: self._author)


BUGS: dict[str, tuple[Switch, str]] = {
    switch.__name__: (switch, test)
    for switch, test in (
        (
            whoever_came_first,
            "jobs/test_services.py::test_held_work_of_many_is_tried_by_turns_and_by_what_changed",
        ),
        (
            an_inbox_that_shows_what_it_cannot_write,
            "phones/test_sync_extremes.py::test_whatever_is_kept_can_be_listed_shown_and_discarded",
        ),
        (
            a_batch_that_stands_or_falls_together,
            "phones/test_sync_extremes.py::test_what_cannot_be_read_parks_alone",
        ),
        (
            an_engine_that_asks_the_same_for_ever,
            "phones/test_reference_phone.py::test_a_push_that_made_no_progress_is_not_repeated",
        ),
        (held_work_of_another_phone, "phones/test_sync.py::test_held_work_is_judged_as_its_own_phones"),
    )
}


@pytest.fixture(autouse=True)
def _switched_on() -> Iterator[None]:
    """The bug that the environment names, during each test."""
    with BUGS[os.environ["WANGGE_TEST_BUG"]][0]():
        yield
