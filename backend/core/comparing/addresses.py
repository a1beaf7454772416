"""Normalises addresses in two parts: the areas before the street, and street, house and door.

`青岛市市北区试验路1号A座3单元502户` and `市北区 试验路１号a栋-3-502室` are the same door: what stands behind a number to say
what it counts is written in many ways and says little, the numbers and their order say all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.core.comparing import folded
from backend.core.comparing.numerals import with_digits

# Between the parts as they are stored; no folded part holds them.
BAR, SEMICOLON = "|", ";"
_NAME = "[^省市区县路街道巷弄号0-9a-z,.|;]"
# 红旗路 and 县前街 are streets; 市场, 市民广场 and the like are places in a city; 小区, 社区 and the like no districts.
_NO_STREET = "(?![路街道巷]|大街|大道)"
_IS_CITY = f"{_NO_STREET}(?![场民政立])"
_NO_DISTRICT = "(?![小社园校厂院景片库宅属营活业])"
_AREAS = re.compile(
    rf"(?:中华人民共和国|中国)?({_NAME}{{2,8}}?(?:省|自治区|特别行政区))?"
    rf"((?!市){_NAME}{{2,9}}?(?:市{_IS_CITY}|自治州|地区))?"
    rf"(市?{_NAME}{{0,8}}?(?:{_NO_DISTRICT}{_NAME}区|{_NAME}(?:县|旗(?![舰帜])|市{_IS_CITY})){_NO_STREET})?"
    rf"([^0-9a-z区县,.|;]{{1,9}}?街道(?:办事处)?|{_NAME}{{1,7}}?[镇乡]{_NO_STREET})?"
)
_OPENING = "([【<"
_BETWEEN_AREAS = re.compile(r"([省市区县旗镇乡道])[\])】>,.;、·/-]+")
# What a number or a single letter counts, by a sign that no typed form holds; 楼 may be a building or a floor.
_COUNTS = {
    "N": ("号",),
    "B": ("号楼", "#楼", "栋", "幢", "座"),
    "U": ("单元", "门"),
    "F": ("层",),
    "R": ("号房", "号室", "室", "户", "房间", "房"),
    "O": ("楼", "#"),
}
_UNKNOWN = "O"
# Before a number that says its floor; folded forms hold no capital letters.
_ROOM = "R"
_UNITS = {"号院": "N"} | {unit: sign for sign, units in _COUNTS.items() for unit in units}
# 1号院3号楼 is 1号3号楼, but 1号院 alone may be the name of an estate.
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True)).replace("号院", "号院(?=[0-9])")
_FLOOR = re.compile(r"([0-9]+)[楼层](?=([0-9]+))")
_LAST_FLOOR = re.compile(r"(?<=[^0-9])[0-9]+[楼层]$")
_WORD_OF_A_NUMBER = re.compile(r"([a-z]+)\.?(?=[0-9])")
_TOKEN = re.compile(rf"([a-z]{{2,}})|({_ROOM}?)([0-9]+|[a-z])({_UNIT})?|([^\W0-9_]|[%_\\*&@+])")
# Areas named without their last characters: 市北试验路1号, 青岛市北试验路1号.
_SHORTEST_NAMES = range(1, 7)
# Province, city, district, and street office or town; what is not written is empty.
Areas = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is compared."""

    areas: Areas
    # Street, house and door: each number and single letter between blanks, without what it counts.
    door: str
    # What each of those numbers counts, one sign each.
    counts: str

    @property
    def has_number(self) -> bool:
        """Whether a house can be told from its neighbour."""
        return any(one.isdigit() for one in self.door)


def address_of(typed: str) -> Address:
    """An address, or a part of one, in its compared form."""
    form = _BETWEEN_AREAS.sub(r"\1", folded(typed).lstrip(_OPENING))
    found = _AREAS.match(form)
    areas = found.groups("") if found else ("", "", "", "")
    rest = form[found.end() :] if found else form
    return Address((areas[0], areas[1], areas[2], areas[3]), *_door(rest))


def without_floor(typed: str) -> Address | None:
    """The house of an address that ends in a floor without a room; None where it does not."""
    form = with_digits(folded(typed))
    house = address_of(_LAST_FLOOR.sub("", form))
    return house if _LAST_FLOOR.search(form) and house.has_number else None


def with_short_area(address: Address) -> list[tuple[str, Address]]:
    """What an address may mean whose first one to six characters name areas without saying which kind
    they are."""
    door = address.door
    return [
        (door[:most], Address(address.areas, door[most:], address.counts))
        for most in _SHORTEST_NAMES
        if address.has_number and len(door) > most + 1 and " " not in door[: most + 2]
    ]


def is_short_for(name: str, areas: Sequence[str]) -> bool:
    """Whether an area among these, alone or behind those it lies in, is called so but for the last
    characters."""
    short = [one[:-1] for one in areas]
    return any(one and "".join(short[: n + 1]).endswith(name) for n, one in enumerate(short))


def in_city(areas: Areas, home: Areas | None) -> Areas:
    """Areas with the city they lie in: that of `home` where they name none."""
    if home is None or areas[1] or (areas[0] and not _is_same(areas[0], home[0])):
        return areas
    return (areas[0] or home[0], home[1], areas[2], areas[3])


def names_city(typed: str) -> bool:
    """Whether an address says in which city or province it is."""
    return any(address_of(typed).areas[:2])


def agree(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two addresses' areas do not contradict each other: what only one of them names does not
    matter."""
    # A city below another city is named with or without it, and so stands in another place.
    return all(
        not one or not other or _is_same(one, other) or _is_among(one, others) or _is_among(other, some)
        for one, other in zip(some, others, strict=True)
    )


def is_same_address(one: str, other: str, home: Areas | None = None) -> bool:
    """Whether two typed addresses are of one door; `home` is where the first lies if it names no city."""
    ours, theirs = address_of(one), address_of(other)
    return (
        ours.door == theirs.door
        and agree(in_city(ours.areas, home), theirs.areas)
        and counts_alike(ours, theirs.door, theirs.counts)
    )


def counts_alike(address: Address, door: str, counts: str) -> bool:
    """Whether the numbers of an address count the same where it stands in a longer one: 1号 is not 1单元."""
    before = sum(one.isascii() and one.isalnum() for one in door[: door.find(address.door)].split(" ") if one)
    pairs = zip(address.counts, counts[before:], strict=False)
    return all(one == other or _UNKNOWN in (one, other) for one, other in pairs)


def _is_among(name: str, areas: Sequence[str]) -> bool:
    return any(one and _is_same(name, one) for one in areas)


def _is_same(one: str, other: str) -> bool:
    # 青岛市北区 is 市北区 of 青岛.
    return one.endswith(other) or other.endswith(one)


def _door(form: str) -> tuple[str, str]:
    door, counts = "", ""
    numbered = _WORD_OF_A_NUMBER.sub(lambda word: "" if word[1] == "no" else word[0], with_digits(form))
    for word, room, number, unit, sign in _TOKEN.findall(_FLOOR.sub(_without_floor, numbered)):
        door += f" {_number(number)} " if number else word or sign
        counts += (room or _UNITS.get(unit, _UNKNOWN)) if number else ""
    return re.sub(" +", " ", door), counts


def _without_floor(found: re.Match[str]) -> str:
    """5楼502 is the room 502: it says its floor."""
    floor, room = found[1], found[2]
    return _ROOM if room.startswith(floor) and len(room) == len(floor) + 2 else found[0]


def _number(digits: str) -> str:
    return digits.lstrip("0") or "0" if digits.isdigit() else digits
