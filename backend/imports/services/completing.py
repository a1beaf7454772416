"""Completes values of imported records with what the server itself adds to such a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from backend.core.queries.scopes import today
from backend.customers.services.phonetics import pinyin_of
from sync.change import Stored
from sync.kind import Values


def complete(
    session: Session, kind: str, values: Values, before: Stored | None, beside: Sequence[Any]
) -> None:
    """Adds to the values of a record of a kind; `beside` are the other writes of its row."""
    if kind in _COMPLETE:
        _COMPLETE[kind](session, values, before, beside)


def _customer(_session: Session, values: Values, _before: Stored | None, _beside: Sequence[Any]) -> None:
    if "name" in values:
        values["pinyin"] = pinyin_of(values["name"])


def _point(session: Session, values: Values, before: Stored | None, beside: Sequence[Any]) -> None:
    """A new point names the representative whom its customer has as their own."""
    own = next((one.now.get("key_representative_id") for one in beside if one.kind == "customer"), None)
    if before is None and own:
        values["key_representative_id"] = own


def _assignment(_session: Session, values: Values, before: Stored | None, _beside: Sequence[Any]) -> None:
    if before is None:
        values.setdefault("valid_from", today().isoformat())


_COMPLETE: dict[str, Callable[[Session, Values, Stored | None, Sequence[Any]], None]] = {
    "customer": _customer,
    "service_point": _point,
    "cell_assignment": _assignment,
}
