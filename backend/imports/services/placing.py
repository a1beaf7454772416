"""Gives imported records their place and cell: by coordinates, a person's word, their cell or address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from backend.core.geometry import lng_lat, point
from backend.core.services import record_writer
from backend.imports.queries.ledger import Ledger
from backend.imports.reading.gazetteer import Gazetteer
from backend.imports.reading.wrong import reason
from backend.imports.services.rows import Judged, RowIn
from sync.change import Stored
from sync.kind import Values

# Records whose cell follows from their place, or from their customer.
FILED = frozenset({"customer", "service_point", "work_order", "visit"})
_OF_CUSTOMER = frozenset({"work_order", "visit"})


class Placer:
    """Places the records of a chunk of rows, within the cells of the importer's units."""

    def __init__(self, session: Session, ledger: Ledger, places: Gazetteer) -> None:
        self._session, self._ledger, self._places = session, ledger, places
        self._cells: dict[tuple[float, float], str | None] = {}

    def look_ahead(self, rows: Sequence[RowIn]) -> None:
        """The cells of all places that these rows name, at once."""
        given = [
            one for row in rows for one in (row.values.get("place"), (row.settled or {}).get("place")) if one
        ]
        places = [lng_lat(one) for one in given]
        self._cells = dict(zip(places, self._places.cells_at(places), strict=True))

    def wants_place(self, row: RowIn, values: Values, before: Stored | None) -> bool:
        return values.get("place") is None and before is None and not (row.settled or {}).get("alone")

    def place(self, row: RowIn, values: Values, judged: Judged) -> bool:
        """Gives a new point its place: by what was settled, its cell, or its address; whether it could."""
        if not values.get("address"):
            judged.reasons.append(reason("address", "no_address"))
            return False
        said, located = row.settled or {}, row.located
        if said.get("place"):
            values["place"] = said["place"]
            return True
        cell_id = said.get("cell_id") or values.get("cell_id")
        if cell_id is None and located is not None and located.is_sure:
            cell_id = located.cell_id
        middle = self._ledger.middle_of(cell_id) if cell_id else None
        if middle is None:
            judged.notes.append(located.reason if located else reason("address", "unknown_address"))
            return False
        is_near = located is not None and located.place is not None and located.cell_id == cell_id
        values["place"] = point(*(located.place if is_near and located and located.place else middle))
        values["cell_id"] = cell_id
        judged.notes.append(reason("address", "rough_place"))
        return True

    def file(self, kind: str, values: Values, before: Stored | None, row: RowIn) -> None:
        """The cell of a point by its place, of a customer by the row's point; who has one keeps it."""
        if kind not in FILED:
            return
        has_place = values.get("place") is not None
        if values.get("cell_id") is None and has_place and kind != "customer":
            values["cell_id"] = self._cell_at(values["place"])
        if kind in _OF_CUSTOMER and before is None and values.get("cell_id") is None:
            values["cell_id"] = self._cell_of_customer(values.get("customer_id"))
        if kind == "customer" and values.get("cell_id") is None:
            values["cell_id"] = (before and before.values.get("cell_id")) or self._cell_of_row(row)
        if values.get("cell_id") is None:
            values.pop("cell_id", None)

    def _cell_at(self, place: Mapping[str, Any]) -> str | None:
        found = self._cells.get(lng_lat(dict(place)))
        return found if found and self._ledger.middle_of(found) else None

    def _cell_of_row(self, row: RowIn) -> str | None:
        if row.values.get("place"):
            return self._cell_at(row.values["place"])
        said, located = row.settled or {}, row.located
        if said.get("cell_id"):
            return str(said["cell_id"])
        if said.get("place"):
            return self._cell_at(said["place"])
        found = located.cell_id if located is not None and located.is_sure else None
        return found if found and self._ledger.middle_of(found) else None

    def _cell_of_customer(self, customer_id: str | None) -> str | None:
        if customer_id is None:
            return None
        return record_writer.read(self._session, "customer", customer_id).values.get("cell_id")
