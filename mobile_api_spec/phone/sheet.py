"""Builds the service sheet: what was found, done and told.

One form whose hash a signature is bound to (protocol, section 5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mobile_api_spec.phone.canonical import canonical_text

FIELDS = (
    "number",
    "address",
    "description",
    "diagnosis",
    "told_minutes",
    "told_cost_fen",
    "tellings",
    "result",
    "remainder",
    "parts",
    "pressure_kpa",
)


def sheet_of(job: Mapping[str, Any], photo_hashes: Iterable[str]) -> dict[str, Any]:
    """The sheet of a job; fields without a value are left out, photos stand by their hashes, sorted."""
    said = {name: job[name] for name in FIELDS if job.get(name) not in (None, "")}
    return said | {"photos": sorted(photo_hashes)}


def sheet_hash(sheet: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of its canonical JSON."""
    return hashlib.sha256(_canonical(sheet)).hexdigest()


def statement(signature_id: str, device_id: str, signature: Mapping[str, Any]) -> bytes:
    """What a device signs with its key when a customer has signed.

    Who signed which sheet, when, and with which strokes.
    """
    told = {
        name: signature.get(name)
        for name in ("of_kind", "of_id", "sheet_sha256", "signer_name", "relation", "signed_at")
    }
    place = signature.get("place")
    told["place"] = ",".join(map(_six_decimals, place["coordinates"][:2])) if place else None
    strokes = hashlib.sha256(_canonical(signature.get("strokes"))).hexdigest()
    return _canonical(told | {"id": signature_id, "device_id": device_id, "strokes_sha256": strokes})


def _canonical(value: Any) -> bytes:
    return canonical_text(value).encode()


def _six_decimals(degrees: float) -> str:
    """As ECMAScript's `toFixed(6)` has it: halves away from zero, judged by the number's exact value."""
    return str(Decimal(degrees + 0.0).quantize(Decimal("0.000001"), ROUND_HALF_UP))
