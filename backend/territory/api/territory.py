"""The ground: which cell, coverage, division, and handing a cell over; and finding customers."""

from __future__ import annotations

from typing import Any

import shapely
from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Range
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from backend.core.api.authentication import MIB, actor, signed_in, takes
from backend.core.api.context import reading, transaction
from backend.core.errors import Problem
from backend.core.geometry import geojson_of, shape_of
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.services.auditing import note_act
from backend.customers.queries import nearby, search
from backend.customers.services import cell_duties, visiting
from backend.jobs.queries.repairs import repairs_by_diameter
from backend.territory.queries import cells as territory
from backend.territory.queries import coverage
from backend.territory.services import cards


def shape_or_problem(geojson: dict[str, Any]) -> BaseGeometry:
    """A drawn area, line or point in degrees; raises invalid with what is wrong."""
    why = "Not a GeoJSON Polygon, MultiPolygon, LineString or Point in degrees."
    try:
        shape = shape_of(geojson)
    except (shapely.errors.GEOSException, ValueError, TypeError):
        shape = shapely.Point()
    west, south, east, north = shape.bounds if not shape.is_empty else (-999, 0, 0, 0)
    on_earth = west >= -180 and east <= 180 and south >= -90 and north <= 90
    if shape.geom_type not in ("Polygon", "MultiPolygon", "LineString", "Point") or not on_earth:
        raise Problem(
            "invalid", faults=[{"field": "area", "code": "invalid", "zh": "不是以度为单位的面、线或点", "en": why}]
        )
    return shape if shape.is_valid else shapely.make_valid(shape)


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
    overlaps = fields.List(
        fields.Dict(), required=True, metadata={"description": "cells (two names), unit (the other's), area_m2"}
    )
    holes = fields.Dict(required=True, allow_none=True)
    hole_m2 = fields.Float(required=True)
    measured_by = wire.Choice(
        {
            "territory": ("已画的服务范围", "The drawn territory"),
            "past_cells": ("曾有网格的地方", "Where there were ever cells"),
        },
        required=True,
    )
    unserved = fields.List(fields.Dict(), required=True)
    representatives = fields.List(fields.Dict(), required=True)
    crews = fields.List(fields.Dict(), required=True)
    to_split = fields.List(fields.Dict(), required=True, metadata={"description": "cells with far too much work"})


class HandOver(Schema):
    """Who takes the cell."""

    staff_id = wire.Id(required=True)


class HandedOver(Schema):
    """The new duty."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


class PlannedDuty(Schema):
    """A cell and who should serve it; a change is voluntary where today's representative is there to go on."""

    cell_id = fields.String(required=True)
    cell_name = fields.String(required=True)
    staff_id = fields.String(required=True)
    was_staff_id = fields.String(required=True, allow_none=True)
    is_change = fields.Boolean(required=True)
    is_voluntary = fields.Boolean(required=True)


class PlannedDuties(Schema):
    """Who should serve what, the load of each, and how much would change."""

    rows = fields.List(fields.Nested(PlannedDuty), required=True)
    workloads = fields.List(fields.Dict(), required=True)
    figures = fields.Dict(required=True)


class WhatIf(Schema):
    """People who will not be there, and the day it is about."""

    absent = fields.List(wire.Id(), load_default=list)
    on = wire.DateIn(load_default=None)


class CellAndStaff(Schema):
    """A cell and who takes it."""

    cell_id = wire.Id(required=True)
    staff_id = wire.Id(required=True)


class HandOvers(Schema):
    """Cells that change hands, all or none."""

    rows = fields.List(fields.Nested(CellAndStaff), required=True)


class Leave(Schema):
    """Days somebody is away (both included), and who stands in for each of their cells."""

    valid_from = wire.DateIn(required=True)
    valid_until = wire.DateIn(required=True)
    stand_ins = fields.List(fields.Nested(CellAndStaff), required=True)


class Counted(Schema):
    """How many cells were concerned."""

    cells = fields.Integer(required=True)


class AffectedIn(Schema):
    """A drawn area, a pipe or a point, and how many metres around it count."""

    area = fields.Dict(required=True, metadata={"description": "GeoJSON Polygon, MultiPolygon, LineString or Point"})
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


class Span(Schema):
    """Days, both included."""

    since = wire.DateIn(required=True)
    until = wire.DateIn(required=True)


class RepairsOut(Schema):
    """One class of diameter."""

    diameter = fields.String(required=True)
    repairs = fields.Integer(required=True)
    in_time = fields.Integer(required=True)
    minutes_to_done = fields.Integer(required=True, allow_none=True)
    minutes_without_water = fields.Integer(required=True, allow_none=True)


class LookBack(QueryPlace):
    """A place and a day."""

    on = wire.DateIn(required=True)


class WasResponsible(Schema):
    """The cell of that day, and who was responsible then."""

    cell = fields.Nested(CellOut, required=True)
    responsible = fields.Dict(required=True, allow_none=True)


class WhichVisits(Schema):
    """Late visits of any kind, or return visits that are still to be made."""

    which = wire.Choice(
        {"overdue": ("逾期走访", "Overdue"), "returns": ("待回访", "Return visits to make")}, load_default="overdue"
    )


class Search(Schema):
    """Any part of a number, a name, its pinyin, a phone, a meter or an address."""

    words = wire.Text(most=200, least=2, required=True)


