"""Fields of answers that are described in the document and given out as they were made.

Copying each field of thousands of rows costs more than finding them, and would turn 0 into 0.0 in what is
kept as JSON. That what goes out has the described shape, and nothing beside it, is held by `tests/answers.py`
for every answer that a test gets.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf


class Shape(fields.Nested):
    """A document, or with `many` a list of them, in the shape of a schema."""

    def __init__(self, schema: type[Schema], **options: Any) -> None:
        super().__init__(schema, **options)

    def _serialize(  # type: ignore[override]
        self, nested_obj: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> Any:
        return nested_obj


class Geometry(fields.Raw):
    """A GeoJSON geometry of one of some types, each described by its name."""

    def __init__(self, *names: str, **options: Any) -> None:
        self.shape = names
        super().__init__(**options)


def word(*values: str, **options: Any) -> fields.String:
    """One of a few codes that the server itself writes."""
    return fields.String(required=True, validate=OneOf(values), **options)


class InWords(Schema):
    """A sentence in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)
