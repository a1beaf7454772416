"""Builds the town of the walk once: a person of every role, and planted records."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.blobs.store import BlobStore
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.kinds.account import Account, Device
from backend.core.services import record_writer
from backend.core.services.credentials import hash_password
from backend.customers.kinds.call_back import CallBack, CallBackSample
from backend.dispatch.kinds.day_plan import DayPlan
from backend.dispatch.kinds.emergency import Emergency
from backend.evidence.services.arrived_photos import keep_whole
from backend.evidence.services.picturing import look_at_waiting
from backend.imports.kinds.export_run import ExportRun
from backend.imports.kinds.import_run import ImportMapping, ImportRun
from backend.imports.queries.run_rows import Staged, stage
from backend.imports.reading.shapes import Column, Table
from backend.imports.reading.tables import PackedRows
from backend.imports.services.heads import columns_of, form_of, head_of
from backend.people.services import sessions
from backend.territory.kinds.ground import GroundPlan
from tests.factories import CITY, PASSWORD, PEOPLE, hand_in, mutation, square, token_for, uid
from tests.notices.made_messages import failed_message
from tests.walk.planting import PLACES, Markers, Place, Planter, picture, plant_basics, plant_place

MORE_PEOPLE = {
    "branch_admin": ("north", Role.ADMIN, "hall_agent"),
    "second_south_rep": ("south", Role.REPRESENTATIVE, "customer_representative"),
    "south_leader": ("south", Role.CREW_LEADER, "works_manager"),
}


@dataclass
class World:
    """The app, everybody's token, what was planted, and the links that were given out."""

    app: Flask
    markers: Markers
    tokens: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> FlaskClient:
        """A new client."""
        return self.app.test_client()

    def ask(self, who: str, method: str, path: str, **options: Any) -> Any:
        """One request of somebody; `anon` has no token."""
        headers = dict(options.pop("headers", {}))
        if who in self.tokens:
            headers.setdefault("Authorization", f"Bearer {self.tokens[who]}")
        return self.app.test_client().open(path, method=method, headers=headers, **options)

    def must(self, who: str, method: str, path: str, **options: Any) -> Any:
        """A request that has to succeed: what the walk stands on."""
        response = self.ask(who, method, f"/api/v1{path}", **options)
        assert response.status_code < 300, f"{method} {path}: {response.text}"
        return response


def people(session: Session) -> None:
    """Those whom the small town lacks, with accounts and phones."""
    hashed = hash_password(PASSWORD)
    for n, (name, (unit, role, post)) in enumerate(MORE_PEOPLE.items()):
        values = {
            "staff_number": f"X{n:03d}",
            "name": f"员工X{n}",
            "post": post,
            "employment": "own",
            "is_active": True,
        }
        record_writer.create(session, system(uid(unit)), "staff", values, record_id=uid(name))
        sessions.open_account(session, uid(name), uid(unit), f"X{n:03d}", None, hashed, [str(role)])
        session.add(Device(id=UUID(uid(f"{name}'s phone")), name="phone", unit_id=UUID(uid(unit))))
    for unit in ("north", "south"):
        person = {
            "staff_number": f"Z-{unit}",
            "name": "外协",
            "post": "works_manager",
            "employment": "outsourced",
            "is_active": True,
        }
        record_writer.create(session, system(uid(unit)), "staff", person, record_id=uid(f"contractor {unit}"))
        crew = {"name": "外协队", "leader_id": uid(f"contractor {unit}"), "member_ids": [], "skills": ["meter"],
                "shift_start": "00:00", "shift_end": "00:01", "is_active": True}  # fmt: skip
        record_writer.create(session, system(uid(unit)), "crew", crew, record_id=uid(f"outside {unit}"))


def plant(session: Session, markers: Markers) -> None:
    """All records, and what is kept beside them."""
    people(session)
    plant_basics(session, markers)
    for key in ("n", "h", "s"):
        plant_place(session, markers, key)
        one = Planter(session, markers, PLACES[key])
        _change_personal(one)
        if key != "h":
            _plant_plans(one)
            _plant_imports(one)
            _plant_call_back(one)
            _plant_device(one)
            _plant_message(one)
            _plant_contractors_job(one)
    session.flush()


