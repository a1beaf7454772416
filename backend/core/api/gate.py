"""Checks before every endpoint: authentication, rate limits and size, before a byte of the body is read."""

from __future__ import annotations

import io
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import IO, Any, cast

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Connection

from backend.core.actor import Actor
from backend.core.api import limits
from backend.core.api.authentication import ANYTHING, Access, Body, Who, access_of, bearer_token, body_of
from backend.core.api.context import context
from backend.core.errors import Problem
from backend.core.queries.installation_row import refresh
from backend.core.services.bearer_tokens import actor_of
from backend.core.services.credentials import token_sha256

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_NOWHERE = Access(Who.ANYBODY, "pages_per_address"), Body(0, ANYTHING)
REMEMBERED_S, MOST_REMEMBERED = 300, 20_000

Table = dict[tuple[str, str], tuple[Access, Body]]


@dataclass(frozen=True, slots=True)
class _Seen:
    person_id: str
    until: float


def install(app: Flask, counted_at: str) -> None:
    """The gate before the app's endpoints; raises RuntimeError for one that declares nothing."""
    limits.install(app, counted_at)
    app.extensions["wangge.gate"] = table_of(app)
    app.before_request(_gate)
    app.after_request(_ask_to_sign_in)


def table_of(app: Flask) -> Table:
    """What each endpoint and method of the app declares."""
    table: Table = {}
    undeclared = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in rule.methods or ():
            handler = _handler(view, method)
            if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
                table[rule.endpoint, method] = _NOWHERE
            elif (access := access_of(handler)) is not None:
                table[rule.endpoint, method] = access, body_of(handler)
            else:
                undeclared.append(f"{method} {rule}")
    if undeclared:
        raise RuntimeError(f"endpoints that do not declare who may come: {', '.join(sorted(undeclared))}")
    return table


def _handler(view: Any, method: str) -> Any:
    kind = getattr(view, "view_class", None)
    if kind is None:
        return view
    return getattr(kind, method.lower(), None) or getattr(kind, "get", None)


def _gate() -> None:
    table = cast(Table, current_app.extensions["wangge.gate"])
    access, body = table.get((request.endpoint or "", request.method), _NOWHERE)
    request.max_content_length = 0
    if access.who is Who.ANYBODY or _is_open(access):
        limits.count_address(access.rate, request.endpoint or "nowhere")
        if access.holds is not None:
            with context().database.glance_at_models() as session:
                access.holds(session, bearer_token())
    else:
        limits.count_person(access.rate, _person(access))
    if access is not _NOWHERE[0]:
        _judge_body(body)
    if request.path.startswith("/api/") and access.open_by is None:
        # Not for documents, which tell of the program alone and need no database.
        refresh(context().database)


def _ask_to_sign_in(response: Response) -> Response:
    """Only where a person looks at documents: elsewhere a browser would ask for a password in the middle
    of its work."""
    if response.status_code == 401 and g.get("challenge"):
        response.headers["WWW-Authenticate"] = (
            'Basic realm="Wangge API: any name, a personal token", charset="UTF-8"'
        )
    return response


def _is_open(access: Access) -> bool:
    return access.open_by is not None and getattr(context().settings, access.open_by) == "public"


def _person(access: Access) -> str:
    """Who asks, by id; strangers are counted by their address."""
    try:
        if access.who is Who.PHONE:
            return _phone()
        with context().database.glance() as connection:
            found = replace(_actor(connection), network_address=request.remote_addr)
    except Problem:
        limits.count_address("pages_per_address", "strangers")
        if access.open_by:
            g.challenge = True
        raise
    # Known from here on, also in the log of what is refused.
    g.actor = found
    if found.feeds is not None and not access.for_feeds:
        raise Problem("feed_token")
    if found.device_revoked and access.who is not Who.REVOKED_TOO:
        raise Problem("device_revoked", wipe=True)
    if found.must_change_password and not access.before_own_password:
        raise Problem("password_change_needed")
    if found.read_only and request.method not in _READING:
        raise Problem("read_only_token")
    return found.id


def _actor(connection: Connection) -> Actor:
    """Whoever the header names.

    A desktop GIS has only a field for a password: a personal token, which may only read, may stand there too;
    browsers repeat Basic by themselves, so nothing that writes is taken by it.
    """
    try:
        given = request.authorization
    except ValueError as error:  # Basic with bytes that are no ASCII: the library does not catch it.
        raise Problem("not_signed_in") from error
    if given is None or given.type != "basic":
        return actor_of(connection, bearer_token())
    found = actor_of(connection, given.password or "")
    if not found.read_only:
        raise Problem("not_signed_in")
    return found


class _Remembered:
    """Tokens that were good a moment ago.

    Sync judges a token together with all it needs, in one statement, for which it must have read the body. A
    token that nobody has judged here lately is judged first, by a statement of its own; one ended since then
    is seen by the next.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def person(self, sha256: bytes) -> str | None:
        """Whose token it is, if it was good lately."""
        found = self._seen.get(sha256)
        return found.person_id if found is not None and found.until > time.monotonic() else None

    def keep(self, sha256: bytes, person_id: str) -> None:
        """Remember a good one; the oldest goes."""
        self._seen[sha256] = _Seen(person_id, time.monotonic() + REMEMBERED_S)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)


_REMEMBERED = _Remembered()


def _phone() -> str:
    token = bearer_token()
    sha256 = token_sha256(token)
    known = _REMEMBERED.person(sha256)
    if known is not None:
        return known
    with context().database.glance() as connection:
        found = actor_of(connection, token)
    if found.read_only:
        raise Problem("read_only_token")
    if found.feeds is not None:
        raise Problem("feed_token")
    _REMEMBERED.keep(sha256, found.id)
    return found.id


def _judge_body(body: Body) -> None:
    most = (
        body.most_bytes if isinstance(body.most_bytes, int) else getattr(context().settings, body.most_bytes)
    )
    request.max_content_length = most
    length = request.content_length
    if length is not None and length > most:
        raise Problem("too_large", most_bytes=most)
    in_pieces = length is None and bool(request.environ.get("wsgi.input_terminated"))
    if in_pieces:
        request.max_content_length = most + 1
        request.environ["wsgi.input"] = _AtMost(request.environ["wsgi.input"], most)
    has_body = bool(length) or (in_pieces and request.headers.get("Transfer-Encoding"))
    if has_body and body.media_types and not _is_taken(body.media_types):
        raise Problem("unsupported_media", takes=list(body.media_types))


class _AtMost(io.RawIOBase):
    """A body that comes in pieces without a length: too much of it is refused, where werkzeug would cut it
    off."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most, self._left = stream, most, most

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes. Raises too_large."""
        data = self._stream.read(min(len(buffer), self._left + 1))
        if len(data) > self._left:
            raise Problem("too_large", most_bytes=self._most)
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def _is_taken(media_types: tuple[str, ...]) -> bool:
    return request.mimetype in media_types or (request.is_json and media_types[0] == "application/json")
