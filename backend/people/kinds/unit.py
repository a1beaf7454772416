"""Unit (单位): the group, its branches (营业所) and their sections; every record carries one."""

from backend.core.actor import Role
from backend.core.kinds.declaration import Record, area, choice, declare, refer, scopes_of, words

LEVELS = {"group": ("集团", "Group"), "branch": ("营业所", "Branch"), "section": ("科室", "Section")}


class Unit(Record):
    """A node of the utility's own tree."""

    __tablename__ = "unit"

    name = words("名称", "Name", required=True)
    level = choice("级别", "Level", LEVELS, required=True, filter=True)
    parent_id = refer("上级单位", "Parent unit", "unit", filter=True)
    hotline = words("服务热线", "Hotline", most=30)
    territory = area("服务范围", "Territory")


KIND = declare(
    Unit,
    zh="单位",
    en="Unit",
    scopes=scopes_of(reference="unit_id"),
    rank=0,
    create_by=frozenset({Role.ADMIN}),
    change_by=frozenset({Role.ADMIN}),
)
