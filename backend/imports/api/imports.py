"""Imports over HTTP: send a file, confirm its columns, look at the dry run, settle, apply."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length, Range

from backend.core.api.authentication import ANYTHING, MIB, actor, signed_in, takes
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import JSON_VALUE, AnyOfShape, FaultOut
from backend.core.kinds import wire
from backend.imports.kinds.import_run import STATES, VERDICTS, ImportRun
from backend.imports.queries import run_rows
from backend.imports.reading.tables import MOST_BYTES, read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.services import first_passwords, reports, runs, settling

blueprint = Blueprint("imports", __name__, url_prefix="/api/v1/imports", description="导入 · Imports")
_TARGETS = {name: (one.zh, one.en) for name, one in TARGETS.items()}
_ANY = AnyOfShape(JSON_VALUE)
_FILE = {"type": "string", "format": "binary"}
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportFileQuery(Schema):
    """What the file does not say of itself."""

    unit_id = wire.Id(required=True)
    target = wire.Choice(_TARGETS, required=True)
    filename = wire.Text(most=200, least=3, required=True)
    sheet = wire.Text(most=100, metadata={"description": "of a workbook; else the first that is seen"})
    encoding = wire.Text(
        most=20, metadata={"description": "of a text whose own cannot be found, such as gb18030"}
    )


class ImportChoice(Schema):
    """A possible answer."""

    value = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class ImportField(Schema):
    """One thing that can be taken from a column."""

    name = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    is_required = fields.Boolean(required=True)


class ImportTarget(Schema):
    """What a file can be imported as."""

    name = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    fields_ = fields.List(fields.Nested(ImportField), required=True, data_key="fields")


class ImportColumn(Schema):
    """A column of the file."""

    letter = fields.String(required=True)
    name = fields.String(required=True)
    examples = fields.List(fields.String(), required=True)


class ImportSheet(Schema):
    """A sheet of the workbook."""

    name = fields.String(required=True)
    is_hidden = fields.Boolean(required=True)


class ImportSetAside(Schema):
    """A row that is no data: a title, a total, a note, or the header once more."""

    row = fields.Integer(required=True)
    why = fields.String(required=True)
    text = fields.String(required=True)


class ImportQuestion(Schema):
    """What cannot be known of a column and is asked; its answer goes into the mapping under `name`."""

    name = fields.String(required=True)
    field = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    choices = fields.List(fields.Nested(ImportChoice), required=True)
    likely = fields.String(required=True, allow_none=True)
    examples = fields.List(fields.String(), required=True)
    rows = fields.Integer(required=True)


class ImportOut(Schema):
    """An import: its file, what its columns mean, how far it is, and its counts."""

    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    target = fields.String(required=True)
    filename = fields.String(required=True)
    file_sha256 = fields.String(required=True)
    state = wire.Choice(STATES, required=True)
    rows = fields.Integer(required=True)
    done = fields.Integer(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    columns = fields.List(fields.Nested(ImportColumn), required=True)
    sheet = fields.String(required=True)
    sheets = fields.List(fields.Nested(ImportSheet), required=True)
    encoding = fields.String(required=True, allow_none=True)
    header_rows = fields.List(fields.Integer(), required=True)
    set_aside = fields.List(fields.Nested(ImportSetAside), required=True)
    chosen = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "field: column"}
    )
    answers = fields.Dict(keys=fields.String(), values=_ANY, required=True)
    clears_empty = fields.Boolean(required=True)
    questions = fields.List(fields.Nested(ImportQuestion), required=True)
    problem = fields.Dict(keys=fields.String(), values=_ANY, required=True, allow_none=True)
    made_by_id = fields.String(required=True)
    made_at = wire.Moment(required=True)
    ended_at = wire.Moment(required=True, allow_none=True)


class ImportMappingIn(Schema):
    """What its columns mean."""

    columns = fields.Dict(keys=wire.Text(most=40), values=wire.Text(most=200), required=True)
    answers = fields.Dict(keys=wire.Text(most=200), values=_ANY, load_default=dict)
    clears_empty = wire.Flag(
        load_default=False,
        metadata={
            "description": "an empty cell of a chosen column empties the field; else it stays as it is"
        },
    )


class ImportRowsQuery(Schema):
    """Which rows, and behind which number."""

    verdict = wire.Choice(VERDICTS, required=True)
    after = fields.Integer(load_default=-(2**31))
    # In a query a number is text, which a whole number of a body must not be.
    most = fields.Integer(validate=Range(1, 1000), load_default=100)


class ImportRowOut(Schema):
    """A row with its verdict; `proposal` is what its address says, `record_id` what it is in the ledger."""

    number = fields.Integer(required=True)
    verdict = wire.Choice(VERDICTS, required=True)
    values = fields.Dict(keys=fields.String(), values=_ANY, required=True, allow_none=True)
    reasons = fields.List(fields.Nested(FaultOut), required=True)
    proposed_cell_id = fields.String(required=True, allow_none=True)
    confidence = fields.Float(required=True, allow_none=True)
    is_settled = fields.Boolean(required=True)
    record_id = fields.String(required=True, allow_none=True)


class ImportSettleIn(Schema):
    """Where rows are: these, or all that wait."""

    way = wire.Choice(settling.WAYS, required=True)
    numbers = fields.List(wire.Whole(least=1), validate=Length(max=1000), load_default=None, allow_none=True)
    cell_id = wire.Id(metadata={"description": "cell: which"})
    place = wire.Coordinates("Point", metadata={"description": "place: where"})
    least_confidence = wire.Number(
        least=0, most=1, load_default=0, metadata={"description": "proposed: how sure"}
    )


class ImportSettled(Schema):
    """How many rows were settled."""

    settled = fields.Integer(required=True)


class ImportReportQuery(Schema):
    """Which rows, as what."""

    verdict = wire.Choice({name: VERDICTS[name] for name in ("refused", "to_settle")}, load_default="refused")
    format = wire.Choice({"xlsx": ("Excel", "Excel"), "csv": ("CSV", "CSV")}, load_default="xlsx")


class FirstPasswordsIn(Schema):
    """For how long, and for whom."""

    hours = wire.Whole(least=1, most=30 * 24, load_default=72)
    anew = fields.Boolean(
        load_default=False,
        metadata={"description": "also who has a link that is still good: that one ends"},
    )


class FirstPasswordLink(Schema):
    """Somebody's link; `token` is shown once."""

    staff_id = fields.String(required=True)
    staff_number = fields.String(required=True)
    name = fields.String(required=True)
    login = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    token = fields.String(required=True)
    until = wire.Moment(required=True)


