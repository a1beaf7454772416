"""The shapes of a plan for cells: its figures, what was found, and its cells as GeoJSON."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields
from marshmallow.validate import Length

from backend.core.api.shapes import AnyOfShape, FaultOut, InWords, word
from backend.core.kinds import wire
from backend.territory.kinds.ground import STATES, WAYS


class PlanProblem(Schema):
    """Why there is no plan, or why it could not take effect: a code of the catalogue, and what it says."""

    class Meta:
        """Each code of the catalogue has details of its own."""

        unknown = INCLUDE

    code = fields.String(required=True)
    cause = fields.String()
    faults = fields.List(fields.Nested(FaultOut))


class GroundFigures(Schema):
    """Cells in numbers; areas in m², gaps against the unit's territory."""

    cells = fields.Integer(required=True)
    imbalance = fields.Float(
        required=True, allow_none=True, metadata={"description": "the heaviest cell against the mean"}
    )
    roundness = fields.Float(required=True, allow_none=True)
    overlap_m2 = fields.Float(required=True)
    gap_m2 = fields.Float(required=True)


class GroundFiguresAfter(GroundFigures):
    """The same of the plan; `overlap_m2` with what other units have."""

    claimed_m2 = fields.Float(required=True, metadata={"description": "what other units have of it"})


class PlanFigures(Schema):
    """What a plan changes."""

    before = fields.Nested(GroundFigures, required=True)
    after = fields.Nested(GroundFiguresAfter, required=True)
    moved_share = fields.Float(required=True, metadata={"description": "of the workload, to other cells"})
    lost_m2 = fields.Float(required=True, metadata={"description": "covered today, not afterwards"})
    far_m = fields.Float(
        required=True, allow_none=True, metadata={"description": "how far off it lies, if far"}
    )


class FindingOut(InWords):
    """Something that was found and perhaps changed."""

    zones = fields.List(fields.String(), required=True)
    area_m2 = fields.Float(required=True)


class FindingGroup(FindingOut):
    """All findings of a kind in one line, with the worst ten of them."""

    code = fields.String(required=True)
    is_grave = fields.Boolean(
        required=True,
        metadata={"description": "takes something away, or makes the whole file doubtful"},
    )
    count = fields.Integer(required=True)
    worst = fields.List(fields.Nested(FindingOut), required=True)


class PlanOut(Schema):
    """A plan without its shapes: those come as GeoJSON."""

    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    way = wire.Choice(WAYS, required=True)
    state = wire.Choice(STATES, required=True)
    done_share = fields.Float(required=True)
    problem = wire.Shaped(PlanProblem, required=True, allow_none=True)
    figures = wire.Shaped(PlanFigures, required=True, allow_none=True)
    findings = wire.Shaped(
        FindingGroup,
        many=True,
        required=True,
        allow_none=True,
        metadata={"description": "what was found, changed or not possible; the most harmful kind first"},
    )
    valid_from = wire.DateIn(required=True, allow_none=True)
    made_by_id = fields.String(required=True)
    made_at = fields.AwareDateTime(required=True)


class PlanCell(Schema):
    """A cell of a plan; what ends has no look."""

    id = wire.Id(required=True, allow_none=True, metadata={"description": "null: a new one"})
    name = fields.String(required=True)
    code = fields.String(required=True)
    workload = fields.Float(required=True)
    change = word("new", "changed", "same", "ended")
    fill = fields.String(metadata={"description": "tells it from its neighbours"})
    label_at = fields.List(
        fields.Float(), validate=Length(equal=2), metadata={"description": "where its name stands best"}
    )


class PlanFeature(Schema):
    """A cell of a plan to be drawn; one that ends has no geometry."""

    type = word("Feature")
    geometry = AnyOfShape("Polygon", "MultiPolygon", required=True, allow_none=True)
    properties = fields.Nested(PlanCell, required=True)


class PlanFeatureCollection(Schema):
    """A plan's cells to be drawn."""

    type = word("FeatureCollection")
    features = wire.Shaped(PlanFeature, many=True, required=True)
