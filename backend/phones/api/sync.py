"""Pull, push and compare: read with as little ceremony as the three busiest addresses of the house
deserve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import orjson
from flask import Response, g, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Regexp
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend.core.api.authentication import ANYTHING, MIB, bearer_token, signed_in_phone, takes
from backend.core.api.context import context
from backend.core.api.mutations import OneOfShape
from backend.core.api.problems import invalid
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.core.services.contacts import Contact
from backend.core.services.credentials import token_sha256
from backend.phones.queries.entrance import Entrance, enter
from backend.phones.services.history import watch_history
from backend.phones.services.nudging import answers, listen, open_broker, pace_of
from backend.phones.services.syncing import (
    MOST_MUTATIONS,
    PAGE_LINES,
    PullRequest,
    Quota,
    compare_page,
    nothing_new,
    open_cursor,
    pull_page,
    push_batch,
    push_unreadable,
)
from sync.change import moment_text
from sync.compare import Claim, lie_apart
from sync.cursor import Cursor, Holder, ScopeProgress
from sync.pull import probed
from sync.store import Digest, Span
from sync.wire import read_batch

MOST_RANGES = 256
MOST_ASKED_BYTES = 4 * MIB
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_KIND = re.compile(r"[a-z_]{1,64}")
blueprint = Blueprint("sync", __name__, url_prefix="/api/v1/sync", description="同步 · Sync; see protocol.md")


def _is_key(value: list[str] | None) -> None:
    if value is not None and not (len(value) == 2 and _KIND.fullmatch(value[0]) and wire.is_uuid(value[1])):
        raise ValidationError("must be [kind, id], or null for the end")


class PullBody(Schema):
    """Where a store stands."""

    store = wire.Id(required=True, metadata={"description": "one user's data on one device"})
    cursor = wire.Text(most=2_000_000, allow_none=True)
    have = fields.Dict(keys=fields.String(), values=wire.Whole(most=2**53), load_default=dict)
    limit = wire.Whole(least=1, most=PAGE_LINES, load_default=PAGE_LINES)
    waiting = wire.Whole(
        allow_none=True, metadata={"description": "how many mutations the phone still holds"}
    )
    app_version = wire.Text(most=60, allow_none=True)
    storage_left_mb = wire.Whole(allow_none=True)


class RangeClaim(Schema):
    """What a phone holds behind `after` up to and including `upto`, both [kind, id] or null for the end."""

    after = fields.List(fields.String(), required=True, allow_none=True, validate=_is_key)
    upto = fields.List(fields.String(), required=True, allow_none=True, validate=_is_key)
    count = wire.Whole(required=True)
    xor = fields.String(required=True, validate=Regexp(r"^[0-9a-f]{32}$"))


class CompareBody(Schema):
    """Digests of key ranges; the first time one range over everything."""

    store = wire.Id(required=True)
    ranges = fields.List(fields.Nested(RangeClaim), required=True, validate=Length(min=1, max=MOST_RANGES))


class Repair(Schema):
    """A range sent whole: it replaces what the phone has in it, at any version."""

    after = fields.List(fields.String(), required=True, allow_none=True)
    upto = fields.List(fields.String(), required=True, allow_none=True)
    lines = fields.List(fields.Nested("Line"), required=True)


class NextRange(Schema):
    """A range to ask about next."""

    after = fields.List(fields.String(), required=True, allow_none=True)
    upto = fields.List(fields.String(), required=True, allow_none=True)


class Line(Schema):
    """A record or its removal (body null, `in` empty)."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    in_ = fields.List(fields.String(), required=True, data_key="in")
    body = fields.Dict(required=True, allow_none=True)
    same = fields.Boolean(metadata={"description": "the body is the one the phone said it has"})
    ahead = fields.Boolean(
        metadata={"description": "come before the fills of its scopes: to be named in `have`"}
    )


class ScopeHeld(Schema):
    """A scope the user holds, and the day it ends, if it does."""

    scope = fields.String(required=True)
    until = fields.String(required=True, allow_none=True)


class Head(Schema):
    """What every answer says of the server's history."""

    epoch = fields.Integer(required=True)
    cursor = fields.String(required=True)
    scopes = fields.List(fields.Nested(ScopeHeld), required=True)
    server_time = fields.String(required=True)
    backed_up_through = fields.String(required=True, allow_none=True)
    epochs = fields.List(
        fields.List(fields.Raw(allow_none=True)),
        required=True,
        metadata={
            "description": "[number, up to when it holds what was acknowledged before it] for each restore"
        },
    )


