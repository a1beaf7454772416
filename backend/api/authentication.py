"""Who is asking: a bearer token becomes an Actor; without one only public addresses answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import g, request
from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.api.house import transaction
from backend.errors import Problem
from backend.services.sessions import actor_of

F = TypeVar("F", bound=Callable[..., Any])
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer_token() -> str:
    """The token of the Authorization header; raises not_signed_in."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem("not_signed_in")
    return token.strip()


def _actor(session: Session) -> Actor:
    """Whoever the header names. A desktop GIS has only a field for a password: a personal token, which may only read,
    may stand there too; browsers repeat Basic by themselves, so nothing that writes is taken by it."""
    given = request.authorization
    if given is None or given.type != "basic":
        return actor_of(session, bearer_token())
    found = actor_of(session, given.password or "")
    if not found.read_only:
        raise Problem("not_signed_in")
    return found


def signed_in(view: F) -> F:
    """Only with a valid token; the actor is then `actor()`. Revoked devices get through to sync alone."""
    return _guard(view, revoked_too=False)


def signed_in_or_revoked(view: F) -> F:
    """As `signed_in`, and a lost phone too: it may hand its work in."""
    return _guard(view, revoked_too=True)


def _guard(view: F, *, revoked_too: bool) -> F:
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        with transaction() as session:
            found = _actor(session)
        if found.device_revoked and not revoked_too:
            raise Problem("device_revoked", wipe=True)
        if found.read_only and request.method not in _READING:
            raise Problem("read_only_token")
        g.actor = found
        return view(*args, **kwargs)

    return cast(F, guarded)


def actor() -> Actor:
    """The signed-in person of this request."""
    return cast(Actor, g.actor)
