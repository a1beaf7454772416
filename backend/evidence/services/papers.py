"""Makes papers: the service sheet as it was signed, the report of a survey.

A paper shows what its reader may see, says in words what does not hold, and breaks for no picture, no sign
and no value of a phone's own making.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import UnidentifiedImageError
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.kinds.wire import Choice
from backend.core.lengths import diameter_text, in_own_unit
from backend.core.money import amount_text, bare_amount_text, currency_sign
from backend.core.papers.drawings import code_svg, strokes_svg
from backend.core.papers.typeset import NoFonts, typeset
from backend.core.queries.documents import read_document
from backend.core.queries.masks import sees_all
from backend.core.services import voiding
from backend.core.services.paper_frame import Press, head_of, local_time
from backend.customers.kinds.survey import FINDINGS
from backend.evidence.kinds.upload import Look
from backend.evidence.services.picture import printable
from backend.evidence.services.picturing import content_of
from backend.evidence.services.sheets import sheet_of, sheet_sha256
from backend.jobs.kinds.work_order import SHEET_FIELDS, WAYS_TOLD
from sync.canonical import canonical_json
from sync.change import moment_text, parse_moment
from sync.kind import Values

_JOB = ("matter_id", "dispatched_at", "arrived_at", "started_at", "done_at", "crew_id", "done_by_id")
_SHEET = tuple(name for name in SHEET_FIELDS if name not in ("number", "parts"))
_VISIT = ("work_order_id", "surveyor_id", "appointment_at", "arrived_at", "reported_at")
_SIGNATURE = ("signer_name", "relation", "deputy_reason", "signed_at")
# What a value can raise that is not in its field's form: a signed sheet is kept as its phone made it.
_UNFORMED = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError)
_MOST_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Paper:
    """A finished paper."""

    filename: str
    pdf: bytes


class _Reader:
    """The records a paper is made of, as its reader may see them; the pictures it shows are gathered in
    `files`."""

    def __init__(self, session: Session, actor: Actor, press: Press) -> None:
        self.session, self.actor, self.press = session, actor, press
        self.files: dict[str, bytes] = {}

    def read(self, kind: str, record_id: Any) -> Values | None:
        """A record, or None where it is not there or not theirs to see."""
        try:
            return (
                read_document(self.session, self.actor, KINDS[kind], str(record_id)).values
                if record_id
                else None
            )
        except Problem:
            return None

    def lines(self, kind: str, values: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, str]]:
        """Labels and values of the fields that have one."""
        said = [(name, values.get(name)) for name in names]
        return [
            (self.label(kind, name), self.written(kind, name, value))
            for name, value in said
            if value not in (None, "", [])
        ]

    def written(self, kind: str, name: str, value: Any) -> str:
        """A value as a person reads it, or as it was received where it is not in its field's form."""
        try:
            return self.shown(kind, name, value)
        except _UNFORMED:
            return as_received(value)

    def label(self, kind: str, name: str) -> str:
        """A field's label; money is printed with its currency, so its label names no unit."""
        if name.endswith("_fen"):
            return self.press.say("cost")
        wired = KINDS[kind].wired[name]
        return wired.zh if self.press.language == "zh" else wired.en

    def shown(self, kind: str, name: str, value: Any) -> str:
        """A value as a person reads it."""
        wired = KINDS[kind].wired[name]
        if isinstance(wired.field, Choice) and value in wired.field.labels:
            return wired.field.labels[value][self.press.language != "zh"]
        if isinstance(value, bool):
            return self.press.say("yes" if value else "no")
        if name == "tellings":
            return "\n".join(self._telling(one) for one in value)
        if name.endswith("_at"):
            return local_time(value)
        if name.endswith("_fen"):
            return amount_text(value, self.press.language)
        return self._named(wired.references, value) if wired.references else as_received(value)

    def _telling(self, one: Values) -> str:
        """How much, to whom, how, when, whether they agreed, and why it is another than before."""
        way, why = (
            WAYS_TOLD[one["way"]][self.press.language != "zh"],
            f" ({one['why']})" if one.get("why") else "",
        )
        agreed = self.press.say("agreed" if one["is_agreed"] else "not_agreed")
        told = {
            "minutes": one["minutes"],
            "cost": amount_text(one["cost_fen"], self.press.language),
            "to": one["told_to"],
            "way": way,
        }
        return self.press.say("told", at=local_time(one["at"]), agreed=agreed, **told) + why

    def _named(self, kind: str, record_id: str) -> str:
        found = self.read(kind, record_id) or {}
        name = found.get("name_en") if self.press.language == "en" else found.get("name_zh")
        return str(name or found.get("name") or found.get("number") or "—")

    def picture(self, photo: Values | None, label: str = "") -> Values:
        """How one photo stands on the paper: its file, or the reason why it is not shown."""
        if photo is None:
            return {
                "file": None,
                "why": self.press.say("no_picture"),
                "label": label,
                "taken": "",
                "sha256": "",
            }
        sha256 = str(photo["sha256"])
        shown = {
            "label": self.shown("photo", "purpose", photo["purpose"]),
            "taken": self._taken(photo),
            "sha256": sha256,
        }
        if not photo.get("arrived_at"):
            return shown | {"file": None, "why": self.press.say("not_arrived")}
        name = f"{sha256}.jpg"
        try:
            content = content_of(self.session, self.press.blobs, sha256, "web")
            self.files[name] = printable(b"".join(content.read(self.press.blobs)))
        except Problem as problem:
            why = problem.code if problem.code == "not_ready" else "not_shown"
            return shown | {"file": None, "why": self.press.say(why)}
        except (FileNotFoundError, UnidentifiedImageError, ValueError, SyntaxError):
            return shown | {"file": None, "why": self.press.say("not_readable")}
        return shown | {"file": name, "why": None}

    def _taken(self, photo: Values) -> str:
        at = self._taken_at(photo)
        return local_time(at) if at else ""

    def _taken_at(self, photo: Values) -> str | None:
        """When it was taken as its record says, else as was found in the picture itself; None where
        neither knows."""
        if photo.get("taken_at"):
            return str(photo["taken_at"])
        look = self.session.get(Look, str(photo["sha256"]))
        return moment_text(look.taken_at) if look is not None and look.taken_at else None

    def photos(self, kind: str, values: Values) -> list[Values]:
        """A record's own photos in the order they were taken; those that do not say stand last."""
        found = [
            photo for one in values.get("photo_ids") or () if (photo := self.read("photo", one)) is not None
        ]
        found = [one for one in found if (one["of_kind"], one["of_id"]) == (kind, values["id"])]
        return sorted(found, key=lambda one: (self._taken_at(one) or "~", str(one["id"])))

    def head(self, title: str, number: str, unit_id: str) -> Values:
        """What every paper says of itself."""
        return head_of(self.session, self.press, title, number, unit_id)

    def parts(self, *names: str) -> Values:
        """Headings."""
        return {name: self.press.say(f"part.{name}") for name in names}


