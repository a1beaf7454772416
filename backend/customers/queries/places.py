"""Locates a record: its customer, point, place, address and cell, as far as they follow from what it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.comparing.addresses import is_same_address, names_city
from backend.core.geometry import lng_lat, point
from backend.core.queries.scopes import held, units_below
from backend.customers.queries.addresses import whole_door
from backend.customers.queries.home_city import home_of
from backend.customers.queries.nearby import SAME_DOOR_M
from backend.territory.queries.cells import cells_at
from geo.measure import distance_m
from sync.errors import Refused
from sync.kind import Kind, Values

# What says where a job is; any one of these is enough, and the others follow from it.
WHERE = ("service_point_id", "customer_id", "place", "address", "cell_id")
_VISIBLE = """
    EXISTS (SELECT FROM sync_entry e
    WHERE e.kind = '{kind}' AND e.id = r.id AND e.scope = ANY(:scopes) AND NOT e.removed)
"""
_POINT = """
    SELECT r.id::text AS id,
        r.customer_id::text AS customer_id,
        ST_X(r.place) AS lng,
        ST_Y(r.place) AS lat,
        r.address,
        r.cell_id::text AS cell_id
    FROM service_point r
    WHERE r.deleted_at IS NULL AND {which}
"""
_POINTS = f"""
    SELECT asked.value, found.*
    FROM unnest(CAST(:asked AS text[])) AS asked(value)
    CROSS JOIN LATERAL ({_POINT} AND {_VISIBLE.format(kind="service_point")}
      ORDER BY r.address, r.id
      LIMIT 50) found
"""  # noqa: S608 - made of constants; values are bound
# By what the ledger is asked for points, the surest first.
_BY = {
    "service_point_id": "r.id = CAST(asked.value AS uuid)",
    "customer_id": "r.customer_id = CAST(asked.value AS uuid)",
    "address": "r.id IN (SELECT s.id FROM search_entry s WHERE s.kind = 'service_point' AND s.words LIKE "
    "asked.value)",
}
_POINTS_BY = {name: text(_POINTS.format(which=which)) for name, which in _BY.items()}


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
    """What follows (only fields that were empty), and the points somebody must choose between: never
    guessed."""

    values: Values
    choices: list[Point] = field(default_factory=list)


def office_scopes(session: Session, unit_id: str) -> list[str]:
    """What a unit's office holds: where the server itself looks for a record of that unit."""
    return [f"office:{one}" for one in units_below(session, unit_id)]


# Kinds that are filed under the cell of what they are about; a job also has a place and a door.
PLACED = frozenset({"work_order", "item", "visit", "survey", "response", "service_point"})


