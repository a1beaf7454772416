"""Declares subscriptions to facts: what a `subscriptions` module may hold, and how a subscriber is written.

`COMPLETES` lists what fills in the very record a fact is of, `FOLLOWS` what happens because of it; both by
fact. Every capability's `COMPLETES` is served before anybody's `FOLLOWS`, and within each those of lower
capabilities come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

Detail = dict[str, Any]
Subscriber = Callable[[Session, Detail], object]
Subscriptions = Mapping[str, tuple[Subscriber, ...]]


def of_record(serve: Callable[[Session, str], object]) -> Subscriber:
    """A subscriber that needs nothing of a fact but its record's id."""
    return named(lambda session, fact: serve(session, fact["id"]), serve.__name__)


def while_there(serve: Callable[[Session, str], object]) -> Subscriber:
    """The same, unless the fact is that the record was deleted."""
    return named(
        lambda session, fact: None if fact["op"] == "delete" else serve(session, fact["id"]), serve.__name__
    )


def named(subscriber: Subscriber, name: str) -> Subscriber:
    """A subscriber under the name that the page of facts shows."""
    subscriber.__name__ = name
    return subscriber