def as_received(value: Any) -> str:
    """A value of no known form, as text, cut where it would fill pages."""
    text_ = canonical_json(value).decode() if isinstance(value, dict | list) else str(value)
    return text_ if len(text_) <= _MOST_SHOWN else text_[:_MOST_SHOWN] + "…"


def service_sheet(session: Session, actor: Actor, press: Press, job_id: str) -> Paper:
    """The service sheet of a job; once signed, exactly what was signed. The office's sheet of one that was
    voided says so. Raises not_found, fonts_missing."""
    job, voided = _job(session, actor, job_id)
    reader = _Reader(session, actor, press)
    signature = reader.read("signature", job.get("signature_id"))
    photos = reader.photos("work_order", job)
    signed = (signature or {}).get("sheet")
    sheet = (
        signed
        if isinstance(signed, dict) and signed
        else sheet_of(job, [str(one["sha256"]) for one in photos])
    )
    sign = currency_sign(press.language)
    given = reader.head("service_sheet", str(job.get("number") or job_id), str(job["unit_id"])) | {
        "parts": reader.parts("job", "sheet", "pairs", "others", "signature"),
        "warning": _warning(press, job, voided),
        "job": reader.lines("work_order", job, _JOB),
        "sheet": reader.lines("work_order", sheet, _SHEET),
        "used_head": [
            *map(press.say, ("used.name", "used.quantity")),
            press.say("used.price", currency=sign),
        ],
        "used": [_used(one, press.language) for one in _list(sheet.get("parts"))],
        **_pictures(reader, photos),
        **_signature(reader, job, signature, sheet),
    }
    return Paper(f"{given['title']}-{given['number']}.pdf", _set("service_sheet", given, reader))


def _job(session: Session, actor: Actor, job_id: str) -> tuple[Values, str | None]:
    """A job and, where it was voided, why."""
    try:
        return read_document(session, actor, KINDS["work_order"], job_id).values, None
    except Problem:
        if not actor.is_office:
            raise
        gone = voiding.read_voided(session, actor, KINDS["work_order"], job_id)
        return gone["values"], str(gone["reason"])


def _warning(press: Press, job: Values, voided: str | None) -> str | None:
    """What does not hold, in words: that it was voided, the signature's state, what is told of the photos."""
    state = job.get("signature_state")
    said = [press.say("voided", reason=voided)] if voided is not None else []
    said += [press.say(state)] if state in ("changed", "other", "doubtful") else []
    said += [str(one[press.language]) for one in job.get("photo_reasons") or ()]
    return (" · ".join(said)) or None


