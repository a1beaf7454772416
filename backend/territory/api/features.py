"""OGC API – Features, Part 1 (17-069r4), read-only: the layers for QGIS and other GIS, under the asker's
own rights.

A personal token signs in, as a bearer or as the password of Basic, which is what desktop programs have a
field for.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Range

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading
from backend.core.errors import Problem
from backend.core.geometry import geojson_of
from backend.core.kinds import wire
from backend.territory.api.feature_answers import (
    ConformanceClasses,
    FeatureLayer,
    FeatureLayers,
    FeaturePage,
    LandingPage,
    SingleFeature,
)
from backend.territory.api.maps import layer_named
from backend.territory.queries import layers

blueprint = Blueprint("features", __name__, url_prefix="/api/v1/ogc", description="OGC API – Features")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CONFORMS = [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{part}" for part in ("core", "oas30", "geojson")
]


class _Box(fields.String):
    """`west,south,east,north` in degrees; six numbers carry heights, which are passed over."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError as error:
            raise ValidationError("Not numbers with commas between.") from error
        if len(numbers) == 6:
            numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
        if len(numbers) != 4 or any(n != n or abs(n) > 360 for n in numbers):
            raise ValidationError("Four (or six) numbers: west, south, east, north.")
        return tuple(numbers)


class ItemsQuery(Schema):
    """Which items; a parameter nobody knows is an error, as the standard says."""

    bbox = _Box()
    limit = fields.Integer(validate=Range(1, 10_000), load_default=1_000)
    after = wire.Id(metadata={"description": "given by the `next` link"})
    f = fields.String(metadata={"description": "json"})


@blueprint.route("/")
class Landing(MethodView):
    @blueprint.response(200, LandingPage)
    @signed_in
    def get(self) -> Any:
        """What there is here."""
        links = [
            _link("self", "features.Landing"),
            _link("conformance", "features.Conformance"),
            _link("data", "features.Collections"),
            {
                "rel": "service-desc",
                "type": "application/vnd.oai.openapi+json;version=3.0",
                "href": url_for("openapi", _external=True),
            },
        ]
        return {
            "title": "网格 Wangge",
            "description": "网格、工单、客户 · Cells, jobs, customers",
            "links": links,
        }


@blueprint.route("/conformance")
class Conformance(MethodView):
    @blueprint.response(200, ConformanceClasses)
    @signed_in
    def get(self) -> Any:
        """Which parts of the standard hold."""
        return {"conformsTo": _CONFORMS}


@blueprint.route("/collections")
class Collections(MethodView):
    @blueprint.response(200, FeatureLayers)
    @signed_in
    def get(self) -> Any:
        """The layers."""
        found = [_collection(layer) for layer in layers.LAYERS.values()]
        return {"collections": found, "links": [_link("self", "features.Collections")]}


@blueprint.route("/collections/<string:layer>")
class Collection(MethodView):
    @blueprint.response(200, FeatureLayer)
    @signed_in
    def get(self, layer: str) -> Any:
        """One layer."""
        return _collection(layer_named(layer))


@blueprint.route("/collections/<string:layer>/items")
class Items(MethodView):
    @blueprint.arguments(ItemsQuery, location="query", unknown=RAISE)
    @blueprint.response(200, FeaturePage, content_type="application/geo+json")
    @signed_in
    def get(self, query: dict[str, Any], layer: str) -> Any:
        """Features of a layer, in pages."""
        found, limit = layer_named(layer), query["limit"]
        window = layers.Window(bbox=query.get("bbox"), after=query.get("after"), limit=limit)
        with reading() as session:
            rows = layers.features(session, actor(), found, window)
            matched = layers.count(session, actor(), found, window)
        links = [_link("self", "features.Items", layer=layer, **_asked(query))]
        if len(rows) == limit:
            links.append(
                _link("next", "features.Items", layer=layer, **{**_asked(query), "after": rows[-1][0]})
            )
        return _geojson(
            {
                "type": "FeatureCollection",
                "features": [_feature(*row) for row in rows],
                "links": links,
                "numberMatched": matched,
                "numberReturned": len(rows),
            }
        )


@blueprint.route("/collections/<string:layer>/items/<uuid:feature_id>")
class Item(MethodView):
    @blueprint.response(200, SingleFeature, content_type="application/geo+json")
    @signed_in
    def get(self, layer: str, feature_id: Any) -> Any:
        """One feature."""
        with reading() as session:
            rows = layers.features(session, actor(), layer_named(layer), layers.Window(only=str(feature_id)))
        if not rows:
            raise Problem("not_found", kind=layer, id=str(feature_id))
        links = [
            _link("self", "features.Item", layer=layer, feature_id=feature_id),
            _link("collection", "features.Collection", layer=layer),
        ]
        return _geojson(_feature(*rows[0]) | {"links": links})


def _asked(query: dict[str, Any]) -> dict[str, Any]:
    return {name: ",".join(map(str, value)) if name == "bbox" else value for name, value in query.items()}


def _feature(feature_id: str, one: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": feature_id, "geometry": geojson_of(one.shape), "properties": one.fields}


def _collection(layer: layers.Layer) -> dict[str, Any]:
    return {
        "id": layer.name,
        "title": f"{layer.zh} {layer.en}",
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]], "crs": CRS84}},
        "links": [
            _link("self", "features.Collection", layer=layer.name),
            _link("items", "features.Items", "application/geo+json", layer=layer.name),
        ],
    }


def _link(rel: str, endpoint: str, media_type: str = "application/json", **values: Any) -> dict[str, str]:
    return {"rel": rel, "type": media_type, "href": url_for(endpoint, _external=True, **values)}


def _geojson(body: dict[str, Any]) -> Response:
    response = jsonify(body)
    response.mimetype = "application/geo+json"
    return response
