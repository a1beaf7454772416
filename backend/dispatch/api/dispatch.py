"""Dispatch over HTTP: ranks crews for a job, and gives it to one."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.conditional import etag, if_match
from backend.core.api.context import context, reading, transaction
from backend.core.api.shapes import word
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.services import office_records
from backend.customers.queries import nearby
from backend.dispatch.api.board_answers import BoardOut
from backend.dispatch.api.day_plan_answers import DayPlanOut, ReasonOut
from backend.dispatch.kinds.day_plan import STATES
from backend.dispatch.queries import board
from backend.dispatch.services import day_plans, dispatching, publishing
from backend.jobs.services import duplicates

blueprint = Blueprint("dispatch", __name__, url_prefix="/api/v1/dispatch", description="派单 · Dispatch")


class ProposalOut(Schema):
    """A crew for the job."""

    crew_id = fields.String(required=True)
    crew_name = fields.String(required=True)
    distance_m = fields.Integer(required=True)
    arrives_at = wire.Moment(required=True)
    delays_jobs = fields.Integer(required=True)
    displaces_jobs = fields.Integer(
        required=True, metadata={"description": "jobs that no longer fit if it goes at once"}
    )
    overtime_minutes = fields.Integer(required=True)
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


class DayPlanIn(Schema):
    """Which unit's day, and how to plan it."""

    unit_id = wire.Id(required=True)
    day = wire.DateIn(load_default=None)
    seconds = wire.Whole(
        least=1, most=day_plans.MOST_SECONDS, metadata={"description": "time to spend; 10 if not given"}
    )
    few_changes = wire.Flag(
        metadata={"description": "only put in what has no crew, moving as little as can be"}
    )
    absent_crew_ids = fields.List(
        wire.Id(), metadata={"description": "crews that do not work that day after all"}
    )


class DayPlansIn(Schema):
    """Whose plans, and of which day; all days if not given."""

    unit_id = wire.Id(required=True)
    day = wire.DateIn(load_default=None)


class DayPlanLineOut(Schema):
    """A plan in a list."""

    id = fields.String(required=True)
    day = wire.DateIn(required=True)
    state = word(*STATES)
    made_at = fields.AwareDateTime(required=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)
    taken_back_at = fields.AwareDateTime(required=True, allow_none=True)


class NearOut(Schema):
    """A job that may be about the same trouble."""

    job_id = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    reported_at = fields.AwareDateTime(required=True)
    distance_m = fields.Integer(required=True)


class DuplicateIn(Schema):
    """The job that stays."""

    of_id = wire.Id(required=True)


def _job(stored: Any) -> Any:
    body = {
        "id": stored.id,
        "version": stored.version,
        "state": stored.values["state"],
        "crew_id": stored.values["crew_id"],
    }
    return body, etag(stored.version)


@blueprint.route("/board")
class Board(MethodView):
    @blueprint.response(200, BoardOut)
    @signed_in
    def get(self) -> Any:
        """Everything a dispatcher's screen begins with: open jobs, crews and cells of the asker's units."""
        policy.need_office(actor())
        context().contacts.flush()
        with reading() as session:
            return board.board(session, actor())


@blueprint.route("/<uuid:job_id>/proposals")
class Proposals(MethodView):
    @blueprint.response(200, ProposalOut(many=True))
    @signed_in
    def get(self, job_id: Any) -> Any:
        """The unit's crews for this job, best first, with reasons."""
        with reading() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            return dispatching.propose_crews(session, context().settings, actor(), str(job_id))


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
                session,
                actor(),
                str(job_id),
                body["crew_id"],
                version=if_match(),
                is_pinned=body["is_pinned"],
            )
        return _job(stored)

    @blueprint.response(200, JobOut)
    @signed_in
    def delete(self, job_id: Any) -> Any:
        """Take the job back from its crew."""
        with transaction() as session:
            stored = office_records.act_on_record(
                session, actor(), KINDS["work_order"], str(job_id), "withdraw", {}, if_match()
            )
        return _job(stored)


@blueprint.route("/<uuid:job_id>/same-trouble")
class SameTrouble(MethodView):
    @blueprint.response(200, NearOut(many=True))
    @signed_in
    def get(self, job_id: Any) -> Any:
        """Open jobs near in place and time: perhaps the same trouble, reported by somebody else."""
        with reading() as session:
            read_document(session, actor(), KINDS["work_order"], str(job_id))
            policy.need_office(actor())
            return nearby.same_trouble(session, actor(), str(job_id))


@blueprint.route("/<uuid:job_id>/duplicate")
class Duplicate(MethodView):
    @blueprint.arguments(DuplicateIn(unknown=RAISE))
    @blueprint.response(200, JobOut)
    @signed_in
    def put(self, body: dict[str, str], job_id: Any) -> Any:
        """Close a second report of one trouble; its reporter joins the job that stays."""
        with transaction() as session:
            for one in (str(job_id), body["of_id"]):
                read_document(session, actor(), KINDS["work_order"], one)
            stored = duplicates.make_duplicate(session, actor(), str(job_id), body["of_id"])
        return _job(stored)


@blueprint.route("/plans")
class DayPlans(MethodView):
    @blueprint.arguments(DayPlansIn(unknown=RAISE), location="query")
    @blueprint.response(200, DayPlanLineOut(many=True))
    @signed_in
    def get(self, query: dict[str, Any]) -> Any:
        """A unit's latest plans, the newest first."""
        with reading() as session:
            return day_plans.list_day_plans(session, actor(), query["unit_id"], query["day"])

    @blueprint.arguments(DayPlanIn(unknown=RAISE))
    @blueprint.response(201, DayPlanOut)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """Ask for a plan of a unit's day; a worker makes it: look again until `state` is not waiting."""
        unit_id, day = body.pop("unit_id"), body.pop("day")
        with transaction() as session:
            return day_plans.propose_day(session, actor(), unit_id, day, body)


@blueprint.route("/plans/<uuid:plan_id>")
class OneDayPlan(MethodView):
    @blueprint.response(200, DayPlanOut)
    @signed_in
    def get(self, plan_id: Any) -> Any:
        """The plan as a difference to what is dispatched now.

        `effects` says by crew what publishing would change.
        """
        with reading() as session:
            return day_plans.read_day_plan(session, actor(), str(plan_id))


@blueprint.route("/plans/<uuid:plan_id>/publication")
class Publication(MethodView):
    @blueprint.response(200, DayPlanOut)
    @signed_in
    def put(self, plan_id: Any) -> Any:
        """Give every job to its crew as planned, all or none; no other job changes."""
        with transaction() as session:
            return publishing.publish(session, actor(), str(plan_id))

    @blueprint.response(200, DayPlanOut)
    @signed_in
    def delete(self, plan_id: Any) -> Any:
        """Take the plan back whole: jobs stand as before it; `kept` names those that stay, and why."""
        with transaction() as session:
            return publishing.take_back(session, actor(), str(plan_id))
