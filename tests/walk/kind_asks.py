"""Valid requests for every kind: read, create, change, delete, and each step of its life."""

from __future__ import annotations

from typing import Any

from backend.core.kinds.registry import KINDS
from backend.core.services import record_writer
from tests import made_up
from tests.factories import middle, uid
from tests.walk.asks import API, Ask
from tests.walk.planting import PLACES, Place, strip, values_of
from tests.walk.table import SOUTH

CHANGES: dict[str, dict[str, Any]] = {
    "unit": {"hotline": "96111"}, "matter": {"duration_minutes": 6}, "questionnaire": {"is_active": False},
    "calendar": {"is_published": False},
    "cell": {"name": "改名"}, "cell_assignment": {"valid_until": "2026-01-31"},
    "duty": {"ended_at": "2026-09-01T09:00:00Z"},
    "notice": {"read_at": "2026-09-01T09:00:00Z"}, "photo": {"purpose": "before"},
    "item": {"description": "改"},
    "survey": {"remarks": "x"}, "visit": {"materials": "便民卡"}, "work_order": {"description": "x"},
    "service_point": {"access_note": "x"},
    "customer": {"note": "x"}, "on_call": {"clock_from": "18:00"}, "crew": {"vehicle": "x"},
    "staff": {"qualifications": "x"},
}  # fmt: skip
FINDINGS = {
    "is_feasible": True,
    "pipe_material": "PE",
    "diameter_mm": 100,
    "pressure_kpa": 300,
    "distance_to_main_m": 5,
    "plan": "x",
}
# Step -> the thing it is taken on, and what it needs.
STEPS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "work_order": {
        "wait_for_papers": ("job received", {"waiting_for": "x"}),
        "papers_complete": ("job waiting_papers", {}),
        "dispatch": ("job received", {}),
        "withdraw": ("job dispatched", {}),
        "accept": ("job dispatched", {}),
        "leave": ("job accepted", {}),
        "arrive": ("job accepted", {}),
        "start": ("job arrived", {}),
        "pause": ("job in_progress", {"pause_reason": "x"}),
        "finish_partly": ("job in_progress", {"result": "x", "remainder": "x"}),
        "finish": ("job in_progress", {"result": "x"}),
        "fail": ("job in_progress", {"failure_reason": "x"}),
        "close": ("job done", {"return_visit": {"is_satisfied": True}}),
        "reopen": ("job done", {"reopen_reason": "x"}),
        "refuse": ("job received", {"refuse_reason": "x", "responsible_party": "x"}),
        "cancel": ("job received", {"cancel_reason": "x"}),
    },
    "visit": {
        "complete": ("visit", {"summary": "x"}),
        "nobody_met": ("visit", {"absent_reason": "x"}),
        "cancel": ("visit", {"absent_reason": "x"}),
    },
    "survey": {"arrive": ("survey", {}), "report": ("survey arrived", {"findings": FINDINGS})},
    "item": {
        "take": ("item", {}),
        "resolve": ("item", {"resolution": "x"}),
        "close": ("item resolved", {"return_visit_note": "x"}),
        "reopen": ("item closed", {"return_visit_note": "x"}),
    },
}


def thing(kind: str, place: Place) -> str:
    """The id of the record that is read and changed."""
    if kind == "unit":
        return place.unit_id
    if kind == "staff":
        return uid(place.rep)
    if kind == "crew":
        return place.crew_id
    if kind == "cell":
        return place.cell_id
    if place.key == "h" and kind in ("matter", "questionnaire", "calendar"):
        return PLACES["n"][kind]
    return place[kind]


def path_of(kind: str) -> str:
    """Where the kind is kept."""
    return f"{API}/{KINDS[kind].segment}"


def creation(kind: str, place: Place, who: str, where: str) -> Ask:
    """A new record. Into another's unit it comes with the asker's own things: only the unit is foreign."""
    home = PLACES["s" if who in SOUTH else "n"]
    own = who if who in ("rep", "leader", "member", "south_rep") else None
    if where == "other" and who != "admin":
        body = values_of(kind, home, own) | {"unit_id": place.unit_id}
        if kind == "unit":
            body |= {"parent_id": place.unit_id}
    else:
        body = values_of(kind, place, own if where == "own" else None)
    if kind == "unit":
        body.pop("unit_id")
    if kind in ("survey", "item") and own is None:
        body["cell_id"] = place.cell_id
    if kind == "work_order":
        body.pop("crew_id" if who != "leader" and who != "member" else "nothing", None)
    if kind in ("photo", "signature") and own in ("rep", "south_rep"):
        body.pop("crew_id")
    if kind == "cell":
        body["outline"] = strip(place, row=1)
    if kind == "calendar":
        body["year"] = 2040
    if kind == "questionnaire":
        body["edition"] = 40
    if kind == "cell_assignment":
        body |= {"duty": "representative", "valid_from": "2040-01-01", "valid_until": "2040-01-02"}
    return Ask(path_of(kind), {"json": body | {"id": record_writer.new_id()}})


def change(kind: str, place: Place, version: str) -> Ask:
    """One field set."""
    values = CHANGES.get(kind) or made_up.change(KINDS[kind], middle(place.cell))
    return Ask(f"{path_of(kind)}/{thing(kind, place)}", {"json": values, "headers": {"If-Match": version}})


def deletion(kind: str, place: Place, version: str) -> Ask:
    """A record nothing points at, taken away."""
    return Ask(f"{path_of(kind)}/{place[f'spare {kind}']}", {"headers": {"If-Match": version}})


def step(kind: str, action: str, place: Place) -> Ask:
    """A step in a record's life."""
    name, needs = STEPS[kind][action]
    if (kind, action) == ("work_order", "dispatch"):
        needs = {"crew_id": place.crew_id}
    record = thing(kind, place) if name == kind else place[name]
    return Ask(f"{path_of(kind)}/{record}/actions/{action}", {"json": needs})
