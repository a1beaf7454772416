"""What an installation is set up with: one shape for the page, the TOML file and the command's flags."""

from __future__ import annotations

import tomllib
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validates_schema
from marshmallow.validate import Length

from backend.core.errors import Problem
from backend.core.installation import USUAL_POSTS
from backend.core.kinds import wire
from backend.core.kinds.installation import (
    LANGUAGES,
    LENGTH_UNITS,
    Currency,
    HotlineValues,
    PostValues,
    TimeZone,
    zones,
)
from backend.core.sentences import fault
from backend.setup.services.holiday_calendars import countries

MOST_BRANCHES, MOST_POSTS, MOST_HOTLINES = 200, 100, 20
LARGEST = 256 * 1024


class UnitWanted(Schema):
    """A unit: what it is called, and its hotline."""

    name = wire.Text(most=200, least=1, required=True)
    hotline = wire.Text(most=30, allow_none=True)


class GroupWanted(UnitWanted):
    """The topmost unit, with its name in the other language too."""

    name_en = wire.Text(most=200, allow_none=True)


class AdministratorWanted(Schema):
    """The first person who may sign in."""

    number = wire.Text(most=20, least=1, required=True)
    name = wire.Text(most=50, least=1, required=True)
    phone = wire.Text(most=30, least=6, allow_none=True)


class CalendarWanted(Schema):
    """Whose holidays are kept: a country (ISO 3166-1) and a part that has its own; none begins empty."""

    country = wire.Text(most=2, load_default="")
    part = wire.Text(most=20, load_default="")


class TerritoryWanted(Schema):
    """Cells that were drawn from a map file before, and whose they are: the only branch's, or the group's."""

    plan_id = wire.Id(required=True)
    unit = wire.Text(most=200, allow_none=True)


class Wanted(Schema):
    """Everything that is asked before an installation is used."""

    group = fields.Nested(GroupWanted(unknown=RAISE), required=True)
    branches = fields.List(
        fields.Nested(UnitWanted(unknown=RAISE)), load_default=list, validate=Length(max=MOST_BRANCHES)
    )
    language = wire.Choice(LANGUAGES, required=True)
    time_zone = TimeZone(most=64, required=True)
    currency = Currency(most=3, required=True)
    length_unit = wire.Choice(LENGTH_UNITS, load_default="mm")
    calendar = fields.Nested(CalendarWanted(unknown=RAISE), load_default=lambda: {"country": "", "part": ""})
    posts = fields.List(
        fields.Nested(PostValues(unknown=RAISE)), load_default=list, validate=Length(max=MOST_POSTS)
    )
    hotlines = fields.List(
        fields.Nested(HotlineValues(unknown=RAISE)), load_default=list, validate=Length(max=MOST_HOTLINES)
    )
    has_matters = wire.Flag(load_default=True)
    administrator = fields.Nested(AdministratorWanted(unknown=RAISE), required=True)
    territory = fields.Nested(TerritoryWanted(unknown=RAISE), load_default=None, allow_none=True)

    @pre_load
    def _said(self, given: Any, **_: Any) -> Any:
        """A field left empty on a page was not filled in."""
        return _without_empty(given)

    @validates_schema
    def _known(self, wanted: dict[str, Any], **_: Any) -> None:
        """The country's holidays are known; nothing is named twice."""
        found: dict[str, list[str]] = {}
        calendar, known = wanted["calendar"], countries()
        if calendar["country"] and calendar["country"] not in known:
            found["calendar.country"] = ["Not a country whose holidays are known; leave it empty."]
        elif calendar["part"] and calendar["part"] not in known.get(calendar["country"], ()):
            found["calendar.part"] = ["Not a part of this country; leave it empty."]
        territory = wanted["territory"] or {}
        names = [one["name"] for one in (wanted["group"], *wanted["branches"])]
        if territory.get("unit") and territory["unit"] not in names:
            found["territory.unit"] = ["Neither the group nor one of its branches."]
        for name, values in (
            ("branches", names),
            ("posts", [one["code"] for one in wanted["posts"]]),
        ):
            if len({*values}) < len(values):
                found[name] = ["Named twice."]
        if found:
            raise ValidationError(found)


def _without_empty(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _without_empty(value) for name, value in given.items() if value not in ("", None)}
    return [_without_empty(one) for one in given] if isinstance(given, list) else given


def places() -> list[str]:
    """Time zones by the places they are named after, for choosing from."""
    return sorted(one for one in zones() if "/" in one and not one.startswith("Etc/"))


def default_posts() -> list[dict[str, str]]:
    """The posts that are there where none are named."""
    return [{"code": code, "zh": zh, "en": en} for code, (zh, en) in USUAL_POSTS.items()]


def read_toml(text: bytes) -> dict[str, Any]:
    """What a TOML file says, not judged yet. Raises bad_setup_file."""
    if len(text) > LARGEST:
        raise Problem("bad_setup_file", faults=[fault("", "setup.too_large", most=LARGEST)])
    try:
        # Windows' own editor begins a file with a mark.
        return tomllib.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Problem("bad_setup_file", faults=[fault("", "setup.no_toml", why=str(error))]) from error


def pop_territory(wanted: dict[str, Any]) -> dict[str, Any]:
    """Take away what a file says of the cells' map, which is nothing of the setup itself.

    Raises bad_setup_file.
    """
    found = wanted.pop("territory", {})
    if not isinstance(found, dict):
        raise Problem("bad_setup_file", faults=[fault("territory", "setup.no_table")])
    return found
