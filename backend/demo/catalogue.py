"""The demo city's matters, questionnaire and calendars."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid5

import chinese_calendar
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.kinds.vocabulary import THEMES
from backend.core.services import record_writer

SPACE = UUID("0193c0de-0000-7000-8000-00000000c17e")
_MATTERS = (
    # code, zh, en, urgency, skills, minutes, contact within, finish within, photos, signature, repair
    (
        "burst_main",
        "供水管道爆管抢修",
        "Burst main",
        "urgent",
        ["pipe_repair", "large_main"],
        180,
        15,
        720,
        2,
        True,
        True,
    ),
    ("leak", "管道漏水维修", "Leak repair", "high", ["pipe_repair"], 90, 60, 1440, 2, True, True),
    (
        "indoor_leak",
        "表后漏水（有偿）",
        "Leak behind the meter (paid)",
        "normal",
        ["pipe_repair"],
        60,
        240,
        4320,
        1,
        True,
        True,
    ),
    ("low_pressure", "水压低", "Low pressure", "high", ["pipe_repair"], 60, 60, 1440, 1, False, True),
    ("no_water", "无水", "No water", "high", ["pipe_repair", "valve"], 60, 30, 720, 0, False, True),
    ("meter_fault", "水表故障", "Meter fault", "normal", ["meter"], 45, 240, 4320, 1, True, True),
    ("valve_fault", "阀门故障", "Valve fault", "normal", ["valve"], 60, 240, 4320, 1, False, True),
    ("water_quality", "水质异常", "Water quality", "urgent", ["water_quality"], 60, 30, 480, 1, False, False),
    (
        "connection_survey",
        "用水报装勘查",
        "Survey for a connection",
        "normal",
        ["survey"],
        60,
        240,
        1440,
        3,
        False,
        False,
    ),
)
# What a burst main asks of a crew.
BURST_SKILLS = tuple(next(row[4] for row in _MATTERS if row[0] == "burst_main"))


def ident(*names: object) -> str:
    """A stable id from names."""
    return str(uuid5(SPACE, " ".join(map(str, names))))


def matter_id(code: str) -> str:
    """A matter's id: the same in every demo city."""
    return ident("matter", code)


FORM_ID = ident("year-end questionnaire")


def write_catalogue(session: Session, group_id: str) -> None:
    """Matters, the year-end questionnaire, and three years' calendars."""
    actor = system(group_id)
    names = ("code", "name_zh", "name_en", "urgency", "skills", "duration_minutes", "contact_within_minutes",
             "finish_within_minutes", "required_photos", "signature_required", "is_repair")  # fmt: skip
    matters = [
        (matter_id(row[0]), dict(zip(names, row, strict=True)) | {"is_active": True}) for row in _MATTERS
    ]
    record_writer.create_many(session, actor, "matter", matters, quiet=True)
    form = {
        "code": "year_end",
        "edition": 1,
        "title_zh": "用户满意度调查表",
        "title_en": "Satisfaction survey",
        "is_active": True,
    }
    record_writer.create_many(
        session, actor, "questionnaire", [(FORM_ID, form | {"rows": _questions()})], quiet=True
    )
    calendars = [(ident("calendar", year), _calendar(year)) for year in (2025, 2026, 2027)]
    record_writer.create_many(session, actor, "calendar", calendars, quiet=True)


def _questions() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for theme, (zh, en) in THEMES.items():
        rows.append(
            {
                "type": "satisfaction",
                "name": theme,
                "label_zh": f"您对{zh}是否满意？",
                "label_en": f"Satisfied with: {en}?",
                "required": theme in ("water_quality", "pressure", "window_service"),
                "theme": theme,
            }
        )
        rows.append(
            {
                "type": "text",
                "name": f"{theme}_why",
                "label_zh": "请说明原因",
                "label_en": "Please say why",
                "required": True,
                "relevant": (
                    f"has(answers.{theme}) && answers.{theme} in ['dissatisfied', 'very_dissatisfied']"
                ),
            }
        )
    return [
        *rows,
        {
            "type": "integer",
            "name": "people",
            "label_zh": "常住人口",
            "label_en": "People in the household",
            "required": False,
            "constraint": "value >= 1 && value <= 30",
        },
    ]


def _calendar(year: int) -> dict[str, object]:
    """Days that are not what their weekday says; a year the state has not published yet is provisional."""
    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:
        return {"year": year, "days": [], "is_published": False}
    day, days = date(year, 1, 1), []
    while day.year == year:
        is_working = chinese_calendar.is_workday(day)
        if is_working != (day.weekday() < 5):
            days.append(
                {
                    "day": day.isoformat(),
                    "is_working": is_working,
                    "name": chinese_calendar.get_holiday_detail(day)[1] or "",
                }
            )
        day += timedelta(days=1)
    return {"year": year, "days": days, "is_published": True}
