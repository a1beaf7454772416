"""Builds a small town for tests.

Two branches, four cells in a row, people of every role, a crew, customers and matters.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.geometry import point
from backend.core.installation import USUAL
from backend.core.kinds.account import Account, Device, DevicePerson
from backend.core.queries.scopes import held
from backend.core.services import credentials, record_writer
from backend.core.services.noting import note_rows
from backend.customers.services.phonetics import pinyin_of
from backend.people.services import sessions
from backend.phones.queries.entrance import Entrance
from backend.phones.services.syncing import Quota, push_batch
from sync.cursor import Snapshot
from sync.postgres import epoch
from sync.wire import read_batch

SPACE = UUID("0193c0de-0000-7000-8000-000000000000")
PASSWORD = "riverside-morning-42"
# A stored hash says itself what it costs to try: the town's people sign in thousands of times.
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
# What a password costs outside of tests.
DEAR, DEAR_DUMMY = credentials._HASHER, credentials._DUMMY
WEST, SOUTH, SIDE = 120.30, 36.05, 0.02


def uid(name: str) -> str:
    """A stable id for a name, shaped like a UUID."""
    return str(uuid5(SPACE, name))


def forged(token: str) -> str:
    """A token with another sign near its end, surely: given ones are the right ones once in 65,536."""
    return f"{token[:-9]}{'B' if token[-9] == 'A' else 'A'}{token[-8:]}"


def square(n: int) -> dict[str, Any]:
    """The n-th of a row of adjoining squares."""
    w, e, s, t = WEST + n * SIDE, WEST + (n + 1) * SIDE, SOUTH, SOUTH + SIDE
    return {"type": "MultiPolygon", "coordinates": [[[[w, s], [e, s], [e, t], [w, t], [w, s]]]]}


def middle(n: int) -> dict[str, Any]:
    """A place in the middle of the n-th square."""
    return point(WEST + (n + 0.5) * SIDE, SOUTH + SIDE / 2)


# The time zone of the tests' installation.
CITY = USUAL.time_zone
PEOPLE: dict[str, tuple[str, Role, str]] = {
    "admin": ("group", Role.ADMIN, "hall_agent"),
    "dispatcher": ("north", Role.DISPATCHER, "works_manager"),
    "supervisor": ("north", Role.SUPERVISOR, "area_manager"),
    "agent": ("north", Role.HOTLINE_AGENT, "hotline_agent"),
    "auditor": ("north", Role.AUDITOR, "hall_agent"),
    "rep": ("north", Role.REPRESENTATIVE, "customer_representative"),
    "other_rep": ("north", Role.REPRESENTATIVE, "customer_representative"),
    "leader": ("north", Role.CREW_LEADER, "works_manager"),
    "member": ("north", Role.CREW_MEMBER, "works_manager"),
    "stranger": ("south", Role.DISPATCHER, "works_manager"),
    "south_rep": ("south", Role.REPRESENTATIVE, "customer_representative"),
}


@dataclass(frozen=True)
class Town:
    """Names to ids, and actors by name."""

    ids: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return uid(name)

    def actor(self, name: str, device: str | None = None) -> Actor:
        """A person of the town, on a device of their own."""
        unit, role, _ = PEOPLE[name]
        return Actor(uid(name), uid(unit), frozenset({role}), uid(device or f"{name}'s phone"))


def build(session: Session) -> None:
    """Write the town."""
    group = system(uid("group"))
    record_writer.create_many(
        session,
        group,
        "unit",
        [
            (
                uid(name),
                {"unit_id": uid(name), "name": name, "level": level, "parent_id": parent and uid(parent)},
            )
            for name, level, parent in (
                ("group", "group", None),
                ("north", "branch", "group"),
                ("south", "branch", "group"),
            )
        ],
    )
    _people(session)
    _ground(session)
    _matters(session)
    _questionnaire(session)
    _customers(session)


def _people(session: Session) -> None:
    hashed = CHEAP.hash(PASSWORD)
    for n, (name, (unit, role, post)) in enumerate(PEOPLE.items()):
        values = {
            "staff_number": f"T{n:03d}",
            "name": f"员工{n}",
            "post": post,
            "employment": "own",
            "is_active": True,
            "work_phone": f"0532-8000{n:04d}",
            "working_hours": "08:30-17:00",
            "unit_id": uid(unit),
        }
        record_writer.create(session, system(uid(unit)), "staff", values, record_id=uid(name))
        sessions.open_account(session, uid(name), uid(unit), f"T{n:03d}", None, hashed, [str(role)])
        session.add(Device(id=UUID(uid(f"{name}'s phone")), name=f"{name}'s phone", unit_id=UUID(uid(unit))))
        session.flush()
        session.add(DevicePerson(device_id=UUID(uid(f"{name}'s phone")), staff_id=UUID(uid(name))))
        note_rows(session, "device", [uid(f"{name}'s phone")])
    now = datetime.now(CITY)
    # At work before and after this hour, whatever the hour at which the tests run; the shift began today.
    hours = {
        "shift_start": f"{max(now - timedelta(hours=1), now.replace(hour=0, minute=0)):%H:%M}",
        "shift_end": f"{now + timedelta(hours=12):%H:%M}",
    }
    crew = {
        "name": "一班",
        "leader_id": uid("leader"),
        "member_ids": [uid("leader"), uid("member")],
        "skills": ["pipe_repair", "valve"],
        "start_place": middle(0),
        "is_active": True,
    } | hours
    record_writer.create(session, system(uid("north")), "crew", crew, record_id=uid("crew"))
    far = crew | {
        "name": "二班",
        "skills": ["meter"],
        "start_place": middle(3),
        "leader_id": uid("supervisor"),
        "member_ids": [uid("supervisor")],
    }
    record_writer.create(session, system(uid("north")), "crew", far, record_id=uid("far crew"))


def _ground(session: Session) -> None:
    for n in range(4):
        unit = "north" if n < 3 else "south"
        cell = {"name": f"{n}号网格", "code": f"C{n}", "outline": square(n), "valid_from": "2026-01-01"}
        record_writer.create(session, system(uid(unit)), "cell", cell, record_id=uid(f"cell {n}"))
    for n, who in ((0, "rep"), (1, "rep"), (2, "other_rep"), (3, "south_rep")):
        duty = {
            "cell_id": uid(f"cell {n}"),
            "staff_id": uid(who),
            "duty": "representative",
            "valid_from": "2026-01-01",
        }
        record_writer.create(
            session,
            system(uid("north" if n < 3 else "south")),
            "cell_assignment",
            duty,
            record_id=uid(f"duty {n}"),
        )


def _matters(session: Session) -> None:
    leak = {
        "code": "leak",
        "name_zh": "漏水维修",
        "name_en": "Leak repair",
        "urgency": "normal",
        "skills": ["pipe_repair"],
        "duration_minutes": 90,
        "contact_within_minutes": 60,
        "finish_within_minutes": 1440,
        "required_photos": 0,
        "signature_required": False,
        "quote_required": False,
        # Most tests are about something else: they begin this one without telling time and cost.
        "is_repair": False,
        "is_active": True,
    }
    burst = leak | {"code": "burst", "name_zh": "爆管抢修", "name_en": "Burst main", "urgency": "urgent",
                    "required_photos": 2, "signature_required": True, "is_repair": True}  # fmt: skip
    for name, values in (("leak", leak), ("burst", burst)):
        record_writer.create(session, system(uid("group")), "matter", values, record_id=uid(name))


def _questionnaire(session: Session) -> None:
    rows = [
        {
            "type": "satisfaction",
            "name": "pressure",
            "label_zh": "水压",
            "label_en": "Pressure",
            "required": True,
            "theme": "pressure",
        },
        {
            "type": "text",
            "name": "pressure_why",
            "label_zh": "原因",
            "label_en": "Why",
            "required": True,
            "relevant": "answers.pressure == 'dissatisfied'",
        },
        {
            "type": "integer",
            "name": "people",
            "label_zh": "人口",
            "label_en": "People",
            "constraint": "value > 0 && value < 30",
        },
    ]
    form = {
        "code": "year-end",
        "edition": 1,
        "title_zh": "年终走访",
        "title_en": "Year-end visit",
        "rows": rows,
        "is_active": True,
    }
    record_writer.create(session, system(uid("group")), "questionnaire", form, record_id=uid("form"))


def _customers(session: Session) -> None:
    for n in range(8):
        cell = n % 4
        unit = system(uid("north" if cell < 3 else "south"))
        name = f"王小{'一二三四五六七八'[n]}"
        customer = {
            "number": f"K{n:04d}",
            "name": name,
            # As it will be kept, so that a customer of the town is at version 1.
            "pinyin": pinyin_of(name),
            "category": "key" if n == 0 else "resident",
            "phone": f"1300000000{n}",
            "cell_id": uid(f"cell {cell}"),
        }
        record_writer.create(session, unit, "customer", customer, record_id=uid(f"customer {n}"))
        spot = {
            "customer_id": uid(f"customer {n}"),
            "cell_id": uid(f"cell {cell}"),
            "address": f"香港中路{n + 1}号",
            "place": middle(cell),
            "meter_number": f"M{n:06d}",
            "nature": "residential",
        }
        record_writer.create(session, unit, "service_point", spot, record_id=uid(f"point {n}"))


def token_for(session: Session, settings: Settings, name: str) -> str:
    """An access token for a person of the town, without the cost of checking a password."""
    account, device = session.get(Account, UUID(uid(name))), session.get(Device, UUID(uid(f"{name}'s phone")))
    assert account is not None
    assert device is not None
    session.merge(DevicePerson(device_id=device.id, staff_id=account.staff_id))
    return sessions.issue(session, settings, account, device, UUID(record_writer.new_id()), None).access_token


def server_view(database: Database, scopes: list[str]) -> dict[tuple[str, str], int]:
    """What a phone with these scopes must hold."""
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("""
                SELECT DISTINCT d.kind, d.id::text, d.version
                FROM sync_entry e
                JOIN sync_document d USING (kind, id)
                WHERE e.scope = ANY(:s)
                AND NOT e.removed
            """),
            {"s": scopes},
        )
        return {(row[0], row[1]): row[2] for row in rows}


def mutation(kind: str, record: str, op: str, now: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A mutation as a phone would send it."""
    happened_at = more.pop("happened_at", datetime.now(UTC) - timedelta(minutes=1))
    return {
        "id": more.pop("id", record_writer.new_id()),
        "kind": kind,
        "record": record,
        "op": op,
        "base_version": more.pop("base_version", 1),
        "was": {},
        "now": now,
        "happened_at": happened_at if isinstance(happened_at, str) else happened_at.isoformat(),
        **more,
    }