class Ledger:
    """What ledger and ground of today say within somebody's scopes: each thing asked once, many in one go."""

    def __init__(self, session: Session, scopes: Collection[str]) -> None:
        self._session, self._scopes = session, list(scopes)
        self._points: dict[tuple[str, str], list[Point]] = {}
        self._cells: dict[tuple[float, float], str | None] = {}

    def look_ahead(self, records: Iterable[Values]) -> None:
        """Ask now, in a statement for each sort, for all that these records will be asked by."""
        wanted = list(records)
        asked: dict[str, set[str]] = {name: set() for name in _BY}
        for one in wanted:
            name = _asked_by(one)
            if name is not None:
                asked[name].add(one[name])
        for name, values in asked.items():
            self._ask_points(name, values)
        unfiled = [one["place"] for one in wanted if one.get("place") and one.get("cell_id") is None]
        self._ask_cells({lng_lat(place) for place in unfiled})

    def points_of(self, given: Values) -> list[Point]:
        """The named point; else the customer's; else those at the very address, however it is written."""
        name = _asked_by(given)
        if name is None:
            return []
        if (name, given[name]) not in self._points:
            self._ask_points(name, {given[name]})
        return self._points[name, given[name]]

    def cell_at(self, place: tuple[float, float]) -> str | None:
        """The cell a place lies in today."""
        self._ask_cells({place})
        return self._cells[place]

    def cell_of_customer(self, customer_id: str | None) -> str | None:
        """Where a customer without a point is filed."""
        if customer_id is None:
            return None
        is_seen = _VISIBLE.format(kind="customer")
        asked = f"""
            SELECT r.cell_id::text
            FROM customer r
            WHERE r.id = CAST(:id AS uuid)
            AND {is_seen}
        """  # noqa: S608 - made of constants; values are bound
        return self._session.execute(text(asked), {"id": customer_id, "scopes": self._scopes}).scalar()

    def _ask_points(self, name: str, values: set[str]) -> None:
        asked = [one for one in sorted(values) if (name, one) not in self._points]
        if not asked:
            return
        forms = {one: whole_door(one) for one in asked} if name == "address" else {one: one for one in asked}
        wanted: dict[str, Any] = {
            "asked": sorted({one for one in forms.values() if one}),
            "scopes": self._scopes,
        }
        found: dict[str, list[Point]] = {}
        for row in self._session.execute(_POINTS_BY[name], wanted):
            found.setdefault(row[0], []).append(_point_of(*row[1:]))
        is_named = name == "address" and bool(found) and any(map(names_city, asked))
        home = home_of(self._session) if is_named else None
        for one, form in forms.items():
            self._points[name, one] = [
                known
                for known in found.get(form, [])
                if name != "address" or is_same_address(known.address or "", one, home)
            ]

    def _ask_cells(self, places: set[tuple[float, float]]) -> None:
        asked = [one for one in sorted(places) if one not in self._cells]
        if asked:
            cells = [cell["id"] if cell else None for cell in cells_at(self._session, asked)]
            self._cells |= dict(zip(asked, cells, strict=True))


def _asked_by(given: Values) -> str | None:
    for name in _BY:
        if given.get(name):
            return name
    return None


def found_by(
    session: Session, actor: Actor, kind: Kind, given: Values, scopes: Collection[str] | None = None
) -> Located:
    """What a record in an author's hand can say of where it is, by what they may read (`scopes`, where
    they are known).

    What has its cell already costs nothing; only a job is also looked up for its place and door.
    """
    return found_for_many(session, actor, [(kind, given)], scopes)[0]


def found_for_many(
    session: Session,
    actor: Actor,
    records: Sequence[tuple[Kind, Values]],
    scopes: Collection[str] | None = None,
    *,
    are_read: bool = False,
) -> list[Located]:
    """`found_by` for records that come together (`are_read`: as their kinds read them), by a fixed number
    of looks."""
    asking = {n: _asking(kind, given) for n, (kind, given) in enumerate(records) if _lacks(kind, given)}
    if not are_read:
        asking = {n: read for n, one in asking.items() if (read := _read(records[n][0], one)) is not None}
    if not asking:
        return [Located({}) for _ in records]
    if scopes is None:
        scopes = office_scopes(session, actor.unit_id) if actor.is_system else list(held(session, actor))
    ledger = Ledger(session, scopes)
    ledger.look_ahead(asking.values())
    # Who wrote an address on a phone may know of it nothing but that: where it is, not whose, with name and
    # number.
    return [
        _located(ledger, kind, asking[n], says_whose=not actor.is_system) if n in asking else Located({})
        for n, (kind, _) in enumerate(records)
    ]


def _lacks(kind: Kind, given: Values) -> bool:
    """Whether something of where it is is missing, and may be said."""
    if kind.name not in PLACED or (kind.name == "response" and given.get("is_anonymous")):
        return False
    return any(given.get(name) is None for name in (WHERE if kind.name == "work_order" else ("cell_id",)))


def _asking(kind: Kind, given: Values) -> Values:
    """What the ledger is asked by for a record.

    A point is filed under where it stands, not as others at its address.
    """
    asks = ("place", "cell_id") if kind.name == "service_point" else WHERE
    return {name: value for name in asks if name in kind.fields and (value := given.get(name)) is not None}