class FirstPasswords(Schema):
    """Links that were made; how many people another unit keeps, and how many still wait for theirs."""

    links = fields.List(fields.Nested(FirstPasswordLink), required=True)
    left_out = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


def shown(run: ImportRun) -> dict[str, Any]:
    """A run as it is told of."""
    plain = ("target", "filename", "file_sha256", "state", "rows", "done", "counts", "questions", "problem",
             "made_at", "ended_at")  # fmt: skip
    of_head = ("columns", "sheet", "sheets", "encoding", "header_rows", "set_aside")
    return {
        **{name: getattr(run, name) for name in plain},
        **{name: run.head[name] for name in of_head},
        "id": str(run.id),
        "unit_id": str(run.unit_id),
        "made_by_id": str(run.made_by_id),
        "chosen": run.mapping["columns"],
        "answers": run.mapping["answers"],
        "clears_empty": bool(run.options.get("clears_empty")),
    }


@blueprint.route("")
class Imports(MethodView):
    @blueprint.response(200, ImportOut(many=True))
    @signed_in
    def get(self) -> Any:
        """The newest imports of the asker's units."""
        with reading() as session:
            return [shown(one) for one in runs.list_runs(session, actor())]

    @blueprint.arguments(ImportFileQuery, location="query")
    @blueprint.response(201, ImportOut)
    @takes(min(MOST_BYTES, 300 * MIB), ANYTHING)
    @signed_in
    def post(self, query: dict[str, Any]) -> Any:
        """A table (Excel, ODS, CSV) as the body: read at once, with the columns that are likely meant."""
        with reading() as session:
            runs.need_keeper(session, actor(), query["unit_id"])
        data = request.get_data()
        table = read_table(data, query["filename"], sheet=query.get("sheet"), encoding=query.get("encoding"))
        with transaction() as session:
            given = query["unit_id"], query["target"], query["filename"]
            return shown(runs.begin_run(session, actor(), *given, data, table))


@blueprint.route("/targets")
class Targets(MethodView):
    @blueprint.response(200, ImportTarget(many=True))
    @signed_in
    def get(self) -> Any:
        """What a file can be imported as, with the fields of each."""
        return [
            {
                "name": one.name,
                "zh": one.zh,
                "en": one.en,
                "fields_": [
                    {"name": each.name, "zh": each.zh, "en": each.en, "is_required": each.required}
                    for each in one.fields
                ],
            }
            for one in TARGETS.values()
        ]


