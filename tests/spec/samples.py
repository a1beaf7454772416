"""A valid creation of every kind, for tests that ask every operation, and the contract's examples of them.

`python -m tests.spec.samples` (a part of `make spec`) gives each example the fields its kind has now, and
writes one for a kind that has none; the tests compare them with what the server answers.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.registry import KINDS
from tests import made_up
from tests.factories import Town, middle, square, uid

EXAMPLES = Path(__file__).parents[2] / "mobile_api_spec/examples"

# The smallest PNG: its bytes must be the same on every machine, since an example names their hash.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def samples(town: Town) -> dict[str, dict[str, Any]]:
    """A creation of each kind that an administrator of the group may make in the north."""
    by_hand = _organisation(town) | _work(town) | _evidence(town)
    # A kind that only the server writes has nothing to be sent.
    others = {name: one for name, one in KINDS.items() if one.kind.create_by and name not in by_hand}
    return by_hand | {name: _made_up(kind, town) for name, kind in others.items()}


def _made_up(kind: RecordKind, town: Town) -> dict[str, Any]:
    return {"unit_id": town["north"]} | made_up.creation(kind, lambda one: town[IN_TOWN[one]], middle(0))


# A record of each kind that the town has.
IN_TOWN = {
    "unit": "north", "cell": "cell 0", "crew": "crew", "staff": "rep", "customer": "customer 0",
    "service_point": "point 0", "matter": "leak", "questionnaire": "form",
}  # fmt: skip


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


def example_of(name: str) -> dict[str, Any]:
    """What is sent and what is answered: as it stands, with the fields that the kind has now."""
    kind, path = KINDS[name], EXAMPLES / f"{name}.json"
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = ("id", "kind", "version", *kind.wired)
        return found | {"body": {one: found["body"].get(one) for one in known}}
    request = samples(Town())[name] | {"id": uid(f"example {name}")}
    state = {kind.kind.state_field: kind.kind.initial_state} if kind.kind.initial_state else {}
    answer = dict.fromkeys(kind.wired) | kind.kind.load(request, False) | state
    return {"request": request, "body": answer | {"id": request["id"], "kind": name, "version": 1}}


def main() -> None:
    """Write the examples."""
    for name in sorted(name for name, kind in KINDS.items() if kind.kind.create_by):
        text = json.dumps(example_of(name), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (EXAMPLES / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
