"""What a kind's check asks of its fields together is in its schema and in kinds.md, found by trying it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.joint_checks import Rule, Search, rules_of
from backend.core.kinds.registry import KINDS
from sync.errors import Fault

SPEC = Path(__file__).parents[2] / "mobile_api_spec"
# Those with a check of their own; what it asks is sought by the tests, not by whoever collects them.
CHECKED = sorted(name for name, kind in KINDS.items() if kind.kind.check.__module__ != RecordKind.__module__)
CASES = 3000
Values = dict[str, Any]


def whole(kind: RecordKind, values: Values) -> Values:
    return dict.fromkeys(kind.wired) | values


@pytest.mark.parametrize("name", CHECKED)
def test_a_schema_refuses_what_the_check_refuses_and_nothing_else(name: str) -> None:
    kind, lot = KINDS[name], random.Random(name)
    told = [(rule, jsonschema_rs.validator_for(rule.schema() or {})) for rule in rules_of(kind)]
    broken: set[str] = set()
    search = Search(kind)
    names = sorted({one for rule, _ in told for one in rule.looks_at})
    for _ in range(CASES):
        values = search.plain | {one: lot.choice(search.sorts[one]) for one in names}
        body = {field: value for field, value in values.items() if value is not None}
        faults = kind.kind.check(whole(kind, body))
        found = {(fault.field.split(".")[0], fault.code, fault.en) for fault in faults}
        for rule, validator in told:
            if rule.bites is not None:
                is_broken = not validator.is_valid(body)
                assert is_broken == ((rule.field, rule.code, rule.en) in found), (rule.words(), body)
                broken |= {rule.en} if is_broken else set()
        assert found <= {(rule.field, rule.code, rule.en) for rule, _ in told}
    assert broken == {rule.en for rule, _ in told if rule.bites is not None}


def test_the_door_of_a_visit_stands_in_the_schema_and_on_the_page() -> None:
    schema = jsonschema_rs.validator_for((SPEC / "schemas/visit.json").read_text(encoding="utf-8"))
    body = {
        "id": "0193c0de-0000-7000-8000-000000000003",
        "kind": "visit",
        "version": 1,
        "state": "done",
        "method": "door",
    }
    body |= dict.fromkeys(("unit_id", "customer_id"), "0193c0de-0000-7000-8000-000000000004")
    assert not schema.is_valid(body)
    assert schema.is_valid(body | {"away_reason": "门口信号差"})
    assert schema.is_valid(body | {"method": "phone"})
    page = (SPEC / "kinds.md").read_text(encoding="utf-8")
    assert "when `state` is `done` and `method` is `door`: `check_in` or `away_reason` is given" in page
    assert page.count("What is asked of its fields together") == len(CHECKED)


def with_check(*faults: tuple[str, bool]) -> list[Rule]:
    """The rules of a visit whose check gives these faults, each where it is said to be."""

    def check(values: Values) -> Sequence[Fault]:
        odd = [name for name, is_so in faults if bool(values.get(name)) is is_so]
        return [Fault(name, "odd", "怪", f"{name} is odd") for name in odd]

    visit = KINDS["visit"]
    return Search(replace(visit, kind=replace(visit.kind, check=check))).rules()


def test_a_check_that_is_written_tomorrow_is_found_too() -> None:
    found = with_check(("summary", False), ("case_id", True))
    assert [(rule.field, rule.words()) for rule in found] == [
        ("case_id", "never: `case_id` is given (case_id is odd)"),
        ("summary", "`summary` is given (summary is odd)"),
    ]
    assert with_check() == []


def test_groups_of_fields_are_named() -> None:
    for name, kind in KINDS.items():
        text = (SPEC / f"schemas/{name}.json").read_text(encoding="utf-8")
        assert ("x-group" in text) == any(one.group for one in kind.wired.values())