def entrance_of(session: Session, actor: Actor) -> Entrance:
    """What a signed-in request of this actor begins with."""
    scopes = {scope: until.isoformat() if until else None for scope, until in held(session, actor).items()}
    return Entrance(actor, scopes, epoch.current(session.connection()), (), None, None, (Snapshot(3, 3), ()))


def hand_in(session: Session, actor: Actor, mutations: Sequence[Any], **clocks: Any) -> list[dict[str, Any]]:
    """Push by hand inside a session; returns the outcomes."""
    body = {
        "store": uid("store"),
        "sent_at": datetime.now(UTC).isoformat(),
        "mutations": list(mutations),
        **clocks,
    }
    batch = read_batch(json.dumps(body).encode())
    return push_batch(session, entrance_of(session, actor), batch, Quota(10**6, 10**9))


def contractors_crew(session: Session) -> str:
    """A crew in the north whose only person has no account."""
    person = {
        "staff_number": "W900",
        "name": "外协老赵",
        "post": "works_manager",
        "employment": "outsourced",
        "is_active": True,
    }
    record_writer.create(session, system(uid("north")), "staff", person, record_id=uid("zhao"))
    crew = {"name": "外协一队", "leader_id": uid("zhao"), "member_ids": [uid("zhao")], "skills": ["pipe_repair"],
            "shift_start": "00:00", "shift_end": "23:59", "is_active": True}  # fmt: skip
    return record_writer.create(session, system(uid("north")), "crew", crew, record_id=uid("outside")).id