def _change_personal(one: Planter) -> None:
    """An earlier number and name stand in history alone."""
    now = {"phone": one.mark("customer.phone"), "name": one.mark("customer.name")}
    record_writer.change(
        session := one.session, system(one.place.unit_id), "customer", one.place["customer"], now
    )
    session.flush()


def _plant_message(one: Planter) -> None:
    """One that failed, and could be sent again."""
    staff_id, place = uid(one.place.rep), one.place
    failed_message(one.session, place["message"], place.unit_id, staff_id, one.mark("nowhere"))


def _plant_plans(one: Planter) -> None:
    unit, made_by = UUID(one.place.unit_id), UUID(uid(one.place.rep))
    day = datetime.now(CITY).date()
    stop = {
        "job_id": one.place["work_order"],
        "crew_name": one.mark("day_plan"),
        "number": one.mark("day_plan"),
    }
    for name, stops, state in (("day plan", [stop], "published"), ("ready day plan", [], "ready")):
        one.session.add(DayPlan(
            id=UUID(one.place[name]), unit_id=unit, day=day, request={}, state=state, base={}, stops=stops,
            unserved=[], figures={}, effects=[], notes=[], written=[],
            published_at=datetime.now(UTC) if state == "published" else None,
            made_by_id=made_by,
        ))  # fmt: skip
    sent = UUID(one.place["job dispatched"])
    own = dict.fromkeys(("crew_id", "is_pinned", "planned_at", "urgency")) | {"state": "received"}
    one.session.add(
        Emergency(
            id=UUID(one.place["emergency"]),
            unit_id=unit,
            work_order_id=sent,
            crew_id=UUID(one.place.crew_id),
            own=own,
            changes=[],
            sent_by_id=made_by,
        )
    )
    cell = {
        "id": one.place.cell_id,
        "name": one.mark("ground_plan"),
        "code": one.mark("ground_plan"),
        "outline": square(one.place.cell),
    }
    one.session.add(
        GroundPlan(
            id=UUID(one.place["ground plan"]),
            unit_id=unit,
            way="import",
            request={"filename": one.mark("nowhere")},
            state="discarded",
            cells=[cell],
            figures={},
            findings=[{"zh": one.mark("ground_plan")}],
            made_by_id=made_by,
        )
    )


def _plant_imports(one: Planter) -> None:
    """A table that was read, one that was checked with a row to settle, and one of a feed, with a mapping."""
    unit, made_by = UUID(one.place.unit_id), UUID(uid("admin"))
    head = head_of(Table("", (Column(0, "A", "户号"), Column(1, "B", "户名")), PackedRows(b"", 0, (0, 1))))
    form = form_of(columns_of(head))
    one.session.add(ImportMapping(
        id=UUID(one.place["import mapping"]), unit_id=unit, target="customers", form=form,
        mapping={"target": "customers", "columns": {"number": "户号", "name": "户名"}, "answers": {}},
        saved_by_id=made_by,
    ))  # fmt: skip
    for name, state in (("import run", "read"), ("checked import", "checked"), ("feed run", "discarded")):
        run_id = one.place[name]
        one.session.add(ImportRun(
            id=UUID(run_id), unit_id=unit, target="customers", filename=one.mark("import_run"),
            file_sha256="0" * 64, head=head, packed=b"", rows=0, options={}, questions=[], counts={}, done=0,
            mapping={"target": "customers", "columns": {}, "answers": {}}, state=state, made_by_id=made_by,
            is_feed=name == "feed run",
        ))  # fmt: skip
        one.session.flush()
        stage(one.session, run_id, [Staged(2, "to_settle", {"values": {"name": one.mark("import_run")}})])
    one.session.add(ExportRun(
        id=UUID(one.place["export run"]), unit_id=unit, kinds=[one.mark("export_run")], forms=["csv"],
        state="failed", made_by_id=made_by,
    ))  # fmt: skip


def _plant_call_back(one: Planter) -> None:
    visit = one.place["visit done"]
    now = datetime.now(UTC)
    one.session.add(CallBackSample(
        id=UUID(one.place["sample"]), unit_id=UUID(one.place.unit_id), made_by=UUID(uid(one.place.rep)),
        from_day=now.date(),
        until_day=now.date(), seed=one.mark("call_back"), population=1, visit_ids=[UUID(visit)],
    ))  # fmt: skip
    one.session.flush()
    one.session.add(CallBack(
        sample_id=UUID(one.place["sample"]), visit_id=UUID(visit), outcome="confirmed",
        said=one.mark("call_back"),
        asked_by=UUID(uid(one.place.rep)),
    ))  # fmt: skip


