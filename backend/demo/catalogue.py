"""The demo city's matters, questionnaire and calendars."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.kinds.vocabulary import THEMES
from backend.core.services import record_writer
from backend.setup.services.holiday_calendars import CHINA, calendar_of
from backend.setup.services.standard_matters import standard_matters

SPACE = UUID("0193c0de-0000-7000-8000-00000000c17e")
# What a burst main asks of a crew.
BURST_SKILLS = tuple(next(one["skills"] for one in standard_matters() if one["code"] == "burst_main"))


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
    matters = [(matter_id(one["code"]), one) for one in standard_matters()]
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
    calendars = [(ident("calendar", year), calendar_of(year, CHINA)) for year in (2025, 2026, 2027)]
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
