"""A valid creation of every kind, for tests that ask every operation."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.factories import Town, middle, square

# The smallest PNG: its bytes must be the same on every machine, since an example names their hash.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def samples(town: Town) -> dict[str, dict[str, Any]]:
    """A creation of each kind that an administrator of the group may make in the north."""
    return _organisation(town) | _work(town) | _evidence(town)


def _organisation(town: Town) -> dict[str, dict[str, Any]]:
    north = {"unit_id": town["north"]}
    return {
        "unit": {"name": "新科室", "level": "section", "parent_id": town["north"]},
        "staff": north
        | {
            "staff_number": "N1",
            "name": "新人",
            "post": "hall_agent",
            "employment": "own",
            "is_active": True,
        },
        "cell": north | {"name": "新网格", "code": "N", "outline": square(9), "valid_from": "2026-01-01"},
        "cell_assignment": north
        | {
            "cell_id": town["cell 0"],
            "staff_id": town["rep"],
            "duty": "representative",
            "valid_from": "2026-01-01",
        },
        "crew": north
        | {
            "name": "三班",
            "leader_id": town["leader"],
            "member_ids": [],
            "skills": ["meter"],
            "shift_start": "08:00",
            "shift_end": "17:00",
            "is_active": True,
        },
        "on_call": north
        | {
            "crew_id": town["crew"],
            "valid_from": "2026-09-01",
            "valid_until": "2026-09-07",
            "clock_from": "17:30",
            "clock_until": "08:00",
        },
    }


def _work(town: Town) -> dict[str, dict[str, Any]]:
    north = {"unit_id": town["north"]}
    return {
        "customer": north | {"number": "N", "name": "新户", "category": "resident"},
        "service_point": north
        | {"customer_id": town["customer 0"], "address": "新街1号", "place": middle(0), "nature": "public"},
        "matter": {
            "code": "n",
            "name_zh": "新事项",
            "name_en": "New",
            "urgency": "normal",
            "skills": [],
            "duration_minutes": 5,
            "is_active": True,
        },
        "work_order": north | {"matter_id": town["leak"], "place": middle(0)},
        "visit": north | {"customer_id": town["customer 0"], "method": "phone"},
        "survey": north | {"surveyor_id": town["rep"]},
        "item": north | {"theme": "pressure", "source": "hotline", "description": "水小"},
        "questionnaire": {
            "code": "q",
            "edition": 2,
            "title_zh": "问卷",
            "title_en": "Form",
            "rows": [],
            "is_active": True,
        },
        "response": north
        | {
            "questionnaire_id": town["form"],
            "channel": "phone",
            "answered_at": "2026-09-01T00:00:00Z",
            "answers": {},
        },
    }


def _evidence(town: Town) -> dict[str, dict[str, Any]]:
    north = {"unit_id": town["north"]}
    return {
        "photo": north
        | {
            "of_kind": "customer",
            "of_id": town["customer 0"],
            "purpose": "site",
            "sha256": hashlib.sha256(PICTURE).hexdigest(),
            "size_bytes": 5,
            "media_type": "image/jpeg",
            "taken_at": "2026-09-01T00:00:00Z",
        },
        "signature": north
        | {
            "of_kind": "customer",
            "of_id": town["customer 0"],
            "signer_name": "李",
            "relation": "self",
            "strokes": [],
            "sheet_sha256": "0" * 64,
            "signed_at": "2026-09-01T00:00:00Z",
        },
        "duty": north | {"staff_id": town["rep"], "started_at": "2026-09-01T00:00:00Z"},
        "notice": north
        | {"staff_id": town["rep"], "topic": "general", "text_zh": "会议", "text_en": "Meeting"},
        "calendar": {"year": 2028, "days": [], "is_published": False},
    }
