"""Search keys of customers: stored to find one by, and made of what somebody types, in the same forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.comparing import plain
from backend.core.comparing.addresses import BAR, SEMICOLON, Address, address_of
from backend.core.comparing.phones import phone_digits, phones_in, wanted_digits
from backend.core.comparing.readings import readings_of

# Which fields say what, of the kinds that a customer is found by.
FIELDS = {
    "customer": frozenset({"number", "name", "contact_name", "phone"}),
    "service_point": frozenset({"customer_id", "address", "meter_number"}),
}
# So many signs of a house and its doors tell something; half of all addresses hold a 1.
_TELLING = 3
# Of what is typed as words; each is one more pass over all that is kept.
_MOST_WORDS = 8
_BETWEEN_WORDS = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record is found by: its number alone, and everything else, one form a line."""

    numbers: str
    words: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: any of these forms, or this address, in one of the lines; or else a form of every
    word."""

    forms: tuple[str, ...]
    address: Address | None
    words: tuple[tuple[str, ...], ...]


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


def address_in(line: str) -> Address:
    """The inverse of `line_of`."""
    areas, door, counts = line.split(BAR)
    province, city, district, street = areas.split(SEMICOLON)
    return Address((province, city, district, street), door, counts)


def wanted_of(typed: str) -> Wanted:
    """What to look for when somebody types this, once as one text and once word by word."""
    words = [one for one in _BETWEEN_WORDS.split(typed) if plain(one)]
    is_number = bool(phone_digits(typed))
    address = address_of(typed)
    return Wanted(
        _forms(plain(typed), wanted_digits(typed)),
        address if _is_telling(address) else None,
        () if is_number or len(words) < 2 else tuple(_forms_of_word(one) for one in words[:_MOST_WORDS]),
    )


def _forms_of_word(word: str) -> tuple[str, ...]:
    address = address_of(word)
    return _forms(plain(word), wanted_digits(word), address.door if _is_telling(address) else "")


def _is_telling(address: Address) -> bool:
    return address.has_number and len(address.door.replace(" ", "")) >= _TELLING


def _forms(*forms: str) -> tuple[str, ...]:
    """None where nothing is left of what was typed."""
    return tuple(one for one in dict.fromkeys(forms) if one) if forms[0] else ()


def _lines(words: Iterable[str]) -> str:
    return "\n".join(one for one in dict.fromkeys(words) if one)
