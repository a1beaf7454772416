"""The ground: which cell, coverage, division, and handing a cell over; and finding customers."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView
from marshmallow import Schema, fields
from marshmallow.validate import Range
from sqlalchemy.orm import Session

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading
from backend.core.api.shared_blueprints import territory as blueprint
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.territory.api.coverage_answers import (
    CellOut,
    CoverageFeatureCollection,
    CoverageOut,
    WasResponsible,
)
from backend.territory.queries import cells, coverage
from backend.territory.services import cards


class QueryPlace(Schema):
    """A WGS-84 place in degrees, from a query string."""

    lng = fields.Float(required=True, validate=Range(-180, 180), allow_nan=False)
    lat = fields.Float(required=True, validate=Range(-90, 90), allow_nan=False)


class LookBack(QueryPlace):
    """A place and a day."""

    on = wire.DateIn(required=True)


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
            return _own_cell(session, cells.cell_at(session, place["lng"], place["lat"]), place)


@blueprint.route("/coverage")
class Coverage(MethodView):
    @blueprint.response(200, CoverageOut)
    @signed_in
    def get(self) -> Any:
        """Overlaps, holes, cells nobody serves today, load per representative."""
        with reading() as session:
            return coverage.coverage_report(session, policy.office_units(session, actor()))


@blueprint.route("/coverage/features")
class CoverageFeatures(MethodView):
    @blueprint.response(200, CoverageFeatureCollection)
    @signed_in
    def get(self) -> Any:
        """The same proof as GeoJSON."""
        with reading() as session:
            return coverage.coverage_features(session, policy.office_units(session, actor()))


@blueprint.route("/responsible")
class Responsible(MethodView):
    @blueprint.arguments(LookBack, location="query")
    @blueprint.response(200, WasResponsible)
    @signed_in
    def get(self, query: dict[str, Any]) -> Any:
        """Who was responsible for a place on a day, by the cells and duties of that day."""
        with reading() as session:
            found = _own_cell(session, cells.cell_at(session, query["lng"], query["lat"], query["on"]), query)
            return {"cell": found, "responsible": cells.responsible_for(session, found["id"], query["on"])}


@blueprint.route("/cells/<uuid:cell_id>/card")
class Card(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="text/html")
    @signed_in
    def get(self, cell_id: Any) -> Any:
        """The cell's convenience card to print: representative, phone, hours, QR."""
        with reading() as session:
            read_document(session, actor(), KINDS["cell"], str(cell_id))
            return Response(cards.card_of(session, str(cell_id), request.host_url), mimetype="text/html")
