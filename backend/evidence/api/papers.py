"""Papers as PDF and cases as one archive over HTTP: for staff, and by a link that expires for a customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from flask import Response, request, send_file
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from sqlalchemy.orm import Session

from backend.core.actor import office_of
from backend.core.api.authentication import actor, public, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.core.queries import policy
from backend.core.queries.scopes import today
from backend.core.services.auditing import note_act
from backend.core.services.paper_frame import LANGUAGES, Press
from backend.evidence.api.contents import FILE, Link, LinkAsked
from backend.evidence.services import papers
from backend.evidence.services.case_file import case_file
from backend.evidence.services.papers import Paper
from backend.evidence.services.sharing import share, shared_subject
from backend.territory.services import cell_maps
from backend.territory.services.cell_map_drawing import SIZES

blueprint = Blueprint(
    "papers", __name__, url_prefix="/api/v1/papers", description="单据与案卷 · Papers and cases"
)
shared = Blueprint(
    "shared-papers", __name__, url_prefix="/api/v1/shared-papers", description="限时单据链接 · Shared papers"
)
_PDF = "application/pdf"
_TYPES = {"pdf": _PDF, "svg": "image/svg+xml", "png": "image/png"}
_SALT = "shared paper"


class Asked(Schema):
    """In which language."""

    language = fields.String(validate=OneOf(LANGUAGES), load_default="zh")


def _press(language: str = "zh") -> Press:
    return Press(context().blobs, context().settings.fonts, request.host_url, language)


def _given(paper: Paper) -> Response:
    names = (
        f"inline; filename=paper{PurePath(paper.filename).suffix}; filename*=UTF-8''{quote(paper.filename)}"
    )
    headers = {
        "Content-Disposition": names,
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(paper.pdf, headers=headers, mimetype=_PDF)


def _note(session: Session, subject: tuple[str, str], paper: str) -> None:
    """What the office takes out of the house is on the audit trail; a crew shows its customer the sheet
    all day."""
    if actor().is_office:
        note_act(session, actor(), "exported", subject, after={"paper": paper})


@blueprint.route("/service-sheets/<uuid:work_order_id>")
class ServiceSheet(MethodView):
    @blueprint.arguments(Asked, location="query")
    @blueprint.response(200, FILE, content_type=_PDF)
    @signed_in
    def get(self, asked: dict[str, str], work_order_id: Any) -> Response:
        """A job's service sheet: as it was signed, with photos, the signature, and a code that leads to
        `/verify`."""
        with transaction() as session:
            paper = papers.service_sheet(session, actor(), _press(asked["language"]), str(work_order_id))
            _note(session, ("work_order", str(work_order_id)), "service_sheet")
        return _given(paper)


@blueprint.route("/service-sheets/<uuid:work_order_id>/links")
class ServiceSheetLinks(MethodView):
    @blueprint.arguments(LinkAsked)
    @blueprint.response(201, Link)
    @signed_in
    def post(self, asked: dict[str, int], work_order_id: Any) -> Any:
        """A link with which the customer gets the sheet until it ends."""
        policy.need_unmasked(actor())
        with transaction() as session:
            unit_id = papers.unit_of_job(session, actor(), str(work_order_id))
            subject = ("work_order", str(work_order_id))
            note_act(
                session, actor(), "link_made", subject, after={"of": "service_sheet", "hours": asked["hours"]}
            )
        token = share(context().settings.keys, _SALT, [str(work_order_id), unit_id], asked["hours"])
        until = datetime.now(UTC) + timedelta(hours=asked["hours"])
        return {"url": f"/api/v1/shared-papers/{token}", "until": until}


@blueprint.route("/survey-reports/<uuid:survey_id>")
class SurveyReport(MethodView):
    @blueprint.arguments(Asked, location="query")
    @blueprint.response(200, FILE, content_type=_PDF)
    @signed_in
    def get(self, asked: dict[str, str], survey_id: Any) -> Response:
        """The report of a survey: arrival against appointment, findings, sketch, photos."""
        with transaction() as session:
            paper = papers.survey_report(session, actor(), _press(asked["language"]), str(survey_id))
            _note(session, ("survey", str(survey_id)), "survey_report")
        return _given(paper)


@blueprint.route("/cases/<uuid:case_id>")
class CaseFile(MethodView):
    @blueprint.response(200, FILE, content_type="application/zip")
    @signed_in
    def get(self, case_id: Any) -> Response:
        """A case as a zip: records with history, papers in both languages, photos as received, a manifest
        of hashes. Logged."""
        with transaction() as session:
            out = case_file(session, actor(), _press(), str(case_id))
        return send_file(
            out, mimetype="application/zip", as_attachment=True, download_name=f"case-{case_id}.zip"
        )


class MapAsked(Asked):
    """How a map of cells is wanted: paper, format, the day it shows; telephone numbers in its list; which
    page of pictures."""

    size = fields.String(validate=OneOf(sorted(SIZES)), load_default="a4")
    format = fields.String(validate=OneOf(cell_maps.FORMATS), load_default="pdf")
    on = wire.DateIn(load_default=None, allow_none=True)
    phones = fields.Boolean(load_default=False)
    page = fields.Integer(validate=Range(1, 200), load_default=1)


@blueprint.route("/cell-maps/<uuid:unit_id>")
class CellMap(MethodView):
    @blueprint.arguments(MapAsked, location="query")
    @blueprint.response(200, FILE, content_type=_PDF)
    @blueprint.doc(responses={"200": {"content": {media: {"schema": FILE} for media in _TYPES.values()}}})
    @signed_in
    def get(self, asked: dict[str, Any], unit_id: Any) -> Response:
        """The cells of a unit and those below it to print: colours that tell neighbours apart, names, who
        serves them, figures, scale; larger views and a list. `svg` and `png` give one page of it."""
        press, on = _press(asked.pop("language")), asked.pop("on") or today()
        with transaction() as session:
            wanted = cell_maps.Wanted(on=on, **asked)
            drawn = cell_maps.cell_map(session, actor(), press, str(unit_id), wanted)
            _note(session, ("unit", str(unit_id)), "cell_map")
        response = _given(Paper(drawn.filename, drawn.data))
        response.mimetype = _TYPES[wanted.format]
        response.headers["X-Pages"] = str(drawn.pages)
        return response


@shared.route("/<token>")
class SharedPaper(MethodView):
    @shared.arguments(Asked, location="query")
    @shared.response(200, FILE, content_type=_PDF)
    @public("public_per_address")
    def get(self, asked: dict[str, str], token: str) -> Response:
        """The sheet a link is for, until the link ends."""
        job_id, unit_id = shared_subject(context().settings.keys, _SALT, token)
        with reading() as session:
            return _given(
                papers.service_sheet(session, office_of(unit_id), _press(asked["language"]), job_id)
            )
