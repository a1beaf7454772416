"""What migration 0019 kept to find a customer by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.migrations.frozen_typed_text import plain
from backend.migrations.frozen_typed_text.addresses import BAR, SEMICOLON, Address, address_of
from backend.migrations.frozen_typed_text.phones import phones_in
from backend.migrations.frozen_typed_text.readings import readings_of


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record is found by: its number alone, and everything else, one form a line."""

    numbers: str
    words: str


def kept_of(kind: str, values: Mapping[str, Any]) -> Kept:
    """What a customer or a service point is found by."""
    if kind == "customer":
        names = [str(values.get(name) or "") for name in ("name", "contact_name")]
        phone = str(values.get("phone") or "")
        read = [one for name in names if name for one in readings_of(name)]
        return Kept(
            plain(values.get("number") or ""),
            _lines([*map(plain, names), plain(phone), *phones_in(phone), *read]),
        )
    typed = str(values.get("address") or "")
    return Kept(plain(values.get("meter_number") or ""), f"{plain(typed)}\n{line_of(address_of(typed))}")


def line_of(address: Address) -> str:
    """An address as one line: its areas, its door, and what its numbers count."""
    return BAR.join((SEMICOLON.join(address.areas), address.door, address.counts))


def _lines(words: Iterable[str]) -> str:
    return "\n".join(one for one in dict.fromkeys(words) if one)