class PullPage(Head):
    """One page."""

    more = fields.Boolean(required=True)
    complete = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)
    drops = fields.List(fields.String(), required=True)
    lines = fields.List(fields.Nested(Line), required=True)


class Compared(Head):
    """The ranges sent whole, and those to ask about next; none of either: the store is right."""

    ask = fields.List(fields.Nested(NextRange), required=True)
    repairs = fields.List(fields.Nested(Repair), required=True)


class PushBody(Schema):
    """A batch; its mutations are read one by one, so that a bad one never stops the rest."""

    store = wire.Id(required=True)
    schema = wire.Whole(load_default=1)
    sent_at = fields.String(required=True, metadata={"format": "date-time"})
    boot = wire.Text(most=64, allow_none=True)
    monotonic_ms = wire.Whole(most=2**53, allow_none=True)
    mutations = fields.List(OneOfShape("Mutation"), required=True, metadata={"maxItems": MOST_MUTATIONS})


class PushAnswer(Schema):
    """One outcome for each mutation, in the order sent."""

    outcomes = fields.List(OneOfShape("Outcome"), required=True)
    server_time = fields.String(required=True)


def _body(schema: type[Schema]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_READERS: dict[type[Schema], Schema] = {schema: schema() for schema in (PullBody, PushBody, CompareBody)}


def _read(schema: type[Schema]) -> dict[str, Any]:
    """The request's body by its schema; raises bad_json or invalid."""
    try:
        found: dict[str, Any] = _READERS[schema].load(orjson.loads(request.get_data()))
    except orjson.JSONDecodeError as error:
        raise Problem("bad_json") from error
    except ValidationError as error:
        raise invalid(error) from error
    return found


def _enter(connection: Connection, token: bytes, parts: Sequence[ScopeProgress] = ()) -> Entrance:
    """The entrance, whose actor is then the request's."""
    found = enter(connection, token, parts)
    g.actor = replace(found.actor, network_address=request.remote_addr)
    return replace(found, actor=g.actor)


def _page(token: bytes, asked: PullRequest, opened: tuple[Cursor, Holder | None]) -> tuple[Entrance, bytes]:
    try:
        with context().database.reading() as connection:
            entrance = _enter(connection, token, probed(opened[0]))
            return entrance, pull_page(connection, entrance, context().seal, asked, opened)
    except Problem as problem:
        if problem.detail.get("why") == "ahead_of_server":
            # A seal of ours on a place we have never been: the database has gone back.
            watch_history(context().database, context().settings.home)
        raise


class PullAsk(msgspec.Struct):
    """PullBody as the decoder of the busiest address reads it; what it does not take, PullBody judges."""

    store: Annotated[str, msgspec.Meta(pattern=_UUID)]
    cursor: Annotated[str, msgspec.Meta(max_length=2_000_000)] | None = None
    have: dict[str, Annotated[int, msgspec.Meta(ge=0, le=2**53)]] = {}
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_LINES)] = PAGE_LINES
    waiting: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    app_version: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[ -~]*$")] | None = None
    storage_left_mb: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None


_PULL_ASK = msgspec.json.Decoder(PullAsk)
_SAID = ("waiting", "app_version", "storage_left_mb")


def _read_pull() -> PullAsk:
    try:
        return _PULL_ASK.decode(request.get_data())
    except msgspec.MsgspecError:
        return PullAsk(**_read(PullBody))


@blueprint.route("/pull")
class Pull(MethodView):
    @blueprint.doc(requestBody=_body(PullBody))
    @blueprint.response(200, PullPage)
    @takes(MOST_ASKED_BYTES, ANYTHING)
    @signed_in_phone
    def post(self) -> Response:
        """The next page of what this store lacks."""
        token, ask = token_sha256(bearer_token()), _read_pull()
        asked = PullRequest(ask.store, ask.cursor, _have(ask.have), ask.limit)
        opened = open_cursor(context().seal, asked.cursor)
        page = None
        if asked.cursor and all(part.is_complete for part in opened[0].parts.values()):
            with context().database.glance() as connection:
                entrance = _enter(connection, token, probed(opened[0]))
            page = nothing_new(entrance, asked, opened)
        if page is None:
            entrance, page = _page(token, asked, opened)
        g.has_written = False
        _note(entrance, {name: getattr(ask, name) for name in _SAID})
        return Response(page, mimetype="application/json")