def _plant_device(one: Planter) -> None:
    one.session.add(Device(
        id=UUID(one.place["device"]), name=one.mark("device"), unit_id=UUID(one.place.unit_id),
        last_failure=one.mark("device"),
    ))  # fmt: skip


def _plant_contractors_job(one: Planter) -> None:
    crew = uid(f"outside {one.place.unit}")
    one.plain("work_order", "contractor's job", state="dispatched", crew_id=crew)


def phones_work(session: Session, markers: Markers) -> None:
    """Parked and held work of phones, and a dispute, in each place."""
    for key in ("n", "h", "s"):
        one = Planter(session, markers, PLACES[key])
        rep = _actor(one.place.rep, one.place.unit, Role.REPRESENTATIVE)
        customer = one.place["customer"]
        base = record_writer.read(session, "customer", customer).version
        desk = _actor(
            {"north": "dispatcher", "south": "stranger"}[one.place.unit], one.place.unit, Role.DISPATCHER
        )
        record_writer.change(
            session, desk, "customer", customer, {"contact_name": one.mark("customer.contact_name")}
        )
        bad = mutation(
            "customer",
            one.place["spare customer"],
            "change",
            {"category": "king", "note": one.mark("parked")},
            base_version=base,
        )
        unknown = uid(f"walk unknown {key}")
        held = mutation("customer", unknown, "change", {"note": one.mark("nowhere")}, base_version=1)
        other = mutation(
            "customer",
            customer,
            "change",
            {"contact_name": one.mark("customer.contact_name")},
            base_version=base,
        )
        answers = hand_in(session, rep, [other, bad, held])
        assert [one["status"] for one in answers] == ["merged", "parked", "held"], answers


def _actor(name: str, unit: str, role: Role) -> Actor:
    return Actor(uid(name), uid(unit), frozenset({role}), uid(f"{name}'s phone"))


def pictures(session: Session, blobs: BlobStore, markers: Markers) -> None:
    """The bytes of the photos that were planted."""
    for marker, (where, key) in list(markers.planted.items()):
        if where == "photo.bytes":
            data, place = picture(marker), PLACES[key]
            sender = _actor(place.rep, place.unit, Role.REPRESENTATIVE)
            keep_whole(session, blobs, sender, hashlib.sha256(data).hexdigest(), data, place["photo"])


def sign_everybody_in(world: World, database: Database, settings: Settings) -> None:
    """A token for each person of the table."""
    with database.transaction() as session:
        for name in [*PEOPLE, "branch_admin"]:
            world.tokens[name] = token_for(session, settings, name)
        account = session.get_one(Account, UUID(uid("leader")))
        phone = Device(
            id=UUID(uid("lost phone")), name="lost", unit_id=UUID(uid("north")), revoked_at=datetime.now(UTC)
        )
        session.add(phone)
        session.flush()
        world.tokens["lost"] = sessions.issue(
            session, settings, account, phone, UUID(record_writer.new_id()), None
        ).access_token
    made = world.must(
        "dispatcher", "POST", "/tokens", json={"label": world.markers.make("token", "n")}
    ).get_json()
    world.tokens["reader"], world.made["token"] = made["token"], made["id"]
    world.must("stranger", "POST", "/tokens", json={"label": world.markers.make("token", "s")})


def give_links_out(world: World) -> None:
    """Links for people without accounts, looks at positions, uploads under way, plans that wait."""
    for key, office in (("n", "dispatcher"), ("s", "stranger")):
        place = PLACES[key]
        _links_of(world, place, office, key)
        _ground_plan(world, place, key)
        look = {"staff_id": uid(place.rep), "day": "2026-09-01", "reason": world.markers.make("look", key)}
        world.must(office, "GET", "/positions", query_string=look)
        world.made[f"upload {key}"] = _upload(world, place)
    for key in ("n", "h", "s"):
        _ways_in_of(world, PLACES[key], key)
    for group in world.must("admin", "GET", "/inbox/parked").get_json():
        record = group["mutations"][0]["record_id"]
        world.made |= {
            f"parked {key}": group["group_id"]
            for key, place in PLACES.items()
            if place["spare customer"] == record
        }


