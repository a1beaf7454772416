"""Dispatch: ranked crews for a job, and giving it to one."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.api.authentication import actor, signed_in
from backend.api.conditional import etag, if_match
from backend.api.house import reading, transaction
from backend.queries.documents import read_document
from backend.records import wire
from backend.records.registry import KINDS
from backend.services import dispatching, keeping

blueprint = Blueprint("dispatch", __name__, url_prefix="/api/v1/dispatch", description="派单 · Dispatch")


class ReasonOut(Schema):
    """A reason in words; `is_good` says whether it speaks for the crew."""

    code = fields.String(required=True)
    is_good = fields.Boolean(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class ProposalOut(Schema):
    """A crew for the job."""

    crew_id = fields.String(required=True)
    crew_name = fields.String(required=True)
    distance_m = fields.Integer(required=True)
    arrives_at = wire.Moment(required=True)
    delays_jobs = fields.Integer(required=True)
    is_feasible = fields.Boolean(required=True)
    score = fields.Float(required=True)
    reasons = fields.List(fields.Nested(ReasonOut), required=True)


class AssignIn(Schema):
    """Which crew, and whether the job stays with it whatever is planned later."""

    crew_id = wire.Id(required=True)
    is_pinned = wire.Flag(load_default=False)


class JobOut(Schema):
    """What became of the job."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True)
    crew_id = fields.String(required=True, allow_none=True)


def _job(stored: Any) -> Any:
    body = {
        "id": stored.id,
        "version": stored.version,
        "state": stored.values["state"],
        "crew_id": stored.values["crew_id"],
    }
    return body, etag(stored.version)


@blueprint.route("/<uuid:job_id>/proposals")
class Proposals(MethodView):
    @blueprint.response(200, ProposalOut(many=True))
    @signed_in
    def get(self, job_id: Any) -> Any:
        """The unit's crews for this job, best first, with reasons."""
        with reading() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            return dispatching.propose_crews(session, actor(), str(job_id))


@blueprint.route("/<uuid:job_id>/assignment")
class Assignment(MethodView):
    @blueprint.arguments(AssignIn(unknown=RAISE))
    @blueprint.response(200, JobOut)
    @signed_in
    def put(self, body: dict[str, Any], job_id: Any) -> Any:
        """Give the job to a crew, or to another one; If-Match is optional."""
        with transaction() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            stored = dispatching.assign_job(
                session, actor(), str(job_id), body["crew_id"], version=if_match(), is_pinned=body["is_pinned"]
            )
        return _job(stored)

    @blueprint.response(200, JobOut)
    @signed_in
    def delete(self, job_id: Any) -> Any:
        """Take the job back from its crew."""
        with transaction() as session:
            stored = keeping.act_on_record(
                session, actor(), KINDS["work_order"], str(job_id), "withdraw", {}, if_match()
            )
        return _job(stored)