def _office_units(session: Session) -> list[str]:
    """Loads and proofs of whole units are the office's."""
    policy.need_office(actor())
    return policy.own_units(session, actor())


def _own_cell(session: Session, found: dict[str, Any] | None, where: dict[str, Any]) -> dict[str, Any]:
    if found is None or found["unit_id"] not in policy.own_units(session, actor()):
        raise Problem("not_found", lng=where["lng"], lat=where["lat"])
    return found


@blueprint.route("/cell")
class CellAt(MethodView):
    @blueprint.arguments(QueryPlace, location="query")
    @blueprint.response(200, CellOut)
    @signed_in
    def get(self, place: dict[str, float]) -> Any:
        """The cell at a place, today."""
        with reading() as session:
            return _own_cell(session, territory.cell_at(session, place["lng"], place["lat"]), place)


@blueprint.route("/coverage")
class Coverage(MethodView):
    @blueprint.response(200, CoverageOut)
    @signed_in
    def get(self) -> Any:
        """Overlaps, holes, cells nobody serves today, load per representative."""
        with reading() as session:
            return coverage.coverage_report(session, _office_units(session))


@blueprint.route("/cells/<uuid:cell_id>/representative")
class Representative(MethodView):
    @blueprint.arguments(HandOver(unknown=RAISE))
    @blueprint.response(200, HandedOver)
    @signed_in
    def put(self, body: dict[str, Any], cell_id: Any) -> Any:
        """Hand a cell to another representative, from today."""
        with transaction() as session:
            stored = cell_duties.hand_over_cell(session, actor(), str(cell_id), body["staff_id"])
        return {"id": stored.id, "version": stored.version}


@blueprint.route("/coverage/features")
class CoverageFeatures(MethodView):
    @blueprint.response(200)
    @signed_in
    def get(self) -> Any:
        """The same proof as GeoJSON."""
        with reading() as session:
            return coverage.coverage_features(session, _office_units(session))


@blueprint.route("/responsible")
class Responsible(MethodView):
    @blueprint.arguments(LookBack, location="query")
    @blueprint.response(200, WasResponsible)
    @signed_in
    def get(self, query: dict[str, Any]) -> Any:
        """Who was responsible for a place on a day, by the cells and duties of that day."""
        with reading() as session:
            found = _own_cell(session, territory.cell_at(session, query["lng"], query["lat"], query["on"]), query)
            return {"cell": found, "responsible": territory.responsible_for(session, found["id"], query["on"])}


@blueprint.route("/units/<uuid:unit_id>/representatives")
class Representatives(MethodView):
    @blueprint.arguments(WhatIf, location="query")
    @blueprint.response(200, PlannedDuties)
    @signed_in
    def get(self, query: dict[str, Any], unit_id: Any) -> Any:
        """Who should serve which cell of a unit, also when some are absent; nothing is changed."""
        with reading() as session:
            return cell_duties.plan_representatives(session, actor(), str(unit_id), query["absent"], query["on"])

    @blueprint.arguments(HandOvers(unknown=RAISE))
    @blueprint.response(200, Counted)
    @signed_in
    def put(self, body: dict[str, Any], unit_id: Any) -> Any:
        """Hand several cells over from today, all or none."""
        pairs = [(row["cell_id"], row["staff_id"]) for row in body["rows"]]
        with transaction() as session:
            return {"cells": cell_duties.hand_over_cells(session, actor(), str(unit_id), pairs)}


@blueprint.route("/staff/<uuid:staff_id>/leave")
class StaffLeave(MethodView):
    @blueprint.arguments(Leave(unknown=RAISE))
    @blueprint.response(201, Counted)
    @signed_in
    def post(self, body: dict[str, Any], staff_id: Any) -> Any:
        """Somebody is away: stand-ins for all of their cells, for these days."""
        stand_ins = [(row["cell_id"], row["staff_id"]) for row in body["stand_ins"]]
        with transaction() as session:
            found = cell_duties.stand_in(
                session, actor(), str(staff_id), body["valid_from"], body["valid_until"], stand_ins
            )
        return {"cells": found}


@blueprint.route("/cells/<uuid:cell_id>/card")
class Card(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="text/html")
    @signed_in
    def get(self, cell_id: Any) -> Any:
        """The cell's convenience card to print: representative, phone, hours, QR."""
        with reading() as session:
            read_document(session, actor(), KINDS["cell"], str(cell_id))
            return Response(cards.card_of(session, str(cell_id), request.host_url), mimetype="text/html")


@blueprint.route("/repairs")
class Repairs(MethodView):
    @blueprint.arguments(Span, location="query")
    @blueprint.response(200, RepairsOut(many=True))
    @signed_in
    def get(self, span: dict[str, Any]) -> Any:
        """Finished pipe repairs by class of diameter, and how many were in time."""
        with reading() as session:
            return repairs_by_diameter(session, _office_units(session), **span)


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
            return search.find_customers(session, actor(), query["words"])


@blueprint.route("/visits/overdue")
class Overdue(MethodView):
    @blueprint.arguments(WhichVisits, location="query")
    @blueprint.response(200)
    @signed_in
    def get(self, query: dict[str, str]) -> Any:
        """Planned visits past their day, or the return visits that finished jobs wait for."""
        with reading() as session:
            return visiting.overdue_visits(session, actor(), returns=query["which"] == "returns")