@blueprint.route("/compare")
class Compare(MethodView):
    @blueprint.doc(requestBody=_body(CompareBody))
    @blueprint.response(200, Compared)
    @takes(MOST_ASKED_BYTES, ANYTHING)
    @signed_in_phone
    def post(self) -> Response:
        """Where a store differs from what its user may see; damaged or ancient stores are mended so, not
        wiped."""
        token, body = token_sha256(bearer_token()), _read(CompareBody)
        claims = [
            Claim(Span(_key(one["after"]), _key(one["upto"])), Digest(one["count"], one["xor"]))
            for one in body["ranges"]
        ]
        if not lie_apart(claim.span for claim in claims):
            raise Problem("invalid", faults=[fault("ranges", "phones.overlap")])
        with context().database.reading() as connection:
            entrance = _enter(connection, token)
            page = compare_page(connection, entrance, context().seal, body["store"], claims)
        g.has_written = False
        return Response(page, mimetype="application/json")


@blueprint.route("/push")
class PushView(MethodView):
    @blueprint.doc(requestBody=_body(PushBody))
    @blueprint.response(200, PushAnswer)
    @takes("page_bytes", ANYTHING)
    @signed_in_phone
    def post(self) -> Response:
        """Hand in work; every mutation gets one outcome, after the commit."""
        token, settings = token_sha256(bearer_token()), context().settings
        data = request.get_data()
        quota = Quota(settings.quota_mutations, settings.quota_bytes)
        entrances: list[Entrance] = []

        def work(session: Session) -> list[dict[str, Any]]:
            entrances[:] = [_enter(session.connection(), token)]
            try:
                batch = read_batch(data)
            except msgspec.ValidationError as error:
                if _is_json(data):
                    _read(PushBody)
                    raise Problem("invalid", faults=[]) from error
                return push_unreadable(session, entrances[0], data)
            except msgspec.DecodeError:
                return push_unreadable(session, entrances[0], data)
            if not wire.is_uuid(batch.store):
                _read(PushBody)
            return push_batch(session, entrances[0], batch, quota)

        try:
            outcomes = context().database.attempt(work)
        except Problem as problem:
            _note(entrances[0] if entrances else None, {}, failure=problem.code)
            raise
        _note(entrances[0], {})
        answer = {"outcomes": outcomes, "server_time": moment_text(datetime.now(UTC))}
        return Response(orjson.dumps(answer), mimetype="application/json")


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _have(given: dict[str, int]) -> dict[tuple[str, str], int]:
    """`kind/id` -> version; what is no such key is left out: nobody can have it."""
    found = {}
    for text, version in given.items():
        kind, _, record_id = text.partition("/")
        if _KIND.fullmatch(kind) and wire.is_uuid(record_id):
            found[kind, record_id] = version
    return found


def _key(value: list[str] | None) -> tuple[str, str] | None:
    return (value[0], value[1]) if value else None


def _note(entrance: Entrance | None, body: dict[str, Any], failure: str | None = None) -> None:
    """Remember the contact; written later, in one go with others."""
    if entrance and entrance.actor.device_id:
        known = {name: body[name] for name in _SAID if body.get(name) is not None}
        context().contacts.note(entrance.actor.device_id, Contact(datetime.now(UTC), failure, known))


@blueprint.route("/nudges")
class Nudges(MethodView):
    @blueprint.doc(
        responses={
            "204": {"description": "none to be had now"},
            "200": {
                "description": "text/event-stream",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
        }
    )
    @signed_in_phone
    def get(self) -> Response:
        """Server-sent events that say “pull now”; 204 where none can be had: poll as often as
        `Retry-After` says."""
        token, broker = token_sha256(bearer_token()), open_broker(context().settings)
        with context().database.reading() as connection:
            entrance = _enter(connection, token)
        if entrance.actor.device_revoked:
            raise Problem("device_revoked", wipe=True)
        pace = pace_of(entrance.actor)
        if broker is None or not answers(broker) or not pace.streams.acquire(blocking=False):
            return Response(status=204, headers={"Retry-After": str(pace.poll_s)})
        events = Response(listen(broker, sorted(entrance.scopes), pace), mimetype="text/event-stream")
        events.call_on_close(pace.streams.release)
        events.headers["Cache-Control"] = "no-store"
        # A proxy that gathers what it passes on would keep the word back.
        events.headers["X-Accel-Buffering"] = "no"
        return events
