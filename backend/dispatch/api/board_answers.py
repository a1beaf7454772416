"""The shapes of the dispatcher's board."""

from __future__ import annotations

from copy import copy
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length

from backend.core.api.shapes import AnyOfShape
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.dispatch.queries.board import JOB_FIELDS

# What no job is without.
_ALWAYS = {"state", "matter_id"}


def _shown(name: str) -> fields.Field[Any]:
    """A job's own field, named also where it is empty."""
    field = copy(KINDS["work_order"].wired[name].field)
    field.required, field.allow_none = True, name not in _ALWAYS
    return field


class _OfBoard(Schema):
    """What the board says of a job beside the job's own fields."""

    id = wire.Id(required=True)
    version = fields.Integer(required=True)
    place = AnyOfShape("Point", required=True, allow_none=True)
    is_sent_at_once = fields.Boolean(
        required=True, metadata={"description": "an emergency that can be taken back with all it moved"}
    )


BoardJob = _OfBoard.from_dict(
    {name: _shown(name) for name in JOB_FIELDS if name not in ("id", "place")}, name="BoardJob"
)


class BoardCrew(Schema):
    """A crew with its open work, where it was last, and when a phone of its last spoke."""

    id = wire.Id(required=True)
    name = fields.String(required=True)
    leader_id = wire.Id(required=True)
    leader = fields.String(required=True, allow_none=True)
    skills = fields.List(fields.String(), required=True)
    shift_start = fields.String(required=True)
    shift_end = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    last_contact_at = wire.Moment(required=True, allow_none=True)
    has_account = fields.Boolean(required=True)
    jobs = fields.Integer(required=True)
    place = AnyOfShape("Point", required=True, allow_none=True)
    on_call_until = wire.Moment(required=True, allow_none=True)


class BoardCell(Schema):
    """A cell with its load, and who answers for it first."""

    id = wire.Id(required=True)
    name = fields.String(required=True)
    workload = fields.Float(required=True, allow_none=True)
    unit_id = wire.Id(required=True)
    jobs = fields.Integer(required=True)
    representative = fields.String(required=True, allow_none=True)


class BoardNotice(Schema):
    """What the asker was told and has not read."""

    id = wire.Id(required=True)
    version = fields.Integer(required=True)
    topic = fields.String(required=True)
    text_zh = fields.String(required=True)
    text_en = fields.String(required=True)
    subject_kind = fields.String(required=True, allow_none=True)
    subject_id = wire.Id(required=True, allow_none=True)
    is_urgent = fields.Boolean(required=True)
    created_at = wire.Moment(required=True)


class BoardOut(Schema):
    """The dispatcher's board.

    Open jobs (a job's own fields), crews with `last_contact_at`, cells with their load, the asker's unread
    notices.
    """

    jobs = wire.Shaped(BoardJob, many=True, required=True)
    crews = wire.Shaped(BoardCrew, many=True, required=True)
    cells = wire.Shaped(BoardCell, many=True, required=True)
    notices = wire.Shaped(BoardNotice, many=True, required=True)
    extent = fields.List(
        fields.Float(),
        required=True,
        allow_none=True,
        validate=Length(equal=4),
        metadata={"description": "west, south, east, north"},
    )
