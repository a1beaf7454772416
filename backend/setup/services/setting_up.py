"""Sets up an empty installation in one transaction: units, calendars, matters, its first administrator.

Whoever comes second, or at the same time, waits for the first and is refused.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.errors import Problem
from backend.core.installation import REPRESENTATIVE, Installation, installed, installed_as
from backend.core.queries.locks import hold
from backend.core.sentences import sentence
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.installing import set_installation
from backend.people.services.accounts import open_first_account
from backend.setup.queries import page_token
from backend.setup.queries.emptiness import is_empty
from backend.setup.services.holiday_calendars import calendar_of
from backend.setup.services.standard_matters import standard_matters
from backend.territory.services.first_ground import adopt_first, forget_first

_ONE_AT_A_TIME = "setting up"
# None that is taken for another when it is read out or copied by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LETTERS_EACH = 4, 5
YEARS = 2
# Of the installation, which is shorter than a unit's.
MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was made: the units by name, and how the first administrator signs in, once."""

    units: dict[str, str]
    staff_id: str
    staff_number: str
    password: str


def set_up(session: Session, wanted: dict[str, Any], network_address: str | None = None) -> SetUp:
    """Write all that `wanted` (loaded by `wanted.Wanted`) names.

    Raises already_set_up, and what keeps the territory from coming true: then nothing is written.
    """
    hold(session, _ONE_AT_A_TIME)
    if not is_empty(session):
        raise Problem("already_set_up")
    units = _write_units(session, wanted)
    group_id = units[wanted["group"]["name"]]
    hand = system(group_id)
    installation = _write_installation(session, hand, wanted)
    _write_calendars(session, hand, wanted)
    if wanted["has_matters"]:
        rows = [(record_writer.new_id(), values) for values in standard_matters()]
        record_writer.create_many(session, hand, "matter", rows)
    # Until the commit this process goes by what was before, which may not have the administrator's post.
    with installed_as(installation):
        made = _write_administrator(session, hand, wanted, units)
        cells = _write_territory(session, wanted, units)
    page_token.forget(session)
    what = {
        "units": len(units),
        "cells": cells,
        "time_zone": wanted["time_zone"],
        "currency": wanted["currency"],
    }
    actor = Actor(hand.id, group_id, frozenset(), is_system=True, network_address=network_address)
    note_act(session, actor, "set_up", ("unit", group_id), after=what)
    return made


def _write_units(session: Session, wanted: dict[str, Any]) -> dict[str, str]:
    """The group and its branches; ids by name."""
    group, ids = wanted["group"], {}
    for one in (group, *wanted["branches"]):
        ids[one["name"]] = record_writer.new_id()
    group_id = ids[group["name"]]
    rows = [
        (
            ids[one["name"]],
            {
                "unit_id": ids[one["name"]],
                "name": one["name"],
                "hotline": one.get("hotline"),
                "level": "group" if one is group else "branch",
                "parent_id": None if one is group else group_id,
            },
        )
        for one in (group, *wanted["branches"])
    ]
    record_writer.create_many(session, system(group_id), "unit", rows)
    return ids


def _write_territory(session: Session, wanted: dict[str, Any], units: dict[str, str]) -> int:
    """The cells that were drawn before, with all the rest or not at all; returns how many."""
    asked, branches = wanted.get("territory"), wanted["branches"]
    usual = branches[0]["name"] if len(branches) == 1 else wanted["group"]["name"]
    cells = adopt_first(session, units[asked.get("unit") or usual], asked["plan_id"]) if asked else 0
    forget_first(session)
    return cells


def _write_installation(session: Session, hand: Actor, wanted: dict[str, Any]) -> Installation:
    """Zone, language, currency, names; posts and numbers to call where they are named."""
    group = wanted["group"]
    values = {name: wanted[name] for name in ("time_zone", "language", "currency", "length_unit")}
    values |= {
        "name_zh": group["name"][:MOST_NAME],
        "name_en": (group.get("name_en") or group["name"])[:MOST_NAME],
    }
    values |= {name: wanted[name] for name in ("posts", "hotlines") if wanted[name]}
    if group.get("hotline") and not wanted["hotlines"]:
        usual = sentence("setup.usual_hotline").as_dict()
        values["hotlines"] = [{"number": group["hotline"], **usual}]
    return set_installation(session, hand, values)


def _write_calendars(session: Session, hand: Actor, wanted: dict[str, Any]) -> None:
    """This year's and the next one's."""
    asked, year = wanted["calendar"], datetime.now(ZoneInfo(wanted["time_zone"])).year
    rows = [
        (
            record_writer.new_id(),
            calendar_of(year + n, asked["country"], asked["part"], wanted["language"]),
        )
        for n in range(YEARS)
    ]
    record_writer.create_many(session, hand, "calendar", rows)


def _write_administrator(
    session: Session, hand: Actor, wanted: dict[str, Any], units: dict[str, str]
) -> SetUp:
    """The first person, with a password that is good for the first sign-in alone."""
    asked = wanted["administrator"]
    values = {
        "unit_id": hand.unit_id,
        "staff_number": asked["number"],
        "name": asked["name"],
        "work_phone": asked.get("phone"),
        "post": _post_of_administrator(),
        "employment": "own",
        "is_active": True,
    }
    staff_id = record_writer.create(session, hand, "staff", values).id
    password = one_time_password(asked["number"])
    open_first_account(session, staff_id, password)
    return SetUp(units, staff_id, asked["number"], password)


def _post_of_administrator() -> str:
    """The first that serves no cells, where there is one."""
    posts = list(installed().posts)
    return next((one for one in posts if one != REPRESENTATIVE), posts[0])


def one_time_password(own_number: str = "") -> str:
    """A password of nearly a hundred random bits that can be read out: `k7mdx-…`.

    No letter of the person's own number is in it, as no password may hold that.
    """
    letters = [one for one in _LETTERS if one not in own_number.lower()]
    groups = ("".join(secrets.choice(letters) for _ in range(_LETTERS_EACH)) for _ in range(_GROUPS))
    return "-".join(groups)