def unit_of_job(session: Session, actor: Actor, job_id: str) -> str:
    """The unit of a job its asker may see. Raises not_found."""
    return str(read_document(session, actor, KINDS["work_order"], job_id).values["unit_id"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _used(part: Any, language: str) -> list[str]:
    try:
        price = part.get("unit_price_fen")
        name, quantity = str(part.get("name")), f"{part.get('quantity'):g}"
        return [name, quantity, "—" if price is None else bare_amount_text(price, language)]
    except _UNFORMED:
        return [as_received(part), "—", "—"]


def _pictures(reader: _Reader, photos: list[Values]) -> Values:
    """Before and after side by side, in the order they were taken; a missing partner leaves its place
    empty."""
    before, after = ([one for one in photos if one["purpose"] == purpose] for purpose in ("before", "after"))
    pairs: list[Values] = []
    for n in range(max(len(before), len(after))):
        for side, purpose in ((before, "before"), (after, "after")):
            one = side[n] if n < len(side) else None
            pairs.append(reader.picture(one, reader.shown("photo", "purpose", purpose)))
    others = [reader.picture(one) for one in photos if one["purpose"] not in ("before", "after")]
    return {"pairs": pairs, "others": others}


def _signature(reader: _Reader, job: Values, signature: Values | None, sheet: Values) -> Values:
    """The customer's part: strokes, who, when, and the code that leads to the page which checks it."""
    press = reader.press
    if signature is None:
        why = reader.lines("work_order", job, ("unsigned_kind", "unsigned_reason"))
        rows = [(press.say("part.signature"), press.say("not_signed")), *why]
        return {
            "signature": rows,
            "strokes": False,
            "code": None,
            "code_words": "",
            "sheet_sha256": None,
            "sheet_hash_label": "",
        }
    rows = reader.lines("signature", signature, _SIGNATURE)
    if signature.get("way") not in (None, "door"):
        rows += reader.lines("signature", signature, ("way", "way_by_id"))
    drawn = strokes_svg(signature.get("strokes"))
    # Who sees masks is shown another sheet than was signed; the hash is that of the signed one.
    sha256 = sheet_sha256(sheet) if sees_all(reader.actor) else str(signature["sheet_sha256"])
    code = f"{press.address}verify?s={signature['id']}&h={sha256}"
    reader.files |= {"code.svg": code_svg(code)} | ({"signature.svg": drawn} if drawn else {})
    return {
        "signature": rows,
        "strokes": drawn is not None,
        "code": code,
        "code_words": press.say("verify"),
        "sheet_sha256": sha256,
        "sheet_hash_label": press.say("hash"),
    }


def survey_report(session: Session, actor: Actor, press: Press, survey_id: str) -> Paper:
    """The report of a survey: punctuality, findings, sketch, photos. Raises not_found, fonts_missing."""
    survey = read_document(session, actor, KINDS["survey"], survey_id).values
    reader = _Reader(session, actor, press)
    photos, late = reader.photos("survey", survey), _late(survey)
    visit = reader.lines("survey", survey, _VISIT)
    if late is not None:
        visit.append((press.say("punctual"), press.say("minutes", minutes=f"{late:+d}")))
    sketch = reader.read("photo", survey.get("sketch_id"))
    given = reader.head("survey_report", survey_id[-12:].upper(), str(survey["unit_id"])) | {
        "parts": reader.parts("visit", "findings", "sketch", "photos"),
        "warning": press.say("not_reported") if survey["state"] != "reported" else None,
        "visit": visit,
        "findings": [*_findings(reader, survey), *reader.lines("survey", survey, ("remarks",))],
        "sketch": [reader.picture(sketch)] if sketch else [],
        "photos": [reader.picture(one) for one in photos if one["id"] != survey.get("sketch_id")],
    }
    return Paper(f"{given['title']}-{given['number']}.pdf", _set("survey_report", given, reader))


def _findings(reader: _Reader, survey: Values) -> list[tuple[str, str]]:
    found = survey.get("findings") or {}
    return [
        (in_own_unit(FINDINGS[name][reader.press.language != "zh"]), _finding(reader, name, value))
        for name, value in found.items()
        if name in FINDINGS and value is not None
    ]


def _finding(reader: _Reader, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return reader.press.say("yes" if value else "no")
    return diameter_text(value) if name == "diameter_mm" and isinstance(value, int) else str(value)


def _late(survey: Values) -> int | None:
    """Minutes between appointment and arrival; None while one of them is unknown."""
    if not (survey.get("appointment_at") and survey.get("arrived_at")):
        return None
    late = parse_moment(survey["arrived_at"]) - parse_moment(survey["appointment_at"])
    return round(late.total_seconds() / 60)


def _set(template: str, given: Values, reader: _Reader) -> bytes:
    try:
        return typeset(template, given, reader.files, reader.press.fonts)
    except NoFonts as error:
        raise Problem("fonts_missing", folder=str(error)) from error
