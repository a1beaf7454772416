"""Deliberate bugs, each a mistake that a rival ships or shipped; the simulator must find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import orjson
from msgspec import Raw

from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.store import Store
from sync import answer, merge
from sync.change import Write, moment_text
from sync.cursor import BEGINNING, ScopeProgress, Snapshot
from sync.pull import _Walk
from sync.receipts import Receipts
from sync.wire import Batch, read_batch
from tests.simulation.core import Server


def sequence_cursor() -> AbstractContextManager[Any]:
    """A cursor that is a number: what was begun earlier and commits later is never sent."""
    return patch.object(Snapshot, "is_new", lambda self, xid: xid >= self.xmax)


def cursor_ahead_of_the_disk() -> AbstractContextManager[Any]:
    """A snapshot handed out as it is: after a loss of power its transaction ids are given to others."""
    return patch.object(Snapshot, "clamped", lambda self, _highest: self)


def one_snapshot_for_a_half_done_fill() -> AbstractContextManager[Any]:
    """A fill that goes on where it stood, blind to what changed behind its position."""
    original = _Walk.advance

    def advance(self: _Walk, part: ScopeProgress, has_news: bool) -> ScopeProgress:
        if part.position not in (None, BEGINNING):
            self._catch_up = lambda one: (one, True)  # type: ignore[method-assign]
            try:
                return original(self, part, has_news)
            finally:
                del self._catch_up
        return original(self, part, has_news)

    return patch.object(_Walk, "advance", advance)


def counting_scopes() -> AbstractContextManager[Any]:
    """A phone that adds the scopes of a line to those it knows instead of replacing them."""
    original = Store.keep_line

    def keep_line(self: Store, line: dict[str, Any], **options: Any) -> None:
        row = self._db.execute(
            "SELECT scopes FROM record WHERE kind = ? AND id = ?", (line["kind"], line["id"])
        ).fetchone()
        known = orjson.loads(row[0]) if row else []
        original(self, line | {"in": sorted({*line["in"], *known})} if line["in"] else line, **options)

    return patch.object(Store, "keep_line", keep_line)


def an_outcome_reported_before_commit() -> AbstractContextManager[Any]:
    """The answer goes out, then the transaction fails."""
    return patch.object(Server, "reports_before_commit", True)


def a_merge_that_depends_on_order() -> AbstractContextManager[Any]:
    """The last to arrive wins, whenever it happened."""
    original = merge._next_heads

    def next_heads(
        stored: Any, group: str, names: list[str], edit: Any, version: int
    ) -> list[dict[str, Any]]:
        return [head for head in original(stored, group, names, edit, version) if head["version"] == version]

    return patch.object(merge, "_next_heads", next_heads)


def a_reply_body_outside_the_scopes() -> AbstractContextManager[Any]:
    """A push's answer carries the record, whoever may see it now."""

    def record(write: Write, _held: Any) -> dict[str, Any]:
        return {
            "kind": write.kind.name, "id": write.id, "version": write.version, "in": sorted(write.scopes),
            "body": orjson.Fragment(write.body),
        }  # fmt: skip

    return patch.object(answer, "_record", record)


def a_repair_that_trusts_the_phone() -> AbstractContextManager[Any]:
    """A repair that lets the phone's higher version stand."""
    original = Store.keep_line

    def keep_line(self: Store, line: dict[str, Any], *, is_repair: bool = False) -> None:
        original(self, line)

    return patch.object(Store, "keep_line", keep_line)


@contextmanager
def an_epoch_that_is_not_noticed() -> Iterator[None]:
    """A phone that never sends again what a restored server has lost."""
    with patch.object(Store, "queue_again", lambda _self, _through: None):
        yield


def a_fill_blind_to_answers() -> AbstractContextManager[Any]:
    """Records that came with a push's answer are not looked at while a fill has yet to reach them."""
    return patch("sync.pull._gone", lambda _store, _have, _scopes: [])


def a_body_ahead_of_every_fill() -> AbstractContextManager[Any]:
    """What came with the scope it left counts as vouched for by the one it went to, not filled yet."""
    return patch("sync.pull._known_in", lambda line, *_: line)


def clocks_believed() -> AbstractContextManager[Any]:
    """Steps sorted by arrival instead of by when they happened."""

    def with_step(
        kind: Any, stored: Any, action: str, target: str, edit: Any, version: int, forced: bool
    ) -> Any:
        from sync.steps import log_of

        head = {
            "id": edit.id, "author": edit.author_id, "device": edit.device_id, "at": moment_text(edit.at),
            "version": version, "action": action, "values": {kind.state_field: target},
        }  # fmt: skip
        return [*log_of(kind, stored), head]

    return patch("sync.apply.with_step", with_step)


def held_work_of_whoever_brought_the_rest() -> AbstractContextManager[Any]:
    """Held work counts as made on the phone that brings what it waited for."""
    return patch.object(Receipts, "author_of", lambda self, _mutation: self._author)


def held_work_judged_by_the_clocks_of_now() -> AbstractContextManager[Any]:
    """Held work is timed and graded when it is judged again, by whichever phone's clocks are at hand."""
    return patch.object(Receipts, "of", lambda self, mutation: self._now(mutation, None))


def an_epoch_taken_for_the_first() -> AbstractContextManager[Any]:
    """A phone that sent work before its first pull takes the epoch it then meets for the one it sent to."""
    meta, note = Store.meta, Phone._note_epoch

    def noted(self: Phone, answer: dict[str, Any]) -> None:
        def known(store: Store, name: str, default: Any = None) -> Any:
            return meta(store, name, answer["epoch"] if name == "epoch" else default)

        with patch.object(Store, "meta", known):
            note(self, answer)

    return patch.object(Phone, "_note_epoch", noted)


def a_batch_read_whole() -> AbstractContextManager[Any]:
    """What nobody can read takes its whole batch with it: one answer, to an id that nobody sent."""

    def read(data: bytes) -> Batch:
        try:
            orjson.loads(data)
        except orjson.JSONDecodeError:
            return Batch("", [Raw(data)], "2026-09-01T08:00:00Z")
        return read_batch(data)

    return patch("tests.simulation.core.read_batch", read)


BUGS: tuple[Callable[[], AbstractContextManager[Any]], ...] = (
    sequence_cursor,
    cursor_ahead_of_the_disk,
    one_snapshot_for_a_half_done_fill,
    counting_scopes,
    an_outcome_reported_before_commit,
    a_merge_that_depends_on_order,
    a_reply_body_outside_the_scopes,
    a_repair_that_trusts_the_phone,
    an_epoch_that_is_not_noticed,
    a_fill_blind_to_answers,
    a_body_ahead_of_every_fill,
    clocks_believed,
)
# Those that show where people have two phones, or send what nobody can read.
SHARED_BUGS: tuple[Callable[[], AbstractContextManager[Any]], ...] = (
    held_work_of_whoever_brought_the_rest,
    held_work_judged_by_the_clocks_of_now,
    a_batch_read_whole,
    an_epoch_taken_for_the_first,
)
