"""The demo city's staff: names, numbers, accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.services import record_writer
from backend.core.services.credentials import hash_password
from backend.people.services import sessions
from sync.kind import Values

# Printed by `make run`; demo accounts sign in from this machine only.
PASSWORD = "wangge-demo-2026"  # noqa: S105
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红娥玲菊凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳"


def made_up_name(random: np.random.Generator) -> str:
    """A family name and one or two given characters."""
    given = "".join(GIVEN[random.integers(len(GIVEN))] for _ in range(1 + int(random.random() < 0.6)))
    return FAMILY[random.integers(len(FAMILY))] + given


def made_up_phone(random: np.random.Generator) -> str:
    """A number that cannot be anyone's: local numbers never begin with 0."""
    return f"0532-0{random.integers(0, 10**7):07d}"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff to be made."""

    id: str
    unit_id: str
    staff_number: str
    role: Role
    post: str


def write_people(session: Session, people: list[Person], random: np.random.Generator) -> None:
    """Staff records and demo accounts; one hash serves them all, since they share one printed password."""
    hashed = hash_password(PASSWORD)
    for unit_id in sorted({person.unit_id for person in people}):
        rows = [(p.id, _values(p, random)) for p in people if p.unit_id == unit_id]
        record_writer.create_many(session, system(unit_id), "staff", rows, quiet=True)
    for person in people:
        sessions.open_account(
            session,
            person.id,
            person.unit_id,
            person.staff_number,
            None,
            hashed,
            [str(person.role)],
            is_demo=True,
        )
    session.flush()


def _values(person: Person, random: np.random.Generator) -> Values:
    return {
        "unit_id": person.unit_id,
        "staff_number": person.staff_number,
        "name": made_up_name(random),
        "post": person.post,
        "employment": "outsourced" if random.random() < 0.15 else "own",
        "work_phone": made_up_phone(random),
        "working_hours": "08:30-17:00",
        "exam_passed_until": "2027-06-30",
        "is_active": True,
    }
