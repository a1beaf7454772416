"""What can be imported stands on the kinds as they are: every field goes to one that is there."""

from __future__ import annotations

import pytest

from backend.core.kinds.registry import KINDS
from backend.core.sentences import FAULTS
from backend.imports.reading.parts import parts_of
from backend.imports.reading.shapes import Field, Target
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import READERS

ALL = [(target, field) for target in TARGETS.values() for field in target.fields]
# What is no field of a record: an account's, when a job came in, and the number of a visit of another system.
ELSEWHERE = {("account", "roles"), ("account", "login"), ("work_order", "received_at"), ("visit", "number")}


@pytest.mark.parametrize(("target", "field"), ALL, ids=lambda one: getattr(one, "name", ""))
def test_a_field_is_read_and_named_in_both_languages(target: Target, field: Field) -> None:
    assert field.reads in {*READERS, "degrees"}
    assert field.zh
    assert field.en
    assert target.named(field.name) == field
    assert bool(field.choices) == (field.reads in ("choice", "choices"))


def of_a_record(target: Target, field: Field) -> str:
    """The wire name of a field of a record, empty for what is none."""
    kind = field.kind or target.kind
    return "" if (kind, field.wire) in ELSEWHERE or kind not in KINDS else field.wire.partition(".")[0]


@pytest.mark.parametrize(("target", "field"), ALL, ids=lambda one: getattr(one, "name", ""))
def test_a_field_goes_to_one_that_its_kind_has_and_never_beyond_its_limits(
    target: Target, field: Field
) -> None:
    wire = of_a_record(target, field)
    if field.reads == "degrees" or not wire or wire == "unit_id":
        return
    kind = KINDS[field.kind or target.kind].kind
    if not field.kind and target.kind == "staff":
        return
    assert wire in kind.fields
    if field.reads in ("text", "number", "phone") and not field.refers and wire == field.wire:
        longest = "9" * field.most
        assert kind.load({wire: longest}, True) == {wire: longest}
    for code in field.choices:
        value = [code] if field.reads == "choices" else code
        assert field.wire == "state" or kind.load({wire: value}, True) == {wire: value}
    if field.default is not None and field.wire not in ("state",):
        assert kind.load({wire: field.default}, True) == {wire: field.default}


@pytest.mark.parametrize("target", [one for one in TARGETS.values() if one.place], ids=lambda one: one.name)
def test_a_place_goes_to_a_place(target: Target) -> None:
    assert target.place is not None
    kind, wire = target.place
    here = {"type": "Point", "coordinates": [120.3, 36.0]}
    assert KINDS[kind].kind.load({wire: here}, True) == {wire: here}


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda one: one.name)
def test_a_target_is_known_by_fields_that_it_has(target: Target) -> None:
    names = {field.name for field in target.fields}
    assert {
        name for own in (*target.own, *(one for some in target.also.values() for one in some)) for name in own
    } <= names
    assert len(names) == len(target.fields)
    assert {field.kind for field in target.fields} <= {target.kind, "", "account", *target.also}
    with pytest.raises(KeyError):
        target.named("no such field")


def test_a_record_is_known_by_its_own_number_however_it_is_written() -> None:
    target = TARGETS["customers"]
    assert target.own_number({"number": "Ａ 001"}) == target.own_number({"number": "a001"}) == "a001"
    assert target.own_number({"name": "王伟"}) is None
    assert target.own_number({"number": "1", "address": "试验路1号"}, "service_point") == "1|试验路1号"
    assert target.own_number({"meter_number": "M1", "number": "1", "address": "a"}, "service_point") == "m1"


def test_a_row_of_a_customer_with_a_meter_is_two_records() -> None:
    values = {
        "number": "001", "name": "王伟", "category": "resident", "address": "试验路1号", "meter_number": "M1",
        "representative": "W7", "cell": "东区", "unit": "市北营业所",
        "place": {"type": "Point", "coordinates": [120.3, 36.0]},
    }  # fmt: skip
    customer, point = parts_of(TARGETS["customers"], values)
    assert (customer.kind, customer.own) == ("customer", "001")
    assert customer.values == {"number": "001", "name": "王伟", "category": "resident"}
    common = {"cell_id": ("cell", "东区"), "unit_id": ("unit", "市北营业所")}
    assert customer.refers == {**common, "key_representative_id": ("staff", "W7")}
    assert (point.kind, point.own) == ("service_point", "m1")
    assert point.values == {"address": "试验路1号", "meter_number": "M1", "place": values["place"]}
    assert point.refers == {**common, "customer_id": ("customer", "001")}


def test_a_row_without_a_point_is_a_customer_alone() -> None:
    (customer,) = parts_of(TARGETS["customers"], {"number": "001", "name": "王伟", "cell": "东区"})
    assert customer.kind == "customer"


def test_what_belongs_together_stands_together() -> None:
    values = {
        "number": "J1",
        "matter": "漏水",
        "reporter_name": "王伟",
        "reporter_phone": "138",
        "customer": "001",
    }
    (job,) = parts_of(TARGETS["past_jobs"], values)
    assert job.values == {"number": "J1", "reporter": {"name": "王伟", "phone": "138"}}
    assert job.refers == {"matter_id": ("matter", "漏水"), "customer_id": ("customer", "001")}


def test_staff_come_with_their_accounts() -> None:
    staff, account = parts_of(
        TARGETS["staff"], {"staff_number": "7", "name": "王伟", "roles": ["admin"], "login": "wang"}
    )
    assert (staff.kind, staff.own, account.kind, account.own) == ("staff", "7", "account", "7")
    assert account.values == {"roles": ["admin"], "login": "wang"}


def test_every_reason_has_words_that_say_what_to_do() -> None:
    own = {name: entry for name, entry in FAULTS.items() if name.startswith("imports.")}
    assert len(own) > 40
    assert all(entry.zh != entry.en for entry in own.values())
