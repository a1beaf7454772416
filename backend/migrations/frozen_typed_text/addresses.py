"""Addresses in two parts that are compared: the names of the areas before the street, and street, house
and door.

`青岛市市北区试验路1号A座3单元502户` and `市北区 试验路１号a栋-3-502室` are the same door: what stands behind a number to say
what it counts is written in many ways and says little, the numbers and their order say all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.migrations.frozen_typed_text import folded
from backend.migrations.frozen_typed_text.numerals import with_digits

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
_WORD_OF_A_NUMBER = re.compile(r"([a-z]+)\.?(?=[0-9])")
_TOKEN = re.compile(rf"([a-z]{{2,}})|({_ROOM}?)([0-9]+|[a-z])({_UNIT})?|([^\W0-9_]|[%_\\*&@+])")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is compared."""

    # Province, city, district, and street office or town; what is not written is empty.
    areas: tuple[str, str, str, str]
    # Street, house and door: each number and single letter between blanks, without what it counts.
    door: str
    # What each of those numbers counts, one sign each.
    counts: str


def address_of(typed: str) -> Address:
    """An address, or a part of one, in its compared form."""
    form = _BETWEEN_AREAS.sub(r"\1", folded(typed).lstrip(_OPENING))
    found = _AREAS.match(form)
    areas = found.groups("") if found else ("", "", "", "")
    rest = form[found.end() :] if found else form
    return Address((areas[0], areas[1], areas[2], areas[3]), *_door(rest))


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
