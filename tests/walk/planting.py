"""Plants records of every kind in three places (north, hidden in the north, south), each text a marker."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from tests import made_up
from tests.factories import CITY, middle, uid

# What is formal and never anybody's own words.
FORMAL = {
    ("photo", "of_kind"), ("photo", "sha256"), ("photo", "media_type"), ("signature", "of_kind"),
    ("signature", "sheet_sha256"),
    ("signature", "strokes"), ("notice", "subject_kind"), ("administrative_act", "subject_kind"),
    ("visit", "truth_reasons"),
    ("staff", "working_hours"), ("work_order", "number"), ("questionnaire", "code"),
    ("staff", "staff_number"),
}  # fmt: skip
# A crew's name stands on its jobs, for whoever sees those.
NAMED = {("crew", "name")}
# What is planted by name, because others hang on it or it is needed in more than one state.
PLANTED_APART = {
    "unit", "staff", "crew", "customer", "service_point", "cell", "signature", "work_order", "visit",
    "survey",
    "item", "photo", "matter", "questionnaire", "calendar",
}  # fmt: skip
STEPS = ("received", "waiting_papers", "dispatched", "accepted", "arrived", "in_progress", "done")


@dataclass(frozen=True)
class Place:
    """Whose things: unit, cell, people and records of one of the three places (n, h, s) or above (g)."""

    key: str
    unit: str
    cell: int
    rep: str
    leader: str
    other_rep: str

    def __getitem__(self, name: str) -> str:
        """The id of a thing planted here."""
        return uid(f"walk {name} {self.key}")

    @property
    def unit_id(self) -> str:
        """The unit's id."""
        return uid(self.unit)

    @property
    def cell_id(self) -> str:
        """The cell's id."""
        return uid(f"cell {self.cell}")

    @property
    def crew_id(self) -> str:
        """The crew's id."""
        return {"n": uid("crew"), "h": uid("far crew")}.get(self.key, self["crew"])


PLACES = {
    "n": Place("n", "north", 0, "rep", "leader", "other_rep"),
    "h": Place("h", "north", 2, "other_rep", "supervisor", "rep"),
    "s": Place("s", "south", 3, "south_rep", "south_leader", "second_south_rep"),
    "g": Place("g", "group", 0, "rep", "leader", "other_rep"),
}


@dataclass
class Markers:
    """Every marker that was planted: its text -> (where, whose place)."""

    planted: dict[str, tuple[str, str]] = field(default_factory=dict)

    def make(self, where: str, place: str) -> str:
        """A new text that stands nowhere else."""
        marker = f"qz{len(self.planted):04d}{place}k"
        self.planted[marker] = (where, place)
        return marker


