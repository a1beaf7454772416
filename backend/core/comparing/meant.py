"""Readings of a typed address: what it may mean where nobody has it word for word.

`试验路1号附近` is near a house, `台东社区试验路1号` names an estate that the ledger may not name, and `试验路与海泊路路口`
is where two streets cross.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backend.core.comparing import folded
from backend.core.comparing.addresses import Address, address_of, without_floor

_SIDE = (
    "斜?对[面过]|旁边?|边上|隔壁|附近|周[边围]|一带|左右|那边|这边|[东西南北前后][侧边面]|门[口前]|楼[下前]"
)
_CROSSING = "(?<=[路街道巷])(?:[路街道巷]|十字路|丁字路|三岔路)?口|十字路口|丁字路口|交[叉汇]路?口?|(?<=[0-9a-z号楼栋幢座院室户])路口"
_NEAR = re.compile(rf"(?<=[^\W_])[^\w]*的?(?:{_CROSSING}|{_SIDE})处?[^\w]*$")
_TWO_STREETS = re.compile("([^ 0-9]+?[路街道巷])[与和跟及&+]?([^ 0-9]+?[路街道巷])")
# Before the street or behind its number: the number behind an estate is the estate's own.
_ESTATE = re.compile("(?:^[^ 0-9]+?|(?<= )[^ 0-9a-z]+?)[社小]区(?:居委会|居民委员会)?")
_HOUSE_OF_A_STREET = re.compile("[^ 0-9]+[路街道巷弄] [0-9]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a typed address may mean: at this address, or only near it."""

    address: Address
    is_near: bool = False


def readings(typed: str) -> Iterator[Reading]:
    """What an address may mean, the most literal first: just so, without its floor, without an estate, near
    it."""
    form = folded(typed)
    yield from _readings(form, is_near=False)
    place = _place(form)
    if place != form:
        yield from _readings(place, is_near=True)


def crossing(typed: str) -> tuple[Address, Address] | None:
    """The two streets that cross where somebody is; None where no crossing was typed."""
    form = folded(typed)
    place = _place(form)
    address = address_of(place)
    found = _TWO_STREETS.fullmatch(address.door) if place != form else None
    return (replace(address, door=found[1]), replace(address, door=found[2])) if found else None


def _place(form: str) -> str:
    """Without the words at the end that say how near: several may stand there."""
    while (shorter := _NEAR.sub("", form)) != form:
        form = shorter
    return form


def _readings(form: str, *, is_near: bool) -> Iterator[Reading]:
    address, house = address_of(form), without_floor(form)
    # Who names a floor and no room may mean a building as well: that is asked first.
    named = [address, house] if house else [address]
    for one in (*named, *filter(None, map(_without_estate, named))):
        yield Reading(one, is_near)


def _without_estate(address: Address) -> Address | None:
    """The house of a street, for an address that also names its estate; None where it names none."""
    door = re.sub(" +", " ", _ESTATE.sub("", address.door))
    is_house = door != address.door and _HOUSE_OF_A_STREET.match(door)
    return replace(address, door=door) if is_house else None
