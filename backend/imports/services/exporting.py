"""Gives everything back: each kind as CSV and GeoJSON, its history, and tables that can be imported again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.services.auditing import note_act
from backend.core.services.own_numbers import own_field
from backend.imports.queries.exported import history_rows, names_of, points_of, records_of
from backend.imports.reading.shapes import Field, Target
from backend.imports.reading.targets import TARGETS
from backend.imports.services.reports import plain_text
from backend.imports.services.runs import KEEPERS
from backend.people.queries.accounts import standing_of

_AT_ONCE = 500
BOM = "\ufeff"
# A telephone number or a figure with a sign is no formula.
_SIGNED = re.compile(r"[+-][0-9 ().-]*")
# What people call the records by that others name; what has an own number is called by it.
_CALLED = {"unit": "name", "cell": "code", "crew": "name", "matter": "code"}
# Tables that can be imported again; what is exported of the rest are the kinds themselves.
TABLES = ("customers", "staff", "crews", "cell_representatives")


def need_exporter(session: Session, actor: Actor, what: str, told: dict[str, Any] | None = None) -> list[str]:
    """The units whose data the actor may take away, noted in the trail; raises not_allowed."""
    policy.need_role(actor, KEEPERS)
    note_act(session, actor, "exported", (what, None), after=told)
    return policy.own_units(session, actor)


def kind_as_csv(session: Session, kind: str, units: Collection[str]) -> Iterator[bytes]:
    """Every record of a kind as a line: its id, version and fields by their names on the wire."""
    columns = ["id", "version", *KINDS[kind].wired]
    yield (BOM + _line(columns)).encode()
    for some in _pieces(records_of(session, kind, units)):
        yield "".join(_line([_cell(one.get(name)) for name in columns]) for one in some).encode()


def kind_as_geojson(session: Session, kind: str, units: Collection[str]) -> Iterator[bytes]:
    """The same as a FeatureCollection. Raises not_found for a kind that lies nowhere."""
    geometry = geometry_of(kind)
    if geometry is None:
        raise Problem("not_found", kind="geometry", id=kind)
    yield b'{"type":"FeatureCollection","features":['
    first = True
    for some in _pieces(records_of(session, kind, units)):
        features = [_feature(one, geometry) for one in some]
        yield (b"" if first else b",\n") + b",\n".join(map(orjson.dumps, features))
        first = False
    yield b"]}"


def geometry_of(kind: str) -> str | None:
    """The field that says where a kind's records lie."""
    return next((name for name in ("outline", "place", "check_in") if name in KINDS[kind].wired), None)


def history_as_lines(session: Session, kind: str, units: Collection[str]) -> Iterator[bytes]:
    """Everything that was ever written of a kind, a line of JSON each."""
    for some in _pieces(history_rows(session, kind, units)):
        yield b"".join(orjson.dumps(one) + b"\n" for one in some)


def table_as_csv(session: Session, name: str, units: Collection[str]) -> Iterator[bytes]:
    """A table as it can be imported again: columns by their names, other records by their own numbers."""
    target = TARGETS[name]
    fields = [one for one in target.fields if one.wire or one.name in ("longitude", "latitude")]
    names = _Names(session)
    yield (BOM + _line([one.zh for one in fields])).encode()
    for some in _pieces(records_of(session, target.kind, units)):
        points = points_of(session, [one["id"] for one in some], units) if name == "customers" else {}
        if name == "staff":
            some = _with_accounts(session, some)
        lines = [
            _line([_shown(target, one, record, point, names) for one in fields])
            for record in some
            for point in (points.get(record["id"]) or [{}])
        ]
        yield "".join(lines).encode()


def _with_accounts(session: Session, people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """People with roles and login of their accounts, of those whose account is open."""
    accounts = standing_of(session, [one["id"] for one in people])
    told = {
        one.staff_id: {"roles": one.roles, "login": one.login} for one in accounts.values() if one.is_active
    }
    return [one | told.get(one["id"], {}) for one in people]


class _Names:
    """What people call records by, a kind at a time."""

    def __init__(self, session: Session) -> None:
        self._session, self._known = session, dict[str, dict[str, str]]()

    def of(self, kind: str, record_id: Any) -> str:
        """One record's number or name."""
        if kind not in self._known:
            field = own_field(kind) or _CALLED[kind]
            self._known[kind] = names_of(self._session, kind, field)
        return self._known[kind].get(str(record_id), "")


def _shown(target: Target, field: Field, record: dict[str, Any], point: dict[str, Any], names: _Names) -> str:
    """A cell: of the record itself, or of the point beside it."""
    is_points = target.name == "customers" and (field.kind == "service_point" or not field.wire)
    source = point if is_points else record
    if field.name in ("longitude", "latitude"):
        place = source.get("place") or source.get("start_place")
        return str(place["coordinates"][field.name == "latitude"]) if place else ""
    value = _value(source, field.wire)
    if value is None or value == "":
        return ""
    if field.refers:
        ids = value if isinstance(value, list) else [value]
        return _safe("、".join(filter(None, (names.of(field.refers, one) for one in ids))))
    if isinstance(value, list):
        return _safe("、".join(field.choices[one][0] if one in field.choices else str(one) for one in value))
    if field.choices and value in field.choices:
        return field.choices[value][0]
    return ("是" if value else "否") if isinstance(value, bool) else _safe(str(value))


def _value(source: dict[str, Any], wire: str) -> Any:
    """What a record has under a field; of its former meters the last."""
    former = source.get("former_meters")
    if wire.startswith("former_meters."):
        return former[-1].get(wire.partition(".")[2]) if former else None
    return source.get(wire)


def _feature(record: dict[str, Any], geometry: str) -> dict[str, Any]:
    properties = {name: value for name, value in record.items() if name not in ("id", geometry)}
    return {
        "type": "Feature", "id": record["id"], "geometry": record.get(geometry), "properties": properties,
    }  # fmt: skip


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _safe(value) if isinstance(value, str) else orjson.dumps(value).decode()


def _safe(text: str) -> str:
    return text if _SIGNED.fullmatch(text) else plain_text(text)


def _line(cells: Iterable[str | int]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _pieces(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while some := list(islice(rows, _AT_ONCE)):
        yield some
