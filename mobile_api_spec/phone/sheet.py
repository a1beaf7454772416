"""The service sheet: what was found, done and told, in one form whose hash a signature is bound to (protocol, section 5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

FIELDS = ("number", "address", "description", "diagnosis", "told_minutes", "told_cost_fen", "tellings", "result", "remainder", "parts", "pressure_kpa")  # fmt: skip


def sheet_of(job: Mapping[str, Any], photo_hashes: Iterable[str]) -> dict[str, Any]:
    """The sheet of a job; fields without a value are left out, photos stand by their hashes, sorted."""
    said = {name: job[name] for name in FIELDS if job.get(name) not in (None, "")}
    return said | {"photos": sorted(photo_hashes)}


def sheet_hash(sheet: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of its canonical JSON."""
    return hashlib.sha256(_canonical(sheet)).hexdigest()


def statement(signature_id: str, device_id: str, signature: Mapping[str, Any]) -> bytes:
    """What a device signs with its key when a customer has signed: who signed which sheet, when, and with which strokes."""
    told = {name: signature.get(name) for name in ("of_kind", "of_id", "sheet_sha256", "signer_name", "relation", "signed_at")}  # fmt: skip
    place = signature.get("place")
    told["place"] = ",".join(f"{one:.6f}" for one in place["coordinates"][:2]) if place else None
    strokes = hashlib.sha256(_canonical(signature.get("strokes"))).hexdigest()
    return _canonical(told | {"id": signature_id, "device_id": device_id, "strokes_sha256": strokes})


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
