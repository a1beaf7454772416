"""Merging two customers over HTTP: first what it would do, then the merge with what was chosen."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import JSON_VALUE, AnyOfShape, values_of
from backend.core.kinds import wire
from backend.customers.services import merging

blueprint = Blueprint(
    "customer_merges",
    __name__,
    url_prefix="/api/v1/customer-merges",
    description="合并客户 · Merging customers",
)


class Pair(Schema):
    """Who stays and who goes."""

    kept_id = wire.Id(required=True)
    merged_id = wire.Id(required=True)


class Merge(Pair):
    """The same, why, and what stays where the two differ."""

    reason = wire.Text(most=500, least=1, required=True)
    values = values_of("fields of the customer, as they shall be", load_default=dict)


class WhichOut(Schema):
    """One of the two."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)


class DifferOut(Schema):
    """A field that both fill, each in another way."""

    field = fields.String(required=True)
    kept = AnyOfShape(JSON_VALUE, required=True, allow_none=True)
    merged = AnyOfShape(JSON_VALUE, required=True, allow_none=True)


class MergePreview(Schema):
    """What a merge would do."""

    kept = fields.Nested(WhichOut, required=True)
    merged = fields.Nested(WhichOut, required=True)
    moves = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "by kind"}
    )
    differs = fields.List(fields.Nested(DifferOut), required=True)


class Merged(Schema):
    """The customer who stays, and their version."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    former_numbers = fields.List(fields.String(), required=True)


@blueprint.route("")
class Merges(MethodView):
    @blueprint.arguments(Pair, location="query")
    @blueprint.response(200, MergePreview)
    @signed_in
    def get(self, pair: dict[str, str]) -> Any:
        """What merging the one into the other would move, and where the two differ."""
        with reading() as session:
            return merging.preview_merge(session, actor(), pair["kept_id"], pair["merged_id"])

    @blueprint.arguments(Merge(unknown=RAISE))
    @blueprint.response(200, Merged)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """Merge them: nothing takes it back."""
        with transaction() as session:
            stored = merging.merge_customers(
                session, actor(), body["kept_id"], body["merged_id"], body["values"], body["reason"]
            )
        former = stored.values.get("former_numbers") or []
        return {"id": stored.id, "version": stored.version, "former_numbers": former}
