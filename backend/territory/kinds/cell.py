"""Cell (网格): a part of the service territory; every address lies in exactly one."""

from backend.core.actor import Role
from backend.core.kinds.declaration import Record, area, day, declare, number, scopes_of, spatial_index, words
from geo.errors import MOST_CODE
from sync.kind import Policy


class Cell(Record):
    """A grid cell with its outline and the days it is valid."""

    __tablename__ = "cell"
    __table_args__ = (spatial_index("cell", "outline"),)

    name = words("名称", "Name", required=True)
    code = words("编号", "Code", most=MOST_CODE, required=True, filter=True)
    outline = area("边界", "Outline", required=True)
    valid_from = day("启用日期", "Valid from", required=True)
    valid_until = day("停用日期", "Valid until")
    workload = number("工作量", "Workload", least=0, policy=Policy.SERVER)


KIND = declare(
    Cell,
    zh="网格",
    en="Cell",
    scopes=scopes_of(reference="unit_id", cell="id"),
    rank=0,
    create_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    change_by=frozenset({Role.ADMIN, Role.SUPERVISOR}),
    delete_by=frozenset({Role.ADMIN}),
)
