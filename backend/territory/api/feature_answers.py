"""The shapes of OGC API – Features, as the standard has them."""

from __future__ import annotations

from marshmallow import Schema, fields

from backend.core.api.shapes import AnyOfShape, word
from backend.core.kinds import wire


class FeatureLink(Schema):
    """Where something is."""

    rel = fields.String(required=True)
    type = fields.String(required=True)
    href = fields.String(required=True)


class LandingPage(Schema):
    """What there is here."""

    title = fields.String(required=True)
    description = fields.String(required=True)
    links = fields.List(fields.Nested(FeatureLink), required=True)


class ConformanceClasses(Schema):
    """Which parts of the standard hold."""

    conformsTo = fields.List(fields.String(), required=True)  # noqa: N815


class SpatialExtent(Schema):
    """Boxes of west, south, east and north."""

    bbox = fields.List(fields.List(fields.Float()), required=True)
    crs = fields.String(required=True)


class CollectionExtent(Schema):
    """Where a layer lies."""

    spatial = fields.Nested(SpatialExtent, required=True)


class FeatureLayer(Schema):
    """A layer."""

    id = fields.String(required=True)
    title = fields.String(required=True)
    itemType = word("feature")  # noqa: N815
    crs = fields.List(fields.String(), required=True)
    extent = wire.Shaped(CollectionExtent, required=True)
    links = fields.List(fields.Nested(FeatureLink), required=True)


class FeatureLayers(Schema):
    """The layers."""

    collections = fields.List(fields.Nested(FeatureLayer), required=True)
    links = fields.List(fields.Nested(FeatureLink), required=True)


class LayerFeature(Schema):
    """A row of a layer."""

    type = word("Feature")
    id = wire.Id(required=True)
    geometry = AnyOfShape("Point", "MultiPolygon", required=True)
    # Which columns there are is the layer's matter (`queries/layers.py`); a GIS reads them by their names.
    properties = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(metadata={"type": ["string", "number", "null"]}),
        required=True,
        metadata={"description": "the layer's columns"},
    )


class SingleFeature(LayerFeature):
    """A row of a layer, and where it stands."""

    links = fields.List(fields.Nested(FeatureLink), required=True)


class FeaturePage(Schema):
    """A page of a layer; the next one is a link."""

    type = word("FeatureCollection")
    features = wire.Shaped(LayerFeature, many=True, required=True)
    links = fields.List(fields.Nested(FeatureLink), required=True)
    numberMatched = fields.Integer(required=True)  # noqa: N815
    numberReturned = fields.Integer(required=True)  # noqa: N815
