"""Service sheets and the signatures on them: is this what the customer saw, did this phone take it, has it
changed since?

Judged after commit, by the server's own reading of the records; what was judged stands on the signature and
on the job.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.evidence.queries.signatures import Made, how_made, is_replayed
from backend.evidence.services.checking import differing, history_is_sealed
from backend.evidence.services.sealing import ERASED
from backend.jobs.kinds.work_order import SHEET_FIELDS
from sync.canonical import canonical_json
from sync.kind import Values

# What a phone's signature speaks for, besides its own id and the record's.
COVERED = ("of_kind", "of_id", "sheet_sha256", "signer_name", "relation", "signed_at", "place", "strokes")


def sheet_of(job: Values, photo_hashes: Iterable[str]) -> Values:
    """The sheet of a job; fields without a value are left out, photos stand by their hashes, sorted."""
    said = {name: job[name] for name in SHEET_FIELDS if job.get(name) not in (None, "")}
    return said | {"photos": sorted(photo_hashes)}


def sheet_sha256(sheet: Any) -> str:
    """The hash (hex) a signature is bound to."""
    return hashlib.sha256(canonical_json(sheet)).hexdigest()


def statement(signature_id: str, device_id: str, signature: Values) -> bytes:
    """What the device has signed with its key."""
    told = {name: signature.get(name) for name in COVERED[:5]}
    strokes = hashlib.sha256(canonical_json(signature.get("strokes"))).hexdigest()
    told |= {
        "signed_at": signature.get("signed_at"),
        "place": _place_text(signature),
        "strokes_sha256": strokes,
    }
    return canonical_json(told | {"id": signature_id, "device_id": device_id})


def _place_text(signature: Values) -> str | None:
    place = signature.get("place")
    return ",".join(map(_six_decimals, place["coordinates"][:2])) if place else None


def _six_decimals(degrees: float) -> str:
    """As ECMAScript's `toFixed(6)` has it: halves away from zero, judged by the number's exact value."""
    return str(Decimal(degrees + 0.0).quantize(Decimal("0.000001"), ROUND_HALF_UP))


def is_signed_by(public_key: str, message: bytes, signature: str) -> bool:
    """Whether a P-256 key (base64 SPKI) made this signature (base64 of r and s, as WebCrypto gives it)."""
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if (
        not isinstance(key, ec.EllipticCurvePublicKey)
        or not isinstance(key.curve, ec.SECP256R1)
        or len(raw) != 64
    ):
        return False
    pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    try:
        key.verify(pair, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def judge_signature(session: Session, signature_id: str) -> None:
    """Look at a new signature: the sheet it carries, its strokes, its device; then at its job.

    Safe to repeat.
    """
    values = record_writer.read(session, "signature", signature_id).values
    made = how_made(session, signature_id)
    is_erased = _is_erased(made, values)
    found = {
        # What was found before the law took the values away stays found.
        "sheet_check": values.get("sheet_check")
        if is_erased
        else _sheet_check(session, signature_id, values),
        "device_check": device_check(made, signature_id, values),
        "way": values.get("way") or "door",
    }
    if any(values.get(name) != value for name, value in found.items()):
        record_writer.change(session, system(values["unit_id"]), "signature", signature_id, found)
    if values["of_kind"] == "work_order":
        try:
            judge_job(session, values["of_id"])
        except Problem as problem:
            if problem.code != "not_found":  # Its job has not come yet; its writing will look again.
                raise


def _sheet_check(session: Session, signature_id: str, values: Values) -> str:
    if values.get("sheet") is None:
        return "not_carried"
    if sheet_sha256(values["sheet"]) != values["sheet_sha256"]:
        return "broken"
    strokes = canonical_json(values["strokes"]).decode()
    return "replayed" if is_replayed(session, signature_id, values["of_id"], strokes) else "kept"


def _is_erased(made: Made, values: Values) -> bool:
    return bool(values["signer_name"] == ERASED != made.signer_name)


def device_check(made: Made, signature_id: str, values: Values) -> str:
    """What the phone's own signature says of name, relation, strokes, sheet, moment and place: one of
    DEVICE_CHECKS."""
    if not made.device_id or not made.public_key or not values.get("device_signature"):
        return "none"
    if _is_erased(made, values):
        return "erased"
    message = statement(signature_id, made.device_id, values)
    return "valid" if is_signed_by(made.public_key, message, values["device_signature"]) else "invalid"


def judge_job(session: Session, job_id: str) -> str | None:
    """How a job stands to its signature; noted on the job when it changed. None while it has none."""
    job = record_writer.read(session, "work_order", job_id).values
    state = signature_state(session, job_id, job)
    if state != job.get("signature_state"):
        record_writer.change(
            session, system(job["unit_id"]), "work_order", job_id, {"signature_state": state}
        )
    return state


def signature_state(session: Session, job_id: str, job: Values) -> str | None:
    """`valid`, `changed` since, `other` (of another job), `doubtful`, or None without a signature."""
    if not job.get("signature_id"):
        return None
    key = ("signature", str(job["signature_id"]))
    stored = record_writer.push_store(session).load([key], lock=False).get(key)
    if stored is None or stored.deleted:
        return "doubtful"
    signature = stored.values
    if (signature["of_kind"], signature["of_id"]) != ("work_order", job_id):
        return "other"
    if signature.get("sheet_check") in ("broken", "replayed") or signature.get("device_check") == "invalid":
        return "doubtful"
    now = sheet_sha256(sheet_of(job, photo_hashes(session, job_id, job.get("photo_ids") or [])))
    return "valid" if now == signature["sheet_sha256"] else "changed"


def photo_hashes(session: Session, job_id: str, photo_ids: list[str]) -> list[str]:
    """A job's photos by hash; a picture whose record has not come yet stands by its id, as on the phone.

    A picture of something else is none of this job's, whoever named it: a sheet that shows it is not this
    job's sheet.
    """
    found = record_writer.push_store(session).load([("photo", one) for one in photo_ids], lock=False)
    return [
        str(found["photo", one].values["sha256"]) if ("photo", one) in found else one
        for one in photo_ids
        if ("photo", one) not in found or is_photo_of(found["photo", one].values, job_id)
    ]


def is_photo_of(photo: Values, job_id: str) -> bool:
    """Whether a picture was taken of this job."""
    return (photo["of_kind"], photo["of_id"]) == ("work_order", job_id)


def verdict(session: Session, signature_id: str, given_sha256: str) -> dict[str, Any]:
    """For anybody: is a sheet with this hash what was signed, and does it stand? Says nothing about
    anybody.

    `genuine`: signed so and still so; `changed`: signed otherwise, or changed since; `unknown`: no such
    signature. `differs` names what is not as it was signed or sealed, as `kind.field`; `device_check` is what
    the phone's signature says now, `covers` what it speaks for; `way` how the customer came to sign.
    """
    stored = (
        record_writer.push_store(session)
        .load([("signature", signature_id)], lock=False)
        .get(("signature", signature_id))
    )
    if stored is None or stored.deleted:
        return _told("unknown", None)
    values, made = stored.values, how_made(session, signature_id)
    key = (str(values["of_kind"]), str(values["of_id"]))
    job = (
        record_writer.push_store(session).load([key], lock=False).get(key) if key[0] == "work_order" else None
    )
    stands = job is not None and not job.deleted and signature_state(session, job.id, job.values) == "valid"
    keys = [
        key,
        ("signature", signature_id),
        *(("photo", one) for one in (job.values.get("photo_ids") or () if job else ())),
    ]
    differs = [found for one in keys for found in _differs(session, one)]
    checked = device_check(made, signature_id, values)
    differs += ["signature.device_signature"] if checked == "invalid" and not differs else []
    is_genuine = stands and not differs and checked != "invalid" and given_sha256 == values["sheet_sha256"]
    return _told(
        "genuine" if is_genuine else "changed",
        values["signed_at"],
        differs=sorted(set(differs)),
        device_check=checked,
        covers=list(COVERED) if checked == "valid" else [],
        way=values.get("way") or "door",
    )


def _told(
    word: str,
    signed_at: str | None,
    *,
    differs: Sequence[str] = (),
    device_check: str | None = None,
    covers: Sequence[str] = (),
    way: str | None = None,
) -> dict[str, Any]:
    return {
        "verdict": word,
        "signed_at": signed_at,
        "differs": list(differs),
        "device_check": device_check,
        "covers": list(covers),
        "way": way,
    }


def _differs(session: Session, key: tuple[str, str]) -> list[str]:
    """What of a record is not as its sealed history tells it: `kind.field`, or `kind` where it is more
    than a field."""
    if key[0] not in SYNC_KINDS:
        return []
    found = [
        f"{key[0]}.{name}" for one in differing(session, key[0], [key[1]]) for name in (one.fields or ("",))
    ]
    return [one.rstrip(".") for one in found] + (
        [f"{key[0]}.history"] if not history_is_sealed(session, *key) else []
    )


def judge_job_of_photo(session: Session, photo_id: str) -> None:
    """A job's photo came after its signature: the sheet names it by its hash only now."""
    photo = record_writer.read(session, "photo", photo_id).values
    key = ("work_order", photo["of_id"])
    if photo["of_kind"] != "work_order":
        return
    job = record_writer.push_store(session).load([key], lock=False).get(key)
    if job is not None and not job.deleted and job.values.get("signature_id"):
        judge_job(session, photo["of_id"])
