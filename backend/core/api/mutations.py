"""Schemas of a mutation and its outcome, for the OpenAPI document and generated clients.

Nothing is read by these shapes: the server reads each mutation by itself (`sync.wire`) and parks what it
cannot read, so a phone's work is never refused for its shape.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from marshmallow import INCLUDE, Schema, fields
from marshmallow.validate import OneOf, Range

from backend.core.api.shapes import FaultOut, reference, values_of
from sync.change import Op, Status


class _Told(Schema):
    """A newer app or server may say more."""

    class Meta:
        unknown = INCLUDE


def _word(value: str) -> fields.String:
    return fields.String(required=True, validate=OneOf([value]))


def _id(description: str, **options: Any) -> fields.UUID:
    return fields.UUID(metadata={"description": description}, **options)


class _Mutation(_Told):
    id = _id("this change's own; the key for exactly-once", required=True)
    kind = fields.String(required=True, metadata={"description": "a kind of kinds.md"})
    record = _id("which record", required=True)
    base_version = fields.Integer(load_default=0, validate=Range(min=0), metadata={"description": "seen"})
    was = values_of("the touched fields as they were seen", allow_none=True)
    happened_at = fields.DateTime(required=True, metadata={"description": "the phone's clock then"})
    monotonic_ms = fields.Integer(allow_none=True, metadata={"description": "its monotonic clock then"})
    boot = fields.String(allow_none=True, metadata={"description": "its boot; else the batch's"})
    author = _id("who made it; passed over, for whoever is signed in counts", allow_none=True)
    after = _id("a mutation this one builds on", allow_none=True)


class MutationCreate(_Mutation):
    """A new record: `now` are its fields, schemas/<kind>.json."""

    op = _word(Op.CREATE)
    now = values_of("the record's fields", required=True)


class MutationChange(_Mutation):
    """Some fields of a record; a group of fields (`x-group`) goes whole."""

    op = _word(Op.CHANGE)
    now = values_of("the touched fields as they shall be", required=True)


class MutationAct(_Mutation):
    """A step of the kind's table of actions; `now` carries what it needs."""

    op = _word(Op.ACT)
    action = fields.String(required=True, metadata={"description": "a step of the kind"})
    now = values_of("what the step needs, and other fields set with it")


class MutationDelete(_Mutation):
    """The record taken away."""

    op = _word(Op.DELETE)
    now = values_of("nothing", allow_none=True)


class _Outcome(_Told):
    id = fields.String(required=True, metadata={"description": "the mutation's"})


class _Written(_Outcome):
    version = fields.Integer(required=True, metadata={"description": "the record's after it"})
    code = fields.String(required=True, allow_none=True, metadata={"description": "null"})
    record = fields.Nested(
        "Line", metadata={"description": "as the whole push left it; not there when an answer is repeated"}
    )


class AppliedDetail(_Told):
    """What it did besides."""

    settles = fields.List(fields.String(), metadata={"description": "parked mutations that it corrects"})


class OutcomeApplied(_Written):
    """It stands as it was sent."""

    status = _word(Status.APPLIED)
    detail = fields.Nested(AppliedDetail, required=True)


class MergedDetail(AppliedDetail):
    """What it met."""

    met = fields.List(fields.String(), metadata={"description": "groups of fields, `state`, `deleted`"})
    questions = fields.List(fields.String(), metadata={"description": "those a person must answer"})
    unknown_ = fields.List(
        fields.String(),
        data_key="unknown",
        metadata={"description": "fields this server does not know: kept, listed"},
    )


class OutcomeMerged(_Written):
    """It stands beside what its author had not seen, or says what this server does not know."""

    status = _word(Status.MERGED)
    detail = fields.Nested(MergedDetail, required=True)


class ParkedDetail(_Told):
    """What a person must know, by the code."""

    group = fields.String(metadata={"description": "the group it is parked in; its own id if the first"})
    why = fields.String()
    kept_as = fields.String(metadata={"description": "the id it is kept under, its own being taken"})
    faults = fields.List(fields.Nested(FaultOut))


class OutcomeParked(_Outcome):
    """A person decides; the author is told by a notice."""

    status = _word(Status.PARKED)
    version = fields.Integer(required=True, allow_none=True)
    code = fields.String(required=True, metadata={"description": "why; errors.md"})
    detail = fields.Nested(ParkedDetail, required=True)


class HeldDetail(_Told):
    """What it waits for."""

    kind = fields.String(required=True, metadata={"description": "`mutation`, or the kind of a record"})
    id = fields.String(required=True)


class OutcomeHeld(_Outcome):
    """It waits for what it builds on; asked about again by sending it again."""

    status = _word(Status.HELD)
    version = fields.Integer(required=True, allow_none=True)
    code = fields.String(required=True)
    detail = fields.Nested(HeldDetail, required=True)


# Name in the document -> the field that tells its shapes apart, and the shapes by that field's value.
SHAPES: dict[str, tuple[str, dict[str, type[Schema]]]] = {
    "Mutation": (
        "op",
        {"create": MutationCreate, "change": MutationChange, "act": MutationAct, "delete": MutationDelete},
    ),
    "Outcome": (
        "status",
        {"applied": OutcomeApplied, "merged": OutcomeMerged, "parked": OutcomeParked, "held": OutcomeHeld},
    ),
}


def describe(spec: APISpec) -> None:
    """Teach the document these shapes."""
    for name, (teller, shapes) in SHAPES.items():
        references = {word: reference(schema.__name__) for word, schema in shapes.items()}
        for schema in shapes.values():
            spec.components.schema(schema.__name__, schema=schema)
        one_of = [{"$ref": pointer} for pointer in references.values()]
        spec.components.schema(
            name, {"oneOf": one_of, "discriminator": {"propertyName": teller, "mapping": references}}
        )