def _read(kind: Kind, asking: Values) -> Values | None:
    try:
        return kind.load(asking, True)
    except Refused:
        return None  # What cannot be read is said where all of the record is read.


def located(session: Session, kind: Kind, given: Values, scopes: Collection[str]) -> Located:
    """What a record of a kind can say of where it is, by the ledger in these scopes and the ground of
    today."""
    return _located(Ledger(session, scopes), kind, given, says_whose=True)


def _located(ledger: Ledger, kind: Kind, given: Values, *, says_whose: bool) -> Located:
    """Without `says_whose` a bare address leads to a place and a cell, and to nobody's point."""
    asked = ledger.points_of(given)
    chosen = _chosen(asked, given)
    if chosen and not says_whose and not (given.get("service_point_id") or given.get("customer_id")):
        asked, chosen = [chosen], None
    if chosen is None and given.get("place") is not None and given.get("cell_id") is not None:
        return Located({})  # What else follows from the ledger follows from a point alone.
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
    if known.get("cell_id") is None:
        found["cell_id"] = _cell_of(ledger, known, chosen, asked, has_place=given.get("place") is not None)
    values = {
        name: value
        for name, value in found.items()
        if value is not None and given.get(name) is None and name in kind.fields
    }
    must_choose = (
        chosen is None and len(asked) > 1 and known.get("place") is None and "service_point_id" in kind.fields
    )
    return Located(values, asked if must_choose else [])


def point_of(session: Session, point_id: str | None) -> Point | None:
    """A service point as it stands, whoever may see it."""
    if point_id is None:
        return None
    sql = _POINT.format(which="r.id = CAST(:is AS uuid)")
    row = session.execute(text(sql), {"is": point_id}).one_or_none()
    return _point_of(*row) if row else None


def _point_of(
    record_id: str,
    customer_id: str,
    lng: float | None,
    lat: float | None,
    address: str | None,
    cell_id: str | None,
) -> Point:
    place = None if lng is None or lat is None else point(lng, lat)
    return Point(record_id, customer_id, place, address, cell_id)


def _chosen(asked: list[Point], given: Values) -> Point | None:
    """The point in question: the named or only one, or the only one at the place, address or cell given
    with it.

    Trouble at another place than any of a customer's points is at none of them.
    """
    place = given.get("place")
    if place is not None and not given.get("service_point_id"):
        asked = [
            one
            for one in asked
            if one.place and distance_m(lng_lat(one.place), lng_lat(place)) <= SAME_DOOR_M
        ]
    for name in ("address", "cell_id"):
        if len(asked) > 1 and given.get(name):
            asked = [one for one in asked if _is_same(name, getattr(one, name), given[name])] or asked
    return asked[0] if len(asked) == 1 else None


def _is_same(name: str, ours: str | None, theirs: str) -> bool:
    return ours == theirs or (name == "address" and ours is not None and is_same_address(ours, theirs))


def _agree(asked: Iterable[Point]) -> bool:
    return len({(str(one.place), one.cell_id) for one in asked}) == 1


def _cell_of(
    ledger: Ledger, known: Values, chosen: Point | None, asked: Sequence[Point], *, has_place: bool
) -> str | None:
    """The ground says where a place lies; without one the ledger does."""
    by_place = ledger.cell_at(lng_lat(known["place"])) if known.get("place") else None
    if has_place:
        return by_place
    filed = (chosen.cell_id if chosen else None) or by_place
    if filed:
        return filed
    cells = {one.cell_id for one in asked}
    return next(iter(cells)) if len(cells) == 1 else ledger.cell_of_customer(known.get("customer_id"))


def is_somewhere(values: Values) -> bool:
    """Whether somebody can be sent there, or is at least responsible for the cell it lies in."""
    return values.get("place") is not None or values.get("cell_id") is not None
