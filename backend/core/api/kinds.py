"""Office endpoints for every kind, made from its declaration: list, read, create, change, act, delete,
history."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length, Range

from backend.core.api.authentication import MIB, actor, signed_in, takes
from backend.core.api.conditional import etag, if_match, need_if_match
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import JSON_VALUE, AnyOfShape, values_of
from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind
from backend.core.queries.documents import MOST_ROWS, history_of, list_documents, read_document
from backend.core.queries.masks import masked
from backend.core.services import office_records
from sync.change import Stored
from sync.kind import Policy, Values


class CorrectedWork(Schema):
    """Parked work as it was, and what of it this settled; `is_closed` where nothing of it is left."""

    id = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    op = fields.String(required=True, allow_none=True)
    action = fields.String(required=True, allow_none=True)
    received_at = wire.Moment(required=True)
    is_closed = fields.Boolean(required=True)
    now = values_of("what it said of the fields that were settled", required=True)


class Change(Schema):
    """One line of a record's history."""

    version = fields.Integer(required=True)
    op = fields.String(required=True)
    changed = fields.Dict(
        keys=fields.String(),
        values=fields.List(AnyOfShape(JSON_VALUE), validate=Length(equal=2)),
        required=True,
        metadata={"description": "field -> [old, new]"},
    )
    actor_id = fields.String(required=True)
    actor_name = fields.String(allow_none=True)
    device_id = fields.String(allow_none=True)
    happened_at = wire.Moment(required=True)
    recorded_at = wire.Moment(required=True)
    grade = fields.String(allow_none=True, metadata={"description": "proven, claimed or moved"})
    corrected = fields.List(
        fields.Nested(CorrectedWork),
        metadata={"description": "parked work that this settled, whole or in some fields, as it was"},
    )


def _optional(field: Any) -> Any:
    copy = field.__class__.__new__(field.__class__)
    copy.__dict__.update(field.__dict__)
    copy.required = False
    return copy


class Schemas:
    """The four schemas of a kind: as read, as created, as changed, and as a page."""

    def __init__(self, kind: RecordKind) -> None:
        name = kind.schema.__name__.removesuffix("Schema")
        own = {key: one.field for key, one in kind.wired.items()}
        shapes = [one.geometry for one in own.values() if isinstance(one, wire.Coordinates)]
        # An outline that follows a coast has a hundred thousand corners.
        self.most_bytes = MIB if set(shapes) <= {"Point"} else 8 * MIB
        writable = {key: one.field for key, one in kind.wired.items() if one.policy is not Policy.SERVER}
        by_step = {name for action in kind.kind.actions.values() for name in action.needs}
        optional = {
            key: _optional(field)
            for key, field in writable.items()
            if kind.wired[key].policy is not Policy.FIXED or key in by_step
        }
        self.read = Schema.from_dict(
            {
                "id": wire.Id(required=True),
                "version": fields.Integer(required=True),
                "kind": fields.String(),
                **own,
            },
            name=name,
        )
        create = {**writable, "unit_id": _optional(own["unit_id"]), "id": wire.Id()}
        self.create = Schema.from_dict(create, name=f"{name}New")
        self.change = Schema.from_dict(optional, name=f"{name}Change")
        self.page = Schema.from_dict(
            {"rows": fields.List(fields.Nested(self.read)), "next": fields.String(allow_none=True)},
            name=f"{name}Page",
        )
        self.query = Schema.from_dict(
            {
                "after": wire.Id(metadata={"description": "the `next` of the page before"}),
                "limit": fields.Integer(validate=Range(1, MOST_ROWS), load_default=100),
                **{key: _query_field(own[key]) for key in kind.filters},
            },
            name=f"{name}Query",
        )


def _query_field(field: Any) -> Any:
    """A filter is one value, also where the field is not required; numbers come as text in a query."""
    if isinstance(field, wire.Whole):
        return fields.Integer(validate=Range(0, 2**31 - 1))
    copy = _optional(field)
    copy.allow_none = False
    return copy


