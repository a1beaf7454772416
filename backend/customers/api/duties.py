"""Cell assignments over HTTP: handed over, stood in for, planned anew."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.api.shared_blueprints import territory as blueprint
from backend.core.kinds import wire
from backend.customers.services import cell_duties


class HandOver(Schema):
    """Who takes the cell."""

    staff_id = wire.Id(required=True)


class HandedOver(Schema):
    """The new duty."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


class PlannedDuty(Schema):
    """A cell and who should serve it; a change is voluntary where today's representative is there to go
    on."""

    cell_id = fields.String(required=True)
    cell_name = fields.String(required=True)
    staff_id = fields.String(required=True)
    was_staff_id = fields.String(required=True, allow_none=True)
    is_change = fields.Boolean(required=True)
    is_voluntary = fields.Boolean(required=True)


class StaffWorkload(Schema):
    """How much work somebody's cells are, together."""

    staff_id = fields.String(required=True)
    workload = fields.Float(required=True)


class DutyFigures(Schema):
    """How many cells would change hands, and the greatest load to the mean."""

    changes = fields.Integer(required=True)
    voluntary_changes = fields.Integer(required=True)
    load_max_to_mean = fields.Float(required=True)


class PlannedDuties(Schema):
    """Who should serve what, the load of each, and how much would change."""

    rows = fields.List(fields.Nested(PlannedDuty), required=True)
    workloads = fields.List(fields.Nested(StaffWorkload), required=True)
    figures = fields.Nested(DutyFigures, required=True)


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


@blueprint.route("/units/<uuid:unit_id>/representatives")
class Representatives(MethodView):
    @blueprint.arguments(WhatIf, location="query")
    @blueprint.response(200, PlannedDuties)
    @signed_in
    def get(self, query: dict[str, Any], unit_id: Any) -> Any:
        """Who should serve which cell of a unit, also when some are absent; nothing is changed."""
        with reading() as session:
            return cell_duties.plan_representatives(
                session, actor(), str(unit_id), query["absent"], query["on"]
            )

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