def picture(marker: str) -> bytes:
    """A photo whose metadata carry a marker, and whose pixels are its own."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = marker
    exif[0x010E] = marker
    shade = int(hashlib.sha256(marker.encode()).hexdigest()[:6], 16)
    Image.new("RGB", (32, 24), (shade >> 16, shade >> 8 & 255, shade & 255)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def documents(kind: str, mark: Callable[[str], str]) -> dict[str, Any]:
    """Nested values of a kind with markers in them, by field."""

    def person(where: str) -> dict[str, str]:
        return {"name": mark(where), "phone": mark(where)}

    card = ("customer_name", "phone", "address", "meter_number", "access_note")
    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "work_order": lambda: {
            "reporter": person("work_order.reporter"),
            "other_reporters": [person("work_order.other_reporters")],
            "site_card": {name: mark("work_order.site_card") for name in card},
            "pipe": {"diameter_mm": 200, "material": mark(kind)},
            "parts": [{"name": mark(kind), "quantity": 1}],
            "return_visit": {"is_satisfied": True, "opinion": mark(kind)},
            "checklist": [{"code": "x", "zh": mark(kind), "en": mark(kind)}], "prepared_codes": [mark(kind)],
        },
        "signature": lambda: {"sheet": {"description": mark("signature.sheet"),
            "address": mark("signature.sheet")}},
        "survey": lambda: {"findings": {"is_feasible": True, "pipe_material": mark(kind), "diameter_mm": 100,
            "pressure_kpa": 1,
                                        "distance_to_main_m": 1, "plan": mark(kind)}},
        "response": lambda: {"answers": {"pressure_why": mark(kind)}, "faults": [{"field": mark(kind)}]},
        "questionnaire": lambda: {"rows": [{"type": "text", "name": "q", "label_zh": mark(kind),
            "label_en": mark(kind)}]},
        "matter": lambda: {"checklist": [{"code": "x", "zh": mark(kind), "en": mark(kind)}]},
        "calendar": lambda: {"days": [{"day": "2030-01-01", "is_working": False, "name": mark(kind)}]},
        "administrative_act": lambda: {"before": {"x": mark(kind)}, "after": {"x": mark(kind)}},
    }  # fmt: skip
    return kinds[kind]() if kind in kinds else {}


def values_of(kind: str, place: Place, who: str | None = None) -> dict[str, Any]:
    """A whole record of a kind in a place, by hand; whose own it is can be named."""
    mine = {"staff_id": uid(who or place.rep)}
    at = {"cell_id": place.cell_id}
    job = {"of_kind": "work_order", "of_id": place["work_order"], "crew_id": place.crew_id} | at
    now = datetime.now(UTC).isoformat()
    stated = {"is_active": True}
    years = {"valid_from": "2026-09-01", "valid_until": "2026-09-07"}
    kinds: dict[str, dict[str, Any]] = {
        "unit": {"name": "科室", "level": "section", "parent_id": place.unit_id},
        "staff": {"staff_number": f"W-{place.key}", "name": "新人", "post": "service_clerk",
            "employment": "own"} | stated,
        "cell": {"name": "网格", "code": f"W{place.key}", "outline": strip(place), "valid_from": "2026-01-01"},
        "cell_assignment": mine | at | {"duty": "stand_in", "valid_from": "2026-01-01",
            "valid_until": "2026-02-01"},
        "crew": {"name": "班", "leader_id": uid(place.leader), "member_ids": [], "skills": ["meter"],
            "shift_start": "08:00", "shift_end": "17:00"} | stated,
        "on_call": {"crew_id": place.crew_id, "clock_from": "17:30", "clock_until": "08:00"} | years,
        "customer": at | {"number": "W", "name": "户", "category": "resident"},
        "service_point": at | {"customer_id": place["customer"], "address": "街1号",
            "place": middle(place.cell), "nature": "public"},
        "matter": {"code": "w", "name_zh": "事项", "name_en": "Matter", "urgency": "normal", "skills": [],
            "duration_minutes": 5} | stated,
        "work_order": at | {"matter_id": uid("leak"), "place": middle(place.cell), "crew_id": place.crew_id},
        "visit": at | {"customer_id": place["customer"], "method": "phone",
            "representative_id": uid(who or place.rep)},
        "survey": at | {"surveyor_id": uid(who or place.rep)},
        "item": at | {"theme": "pressure", "source": "hotline", "description": "水小",
            "owner_id": uid(who or place.rep)},
        "questionnaire": {"code": "w", "edition": 1, "title_zh": "问卷", "title_en": "Form",
            "rows": []} | stated,
        "response": at | {"questionnaire_id": uid("form"), "channel": "phone", "answered_at": now,
            "answers": {}, "author_id": uid(who or place.rep)},
        "photo": mine | job | {"purpose": "site", "sha256": "0" * 64, "size_bytes": 5,
            "media_type": "image/jpeg", "taken_at": now},
        "signature": mine | job | {"signer_name": "李", "relation": "self",
            "strokes": [[[1, 2, 3], [4, 5, 6]]], "sheet_sha256": "0" * 64, "signed_at": now},
        "duty": mine | {"started_at": "2026-09-01T00:00:00Z"},
        "notice": mine | {"topic": "general", "text_zh": "会", "text_en": "Meeting"},
        "administrative_act": {"act": "exported", "subject_kind": "customer", "acted_at": now},
        "calendar": {"year": 2030, "days": [], "is_published": True},
    }  # fmt: skip
    own = kinds[kind] if kind in kinds else _made_up(kind, place, mine["staff_id"])
    return {"unit_id": place.unit_id} | own


def _made_up(kind: str, place: Place, person: str) -> dict[str, Any]:
    there = {"staff": person, "unit": place.unit_id, "cell": place.cell_id, "crew": place.crew_id}
    return made_up.creation(KINDS[kind], lambda one: there.get(one) or place[one], middle(place.cell))


def strip(place: Place, row: int = 0) -> dict[str, Any]:
    """Ground that nobody has, north of the town; further north in another row."""
    n = {"n": 0, "h": 1, "s": 2, "g": 3}[place.key]
    w, s = 120.3 + n * 0.01, 36.2 + row * 0.01
    ring = [[w, s], [w + 0.005, s], [w + 0.005, s + 0.005], [w, s + 0.005], [w, s]]
    return {"type": "MultiPolygon", "coordinates": [[ring]]}


@dataclass
class Planter:
    """Writes the records of one place."""

    session: Session
    markers: Markers
    place: Place
    rosters: int = 0
    customers: int = 0

    def mark(self, where: str) -> str:
        """A marker of this place."""
        return self.markers.make(where, self.place.key)

    def plant(self, kind: str, name: str | None = None, letter: str | None = None, **more: Any) -> str:
        """A record with a marker in each of its texts; `letter` names another place's (d: deleted)."""
        mark = self.mark if letter is None else lambda where: self.markers.make(where, letter)
        values = self._values(kind) | (nested := documents(kind, mark))
        for one, wired in KINDS[kind].wired.items():
            if one not in nested and isinstance(wired.field, wire.Text) and (kind, one) not in FORMAL:
                values[one] = mark(f"{kind}.{one}" if wired.personal or (kind, one) in NAMED else kind)
        if kind == "calendar":
            more["days"] = [one | {"day": f"{more['year']}-01-01"} for one in values["days"]]
        record = uid(f"walk {name or kind} {self.place.key}")
        record_writer.create(self.session, system(self.place.unit_id), kind, values | more, record_id=record)
        return record

    def plain(self, kind: str, name: str, **more: Any) -> str:
        """A record without markers, for what is done to it."""
        record = uid(f"walk {name} {self.place.key}")
        actor = system(self.place.unit_id)
        return record_writer.create(self.session, actor, kind, self._values(kind) | more, record_id=record).id

    def _values(self, kind: str) -> dict[str, Any]:
        """A kind's values here; what is so once, a crew's month or a number, is another each time."""
        values = values_of(kind, self.place)
        if kind == "on_call":
            self.rosters += 1
            month = f"2026-{9 + self.rosters:02}"
            values |= {"valid_from": f"{month}-01", "valid_until": f"{month}-07"}
        if kind == "customer":
            self.customers += 1
            values |= {"number": f"W-{self.place.key}-{self.customers}"}
        return values

    def take_away(self, kind: str, record: str) -> None:
        """Delete a record."""
        actor = system(self.place.unit_id)
        record_writer.delete(
            self.session,
            actor,
            kind,
            record,
            version=[record_writer.read(self.session, kind, record).version],
        )


