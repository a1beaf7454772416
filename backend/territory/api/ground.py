"""Ground plans over HTTP: divide, balance again, import, split, merge, draw; preview, then accept or
discard.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validates_schema
from marshmallow.validate import OneOf

from backend.core.api.authentication import ANYTHING, MIB, actor, signed_in, takes
from backend.core.api.context import context, reading, transaction
from backend.core.geometry import shape_of
from backend.core.kinds import wire
from backend.core.queries import policy
from backend.territory.api.plan_answers import PlanFeatureCollection, PlanOut
from backend.territory.kinds.ground import WAYS, GroundPlan
from backend.territory.queries.workload import WORKLOAD
from backend.territory.services import ground_plans
from geo.colouring import fills
from geo.errors import MOST_CODE
from geo.lettering import roomiest

blueprint = Blueprint(
    "ground", __name__, url_prefix="/api/v1/territory", description="划格方案 · Plans for cells"
)
MOST_FILE_BYTES, MOST_OUTLINE_BYTES = 100 * MIB, 8 * MIB
_NEEDS = {
    "balanced": {"cells"},
    "rebalanced": set[str](),
    "squares": {"side_m"},
    "hexagons": {"side_m"},
    "h3": {"resolution"},
    "split": {"cell_id", "line"},
    "merge": {"cell_ids"},
    "draw": {"outline"},
}


class PlanIn(Schema):
    """What to draw: the way, and what that way needs."""

    unit_id = wire.Id(required=True)
    way = wire.Choice({way: WAYS[way] for way in _NEEDS}, required=True)
    cells = wire.Whole(least=1, most=2000, metadata={"description": "balanced: how many"})
    side_m = wire.Whole(
        least=50, most=100_000, metadata={"description": "squares: side; hexagons: middle to corner"}
    )
    resolution = wire.Whole(least=4, most=11, metadata={"description": "h3"})
    seed = wire.Whole(metadata={"description": "same seed, same cells; 1 if not given"})
    territory = wire.Coordinates(
        "MultiPolygon", metadata={"description": "the ground, where there are no cells yet"}
    )
    visits_a_year = fields.Dict(
        keys=fields.String(validate=OneOf(sorted(WORKLOAD))),
        values=wire.Number(least=0, most=1000),
        metadata={
            "description": f"workload of a service point by its customer's class; {WORKLOAD} if not given; "
            "0 for every class divides by the jobs alone"
        },
    )
    job_weight = wire.Number(
        least=0,
        most=1000,
        metadata={
            "description": "workload of a job a year (jobs and leaks of two years, each where it lies, "
            "whether or not a service point is there); 0.5 if not given"
        },
    )
    cell_id = wire.Id(metadata={"description": "split: which; draw: which one's outline (none: a new cell)"})
    cell_ids = fields.List(wire.Id(), metadata={"description": "merge: the first stays"})
    line = wire.Coordinates("LineString")
    outline = wire.Coordinates("MultiPolygon")
    name = wire.Text(most=200, least=1)
    code = wire.Text(most=MOST_CODE, least=1)

    @validates_schema
    def _complete(self, data: dict[str, Any], **_: Any) -> None:
        missing = sorted(_NEEDS.get(data.get("way", ""), set()) - set(data))
        if missing:
            raise ValidationError({name: ["Missing data for required field."] for name in missing})
        if data.get("way") == "merge" and len(set(data["cell_ids"])) < 2:
            raise ValidationError({"cell_ids": ["Two different cells at least."]})


class ImportQuery(Schema):
    """What the file does not say of itself."""

    unit_id = wire.Id(required=True)
    filename = wire.Text(most=200, least=3, required=True)
    crs = wire.Text(most=2000, metadata={"description": "for a file without one, such as EPSG:4549"})
    datum = wire.Choice(
        {"wgs84": ("WGS-84", "WGS-84"), "gcj02": ("GCJ-02", "GCJ-02"), "bd09": ("BD-09", "BD-09")}
    )
    layer = wire.Text(
        most=2000,
        metadata={
            "description": "for a file with several; one or more, commas between; also folders of a KML"
        },
    )
    name_field = wire.Text(most=100)
    code_field = wire.Text(most=100)


class AcceptIn(Schema):
    """From when the plan holds; today, if no day is given."""

    valid_from = wire.DateIn(load_default=None)
    accept_gaps = wire.Flag(load_default=False)
    accept_far = wire.Flag(
        load_default=False, metadata={"description": "its cells do lie far away from the unit's ground"}
    )


@blueprint.route("/plans")
class Plans(MethodView):
    @blueprint.response(200, PlanOut(many=True))
    @signed_in
    def get(self) -> Any:
        """The newest plans of the asker's units."""
        with reading() as session:
            return ground_plans.list_plans(session, actor())

    @blueprint.arguments(PlanIn(unknown=RAISE))
    @blueprint.response(201, PlanOut)
    @takes(MOST_OUTLINE_BYTES)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """Ask for a plan. Edits are drawn at once; divisions by a worker: look again until `state` is not
        waiting."""
        unit_id, way = body.pop("unit_id"), body.pop("way")
        return _proposed(unit_id, way, body, None)


