"""Columns proposed by the names that utilities give them, Chinese and English."""

from __future__ import annotations

import pytest

from backend.imports.reading.proposing import likeness, missing, propose
from backend.imports.reading.shapes import Column
from backend.imports.reading.targets import TARGETS


def proposed(target: str, *names: str) -> dict[str, str]:
    return propose(TARGETS[target], [Column(n, "A", name) for n, name in enumerate(names)])


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        (
            "customers",
            {"户号": "number", "户名": "name", "用水地址": "address", "联系方式 联系人": "contact_name", "联系方式 电话": "phone",
             "口径(mm)": "diameter_mm", "水表编号": "meter_number", "X": "longitude", "Y": "latitude", "片区": "cell",
             "用户类型": "category", "用水性质": "nature", "备注": "note", "营业所": "unit", "序号": ""},
        ),
        (
            "customers",
            {"*用户编号": "number", "用户名称（必填）": "name", "装表地址": "address", "客户联系电话": "phone",
            "表身号": "meter_number",
             "经纬度": "coordinates", "身份证号": "", "余额": ""},
        ),
        (
            "customers",
            {"Account No.": "number", "CUSTOMER NAME": "name", "Service Address": "address", "Phone": "phone",
             "Meter No.": "meter_number", "Meter Size": "diameter_mm", "Lng": "longitude",
             "Lat": "latitude", "Type": "category",
             "Balance": ""},
        ),
        ("service_points", {"户号": "number", "地址": "address", "表号": "meter_number", "管径": "diameter_mm",
        "表位": "access_note"}),
        (
            "staff",
            {"工号": "staff_number", "姓名": "name", "手机号": "work_phone", "岗位": "post", "用工形式": "employment",
            "角色": "roles",
             "登录账号": "login", "证书有效期": "exam_passed_until", "性别": ""},
        ),
        (
            "crews",
            {"班组名称": "name", "班长工号": "leader", "成员工号": "members", "技能": "skills", "上班时间": "shift_start",
             "下班时间": "shift_end", "车牌号": "vehicle", "值班电话": "phone"},
        ),
        ("cell_representatives", {"网格编号": "cell", "客户代表工号": "staff", "责任类型": "duty",
        "开始日期": "valid_from", "结束日期": "valid_until"}),
        (
            "past_jobs",
            {"工单编号": "number", "工单类型": "matter", "报修时间": "received_at", "完成时间": "done_at",
            "报修人": "reporter_name",
             "联系电话": "reporter_phone", "报修地址": "address", "处理结果": "result", "维修班组": "crew", "户号": "customer",
             "维修费用": "told_cost_fen"},
        ),
        ("past_visits", {"户号": "customer", "走访日期": "ended_at", "走访人工号": "representative",
        "走访情况": "summary", "走访方式": "method"}),
    ],
)  # fmt: skip
def test_the_columns_of_a_file(target: str, columns: dict[str, str]) -> None:
    wanted = {field: column for column, field in columns.items() if field}
    assert proposed(target, *columns) == wanted


def test_each_column_serves_once_and_the_surest_name_wins() -> None:
    assert proposed("customers", "手机", "电话") == {"phone": "手机"}
    assert proposed("customers", "联系人电话", "电话 (2)") == {"phone": "联系人电话"}


def test_two_columns_of_one_name_give_the_first() -> None:
    assert proposed("customers", "户号", "电话", "电话 (2)")["phone"] == "电话"


def test_half_of_a_place_is_none_and_two_columns_go_before_one() -> None:
    assert proposed("customers", "户号", "经度") == {"number": "户号"}
    both = proposed("customers", "户号", "经度", "纬度", "坐标")
    assert both == {"number": "户号", "longitude": "经度", "latitude": "纬度"}


def test_what_must_come_from_somewhere_is_named() -> None:
    target = TARGETS["customers"]
    assert [one.name for one in missing(target, ["number"])] == ["name"]
    assert missing(target, ["number", "name"]) == ()


def test_letters_and_short_names_in_other_names_say_nothing() -> None:
    number = TARGETS["customers"].named("number")
    for column in ("A", "B (2)", "备用", "no", "Notes on cats"):
        assert likeness(number, column) == 0


def test_every_name_of_a_field_proposes_it_where_it_stands_alone() -> None:
    for target in TARGETS.values():
        for field in target.fields:
            if field.reads == "degrees":
                continue
            for name in (field.zh, field.en, *field.called):
                own = likeness(field, name)
                assert own >= 0.85
                assert max(likeness(one, name) for one in target.fields) == own, (
                    target.name,
                    field.name,
                    name,
                )
