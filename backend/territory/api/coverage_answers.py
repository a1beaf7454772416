"""The shapes of the coverage proof, as a report and as GeoJSON, and of who was responsible."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from backend.core.api.shapes import AnyOfShape, word
from backend.core.kinds import wire


class CellOut(Schema):
    """The cell a place lies in."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    unit_id = fields.String(required=True)


class OverlapOut(Schema):
    """Ground that two cells claim."""

    cells = fields.List(
        fields.String(), required=True, validate=Length(equal=2), metadata={"description": "two names"}
    )
    unit = fields.String(required=True, metadata={"description": "whose the other is"})
    area_m2 = fields.Float(required=True)


class UnservedCell(Schema):
    """A cell that nobody answers for today."""

    id = wire.Id(required=True)
    name = fields.String(required=True)


class RepresentativeLoad(Schema):
    """What somebody answers for today."""

    staff_id = wire.Id(required=True)
    name = fields.String(required=True)
    cells = fields.Integer(required=True)
    workload = fields.Float(required=True)


class CrewLoad(Schema):
    """What a crew has to do."""

    crew_id = wire.Id(required=True)
    name = fields.String(required=True)
    jobs = fields.Integer(required=True)
    minutes = fields.Integer(required=True)


class CellToSplit(Schema):
    """A cell with far too much work, and how many it should be."""

    id = wire.Id(required=True)
    name = fields.String(required=True)
    workload = fields.Float(required=True, allow_none=True)
    into = fields.Integer(required=True)


class CoverageOut(Schema):
    """The coverage proof of the asker's units."""

    cells = fields.Integer(required=True)
    overlaps = fields.List(fields.Nested(OverlapOut), required=True)
    holes = AnyOfShape("Polygon", "MultiPolygon", required=True, allow_none=True)
    hole_m2 = fields.Float(required=True)
    measured_by = wire.Choice(
        {
            "territory": ("已画的服务范围", "The drawn territory"),
            "past_cells": ("曾有网格的地方", "Where there were ever cells"),
        },
        required=True,
    )
    unserved = fields.List(fields.Nested(UnservedCell), required=True)
    representatives = fields.List(fields.Nested(RepresentativeLoad), required=True)
    crews = fields.List(fields.Nested(CrewLoad), required=True)
    to_split = fields.List(
        fields.Nested(CellToSplit), required=True, metadata={"description": "cells with far too much work"}
    )


class CoverageProperties(Schema):
    """A cell with what is wrong with it; of a hole there is `is_hole` alone."""

    id = wire.Id()
    name = fields.String()
    workload = fields.Float(allow_none=True)
    is_served = fields.Boolean()
    overlaps = fields.Boolean()
    split_into = fields.Integer(allow_none=True)
    fill = fields.String(metadata={"description": "tells it from its neighbours"})
    label_at = fields.List(
        fields.Float(), validate=Length(equal=2), metadata={"description": "where its name stands best"}
    )
    is_hole = fields.Boolean()


class CoverageFeature(Schema):
    """A cell, or all the holes."""

    type = word("Feature")
    geometry = AnyOfShape("Polygon", "MultiPolygon", required=True)
    properties = fields.Nested(CoverageProperties, required=True)


class CoverageFeatureCollection(Schema):
    """The coverage proof to be drawn."""

    type = word("FeatureCollection")
    features = wire.Shaped(CoverageFeature, many=True, required=True)


class ResponsiblePerson(Schema):
    """Whom the public may turn to for a cell."""

    name = fields.String(required=True)
    photo_id = wire.Id(required=True, allow_none=True)
    work_phone = fields.String(required=True, allow_none=True)
    hours = fields.String(required=True, allow_none=True)


class WasResponsible(Schema):
    """The cell of that day, and who was responsible then."""

    cell = fields.Nested(CellOut, required=True)
    responsible = fields.Nested(ResponsiblePerson, required=True, allow_none=True)
