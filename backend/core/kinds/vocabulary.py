"""Vocabularies that several kinds share, each code with its Chinese and English label."""

from marshmallow import Schema

from backend.core.kinds import wire

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
