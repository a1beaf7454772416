"""Emergencies over HTTP: preview, sending, taking back, telling crews.

A preview says who would go and what that costs others; told are those who could go.
"""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.api.shapes import InWords
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries.documents import read_document
from backend.core.services import record_writer
from backend.dispatch.api.dispatch import JobOut
from backend.dispatch.services import emergencies, taking_back
from backend.notices.services.notifying import channel_named

blueprint = Blueprint(
    "emergencies", __name__, url_prefix="/api/v1/dispatch", description="抢修 · Emergencies"
)


class EmergencyAsked(Schema):
    """Nobody named: the crew that can be there first."""

    crew_id = wire.Id(load_default=None)


class EmergencyIn(EmergencyAsked):
    """What to send, and the preview it was decided on."""

    seen = wire.Text(
        most=40, load_default=None, metadata={"description": "a preview's `seen`: 409 if it would differ"}
    )


class JobNamed(Schema):
    """A job by its number."""

    job_id = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)


class DelayedOut(JobNamed):
    """A job of the crew that begins later."""

    minutes = fields.Integer(required=True)
    planned_at = fields.AwareDateTime(required=True, allow_none=True)


class MovedOut(JobNamed):
    """A job that another crew takes over."""

    from_crew_id = fields.String(required=True)
    from_crew_name = fields.String(required=True)
    to_crew_id = fields.String(required=True)
    to_crew_name = fields.String(required=True)
    planned_at = fields.AwareDateTime(required=True)


class LeftOverOut(JobNamed, InWords):
    """A job that stays with its crew, without a time, and why."""

    crew_id = fields.String(required=True)


class EmergencyOut(Schema):
    """Who goes, when they arrive, and what becomes of what they had.

    `against` is what the crew lacks or it costs.
    """

    crew_id = fields.String(required=True)
    crew_name = fields.String(required=True)
    leader_id = fields.String(required=True)
    arrives_at = wire.Moment(required=True)
    overtime_minutes = fields.Integer(required=True)
    is_on_call = fields.Boolean(required=True)
    delays_jobs = fields.Integer(required=True)
    delayed = fields.List(fields.Nested(DelayedOut), required=True)
    moved = fields.List(fields.Nested(MovedOut), required=True)
    left_over = fields.List(fields.Nested(LeftOverOut), required=True)
    against = fields.List(fields.Nested(InWords), required=True)
    seen = fields.String(required=True, metadata={"description": "send it back to send exactly this"})


class SentOut(EmergencyOut):
    """What was sent, and the job as it is now."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True)


class ChangedOut(JobNamed, InWords):
    """A job that stays as it is by now, and why."""


class TakenBackOut(JobOut):
    """What returned as it stood before, and what has changed meanwhile."""

    returned = fields.List(fields.Nested(JobNamed), required=True)
    changed = fields.List(fields.Nested(ChangedOut), required=True)


class ToldOut(Schema):
    """The crews whose leaders were told."""

    crew_ids = fields.List(fields.String(), required=True)


@blueprint.route("/<uuid:job_id>/emergency")
class Emergency(MethodView):
    @blueprint.arguments(EmergencyAsked(unknown=RAISE), location="query")
    @blueprint.response(200, EmergencyOut)
    @signed_in
    def get(self, query: dict[str, Any], job_id: Any) -> Any:
        """Who would go at once, when they would be there, and what of their work would move.

        Nothing is written.
        """
        with reading() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            return emergencies.preview(session, context().settings, actor(), str(job_id), query["crew_id"])

    @blueprint.arguments(EmergencyIn(unknown=RAISE))
    @blueprint.response(200, SentOut)
    @signed_in
    def post(self, body: dict[str, Any], job_id: Any) -> Any:
        """Send a crew at once, before all it has not begun.

        At most one other job changes crew, the rest is named.
        """
        with transaction() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            settings = context().settings
            sent = emergencies.send_at_once(
                session, settings, actor(), str(job_id), body["crew_id"], seen=body["seen"]
            )
            job = record_writer.read(session, "work_order", str(job_id))
        return sent | {"id": job.id, "version": job.version, "state": job.values["state"]}

    @blueprint.response(200, TakenBackOut)
    @signed_in
    def delete(self, job_id: Any) -> Any:
        """Take it back: what it displaced returns as it stood, what has changed meanwhile is named."""
        with transaction() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            return taking_back.take_back(session, actor(), str(job_id))


@blueprint.route("/<uuid:job_id>/broadcast")
class Broadcast(MethodView):
    @blueprint.response(200, ToldOut)
    @signed_in
    def post(self, job_id: Any) -> Any:
        """Tell the leaders of the crews that could be there first."""
        settings = context().settings
        with transaction() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            channel = channel_named(settings.notify_channel)
            return {"crew_ids": emergencies.broadcast(session, settings, channel, actor(), str(job_id))}
