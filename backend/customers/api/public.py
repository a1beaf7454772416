"""For everybody, without an account: who is responsible for this place or address, and nothing else."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields
from marshmallow.validate import Range
from sqlalchemy.orm import Session

from backend.core.api.authentication import public
from backend.core.api.context import reading
from backend.core.api.shared_blueprints import public as blueprint
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.customers.queries import addresses
from backend.territory.queries import cells


class Where(Schema):
    """A place, or words of an address."""

    lng = fields.Float(validate=Range(-180, 180), allow_nan=False)
    lat = fields.Float(validate=Range(-90, 90), allow_nan=False)
    address = wire.Text(most=200, least=4)


class Responsible(Schema):
    """Name, photo, work phone, hours; nothing else."""

    name = fields.String(required=True)
    photo_id = fields.String(required=True, allow_none=True)
    work_phone = fields.String(required=True, allow_none=True)
    hours = fields.String(required=True, allow_none=True)


@blueprint.route("/responsible")
class WhoIsResponsible(MethodView):
    @blueprint.arguments(Where, location="query")
    @blueprint.response(200, Responsible)
    @public("public_per_address")
    def get(self, where: dict[str, Any]) -> Any:
        """The representative responsible for a place (`lng`, `lat`) or an address."""
        with reading() as session:
            found = [cells.responsible_for(session, cell_id) for cell_id in _cells_of(session, where)]
        if not found or None in found:
            raise Problem("no_representative")
        # Cells of one representative are one answer.
        if any(one != found[0] for one in found):
            raise Problem("address_unclear")
        return found[0]


def _cells_of(session: Session, where: dict[str, Any]) -> list[str]:
    """The cell of a place or an address; several where a house may lie in each.

    Raises what an address lacks.
    """
    if "lng" in where and "lat" in where:
        found = cells.cell_at(session, where["lng"], where["lat"])
        return [found["id"]] if found else []
    if "address" in where:
        found_at = addresses.cells_of_address(session, where["address"])
        if not found_at.is_clear:
            raise Problem("address_unclear")
        if not found_at.cells:
            raise Problem("address_not_found")
        return [one for one in found_at.cells if one]
    raise Problem("invalid", faults=[fault("address", "customers.no_address")])
