"""The HTTP API for a contractor's crew without accounts: one job by a link.

The link's token stands where others have their own.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import OneOf, Range

from backend.contractors.services import contracting
from backend.core.api.authentication import ANYTHING, actor, bearer_token, public, signed_in, takes
from backend.core.api.context import context, transaction
from backend.core.blobs.media_types import UNKNOWN, media_type_of
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.evidence.kinds.photo import PURPOSES
from backend.jobs.kinds.work_order import ACTIONS

blueprint = Blueprint(
    "contractors", __name__, url_prefix="/api/v1/contractors", description="外协 · Contractors"
)
_by_link = public("public_per_address", holds=contracting.need_link)
_BINARY = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}


class ContractorAsked(Schema):
    """For which job, and how long the link shall hold at most."""

    work_order_id = wire.Id(required=True)
    hours = fields.Integer(validate=Range(1, 720), load_default=72)


class ContractorLinkOut(Schema):
    """A link for the crew; it is shown once, and never again by anybody."""

    url = fields.String(required=True)
    until = wire.Moment(required=True)


class StepOut(Schema):
    """What may come next, and which of the crew's words it needs."""

    name = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    needs = fields.List(fields.String(), required=True)


class ErrandOut(Schema):
    """The job as its crew sees it; `person` is in whose name it is worked on."""

    job = fields.Dict(required=True)
    matter_zh = fields.String(required=True)
    matter_en = fields.String(required=True)
    photos = fields.Integer(required=True)
    steps = fields.List(fields.Nested(StepOut), required=True)
    person = fields.String(required=True)
    until = wire.Moment(required=True)
    confirmation = fields.String(
        allow_none=True,
        metadata={
            "description": "sent: the customer got a link on their number; by_office: the office hands one on"
        },
    )


class StepIn(Schema):
    """A step (none: only to note something), and what the crew says."""

    action = fields.String(validate=OneOf([one.name for one in ACTIONS]), load_default=None)
    now = fields.Dict(keys=fields.String(), load_default=dict)


class PhotoQuery(Schema):
    """What the photo shows."""

    purpose = fields.String(validate=OneOf(sorted(PURPOSES)), load_default="site")
    taken_at = wire.Moment(
        metadata={"description": "by the picture itself, where the bytes sent do not say it any more"}
    )


class PhotoTaken(Schema):
    """The photo's id, and how many the job has now."""

    photo_id = fields.String(required=True)
    photos = fields.Integer(required=True)


@blueprint.route("/links")
class Links(MethodView):
    @blueprint.arguments(ContractorAsked(unknown=RAISE))
    @blueprint.response(201, ContractorLinkOut)
    @signed_in
    def post(self, asked: dict[str, Any]) -> Any:
        """A link by which the crew that has this job does it without an account; earlier links end."""
        with transaction() as session:
            token, until = contracting.make_contractor_link(
                session, actor(), asked["work_order_id"], asked["hours"]
            )
        # Behind the fragment sign, so that no server and no proxy writes it into a log.
        return {"url": f"/contractor#{token}", "until": until}


@blueprint.route("/job")
class ErrandView(MethodView):
    @blueprint.response(200, ErrandOut)
    @_by_link
    def post(self) -> Any:
        """The job behind the link, as it stands; the first look opens it."""
        with transaction() as session:
            return contracting.look_at(session, bearer_token())


@blueprint.route("/job/steps")
class ErrandSteps(MethodView):
    @blueprint.arguments(StepIn(unknown=RAISE))
    @blueprint.response(200, ErrandOut)
    @_by_link
    def post(self, given: dict[str, Any]) -> Any:
        """Take a step of the job's life, or note what was found."""
        can_send = context().settings.can_send_links
        with transaction() as session:
            if given["action"] is None:
                return contracting.say_more(session, bearer_token(), given["now"])
            return contracting.take_step(
                session, bearer_token(), given["action"], given["now"], can_send=can_send
            )


@blueprint.route("/job/photos")
class ErrandPhotos(MethodView):
    @blueprint.arguments(PhotoQuery, location="query")
    @blueprint.response(201, PhotoTaken)
    @blueprint.doc(requestBody=_BINARY)
    @_by_link
    @takes(contracting.MOST_PHOTO_BYTES, ANYTHING)
    def post(self, query: dict[str, str]) -> Any:
        """A photo as the body; sent twice it is kept once."""
        token = bearer_token()
        data = request.get_data()
        if not data:
            raise Problem("empty_file")
        found = media_type_of(data)
        if found == UNKNOWN and not request.mimetype.startswith("image/"):
            raise Problem("invalid", faults=[fault("body", "contractors.no_image")])
        with transaction() as session:
            return contracting.add_photo(session, context().blobs, token, data, found, query)
