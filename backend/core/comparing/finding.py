"""Search keys of customers: stored to find one by, and made of what somebody types, in the same forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.comparing import plain
from backend.core.comparing.addresses import BAR, SEMICOLON, Address, address_of
from backend.core.comparing.phones import phone_digits, phones_in, wanted_digits, without_area
from backend.core.comparing.readings import readings_of

# Which fields say what, of the kinds that a customer is found by.
FIELDS = {
    "customer": frozenset({"number", "former_numbers", "name", "contact_name", "phone"}),
    "service_point": frozenset({"customer_id", "address", "meter_number", "former_meters"}),
}
# So many signs of a house and its doors tell something; half of all addresses hold a 1.
_TELLING = 3
# Of what is typed as words; each is one more pass over all that is kept.
_MOST_WORDS = 8
# What stands before a number on a bill; № is no.
_LABEL = "(?:(?:客户|用户|水表|工单|案件)(?:编号|号码|号)|户号|表号|案号|单号|编号|号码|number|num|nr|no|#)"
_ONLY_LABEL = re.compile(_LABEL)
_LABELLED = re.compile(f"{_LABEL}+([0-9a-z]*[0-9][0-9a-z]*)")
# 小王, 王女士, 王某: a person of this surname, whatever the given name.
_TITLE = "先生|女士|小姐|太太|师傅|老师|同志|阿姨|叔叔|大爷|大妈|大娘|大姐|大哥|经理|老板|主任|医生|某某?"
_HAN = "[\u4e00-\u9fff]"
_SURNAME = re.compile(f"[小老阿]({_HAN})|[小老阿]?({_HAN}{{1,2}}?)(?:{_TITLE})")
_BETWEEN_WORDS = re.compile(r"[\s,，、;；]+")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record is found by: its number alone, and everything else, one form a line."""

    numbers: str
    words: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What a line is found by: a form somewhere in it, or a regular expression that the whole of it fits."""

    forms: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: one of these, or this address, in one of the lines; or else one for every word.

    `number` is what was typed without what says that it is a number.
    """

    whole: Sought
    address: Address | None
    words: tuple[Sought, ...]
    number: str


def kept_of(kind: str, values: Mapping[str, Any]) -> Kept:
    """What a customer or a service point is found by."""
    if kind == "customer":
        names = [str(values.get(name) or "") for name in ("name", "contact_name")]
        phone = str(values.get("phone") or "")
        read = [one for name in names if name for one in readings_of(name)]
        return Kept(
            plain(values.get("number") or ""),
            _lines(
                [
                    *map(plain, (*names, *(values.get("former_numbers") or ()))),
                    plain(phone),
                    *phones_in(phone),
                    *read,
                ]
            ),
        )
    typed = str(values.get("address") or "")
    former = [plain(str(one.get("number") or "")) for one in values.get("former_meters") or ()]
    return Kept(
        plain(values.get("meter_number") or ""),
        "\n".join([plain(typed), line_of(address_of(typed)), *filter(None, former)]),
    )


def line_of(address: Address) -> str:
    """An address as one line: its areas, its door, and what its numbers count."""
    return BAR.join((SEMICOLON.join(address.areas), address.door, address.counts))


def address_in(line: str) -> Address:
    """The inverse of `line_of`."""
    areas, door, counts = line.split(BAR)
    province, city, district, street = areas.split(SEMICOLON)
    return Address((province, city, district, street), door, counts)


def wanted_of(typed: str, own_area: str = "") -> Wanted:
    """What to look for when somebody types this, once as one text and once word by word.

    `own_area` is the code that landlines of the house's own city are written without.
    """
    words = [one for one in _BETWEEN_WORDS.split(typed) if (form := plain(one)) and not _is_label(form)]
    is_number = bool(phone_digits(typed))
    address = address_of(typed)
    form = plain(typed)
    return Wanted(
        _sought(typed, own_area),
        address if _is_telling(address) else None,
        () if is_number or len(words) < 2 else tuple(_of_word(one, own_area) for one in words[:_MOST_WORDS]),
        _numbered(form) or form,
    )


def _of_word(word: str, own_area: str) -> Sought:
    address = address_of(word)
    return _sought(word, own_area, address.door if _is_telling(address) else "")


def _sought(typed: str, own_area: str, door: str = "") -> Sought:
    form = plain(typed)
    number, surname = _numbered(form), _SURNAME.fullmatch(form)
    name = (surname[1] or surname[2]) if surname else ""
    is_short = len(number) < _TELLING
    lines = (
        number if is_short else "",
        without_area(typed, own_area),
        f"[小老阿]{name}|{name}.{{1,3}}" if name else "",
    )
    forms = _forms(form, wanted_digits(typed), "" if is_short else number, door)
    return Sought(forms, tuple(f"^(?:{one})$" for one in lines if one))


def _numbered(form: str) -> str:
    found = _LABELLED.fullmatch(form)
    return found[1] if found else ""


def _is_label(form: str) -> bool:
    return _ONLY_LABEL.fullmatch(form) is not None


def _is_telling(address: Address) -> bool:
    return address.has_number and len(address.door.replace(" ", "")) >= _TELLING


def _forms(*forms: str) -> tuple[str, ...]:
    """None where nothing is left of what was typed."""
    return tuple(one for one in dict.fromkeys(forms) if one) if forms[0] else ()


def _lines(words: Iterable[str]) -> str:
    return "\n".join(one for one in dict.fromkeys(words) if one)
