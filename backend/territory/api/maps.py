"""Map layers over HTTP: exports in the usual formats, and vector tiles."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.services.auditing import note_act
from backend.territory.queries import layers
from geo.mapfile import FORMATS, write_map

blueprint = Blueprint("maps", __name__, url_prefix="/api/v1/maps", description="图层 · Map layers")


class ExportQuery(Schema):
    """The format of the file."""

    format = wire.Choice(
        {name: (driver, driver) for name, (driver, _, _) in FORMATS.items()}, load_default="geojson"
    )


def layer_named(name: str) -> layers.Layer:
    """A layer, or not_found."""
    if name not in layers.LAYERS:
        raise Problem("not_found", layers=sorted(layers.LAYERS))
    return layers.LAYERS[name]


_FILE = {"type": "string", "format": "binary"}


@blueprint.route("/<string:layer>/export")
class Export(MethodView):
    @blueprint.arguments(ExportQuery, location="query")
    @blueprint.response(200, _FILE, content_type="application/zip")
    @blueprint.doc(
        responses={"200": {"content": {media: {"schema": _FILE} for _, _, media in FORMATS.values()}}}
    )
    @signed_in
    def get(self, query: dict[str, str], layer: str) -> Any:
        """A layer as a file: cells, jobs or customers within the asker's scopes."""
        found = layer_named(layer)
        with transaction() as session:
            rows = layers.whole(session, actor(), found)
            what = {"layer": found.name, "format": query["format"], "rows": len(rows)}
            note_act(session, actor(), "exported", ("map_layer", None), after=what)
        data = write_map(rows, found.name, query["format"])
        _, suffix, media_type = FORMATS[query["format"]]
        name = f"{found.name}.zip" if query["format"] == "shp" else f"{found.name}{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(data, headers=headers, mimetype=media_type)


@blueprint.route("/<string:layer>/tiles/<int:z>/<int:x>/<int:y>.mvt")
class Tile(MethodView):
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/vnd.mapbox-vector-tile"
    )
    @signed_in
    def get(self, layer: str, z: int, x: int, y: int) -> Any:
        """A Mapbox vector tile of a layer."""
        found = layer_named(layer)
        if z > 22 or x >= 2**z or y >= 2**z:
            raise Problem("not_found", z=z, x=x, y=y)
        with reading() as session:
            data = layers.tile(session, actor(), found, z, x, y)
        headers = {"Cache-Control": "private, max-age=30"}
        return Response(data, headers=headers, mimetype="application/vnd.mapbox-vector-tile")