def make_blueprint(kind: RecordKind) -> Blueprint:
    """All endpoints of one kind."""
    blueprint = Blueprint(
        kind.segment, __name__, url_prefix=f"/api/v1/{kind.segment}", description=f"{kind.zh} · {kind.en}"
    )
    schemas = Schemas(kind)
    _collection(blueprint, kind, schemas)
    _single(blueprint, kind, schemas)
    _history(blueprint, kind)
    if kind.kind.actions:
        _actions(blueprint, kind, schemas)
    return blueprint


def _answer(kind: RecordKind, stored: Stored) -> tuple[Values, dict[str, str]]:
    body = masked(actor(), kind, stored.values) | {
        "id": stored.id,
        "version": stored.version,
        "kind": kind.name,
    }
    return body, etag(stored.version)


def _collection(blueprint: Blueprint, kind: RecordKind, schemas: Schemas) -> None:
    @blueprint.route("")
    class Collection(MethodView):
        @blueprint.arguments(schemas.query, location="query")
        @blueprint.response(200, schemas.page)
        @signed_in
        def get(self, query: dict[str, Any]) -> Any:
            """Records in the asker's scopes, by id, a page at a time."""
            limit = query.pop("limit")
            with reading() as session:
                rows = list_documents(session, actor(), kind, query, query.get("after"), limit)
            return {"rows": rows, "next": rows[-1]["id"] if len(rows) == limit else None}

        if kind.kind.create_by:

            @blueprint.arguments(schemas.create(unknown=RAISE))
            @blueprint.response(201, schemas.read)
            @takes(schemas.most_bytes)
            @signed_in
            def post(self, values: Values) -> Any:
                """A new record; its id may come with it."""
                with transaction() as session:
                    stored = office_records.create_record(session, actor(), kind, values)
                return _answer(kind, stored)


def _single(blueprint: Blueprint, kind: RecordKind, schemas: Schemas) -> None:
    @blueprint.route("/<uuid:record_id>")
    class Single(MethodView):
        @blueprint.response(200, schemas.read)
        @signed_in
        def get(self, record_id: Any) -> Any:
            """One record; the ETag is its version."""
            with reading() as session:
                found = read_document(session, actor(), kind, str(record_id))
            return found.values | {"version": found.version}, etag(found.version)

        if kind.kind.change_by:

            @blueprint.arguments(schemas.change(unknown=RAISE, partial=True))
            @blueprint.response(200, schemas.read)
            @blueprint.doc(parameters=[_IF_MATCH])
            @takes(schemas.most_bytes)
            @signed_in
            def patch(self, now: Values, record_id: Any) -> Any:
                """Set fields; If-Match carries the version that was read."""
                version = need_if_match()
                with transaction() as session:
                    stored = office_records.change_record(
                        session, actor(), kind, str(record_id), now, version
                    )
                return _answer(kind, stored)

        if kind.kind.delete_by:

            @blueprint.response(204)
            @blueprint.doc(parameters=[_IF_MATCH])
            @signed_in
            def delete(self, record_id: Any) -> None:
                """Take the record away; its history stays."""
                version = need_if_match()
                with transaction() as session:
                    office_records.delete_record(session, actor(), kind, str(record_id), version)


_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
}


def _history(blueprint: Blueprint, kind: RecordKind) -> None:
    @blueprint.route("/<uuid:record_id>/history")
    class History(MethodView):
        @blueprint.response(200, Change(many=True))
        @signed_in
        def get(self, record_id: Any) -> Any:
            """Who changed what, when, from which device."""
            with reading() as session:
                return history_of(session, actor(), kind, str(record_id))


def _actions(blueprint: Blueprint, kind: RecordKind, schemas: Schemas) -> None:
    names = sorted(kind.kind.actions)

    @blueprint.route("/<uuid:record_id>/actions/<action>", parameters=[
        {"in": "path", "name": "action", "required": True, "schema": {"type": "string", "enum": names}}
    ])  # fmt: skip
    class Actions(MethodView):
        @blueprint.arguments(schemas.change(unknown=RAISE, partial=True))
        @blueprint.response(200, schemas.read)
        @signed_in
        def post(self, now: Values, record_id: Any, action: str) -> Any:
            """A step in the record's life, by the kind's table of actions; If-Match is optional."""
            with transaction() as session:
                stored = office_records.act_on_record(
                    session, actor(), kind, str(record_id), action, now, if_match()
                )
            return _answer(kind, stored)
