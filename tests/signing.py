"""Fixtures of signing: a crew's phone with a key, and a customer who signs on it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.core.services.noting import note_rows
from backend.core.services.record_writer import new_id
from backend.queue import serving
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.sheet import sheet_hash, sheet_of, statement
from tests.factories import Town, middle, uid

STROKES = {"width": 300, "height": 200, "lines": [[[1, 2, 0], [30, 40, 50]]]}
PhoneOf = Callable[..., Phone]


def signed_text(key: ec.EllipticCurvePrivateKey, message: bytes) -> str:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(key.public_key().public_bytes(*form)).decode()


@dataclass
class Crew:
    """A crew's phone with a key, at a job under way."""

    phone: Phone
    key: ec.EllipticCurvePrivateKey
    database: Database
    town: Town
    job: str

    def sign(self, job: str | None = None, **false: Any) -> str:
        """The customer signs the sheet as the phone shows it; `false` puts something else into the record."""
        shown = self.phone.records("work_order")[job or self.job] | {"result": "修好了"}
        taken = [self.phone.records("photo")[one]["sha256"] for one in shown.get("photo_ids") or ()]
        sheet, record = sheet_of(shown, taken), new_id()
        values = {
            "of_kind": "work_order",
            "of_id": job or self.job,
            "signer_name": "王小一",
            "relation": "self",
            "strokes": STROKES,
            "sheet": sheet,
            "sheet_sha256": sheet_hash(sheet),
            "signed_at": "2026-09-01T02:03:04.567000Z",
            "place": middle(0),
            "crew_id": self.town["crew"],
            "staff_id": self.phone.staff_id,
        }
        device = self.phone.store.meta("device")
        values["device_signature"] = signed_text(self.key, statement(record, device, values))
        return self.phone.create("signature", values | false, record)

    def finish(self, signature: str, job: str | None = None) -> None:
        """Done, with this signature; handed in and looked at."""
        self.phone.act(
            "work_order", job or self.job, "finish", {"result": "修好了", "signature_id": signature}
        )
        self.hand_in()

    def hand_in(self) -> None:
        """Sync, and let the worker look at what came."""
        self.phone.sync()
        serving.serve(self.database)

    def stored(self, kind: str, record: str) -> dict[str, Any]:
        """A record as the server has it."""
        with self.database.transaction() as session:
            return record_writer.read(session, kind, record).values


def job_under_way(database: Database, town: Town, name: str) -> str:
    values = {
        "matter_id": town["leak"],
        "crew_id": town["crew"],
        "cell_id": town["cell 0"],
        "description": "漏水",
        "address": "香港中路1号",
        "number": f"WX-{name}",
        "signature_required": True,
        "state": "in_progress",
        "case_id": uid(name),
    }
    with database.transaction() as session:
        record_writer.create(session, system(town["north"]), "work_order", values, record_id=uid(name))
    serving.serve(database)
    return uid(name)


def give_key(database: Database, phone: Phone, key: ec.EllipticCurvePrivateKey) -> None:
    """The server learns a phone's key, as at its first sign-in."""
    with database.transaction() as session:
        session.execute(
            text("UPDATE device SET public_key = :key WHERE id = CAST(:id AS uuid)"),
            {"key": public_text(key), "id": phone.store.meta("device")},
        )
        note_rows(session, "device", [phone.store.meta("device")])


def crew_with_a_key(phone_of: PhoneOf, database: Database, town: Town) -> Crew:
    """The leader's phone, its key known to the server, at a job under way."""
    key = ec.generate_private_key(ec.SECP256R1())
    job, phone = job_under_way(database, town, "job"), phone_of("leader")
    give_key(database, phone, key)
    phone.sync()
    return Crew(phone, key, database, town, job)
