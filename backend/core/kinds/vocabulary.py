"""Vocabularies that several kinds share, each code with its Chinese and English label."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import MappedColumn

from backend.core.kinds import wire
from backend.core.kinds.declaration import json
from sync.kind import Policy

SKILLS = {
    "pipe_repair": ("管道维修", "Pipe repair"),
    "large_main": ("大口径抢修", "Large mains"),
    "meter": ("水表", "Meters"),
    "valve": ("阀门", "Valves"),
    "survey": ("勘查", "Survey"),
    "water_quality": ("水质", "Water quality"),
    "pump": ("加压设备", "Pumps"),
}

# A matter that does not say whether it is a repair is one where it needs a skill that mends.
MENDING = frozenset({"pipe_repair", "large_main", "meter", "valve", "pump"})

THEMES = {
    "water_quality": ("水质", "Water quality"),
    "pressure": ("水压", "Pressure"),
    "connection": ("用水报装", "Connection"),
    "metering": ("水表计量", "Metering"),
    "billing": ("收费收缴", "Billing"),
    "repair_speed": ("停水维修快捷度", "Speed of repair"),
    "outage_notice": ("计划停水是否提前告知", "Notice of outages"),
    "window_service": ("窗口服务", "Window service"),
}
URGENCY = {"urgent": ("紧急", "Urgent"), "high": ("较急", "High"), "normal": ("一般", "Normal")}


class Preparation(Schema):
    """One thing to have at hand before leaving: a tool, a part, a plan."""

    code = wire.Text(most=40, least=1, required=True)
    zh = wire.Text(most=100, least=1, required=True)
    en = wire.Text(most=100, least=1, required=True)


class Doubt(Schema):
    """One question that a record raises, in words; `of` is the other record it is about."""

    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    of = fields.String()


def doubts(zh: str, en: str) -> MappedColumn[Any]:
    """Questions that the server finds a record to raise; they refuse nothing."""
    return json(zh, en, Doubt, many=True, checked=False, policy=Policy.SERVER)
