"""Where a record lies: its customer, point, place, address and cell, as far as they follow from what it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.geometry import lng_lat, point
from backend.queries.nearby import SAME_DOOR_M
from backend.queries.scopes import held, units_below
from backend.queries.territory import cell_at
from geo.measure import distance_m
from sync.errors import Refused
from sync.kind import Kind, Values

# What says where a job is; any one of these is enough, and the others follow from it.
WHERE = ("service_point_id", "customer_id", "place", "address", "cell_id")
_VISIBLE = "EXISTS (SELECT FROM sync_entry e WHERE e.kind = '{kind}' AND e.id = r.id AND e.scope = ANY(:scopes) AND NOT e.removed)"
_POINT = (
    "SELECT r.id::text AS id, r.customer_id::text AS customer_id, ST_X(r.place) AS lng, ST_Y(r.place) AS lat, r.address, "
    "r.cell_id::text AS cell_id FROM service_point r WHERE r.deleted_at IS NULL AND {which}"
)
_POINTS = f"{_POINT} AND {_VISIBLE.format(kind='service_point')} ORDER BY r.address, r.id LIMIT 50"


@dataclass(frozen=True, slots=True)
class Point:
    """A service point as far as it says where something is."""

    id: str
    customer_id: str
    place: dict[str, Any] | None
    address: str | None
    cell_id: str | None

    def as_choice(self) -> dict[str, str | None]:
        """What somebody needs to see to choose it."""
        return {"service_point_id": self.id, "address": self.address}


@dataclass(frozen=True, slots=True)
class Located:
    """What follows (only fields that were empty), and the points somebody must choose between: never guessed."""

    values: Values
    choices: list[Point] = field(default_factory=list)


def office_scopes(session: Session, unit_id: str) -> list[str]:
    """What a unit's office holds: where the server itself looks for a record of that unit."""
    return [f"office:{one}" for one in units_below(session, unit_id)]


# Kinds that are filed under the cell of what they are about; a job also has a place and a door.
PLACED = frozenset({"work_order", "item", "visit", "survey", "response", "service_point"})


def found_by(
    session: Session, actor: Actor, kind: Kind, given: Values, scopes: Collection[str] | None = None
) -> Located:
    """What a record in an author's hand can say of where it is, by what they may read (`scopes`, where they are known).

    What has its cell already costs nothing; only a job is also looked up for its place and door.
    """
    has_enough = all(given.get(name) is not None for name in (WHERE if kind.name == "work_order" else ("cell_id",)))
    if kind.name not in PLACED or has_enough or (kind.name == "response" and given.get("is_anonymous")):
        return Located({})
    try:
        known = kind.load(
            {name: given[name] for name in WHERE if name in kind.fields and given.get(name) is not None}, True
        )
    except Refused:
        return Located({})  # What cannot be read is said where all of the record is read.
    if scopes is None:
        scopes = office_scopes(session, actor.unit_id) if actor.is_system else list(held(session, actor))
    # Who wrote an address on a phone may know of it nothing but that: where it is, not whose, with name and number.
    return located(session, kind, known, scopes, says_whose=not actor.is_system)


def located(
    session: Session, kind: Kind, given: Values, scopes: Collection[str], *, says_whose: bool = True
) -> Located:
    """What a record of a kind can say of where it is, by the ledger within these scopes and the ground of today.

    Without `says_whose` a bare address leads to a place and a cell, and to nobody's point.
    """
    has = {name: given.get(name) for name in WHERE if name in kind.fields}
    if kind.name == "service_point":
        given = {"place": given.get("place"), "cell_id": given.get("cell_id")}
    asked = _points_of(session, given, scopes)
    chosen = _chosen(asked, given)
    if chosen and not says_whose and not (given.get("service_point_id") or given.get("customer_id")):
        asked, chosen = [chosen], None
    found: Values = {}
    if chosen is not None:
        found = {
            "service_point_id": chosen.id,
            "customer_id": chosen.customer_id,
            "place": chosen.place,
            "address": chosen.address,
        }
    elif asked and not given.get("customer_id") and _agree(asked):
        # One house, several households: where it is is known, whose trouble it is is not.
        found = {"place": asked[0].place}
    known = found | {name: value for name, value in given.items() if value is not None}
    found["cell_id"] = _cell_of(session, known, chosen, asked, scopes, has_place=given.get("place") is not None)
    values = {name: value for name, value in found.items() if name in has and has[name] is None and value is not None}
    must_choose = chosen is None and len(asked) > 1 and known.get("place") is None and "service_point_id" in has
    return Located(values, asked if must_choose else [])


def _points_of(session: Session, given: Values, scopes: Collection[str]) -> list[Point]:
    """The named point; else the customer's; else those at the very address."""
    for name, which in (
        ("service_point_id", "r.id = CAST(:is AS uuid)"),
        ("customer_id", "r.customer_id = CAST(:is AS uuid)"),
        ("address", "r.address = :is"),
    ):
        if given.get(name):
            rows = session.execute(text(_POINTS.format(which=which)), {"is": given[name], "scopes": list(scopes)})
            return [_point(row) for row in rows.mappings()]
    return []


def point_of(session: Session, point_id: str | None) -> Point | None:
    """A service point as it stands, whoever may see it."""
    if point_id is None:
        return None
    sql = _POINT.format(which="r.id = CAST(:is AS uuid)")
    row = session.execute(text(sql), {"is": point_id}).mappings().one_or_none()
    return _point(row) if row else None


def _point(row: Any) -> Point:
    place = None if row["lng"] is None else point(row["lng"], row["lat"])
    return Point(row["id"], row["customer_id"], place, row["address"], row["cell_id"])


def _chosen(asked: list[Point], given: Values) -> Point | None:
    """The point in question: the named or only one, or the only one at the place, address or cell given with it.

    Trouble at another place than any of a customer's points is at none of them.
    """
    place = given.get("place")
    if place is not None and not given.get("service_point_id"):
        asked = [one for one in asked if one.place and distance_m(lng_lat(one.place), lng_lat(place)) <= SAME_DOOR_M]
    for name in ("address", "cell_id"):
        if len(asked) > 1 and given.get(name):
            asked = [one for one in asked if getattr(one, name) == given[name]] or asked
    return asked[0] if len(asked) == 1 else None


def _agree(asked: Iterable[Point]) -> bool:
    return len({(str(one.place), one.cell_id) for one in asked}) == 1


def _cell_of(
    session: Session,
    known: Values,
    chosen: Point | None,
    asked: list[Point],
    scopes: Collection[str],
    *,
    has_place: bool,
) -> str | None:
    """The ground says where a place lies; without one the ledger does."""
    found = cell_at(session, *lng_lat(known["place"])) if known.get("place") else None
    by_place: str | None = found["id"] if found else None
    if has_place:
        return by_place
    filed = (chosen.cell_id if chosen else None) or by_place
    if filed:
        return filed
    cells = {one.cell_id for one in asked}
    return next(iter(cells)) if len(cells) == 1 else _cell_of_customer(session, known.get("customer_id"), scopes)


def _cell_of_customer(session: Session, customer_id: str | None, scopes: Collection[str]) -> str | None:
    if customer_id is None:
        return None
    sql = (
        f"SELECT r.cell_id::text FROM customer r WHERE r.id = CAST(:id AS uuid) AND {_VISIBLE.format(kind='customer')}"
    )
    return session.execute(text(sql), {"id": customer_id, "scopes": list(scopes)}).scalar()


def is_somewhere(values: Values) -> bool:
    """Whether somebody can be sent there, or is at least responsible for the cell it lies in."""
    return values.get("place") is not None or values.get("cell_id") is not None