@blueprint.route("/imports")
class Imports(MethodView):
    @blueprint.arguments(ImportQuery, location="query")
    @blueprint.response(201, PlanOut)
    @takes(MOST_FILE_BYTES, ANYTHING)
    @signed_in
    def post(self, query: dict[str, Any]) -> Any:
        """A plan from a map file, sent as the body: GeoJSON, GeoPackage, zipped Shapefile, KML or KMZ."""
        unit_id = query.pop("unit_id")
        policy.need_role(actor(), ground_plans.KEEPERS)
        return _proposed(unit_id, "import", query, request.get_data())


def _proposed(unit_id: str, way: str, body: dict[str, Any], file: bytes | None) -> GroundPlan:
    with transaction() as session:
        plan_id = str(ground_plans.propose_ground(session, actor(), unit_id, way, body).id)
    if way not in ground_plans.SLOW:
        ground_plans.draw_plan(context().database, plan_id, file)
    with reading() as session:
        return ground_plans.read_plan(session, actor(), plan_id)


@blueprint.route("/plans/<uuid:plan_id>")
class GroundPlanView(MethodView):
    @blueprint.response(200, PlanOut)
    @signed_in
    def get(self, plan_id: Any) -> Any:
        """How far it is, and its figures."""
        with reading() as session:
            return ground_plans.read_plan(session, actor(), str(plan_id))

    @blueprint.response(204)
    @signed_in
    def delete(self, plan_id: Any) -> None:
        """Discard it."""
        with transaction() as session:
            ground_plans.discard_plan(session, actor(), str(plan_id))


@blueprint.route("/plans/<uuid:plan_id>/features")
class Features(MethodView):
    @blueprint.response(200, PlanFeatureCollection)
    @signed_in
    def get(self, plan_id: Any) -> Any:
        """Its cells as GeoJSON; `change` is new, changed, same or ended, `fill` tells neighbours apart,
        names go to `label_at`."""
        with reading() as session:
            plan = ground_plans.read_plan(session, actor(), str(plan_id))
        cells = list(plan.cells or ())
        shapes = {n: shape_of(cell["outline"]) for n, cell in enumerate(cells) if cell["outline"]}
        look = {
            n: {"fill": fill, "label_at": roomiest(shape)}
            for (n, shape), fill in zip(shapes.items(), fills(list(shapes.values())), strict=True)
        }
        features = [
            {
                "type": "Feature",
                "geometry": cell["outline"],
                "properties": {k: v for k, v in cell.items() if k != "outline"} | look.get(n, {}),
            }
            for n, cell in enumerate(cells)
        ]
        return {"type": "FeatureCollection", "features": features}


@blueprint.route("/plans/<uuid:plan_id>/acceptance")
class Acceptance(MethodView):
    @blueprint.arguments(AcceptIn(unknown=RAISE))
    @blueprint.response(200, PlanOut)
    @signed_in
    def put(self, body: dict[str, Any], plan_id: Any) -> Any:
        """Let it come true: cells, customers, open jobs, duties and phones' scopes change in one
        transaction."""
        with transaction() as session:
            return ground_plans.accept_plan(session, actor(), str(plan_id), **body)
