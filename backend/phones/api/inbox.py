"""The inbox over HTTP: parked work and disputes, listed and decided."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.actor import DESK
from backend.core.api.authentication import actor, signed_in, takes
from backend.core.api.conditional import etag
from backend.core.api.context import context, reading, transaction
from backend.core.api.mutations import ParkedDetail
from backend.core.api.shapes import JSON_VALUE, AnyOfShape, values_of
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.services import dead_facts
from backend.phones.api.exported_work import AT_ONCE, MOST_FILE_BYTES, read_exported
from backend.phones.queries import inbox
from backend.phones.services import deciding, file_hand_in

blueprint = Blueprint(
    "inbox", __name__, url_prefix="/api/v1/inbox", description="待人工处理 · Waiting for a person"
)


class ParkedMutation(Schema):
    """One parked mutation: whose, why, and what it says; who sees masks is not told what."""

    id = fields.String(required=True)
    code = fields.String(required=True, allow_none=True, metadata={"description": "why; errors.md"})
    sentence = fields.String()
    sentence_en = fields.String()
    remedy = fields.String()
    detail = fields.Nested(ParkedDetail, required=True)
    kind = fields.String(required=True)
    record_id = fields.String(required=True)
    author_id = fields.String(required=True)
    author_name = fields.String(required=True, allow_none=True)
    device_id = fields.String(required=True, allow_none=True)
    unit_id = fields.String(required=True, allow_none=True)
    received_at = wire.Moment(required=True)
    decision = fields.String(required=True, allow_none=True)
    corrected = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "field that its author has set again -> by which mutation"},
    )
    settled_by_id = fields.String(required=True, allow_none=True)
    # What could not be read is parked too, so this can be any JSON; mostly it is a mutation.
    content = AnyOfShape(
        JSON_VALUE, required=True, metadata={"description": "as it came; null where that is no JSON"}
    )
    verbatim = fields.String(required=True)


class ParkedGroup(Schema):
    """One decision: a parked mutation and those that build on it, in order, with their verbatim text."""

    group_id = fields.String(required=True)
    mutations = fields.List(wire.Shaped(ParkedMutation), required=True)


class HeldOut(Schema):
    """A mutation that waits, for what, and until when."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    record_id = fields.String(required=True)
    author_id = fields.String(required=True)
    author_name = fields.String(required=True, allow_none=True)
    device_id = fields.String(required=True, allow_none=True)
    waits_kind = fields.String(required=True)
    waits_id = fields.String(required=True)
    received_at = wire.Moment(required=True)
    deadline = wire.Moment(required=True)


class QuestionHead(Schema):
    """One of the values (or steps, or deletions) that stand against each other."""

    id = fields.String(required=True, metadata={"description": "the mutation; empty: where it began"})
    author = fields.String(required=True, allow_none=True)
    author_name = fields.String(required=True, allow_none=True)
    device = fields.String(required=True, allow_none=True)
    at = fields.String(required=True)
    version = fields.Integer(required=True)
    values = values_of("the fields in dispute", required=True)
    action = fields.String(metadata={"description": "the step, where it is about steps"})
    forced = fields.Boolean(metadata={"description": "a person's word"})
    base = fields.Integer(metadata={"description": "the version that was seen"})


class QuestionOut(Schema):
    """A dispute about one field (or group of fields): every value, who wrote it, when, from which device."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    field = fields.String(required=True)
    opened_at = wire.Moment(required=True)
    heads = fields.List(wire.Shaped(QuestionHead), required=True)


class DeadFactOut(Schema):
    """Something that should have followed from a write and was given up: what it is about, and why."""

    id = fields.Integer(required=True)
    fact = fields.String(required=True)
    record_kind = fields.String(required=True, allow_none=True)
    record_id = fields.String(required=True, allow_none=True)
    record_name = fields.String(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    error = fields.String(required=True, allow_none=True)
    announced_at = wire.Moment(required=True)


class Decision(Schema):
    """Apply it as it was meant, or discard it; always with a reason."""

    decision = wire.Choice({"apply": ("采纳", "Apply"), "discard": ("不采纳", "Discard")}, required=True)
    reason = wire.Text(required=True, most=500)


class Answer(Schema):
    """The values that shall stand."""

    values = fields.Dict(keys=fields.String(), values=wire.Json(JSON_VALUE, allow_none=True), required=True)


class Answered(Schema):
    """The record after the answer."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)


