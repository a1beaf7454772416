"""Computes a year's working calendar of a country: its holidays, and weekends that are worked.

China's, with its swapped weekends, is what the State Council published (library chinesecalendar); others' are
those of the library holidays; a place that neither knows begins with an empty one, which is edited by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

CHINA = "CN"
# What a day is beside the usual: whether it is worked, and the holiday's name.
Judge = Callable[[date], tuple[bool, str]]
MOST_NAME = 60


def countries() -> dict[str, list[str]]:
    """Countries by ISO 3166-1 code, each with the codes of its parts that have holidays of their own."""
    # A tenth of a second to load, and only who sets up or asks for a calendar needs it.
    import holidays

    return {code: list(parts) for code, parts in sorted(holidays.list_supported_countries(False).items())}


def calendar_of(year: int, country: str, part: str = "", language: str = "en") -> dict[str, Any]:
    """Values of a calendar: the days of a year that are not what their weekday says.

    No country gives an empty one. A year that is not published yet is empty and provisional. Raises KeyError
    for a country or part that is unknown.
    """
    if not country:
        return {"year": year, "days": [], "is_published": False}
    judge = _chinese(year, language) if country == CHINA else _other(year, country, part, language)
    if judge is None:
        return {"year": year, "days": [], "is_published": False}
    day, days = date(year, 1, 1), []
    while day.year == year:
        is_working, name = judge(day)
        if is_working != (day.weekday() < 5):
            days.append({"day": day.isoformat(), "is_working": is_working, "name": name[:MOST_NAME]})
        day += timedelta(days=1)
    return {"year": year, "days": days, "is_published": True}


def _chinese(year: int, language: str) -> Judge | None:
    """As the State Council has published the year; None where it has not yet."""
    import chinese_calendar

    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:
        return None
    chinese = {one.value: one.chinese for one in chinese_calendar.Holiday} if language == "zh" else {}

    def judge(day: date) -> tuple[bool, str]:
        is_working = chinese_calendar.is_workday(day)
        if is_working == (day.weekday() < 5):
            return is_working, ""  # a usual day: to look for its name takes longer than all the rest
        name = chinese_calendar.get_holiday_detail(day)[1] or ""
        return is_working, chinese.get(name, name)

    return judge


def _other(year: int, country: str, part: str, language: str) -> Judge:
    import holidays

    known = countries()
    if country not in known or (part and part not in known[country]):
        raise KeyError(f"{country} {part}".strip())
    spoken = holidays.country_holidays(country).supported_languages
    ours = [one for one in spoken if one.split("_")[0] == language]
    found = holidays.country_holidays(
        country, subdiv=part or None, years=year, language=ours[0] if ours else None
    )
    return lambda day: (found.is_working_day(day), found.get(day) or "")
