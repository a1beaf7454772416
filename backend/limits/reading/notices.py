"""Reads the state's notice of a year's holidays, as it is pasted, into a calendar with its swapped days.

What the notice says twice must agree: days with their weekdays, stretches with their number of days. A notice
that was pasted in part or mistyped is refused at the sentence that shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from backend.core.sentences import fault
from backend.limits.reading.fields import FIRST_YEAR, LAST_YEAR, Refused

TITLE = re.compile(r"关于(\d{4})年部分节假日安排的通知")
# "三、清明节:", up to the next one.
ITEM = re.compile(
    r"[一二三四五六七八九十]+、((?:[^、:。]{1,8}、?){1,3}):(.*?)(?=[一二三四五六七八九十]+、[^:。]{1,24}:|$)"
)
DAY = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?:\(([^)]*)\))?"
STRETCH = re.compile(rf"{DAY}(?:至{DAY})?放假")
ONE = re.compile(DAY)
COUNT = re.compile(r"共?(\d{1,2})天")
WEEKDAY = re.compile(r"(?:星期|周)([一二三四五六日天])")
WEEK = {one: n for n, one in enumerate("一二三四五六日")} | {"天": 6}
# Everything up to the last word that says so.
WORKED = re.compile(r".*(?:上班|工作日)")
MOST_DAYS = 31
# By law every year has them: where one is missing, the notice was pasted in part.
HOLIDAYS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")


class Special(NamedTuple):
    """A day that the notice names."""

    day: date
    is_working: bool
    name: str


def calendar_in_notice(text: str) -> dict[str, Any]:
    """The values of a `calendar` (year, days, is_published): the days that are not what their weekday says.

    Raises `Refused` at `notice`, or at the holiday whose sentence does not agree with itself.
    """
    said = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    title = TITLE.search(said)
    if title is None or not FIRST_YEAR <= int(title[1]) <= LAST_YEAR:
        raise Refused(fault("notice", "limits.notice_without_year"))
    year, found = int(title[1]), dict[date, Special]()
    for special in _specials(year, said[title.end() :]):
        if special.day in found:
            raise Refused(fault(special.name, "limits.notice_twice", special.day.isoformat()))
        found[special.day] = special
    named = {one.name for one in found.values()}
    if missing := [name for name in HOLIDAYS if not any(name in one for one in named)]:
        raise Refused(fault("notice", "limits.notice_incomplete", names=missing))
    return {
        "year": year,
        "days": [_value(one) for one in sorted(found.values()) if one.is_working != (one.day.weekday() < 5)],
        "is_published": True,
    }


def _value(one: Special) -> Mapping[str, Any]:
    return {"day": one.day.isoformat(), "is_working": one.is_working, "name": one.name}


def _specials(year: int, text: str) -> Iterator[Special]:
    for name, body in ITEM.findall(text):
        is_read = False
        for sentence in body.split("。"):
            if stretch := STRETCH.search(sentence):
                is_read = True
                yield from (Special(day, False, name) for day in _free_days(year, name, sentence, stretch))
                # Worked days stand beside it where a comma was put for a full stop.
                sentence = f"{sentence[: stretch.start()]},{sentence[stretch.end() :]}"
            if worked := WORKED.match(sentence):
                yield from (Special(day, True, name) for day in _worked_days(year, name, worked[0]))
        if not is_read:
            raise Refused(fault(name, "limits.notice_unread", body[:40]))


def _free_days(year: int, name: str, sentence: str, stretch: re.Match[str]) -> Iterator[date]:
    """The days of a stretch; as many as the sentence says."""
    parts = stretch.groups()
    first = _day(year, name, parts[:4], None)
    last = _day(year, name, parts[4:], first) if parts[6] else first
    count = (last - first).days + 1
    said = COUNT.search(sentence, stretch.end())
    if not 1 <= count <= MOST_DAYS or (said and int(said[1]) != count):
        raise Refused(fault(name, "limits.notice_count", sentence, count=count))
    return (first + timedelta(days=n) for n in range(count))


def _worked_days(year: int, name: str, sentence: str) -> Iterator[date]:
    """Weekend days that are worked."""
    for found in ONE.finditer(sentence):
        day = _day(year, name, found.groups(), None)
        if day.weekday() < 5:
            raise Refused(fault(name, "limits.notice_weekday", found[0]))
        yield day


def _day(year: int, name: str, parts: tuple[str | None, ...], after: date | None) -> date:
    """A day as it is written: without a year it is of the notice's, without a month of the month before."""
    its_year, month, number, beside = parts
    month = month or (str(after.month) if after else None)
    written = f"{month or ''}-{number}"
    try:
        day = date(int(its_year or (after or date(year, 1, 1)).year), int(month or 0), int(number or 0))
    except ValueError as error:
        raise Refused(fault(name, "limits.notice_no_day", written)) from error
    said = WEEKDAY.search(beside or "")
    if said and WEEK[said[1]] != day.weekday():
        raise Refused(fault(name, "limits.notice_weekday", day.isoformat()))
    if not date(year - 1, 12, 1) <= day <= date(year + 1, 1, 31):
        raise Refused(fault(name, "limits.notice_no_day", written))
    return day