@blueprint.route("/parked")
class Parked(MethodView):
    @blueprint.response(200, ParkedGroup(many=True))
    @signed_in
    def get(self) -> Any:
        """Undecided groups of the asker's units, oldest first."""
        policy.need_office(actor())
        with reading() as session:
            return inbox.open_groups(session, actor())


@blueprint.route("/held")
class Held(MethodView):
    @blueprint.response(200, HeldOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Work that waits for what it builds on; at its deadline it is parked."""
        policy.need_office(actor())
        with reading() as session:
            return inbox.held_mutations(session, actor())


@blueprint.route("/facts")
class DeadFacts(MethodView):
    @blueprint.response(200, DeadFactOut(many=True))
    @signed_in
    def get(self) -> Any:
        """What should have followed from a write and was given up after its last attempt, oldest first."""
        with reading() as session:
            return dead_facts.seen_dead_facts(session, actor())


@blueprint.route("/facts/<int:fact_id>/retry")
class RetryFact(MethodView):
    @blueprint.response(200, DeadFactOut)
    @signed_in
    def post(self, fact_id: int) -> Any:
        """Let it be tried again; noted as an administrative act."""
        with transaction() as session:
            return dead_facts.retry_fact(session, actor(), fact_id)


@blueprint.route("/parked/<uuid:group_id>/decision")
class Decide(MethodView):
    @blueprint.arguments(Decision(unknown=RAISE))
    @blueprint.response(200, ParkedGroup)
    @signed_in
    def post(self, body: dict[str, Any], group_id: Any) -> Any:
        """Decide a group; its author is told."""
        with transaction() as session:
            rows = deciding.decide_group(session, actor(), str(group_id), body["decision"], body["reason"])
        return {"group_id": str(group_id), "mutations": rows}


class FileIn(Schema):
    """What a phone exports: its unsent mutations, and the bytes of photos in base64 by photo id."""

    author = wire.Id(required=True)
    mutations = fields.List(AnyOfShape("Mutation"), required=True)
    photos = fields.Dict(keys=wire.Id(), values=fields.String(), load_default=dict)


class FileOut(Schema):
    """How much came, and how much of it now waits for a decision (what had arrived before does not)."""

    mutations = fields.Integer(required=True)
    parked = fields.Integer(required=True)
    photos = fields.Integer(required=True)


@blueprint.route("/files")
class Files(MethodView):
    @blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": FileIn}}})
    @blueprint.response(201, FileOut)
    @takes(MOST_FILE_BYTES)
    @signed_in
    def post(self) -> Any:
        """Hand in a phone's exported work for its author; all of it is parked for a decision."""
        policy.need_role(actor(), DESK)
        if not AT_ONCE.acquire(blocking=False):
            raise Problem("too_many", retry_after_s=5)
        try:
            author, mutations, photos = read_exported(request.get_data(cache=False))
            with transaction() as session:
                return file_hand_in.hand_in_file(session, actor(), context().blobs, author, mutations, photos)
        finally:
            AT_ONCE.release()


@blueprint.route("/questions")
class Questions(MethodView):
    @blueprint.response(200, QuestionOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Open disputes of the asker's units."""
        policy.need_office(actor())
        with reading() as session:
            return inbox.open_questions(session, actor())


@blueprint.route(
    "/questions/<kind>/<uuid:record_id>/<field>/answer",
    parameters=[
        {"in": "path", "name": "kind", "required": True, "schema": {"type": "string", "enum": sorted(KINDS)}},
        {
            "in": "path",
            "name": "field",
            "required": True,
            "schema": {"type": "string", "pattern": "^[a-z_]{1,60}$"},
        },
    ],
)
class AnswerQuestion(MethodView):
    @blueprint.arguments(Answer(unknown=RAISE))
    @blueprint.response(200, Answered)
    @signed_in
    def post(self, body: dict[str, Any], kind: str, record_id: Any, field: str) -> Any:
        """Settle a dispute."""
        policy.need_office(actor())
        if kind not in KINDS:
            raise Problem("not_found", kind=kind)
        with transaction() as session:
            stored = deciding.answer_question(session, actor(), kind, str(record_id), field, body["values"])
        return {"id": stored.id, "version": stored.version}, etag(stored.version)
