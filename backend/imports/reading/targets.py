"""What a file can be imported as: each target with its fields and the utility's own number."""

from __future__ import annotations

from dataclasses import replace

from backend.imports.reading.customer_fields import CELL, CUSTOMER, OF_CUSTOMER, PLACE, POINT, UNIT
from backend.imports.reading.other_languages import with_other_languages
from backend.imports.reading.people_fields import CELL_REPRESENTATIVE, CREW, STAFF
from backend.imports.reading.shapes import Target
from backend.imports.reading.work_fields import JOB, VISIT

# A meter has one place; a point without a meter is known by whose it is and where.
_POINT_OWN = (("meter_number",), ("number", "address"))

TARGETS: dict[str, Target] = {
    one.name: replace(one, fields=with_other_languages(one.fields))
    for one in (
        Target(
            "customers",
            "客户（可带用水点和水表）",
            "Customers (with their points and meters, where the file has them)",
            "customer",
            (*CUSTOMER, *POINT, *PLACE, CELL, UNIT),
            (("number",),),
            {"service_point": _POINT_OWN},
            ("service_point", "place"),
        ),
        Target(
            "service_points",
            "用水点和水表",
            "Service points with meters",
            "service_point",
            (OF_CUSTOMER, *POINT, *PLACE, CELL, UNIT),
            _POINT_OWN,
            place=("service_point", "place"),
        ),
        Target("staff", "员工和账号", "Staff with accounts", "staff", (*STAFF, UNIT), (("staff_number",),)),
        Target(
            "crews",
            "维修班组",
            "Crews",
            "crew",
            (*CREW, *PLACE, UNIT),
            (("name",),),
            place=("crew", "start_place"),
        ),
        Target(
            "cell_representatives",
            "网格责任",
            "Who represents a cell",
            "cell_assignment",
            (*CELL_REPRESENTATIVE, UNIT),
            (("cell", "staff", "duty"),),
        ),
        Target(
            "past_jobs",
            "历史工单",
            "Jobs of the past",
            "work_order",
            (*JOB, *PLACE, CELL, UNIT),
            (("number",),),
        ),
        Target(
            "past_visits",
            "历史走访",
            "Visits of the past",
            "visit",
            (*VISIT, *PLACE, UNIT),
            (("number",), ("customer", "ended_at")),
            place=("visit", "check_in"),
        ),
    )
}
