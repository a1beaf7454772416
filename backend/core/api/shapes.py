"""The contract's shapes that no schema here is run for: GeoJSON, any JSON, faults; and the fields of them."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields
from marshmallow.validate import OneOf

JSON_VALUE = "JsonValue"


class AnyOfShape(fields.Raw):
    """A value that the document describes by the name of a shape, or of each that it may have."""

    def __init__(self, *shapes: str, **options: Any) -> None:
        self.shape = shapes[0] if len(shapes) == 1 else shapes
        super().__init__(**options)


class InWords(Schema):
    """A sentence in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class FaultOut(Schema):
    """One thing that is wrong: at which field, a code, a sentence in each language."""

    field = fields.String(metadata={"description": "the field's name, or its path"})
    code = fields.String()
    zh = fields.String(required=True)
    en = fields.String(required=True)
    about = fields.String(metadata={"description": "what of the value it is about, as it was written"})


def word(*values: str, **options: Any) -> fields.String:
    """One of a few codes that the server itself writes."""
    return fields.String(required=True, validate=OneOf(values), **options)


def values_of(description: str, **options: Any) -> fields.Dict:
    """Fields of a record by name. Of which kind they are only the request says, so each may be any JSON."""
    options["metadata"] = {"description": description}
    return fields.Dict(keys=fields.String(), values=AnyOfShape(JSON_VALUE), **options)


def reference(name: str) -> str:
    """A pointer to a shape of the document."""
    return f"#/components/schemas/{name}"


def describe(spec: APISpec, converter: OpenAPIConverter) -> None:
    """Teach the document these shapes, and which fields are of them."""

    def named(_converter: OpenAPIConverter, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
        shape = getattr(field, "shape", None)
        if shape is None:
            return {}
        for said in ("type", "additionalProperties"):
            ret.pop(said, None)
        found = _pointer(converter, shape)
        if getattr(field, "many", False):
            found = {"type": "array", "items": found}
        return {"anyOf": [found, {"type": "null"}]} if field.allow_none and shape != JSON_VALUE else found

    converter.add_attribute_function(named)  # type: ignore[no-untyped-call]
    for name, shape in _SHAPES.items():
        spec.components.schema(name, shape)


def _pointer(converter: OpenAPIConverter, shape: type[Schema] | str | tuple[str, ...]) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"$ref": reference(shape)}
    if isinstance(shape, tuple):
        return {"oneOf": [{"$ref": reference(name)} for name in shape]}
    found: dict[str, Any] = converter.resolve_nested_schema(shape)  # type: ignore[no-untyped-call]
    return found


def _list_of(inner: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "items": inner, "minItems": least}


def _geometry(name: str, coordinates: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"type": {"type": "string", "enum": [name]}, "coordinates": coordinates},
        "required": ["type", "coordinates"],
        "additionalProperties": False,
    }


# Longitude first; a third number is read over and never given.
_POSITION = _list_of({"type": "number"}, 2)
_LINE = _list_of(_POSITION, 2)
_POLYGON = _list_of(_list_of(_POSITION, 4), 1)
_GEOMETRIES = {
    "Point": _POSITION,
    "LineString": _LINE,
    "Polygon": _POLYGON,
    "MultiPolygon": _list_of(_POLYGON, 1),
}
_SHAPES: dict[str, dict[str, Any]] = {
    **{name: _geometry(name, coordinates) for name, coordinates in _GEOMETRIES.items()},
    "Geometry": {
        "oneOf": [{"$ref": reference(name)} for name in _GEOMETRIES],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: reference(name) for name in _GEOMETRIES},
        },
    },
    "Restored": {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": ["string", "null"]}],
        "minItems": 2,
        "maxItems": 2,
    },
    JSON_VALUE: {
        "description": "Any JSON; of a record's field, what the schema of its kind says of it.",
        "anyOf": [
            {"type": "string"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "null"},
            {"type": "array", "items": {}},
            {"type": "object", "additionalProperties": True},
        ],
    },
}