def plant_basics(session: Session, markers: Markers) -> None:
    """What units keep once for all: their matters, forms and calendars; and those of the group."""
    for key in ("n", "s", "g"):
        one = Planter(session, markers, PLACES[key])
        for kind in ("matter", "questionnaire", "calendar"):
            more: dict[str, Any] = (
                {"year": {"n": 2031, "s": 2032, "g": 2033}[key]} if kind == "calendar" else {}
            )
            one.plain(kind, kind, **more) if key == "g" else one.plant(kind, **more)
    for key in ("n", "s"):
        place = PLACES[key]
        Planter(session, markers, place).plant(
            "unit", "section", parent_id=place.unit_id, unit_id=place["section"]
        )


def plant_place(session: Session, markers: Markers, key: str) -> None:
    """All records of a place: one of each kind to read and change, and one for each step of a life."""
    one = Planter(session, markers, PLACES[key])
    now = datetime.now(CITY)
    hours = {
        "shift_start": f"{now - timedelta(hours=1):%H:%M}",
        "shift_end": f"{now + timedelta(hours=12):%H:%M}",
    }
    if key == "s":
        crew: dict[str, Any] = {
            "member_ids": [uid("south_leader")],
            "skills": ["pipe_repair", "valve"],
            "start_place": middle(3),
        } | hours
        one.plant("crew", "crew", **crew)
    else:
        mark = {"vehicle": one.mark("crew"), "phone": one.mark("crew"), "name": one.mark("crew.name")}
        record_writer.change(session, system(one.place.unit_id), "crew", one.place.crew_id, mark)
    one.plant("staff", "clerk", staff_number=f"WC-{key}")
    retired = {"post": "customer_representative", "is_active": False, "staff_number": f"WR-{key}"}
    one.plain("staff", "retired", **retired)
    one.plant("customer")
    one.plant("service_point")
    one.plant("cell")
    case = one.place["case"]
    one.plant("signature")
    one.plant(
        "work_order",
        state="dispatched",
        case_id=case,
        signature_id=one.place["signature"],
        number=f"WX-{key}",
    )
    one.plant("visit", state="planned", due_on=(today() - timedelta(days=2)).isoformat(), case_id=case)
    one.plant("survey", state="appointed", case_id=case)
    one.plant("item", state="open", case_id=case, customer_id=one.place["customer"])
    for kind in sorted(KINDS.keys() - PLANTED_APART):
        one.plant(kind)
    _plant_photo(one)
    _plant_steps(one)
    _plant_spares(one)
    _plant_deleted(one)


