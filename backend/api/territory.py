"""The ground: which cell, coverage, division, and handing a cell over; and finding customers."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Range

from backend.api.authentication import actor, signed_in
from backend.api.house import reading, transaction
from backend.errors import Problem
from backend.queries import search, territory
from backend.queries.scopes import units_below
from backend.records import wire
from backend.services import territories, visiting

blueprint = Blueprint("territory", __name__, url_prefix="/api/v1/territory", description="网格 · Territory")


class QueryPlace(Schema):
    """A WGS-84 place in degrees, from a query string."""

    lng = fields.Float(required=True, validate=Range(-180, 180), allow_nan=False)
    lat = fields.Float(required=True, validate=Range(-90, 90), allow_nan=False)


class CellOut(Schema):
    """The cell a place lies in."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    unit_id = fields.String(required=True)


class CoverageOut(Schema):
    """The coverage proof of the asker's units."""

    cells = fields.Integer(required=True)
    overlaps = fields.List(fields.Dict(), required=True)
    holes = fields.Dict(required=True, allow_none=True)
    unserved = fields.List(fields.Dict(), required=True)
    representatives = fields.List(fields.Dict(), required=True)


class HandOver(Schema):
    """Who takes the cell."""

    staff_id = wire.Id(required=True)


class HandedOver(Schema):
    """The new duty."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


class DivisionIn(Schema):
    """For which unit, and into how many balanced cells or a grid of which side."""

    unit_id = wire.Id(required=True)
    cells = wire.Whole(least=1, most=500, load_default=None)
    side_m = wire.Whole(
        least=50, most=100_000, load_default=None, metadata={"description": "metres; goes before `cells`"}
    )
    seed = wire.Whole(load_default=1)


class PlannedDuty(Schema):
    """A cell and who should serve it; `is_change` where it is not today's representative."""

    cell_id = fields.String(required=True)
    cell_name = fields.String(required=True)
    staff_id = fields.String(required=True)
    is_change = fields.Boolean(required=True)


class Search(Schema):
    """Any part of a name, its pinyin, a phone, a meter or an address."""

    words = wire.Text(most=100, least=2, required=True)


@blueprint.route("/cell")
class CellAt(MethodView):
    @blueprint.arguments(QueryPlace, location="query")
    @blueprint.response(200, CellOut)
    @signed_in
    def get(self, place: dict[str, float]) -> Any:
        """The cell at a place, today."""
        with reading() as session:
            found = territory.cell_at(session, place["lng"], place["lat"])
            if found is None or found["unit_id"] not in units_below(session, actor().unit_id):
                raise Problem("not_found", **place)
        return found


@blueprint.route("/coverage")
class Coverage(MethodView):
    @blueprint.response(200, CoverageOut)
    @signed_in
    def get(self) -> Any:
        """Overlaps, holes, cells nobody serves today, load per representative."""
        with reading() as session:
            return territory.coverage_report(session, units_below(session, actor().unit_id))


@blueprint.route("/cells/<uuid:cell_id>/representative")
class Representative(MethodView):
    @blueprint.arguments(HandOver(unknown=RAISE))
    @blueprint.response(200, HandedOver)
    @signed_in
    def put(self, body: dict[str, Any], cell_id: Any) -> Any:
        """Hand a cell to another representative, from today."""
        with transaction() as session:
            stored = territories.hand_over_cell(session, actor(), str(cell_id), body["staff_id"])
        return {"id": stored.id, "version": stored.version}


@blueprint.route("/division")
class Division(MethodView):
    @blueprint.arguments(DivisionIn(unknown=RAISE))
    @blueprint.response(200)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """A division of a unit's ground as GeoJSON; nothing is changed."""
        with reading() as session:
            return territories.plan_division(session, actor(), **body)


@blueprint.route("/units/<uuid:unit_id>/representatives")
class Representatives(MethodView):
    @blueprint.response(200, PlannedDuty(many=True))
    @signed_in
    def get(self, unit_id: Any) -> Any:
        """Who should serve which cell of a unit: a plan with few changes; nothing is changed."""
        with reading() as session:
            return territories.plan_representatives(session, actor(), str(unit_id))


@blueprint.route("/customers")
class Customers(MethodView):
    @blueprint.arguments(Search, location="query")
    @blueprint.response(200)
    @signed_in
    def get(self, query: dict[str, str]) -> Any:
        """Find customers in the asker's scopes."""
        with reading() as session:
            return search.find_customers(session, actor(), query["words"])


@blueprint.route("/visits/overdue")
class Overdue(MethodView):
    @blueprint.response(200)
    @signed_in
    def get(self) -> Any:
        """Planned visits past their day."""
        with reading() as session:
            return visiting.overdue_visits(session, actor())
