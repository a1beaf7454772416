"""Exports a case as one archive (案卷): records with history, papers, original photos, a manifest of hashes.

Whoever receives it can check every file against `manifest.json`, and the manifest against the log of who took
it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.blobs.store import key_of
from backend.core.errors import Problem
from backend.core.kinds.access import Access
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import history_of, read_document
from backend.core.services.auditing import note_act
from backend.core.services.noting import note_rows
from backend.core.services.paper_frame import LANGUAGES, Press
from backend.evidence.queries.case_file import records_of_case, standing_on
from backend.evidence.services.papers import service_sheet, survey_report
from backend.evidence.services.picturing import content_of
from sync.change import moment_text
from sync.kind import Values

log = structlog.get_logger(__name__)
MOST_BYTES = 2_000_000_000
_IN_MEMORY = 16 * 1024 * 1024
# One paper that cannot be made keeps nobody from the records, the photos and the other papers.
_UNMADE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError, OSError)
_THREADS = ("work_order", "item", "visit", "survey")


class _Bundle:
    """A zip under way, and what its manifest will say."""

    def __init__(self, out: IO[bytes]) -> None:
        # Photos are compressed already; texts and papers are small.
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_STORED)
        self.files: list[Values] = []
        self.missing: list[Values] = []
        self._bytes = 0

    def add(self, name: str, chunks: Iterator[bytes], **about: str) -> None:
        """A file, hashed as it is written. Raises too_large."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w") as out:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > MOST_BYTES:
                    raise Problem("too_large", most_bytes=MOST_BYTES)
                out.write(chunk)
        self.files.append({"name": name, "sha256": digest.hexdigest(), "size_bytes": size} | about)

    def abandon(self) -> None:
        """Let go of the file before it is closed, else the zip would write its end into it later."""
        self._zip.close()

    def close(self, about: Values) -> None:
        """The manifest comes last: it names all others."""
        manifest = about | {"files": self.files, "missing": self.missing}
        self._zip.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        self._zip.close()


def case_file(session: Session, actor: Actor, press: Press, case_id: str) -> IO[bytes]:
    """The zip of a case, at its start, and a line in the log of accesses.

    Raises not_allowed, not_found, too_large.
    """
    policy.need_office(actor)
    records = _records(session, actor, case_id)
    if not records:
        raise Problem("not_found", id=case_id)
    look = Access(staff_id=UUID(actor.id), unit_id=UUID(actor.unit_id), what="case", of_id=UUID(case_id))
    session.add(look)
    session.flush()
    note_rows(session, "access", [look.id], actor)
    note_act(session, actor, "exported", ("case", case_id), after={"records": len(records)})
    out: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    bundle = _Bundle(out)
    try:
        for kind, values in records:
            _add_record(session, actor, bundle, kind, values)
            _add_papers(session, actor, bundle, press, kind, values)
            if kind == "photo":
                _add_photo(session, bundle, press, values)
        bundle.close({"case_id": case_id, "made_at": moment_text(datetime.now(UTC)), "made_by": actor.id})
    except BaseException:
        bundle.abandon()
        out.close()
        raise
    out.seek(0)
    return out


def _records(session: Session, actor: Actor, case_id: str) -> list[tuple[str, Values]]:
    """What belongs to the case and its asker may see: threads, then what stands on them."""
    threads = [(kind, one) for kind in _THREADS for one in records_of_case(session, kind, case_id)]
    held = [key for kind, one in threads for key in standing_on(session, kind, one)]
    found = []
    for kind, record_id in dict.fromkeys([*threads, *held]):
        try:
            found.append((kind, read_document(session, actor, KINDS[kind], record_id).values))
        except Problem:
            continue  # Not theirs to see.
    return found


def _add_record(session: Session, actor: Actor, bundle: _Bundle, kind: str, values: Values) -> None:
    whole: dict[str, Any] = {
        "record": values,
        "history": history_of(session, actor, KINDS[kind], values["id"]),
    }
    data = orjson.dumps(whole, option=orjson.OPT_INDENT_2, default=str)
    bundle.add(f"records/{kind}-{values['id']}.json", iter((data,)), kind=kind, id=values["id"])


def _add_papers(
    session: Session, actor: Actor, bundle: _Bundle, press: Press, kind: str, values: Values
) -> None:
    make = {"work_order": service_sheet, "survey": survey_report}.get(kind)
    if make is None:
        return
    for language in LANGUAGES:
        try:
            paper = make(session, actor, replace(press, language=language), values["id"])
        except _UNMADE as error:
            log.error(
                "case.paper_not_made", kind=kind, id=values["id"], language=language, why=type(error).__name__
            )
            bundle.missing.append({"paper": f"{kind}-{values['id']}-{language}", "why": "could not be made"})
            continue
        bundle.add(
            f"papers/{kind}-{values['id']}-{language}.pdf", iter((paper.pdf,)), kind=kind, id=values["id"]
        )


def _add_photo(session: Session, bundle: _Bundle, press: Press, photo: Values) -> None:
    """As received: what a court wants is the original."""
    if not photo.get("arrived_at"):
        bundle.missing.append({"photo": photo["id"], "sha256": photo["sha256"], "why": "not arrived"})
        return
    if not press.blobs.has(key_of(photo["sha256"])):
        bundle.missing.append(
            {"photo": photo["id"], "sha256": photo["sha256"], "why": "its bytes are not in the store"}
        )
        return
    content = content_of(session, press.blobs, photo["sha256"], "original")
    ending = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"}
    name = f"photos/{photo['id']}.{ending.get(photo['media_type'], 'bin')}"
    bundle.add(name, content.read(press.blobs), kind="photo", id=photo["id"])