def _plant_photo(one: Planter) -> None:
    data = picture(one.mark("photo.bytes"))
    one.plant(
        "photo",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        arrived_at=datetime.now(UTC).isoformat(),
    )


def _plant_steps(one: Planter) -> None:
    """Jobs, items, surveys and visits as far as each step needs them."""
    done = {"result": "x", "done_at": "2026-09-01T08:00:00Z"}
    for state in STEPS:
        more = done | {"customer_id": one.place["customer"]} if state == "done" else {}
        one.plain(
            "work_order", f"job {state}", state=state, case_id=uid(f"case {one.place.key} {state}"), **more
        )
    one.plain("work_order", "job confirmed", state="done", case_id=uid(f"case {one.place.key} c"), **done)
    for state in ("in_hand", "resolved", "closed"):
        one.plain("item", f"item {state}", state=state, resolution="x")
    photos = [one.place[f"photo {n}"] for n in range(3)]
    one.plain("survey", "survey arrived", state="arrived", photo_ids=photos)
    one.plain("visit", "visit done", state="done", summary=one.mark("visit"), ended_at="2026-09-01T03:00:00Z")


def _plant_spares(one: Planter) -> None:
    """One more of each kind that anybody may delete."""
    deletable = {name for name, kind in KINDS.items() if kind.kind.delete_by}
    for kind in sorted(deletable - {"service_point"}):
        one.plain(kind, f"spare {kind}")
    one.plain("service_point", "spare service_point", customer_id=one.place["customer"])


def _plant_deleted(one: Planter) -> None:
    """Records that are gone: nobody reads them again, however well they could before."""
    for kind in (
        "customer", "service_point", "work_order", "visit", "survey", "item", "response", "photo",
        "signature", "notice", "crew",
    ):  # fmt: skip
        record = one.plant(kind, f"deleted {kind}", letter="d")
        one.take_away(kind, record)
