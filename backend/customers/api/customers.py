"""Customers found, those of an area or along a pipe, and the visits that are due to them."""

from __future__ import annotations

from typing import Any

import shapely
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields
from shapely.geometry.base import BaseGeometry

from backend.core.api.authentication import MIB, actor, signed_in, takes
from backend.core.api.context import context, reading, transaction
from backend.core.api.shared_blueprints import territory as blueprint
from backend.core.errors import Problem
from backend.core.geometry import geojson_of, shape_of
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.core.services.auditing import note_act
from backend.customers.queries import nearby, search
from backend.customers.services import visiting


def shape_or_problem(geojson: dict[str, Any]) -> BaseGeometry:
    """A drawn area, line or point in degrees; raises invalid with what is wrong."""
    try:
        shape = shape_of(geojson)
    except (shapely.errors.GEOSException, ValueError, TypeError):
        shape = shapely.Point()
    west, south, east, north = shape.bounds if not shape.is_empty else (-999, 0, 0, 0)
    on_earth = west >= -180 and east <= 180 and south >= -90 and north <= 90
    if shape.geom_type not in ("Polygon", "MultiPolygon", "LineString", "Point") or not on_earth:
        raise Problem("invalid", faults=[fault("area", "customers.no_shape")])
    return shape if shape.is_valid else shapely.make_valid(shape)


class AffectedIn(Schema):
    """A drawn area, a pipe or a point, and how many metres around it count."""

    area = fields.Dict(
        required=True, metadata={"description": "GeoJSON Polygon, MultiPolygon, LineString or Point"}
    )
    around_m = wire.Whole(most=2_000, load_default=0)


class AffectedOut(Schema):
    """A customer who must be told; in person where they are key or need care."""

    customer_id = fields.String(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    address = fields.String(required=True)
    phone = fields.String(
        required=True, allow_none=True, metadata={"description": "masked for who may not see numbers"}
    )
    call_in_person = fields.Boolean(required=True)


class WhichVisits(Schema):
    """Late visits of any kind, or return visits that are still to be made."""

    which = wire.Choice(
        {"overdue": ("逾期走访", "Overdue"), "returns": ("待回访", "Return visits to make")},
        load_default="overdue",
    )


class Search(Schema):
    """Any part of a number, a name, its pinyin, a phone, a meter or an address."""

    words = wire.Text(most=200, least=2, required=True)


@blueprint.route("/affected")
class Affected(MethodView):
    @blueprint.arguments(AffectedIn(unknown=RAISE))
    @blueprint.response(200, AffectedOut(many=True))
    @takes(8 * MIB)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """The customers of a drawn area or along a pipe: whom to tell before the water is shut off."""
        shape = shape_or_problem(body["area"])
        with transaction() as session:
            found = nearby.customers_in(session, actor(), geojson_of(shape), body["around_m"])
            note_act(session, actor(), "exported", ("shut_off_list", None), after={"customers": len(found)})
        return found


@blueprint.route("/customers")
class Customers(MethodView):
    @blueprint.arguments(Search, location="query")
    @blueprint.response(200)
    @signed_in
    def get(self, query: dict[str, str]) -> Any:
        """Find customers in the asker's scopes."""
        with reading() as session:
            return search.find_customers(session, actor(), query["words"], context().settings.area_code)


@blueprint.route("/visits/overdue")
class Overdue(MethodView):
    @blueprint.arguments(WhichVisits, location="query")
    @blueprint.response(200)
    @signed_in
    def get(self, query: dict[str, str]) -> Any:
        """Planned visits past their day, or the return visits that finished jobs wait for."""
        with reading() as session:
            return visiting.overdue_visits(session, actor(), returns=query["which"] == "returns")