def _links_of(world: World, place: Place, office: str, key: str) -> None:
    made = world.must(office, "POST", "/contractors/links", json={"work_order_id": place["contractor's job"]})
    world.links[f"contractor {key}"] = made.get_json()["url"].partition("#")[2]
    made = world.must(
        office, "POST", "/evidence/confirmations", json={"work_order_id": place["job confirmed"]}
    )
    world.links[f"confirm {key}"] = made.get_json()["url"].partition("#")[2]
    for what, path in (
        ("paper", f"/papers/service-sheets/{place['work_order']}"),
        ("photo", f"/photo-content/{place['photo']}"),
    ):
        world.links[f"{what} {key}"] = world.must(office, "POST", f"{path}/links", json={}).get_json()["url"]


def _ways_in_of(world: World, place: Place, key: str) -> None:
    """A newcomer with an invitation, and the representative's phone that asked for a new PIN."""
    values = {"staff_number": f"NEW-{key}", "name": "新人", "post": "hall_agent", "employment": "own"}
    person = {"unit_id": place.unit_id, "is_active": True}
    who = world.must("admin", "POST", "/staff", json=values | person).get_json()["id"]
    asked = {"staff_id": who, "roles": ["hotline_agent"]}
    made = world.must("admin", "POST", "/account-links/invitations", json=asked).get_json()
    world.links[f"account {key}"] = made["token"]
    world.made |= {f"account link {key}": made["id"], f"newcomer {key}": who}
    half, proof = uid(f"walk half {key}"), f"{key}" * 43
    kept = {"half": base64.b64encode(bytes(32)).decode(), "proof": proof}
    world.must(place.rep, "PUT", f"/phone-recoveries/{half}", json=kept)
    headers = {"Authorization": f"Bearer {proof}"}
    code = world.must("anon", "POST", "/phone-recoveries/mine", headers=headers).get_json()["code"]
    world.must("admin", "PUT", f"/phone-recoveries/{half}/approval", json={"code": code})
    world.links[f"phone {key}"] = proof
    world.made |= {f"half {key}": half, f"code {key}": code}


def _ground_plan(world: World, place: Place, key: str) -> None:
    lng = 120.30 + 0.02 * (place.cell + 0.5)
    line = {"type": "LineString", "coordinates": [[lng, 36.0], [lng, 36.2]]}
    split = {"unit_id": place.unit_id, "way": "split", "cell_id": place.cell_id, "line": line}
    world.made[f"ready ground plan {key}"] = world.must(
        "admin", "POST", "/territory/plans", json=split
    ).get_json()["id"]


def _upload(world: World, place: Place) -> str:
    data = b"x"
    pairs = {"photo_id": record_writer.new_id(), "sha256": hashlib.sha256(data).hexdigest()}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": metadata}
    return str(
        world.must(place.rep, "POST", "/uploads", headers=headers).headers["Location"].rpartition("/")[2]
    )


def _dead_fact(session: Session, place: Place) -> str:
    """Something about a customer that was given up after its last attempt."""
    dead = text("""
        INSERT INTO outbox (fact, detail, attempts, last_error)
        VALUES (
            'customer.written',
            jsonb_build_object('kind', 'customer', 'id', CAST(:id AS text), 'op', 'change'), 8,
            'check_failed'
        )
        RETURNING id::text
    """)
    return str(session.execute(dead, {"id": place["spare customer"]}).scalar_one())


def build(app: Flask, database: Database, settings: Settings) -> World:
    """All of it, committed."""
    world = World(app, Markers())
    house = app.extensions["wangge"]
    with database.transaction() as session:
        plant(session, world.markers)
    with database.transaction() as session:
        phones_work(session, world.markers)
        pictures(session, house.blobs, world.markers)
        world.made |= {f"dead fact {key}": _dead_fact(session, place) for key, place in PLACES.items()}
    look_at_waiting(database, house.blobs)
    sign_everybody_in(world, database, settings)
    give_links_out(world)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))
    return world


def later(days: int) -> str:
    """A day to come."""
    return (datetime.now(CITY).date() + timedelta(days=days)).isoformat()
