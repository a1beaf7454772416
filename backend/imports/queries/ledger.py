"""What the ledger holds under the numbers and names of a chunk of rows, within the units of who imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.comparing import comparable
from backend.core.queries.scopes import today

NUMBERED = frozenset({"customer", "service_point", "staff"})
# Small tables, read once: what each may be called, of the importer's units; a matter may be of one above.
_NAMED = {
    "unit": """
        SELECT id::text, id::text, name
        FROM unit
        WHERE deleted_at IS NULL
        AND id = ANY(CAST(:units AS uuid[]))
    """,
    "cell": """
        SELECT c.id::text, c.code, c.name
        FROM cell c
        WHERE c.deleted_at IS NULL
        AND c.valid_from <= :on
        AND (c.valid_until IS NULL OR c.valid_until >= :on)
        AND c.unit_id = ANY(CAST(:units AS uuid[]))
    """,
    "crew": """
        SELECT id::text, name, name
        FROM crew
        WHERE deleted_at IS NULL
        AND unit_id = ANY(CAST(:units AS uuid[]))
    """,
    "matter": """
        SELECT m.id::text, v.called, m.name_zh
        FROM matter m
        CROSS JOIN LATERAL (VALUES (m.code), (m.name_en)) AS v(called)
        WHERE m.deleted_at IS NULL
    """,
}
# A look by the index for each number, whatever the planner knows of a table that is being filled.
_HELD = """
    SELECT held.form, held.id::text, held.is_former, (
        SELECT d.unit_id = ANY(CAST(:units AS uuid[]))
        FROM sync_document d
        WHERE d.kind = :kind
        AND d.id = held.id
    )
    FROM unnest(CAST(:forms AS text[])) AS asked(form)
    CROSS JOIN LATERAL (
        SELECT o.form, o.id, o.is_former
        FROM own_number o
        WHERE o.kind = :kind
        AND o.form = asked.form
        AND o.is_double IS false
        LIMIT 1
    ) held
"""
_POINTS = """
    SELECT customer_id::text, id::text, address
    FROM service_point
    WHERE deleted_at IS NULL
    AND customer_id = ANY(CAST(:customers AS uuid[]))
    ORDER BY id
"""
_CELL_UNITS = """
    SELECT id::text, ST_X(p), ST_Y(p)
    FROM cell, LATERAL ST_PointOnSurface(outline) p
    WHERE deleted_at IS NULL
    AND valid_from <= :on
    AND (valid_until IS NULL OR valid_until >= :on)
    AND unit_id = ANY(CAST(:units AS uuid[]))
"""
_DUTIES = """
    SELECT cell_id::text, staff_id::text, duty, id::text
    FROM cell_assignment
    WHERE deleted_at IS NULL
    AND unit_id = ANY(CAST(:units AS uuid[]))
    AND (valid_until IS NULL OR valid_until >= :on)
    ORDER BY valid_from DESC
"""
_GONE = """
    SELECT o.id::text, o.form
    FROM own_number o
    JOIN sync_document d ON d.kind = o.kind
    AND d.id = o.id
    WHERE o.kind = :kind
    AND o.is_former IS false
    AND d.unit_id = ANY(CAST(:units AS uuid[]))
    AND NOT d.deleted
    ORDER BY o.form
"""


class Foreign(Exception):
    """A number of a record that is another unit's."""


class MergedAway(Exception):
    """The number of a record that was merged into another, whose id this names."""


class Several(Exception):
    """A name that several records have."""


class Ledger:
    """Looks up records by what people call them; raises Foreign and Several."""

    def __init__(self, session: Session, units: Collection[str]) -> None:
        self._session, self._units = session, list(units)
        self._names: dict[str, dict[str, set[str]]] = {}
        self._numbers: dict[str, dict[str, tuple[str, bool, bool]]] = {}
        self._points: dict[str, list[tuple[str, str]]] = {}
        self._duties: dict[tuple[str, ...], str] | None = None
        self._middles: dict[str, tuple[float, float]] | None = None

    def look_ahead(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Ask now, in a statement for each kind, for all that rows name: kind, number as written."""
        forms: defaultdict[str, set[str]] = defaultdict(set)
        for kind, typed in wanted:
            forms[kind].add(comparable(typed))
        for kind in NUMBERED & forms.keys():
            known = self._numbers.setdefault(kind, {})
            given = {"kind": kind, "forms": sorted(forms[kind] - known.keys()), "units": self._units}
            known |= {row[0]: (row[1], row[2], row[3]) for row in self._session.execute(text(_HELD), given)}

    def look_at_points(self, customers: Collection[str]) -> None:
        """Ask now for the points of these customers."""
        self._points |= {one: [] for one in customers}
        for row in self._session.execute(text(_POINTS), {"customers": sorted(customers)}):
            self._points[row[0]].append((row[1], row[2]))

    def find(self, kind: str, typed: str) -> str | None:
        """The record of a kind under a number or name; a former number leads to what it was merged into."""
        if kind in NUMBERED:
            found = self._numbers.get(kind, {}).get(comparable(typed))
            if found is not None and not found[2]:
                raise Foreign
            return found and found[0]
        ids = self._called(kind).get(comparable(typed), set())
        if len(ids) > 1:
            raise Several
        return next(iter(ids), None)

    def own(self, kind: str, typed: str) -> str | None:
        """The record whose number this is today. Raises MergedAway."""
        found = self.find(kind, typed)
        if found and self._numbers[kind][comparable(typed)][1]:
            raise MergedAway(found)
        return found

    def point_at(self, customer_id: str, address: str) -> str | None:
        """A customer's point at an address, however it is written."""
        form = comparable(address)
        return next(
            (id_ for id_, there in self._points.get(customer_id, ()) if comparable(there) == form), None
        )

    def points_of(self, customers: Collection[str]) -> set[str]:
        """The points of these customers."""
        return {id_ for one in customers for id_, _ in self._points.get(one, ())}

    def has_no_point(self, customer_id: str) -> bool:
        """Whether a customer that was looked at has no point at all."""
        return self._points.get(customer_id) == []

    def duty_of(self, cell_id: str, staff_id: str, duty: str) -> str | None:
        """The assignment by which somebody has a cell, today or later."""
        if self._duties is None:
            rows = self._session.execute(text(_DUTIES), {"units": self._units, "on": today()})
            self._duties = {tuple(row[:3]): row[3] for row in rows}
        return self._duties.get((cell_id, staff_id, duty))

    def middle_of(self, cell_id: str) -> tuple[float, float] | None:
        """A place inside a cell of today of the importer's units; None for any other cell."""
        if self._middles is None:
            rows = self._session.execute(text(_CELL_UNITS), {"units": self._units, "on": today()})
            self._middles = {row[0]: (round(row[1], 7), round(row[2], 7)) for row in rows}
        return self._middles.get(cell_id)

    def _called(self, kind: str) -> Mapping[str, set[str]]:
        if kind not in self._names:
            found: defaultdict[str, set[str]] = defaultdict(set)
            given = {"units": self._units, "on": today()}
            asked = _NAMED[kind]
            rows = self._session.execute(text(asked), {n: v for n, v in given.items() if f":{n}" in asked})
            for id_, *names in rows:
                for name in names:
                    found[comparable(name or "")].add(id_)
            self._names[kind] = found
        return self._names[kind]


def held_by(session: Session, kind: str, units: Collection[str]) -> list[tuple[str, str]]:
    """All records of these units with an own number: id, the number as it is compared."""
    rows = session.execute(text(_GONE), {"kind": kind, "units": list(units)})
    return [(row[0], row[1]) for row in rows]