@blueprint.route("/<uuid:run_id>")
class Import(MethodView):
    @blueprint.response(200, ImportOut)
    @signed_in
    def get(self, run_id: Any) -> Any:
        """How far it is, and its counts."""
        with reading() as session:
            return shown(runs.read_run(session, actor(), str(run_id)))

    @blueprint.response(204)
    @signed_in
    def delete(self, run_id: Any) -> None:
        """Discard it: nothing of it is written."""
        with transaction() as session:
            runs.discard_run(session, actor(), str(run_id))


@blueprint.route("/<uuid:run_id>/mapping")
class MappingView(MethodView):
    @blueprint.arguments(ImportMappingIn(unknown=RAISE))
    @blueprint.response(200, ImportOut)
    @signed_in
    def put(self, body: dict[str, Any], run_id: Any) -> Any:
        """Confirm what its columns mean: a worker checks every row; look again until `state` is `checked`."""
        options = {"clears_empty": bool(body["clears_empty"])}
        with transaction() as session:
            return shown(
                runs.confirm_mapping(session, actor(), str(run_id), body["columns"], body["answers"], options)
            )


@blueprint.route("/<uuid:run_id>/rows")
class Rows(MethodView):
    @blueprint.arguments(ImportRowsQuery, location="query")
    @blueprint.response(200, ImportRowOut(many=True))
    @signed_in
    def get(self, query: dict[str, Any], run_id: Any) -> Any:
        """Rows of a verdict: to settle with what is proposed, refused with why."""
        with reading() as session:
            runs.read_run(session, actor(), str(run_id))
            found = run_rows.listed(session, str(run_id), query["verdict"], query["after"], query["most"])
        return [_row(one) for one in found]


def _row(row: run_rows.Staged) -> dict[str, Any]:
    located = (row.clean or {}).get("located") or {}
    return {
        "number": row.number,
        "verdict": row.verdict,
        "values": (row.clean or {}).get("values"),
        "reasons": row.reasons,
        "proposed_cell_id": located.get("cell_id"),
        "confidence": located.get("confidence"),
        "is_settled": row.settled is not None,
        "record_id": row.record_id,
    }


@blueprint.route("/<uuid:run_id>/settled")
class Settled(MethodView):
    @blueprint.arguments(ImportSettleIn(unknown=RAISE))
    @blueprint.response(200, ImportSettled)
    @signed_in
    def put(self, body: dict[str, Any], run_id: Any) -> Any:
        """Say where rows are that wait: what is not settled is not written."""
        way, numbers = body.pop("way"), body.pop("numbers")
        with transaction() as session:
            return {"settled": settling.settle_rows(session, actor(), str(run_id), way, numbers, **body)}


@blueprint.route("/<uuid:run_id>/acceptance")
class Acceptance(MethodView):
    @blueprint.response(200, ImportOut)
    @signed_in
    def put(self, run_id: Any) -> Any:
        """Let it come true: a worker writes it in batches; look again until `state` is `applied`."""
        with transaction() as session:
            return shown(runs.apply_run(session, actor(), str(run_id)))


@blueprint.route("/<uuid:run_id>/account-links")
class AccountLinks(MethodView):
    @blueprint.arguments(FirstPasswordsIn(unknown=RAISE))
    @blueprint.response(201, FirstPasswords)
    @signed_in
    def post(self, body: dict[str, Any], run_id: Any) -> Any:
        """Links to a first password for all accounts of the import that have none; each is shown once."""
        with transaction() as session:
            return first_passwords.make_first_passwords(
                session, actor(), str(run_id), body["hours"], anew=body["anew"]
            )


@blueprint.route("/<uuid:run_id>/report")
class Report(MethodView):
    @blueprint.arguments(ImportReportQuery, location="query")
    @blueprint.response(200, _FILE, content_type=_SHEET)
    @signed_in
    def get(self, query: dict[str, Any], run_id: Any) -> Any:
        """The refused rows (or those to settle) with every reason, to be mended in the file."""
        with reading() as session:
            run = runs.read_run(session, actor(), str(run_id))
            lines = reports.lines_of(session, str(run.id), query["verdict"])
            is_csv = query["format"] == "csv"
            data = reports.as_csv(lines) if is_csv else reports.as_xlsx(lines)
        name = f"{query['verdict']}-{str(run_id)[:8]}.{query['format']}"
        media = "text/csv; charset=utf-8" if is_csv else _SHEET
        return Response(
            data, content_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
