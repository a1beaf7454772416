"""Authentication, and what each endpoint declares of its callers for the gate to judge first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, cast

from flask import g, request
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem

F = TypeVar("F", bound=Callable[..., Any])
KIB, MIB = 1024, 1024 * 1024
JSON = ("application/json",)
ANYTHING: tuple[str, ...] = ()
_ACCESS, _BODY = "wangge_access", "wangge_body"


class Who(Enum):
    """Who may come to an endpoint."""

    PERSON = "signed in"
    REVOKED_TOO = "signed in, a lost phone too"
    PHONE = "signed in; the endpoint's own statement says how"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class Access:
    """What an endpoint declares of its callers.

    `rate` names the setting that says how often; persons are counted by person, anybody by address. `holds`
    judges a link's token, which stands where others have their own. `open_by` names the setting that opens
    the endpoint to anybody when it says `public`; browsers are asked to sign in there. `before_own_password`
    lets in who must choose a password first, `for_feeds` the token of a feed, which comes nowhere else.
    """

    who: Who
    rate: str = "requests_per_person"
    holds: Callable[[Session, str], object] | None = None
    open_by: str | None = None
    before_own_password: bool = False
    for_feeds: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What an endpoint takes as body: how many bytes (or the setting that says so), and which media types."""

    most_bytes: int | str
    media_types: tuple[str, ...] = JSON


def signed_in(view: F) -> F:
    """Only with a valid token; the actor is then `actor()`. Revoked devices get through to sync alone."""
    return _declare(view, Access(Who.PERSON))


def signed_in_at_first(view: F) -> F:
    """As `signed_in`, and who must first choose a password of their own."""
    return _declare(view, Access(Who.PERSON, before_own_password=True))


def signed_in_or_feed(view: F) -> F:
    """As `signed_in`, and the token of a feed; the service judges what it may."""
    return _declare(view, Access(Who.PERSON, for_feeds=True))


def signed_in_or_revoked(view: F) -> F:
    """As `signed_in`, and a lost phone too: it may hand its work in."""
    return _declare(view, Access(Who.REVOKED_TOO))


def signed_in_phone(view: F) -> F:
    """As `signed_in_or_revoked`, for sync: the endpoint's first statement names the actor with all it
    needs beside."""
    return _declare(view, Access(Who.PHONE))


def documents(view: F) -> F:
    """The API's documents: signed in, or anybody where the operator says so."""
    return _declare(view, Access(Who.PERSON, open_by="docs"))


def public(
    rate: str, *, most_bytes: int = 16 * KIB, holds: Callable[[Session, str], object] | None = None
) -> Callable[[F], F]:
    """For anybody, as often from one address as the setting `rate` says; the body is small unless said
    otherwise."""

    def declare(view: F) -> F:
        if not hasattr(view, _BODY):
            takes(most_bytes)(view)
        return _declare(view, Access(Who.ANYBODY, rate, holds))

    return declare


def takes(most_bytes: int | str, media_types: tuple[str, ...] = JSON) -> Callable[[F], F]:
    """A body other than the usual one (JSON of a megabyte at most); no types given: whatever comes."""

    def declare(view: F) -> F:
        setattr(view, _BODY, Body(most_bytes, media_types))
        return view

    return declare


def _declare(view: F, access: Access) -> F:
    # functools.wraps copies attributes: whatever else decorates the view, its declaration stays in sight.
    setattr(view, _ACCESS, access)
    return view


def access_of(view: object) -> Access | None:
    """What a view declared of its callers, if it did."""
    return getattr(view, _ACCESS, None)


def body_of(view: object) -> Body:
    """What a view takes as body."""
    return getattr(view, _BODY, Body(MIB))


def bearer_token() -> str:
    """The token of the Authorization header; raises not_signed_in."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem("not_signed_in")
    return token.strip()


def actor() -> Actor:
    """The signed-in person of this request."""
    return cast(Actor, g.actor)
