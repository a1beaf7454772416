"""Bearer tokens: finds whose one is, and says why one is refused."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from backend.core.actor import Actor, Feed, Role
from backend.core.errors import Problem, WrongSecret
from backend.core.queries.tokens import Owner, is_known, owner_of
from backend.core.services.credentials import token_sha256


def actor_of(connection: Connection, token: str) -> Actor:
    """Who a bearer token belongs to; raises not_signed_in."""
    found = owner_of(connection, token_sha256(token), datetime.now(UTC))
    if found is None:
        raise _never_given(connection, token)
    if not found.is_active:
        raise Problem("not_signed_in")
    return Actor(
        id=found.staff_id,
        unit_id=found.unit_id,
        roles=frozenset(map(Role, found.roles)),
        device_id=found.device_id,
        device_revoked=found.device_revoked,
        read_only=found.use == "personal",
        must_change_password=found.must_change_password,
        feeds=_feed_of(found),
    )


def _feed_of(found: Owner) -> Feed | None:
    return Feed(found.feeds_unit_id or "", frozenset(found.feeds or ())) if found.use == "feed" else None


def _never_given(connection: Connection, token: str) -> Problem:
    """The error for a token that opens nothing: one that has only ended is no guess."""
    if is_known(connection, token_sha256(token)):
        return Problem("not_signed_in")
    return WrongSecret("not_signed_in", token)
