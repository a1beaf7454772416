"""What every kind must keep to; a new kind is picked up by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import EXCLUDE, ValidationError
from marshmallow.fields import Field

from backend.core.actor import Role
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.registry import KINDS, KINDS_BY_RANK
from backend.core.kinds.wire import Choice, Coordinates, Document
from sync.errors import Refused
from sync.kind import Policy
from tests.factories import uid

HAN = re.compile(r"[\u4e00-\u9fff]")
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


@every_kind
def test_every_name_is_said_in_both_languages(kind: RecordKind) -> None:
    labels = [
        (kind.zh, kind.en),
        *((w.zh, w.en) for w in kind.wired.values()),
        *((a.zh, a.en) for a in kind.kind.actions.values()),
    ]
    labels += [
        pair for w in kind.wired.values() if isinstance(w.field, Choice) for pair in w.field.labels.values()
    ]
    for zh, en in labels:
        assert HAN.search(zh), zh
        assert en, zh
        assert not HAN.search(en), en


@every_kind
def test_it_is_filed_somewhere_and_carries_its_unit(kind: RecordKind) -> None:
    values = dict.fromkeys(kind.kind.fields) | {"unit_id": uid("unit"), "id": uid("record")}
    assert {f"office:{uid('unit')}", f"audit:{uid('unit')}"} & kind.kind.scopes(values)
    assert "unit_id" in kind.model.__table__.columns
    assert kind.name in KINDS_BY_RANK[kind.kind.rank]


@every_kind
def test_its_scopes_are_plain_keys_of_its_own_columns(kind: RecordKind) -> None:
    values: dict[str, Any] = {
        name: [uid(name)] if name.endswith("_ids") else uid(name) for name in kind.kind.fields
    }
    values["id"] = uid("record")
    for scope in kind.kind.scopes(values):
        assert re.fullmatch(r"(office|audit|reference|cell|crew|staff):[0-9a-f-]{36}", scope)


@every_kind
def test_what_it_points_at_exists(kind: RecordKind) -> None:
    assert {one.references for one in kind.kind.fields.values() if one.references} <= set(KINDS)


@every_kind
def test_nothing_is_refused_with_a_reason_for_each_missing_field(kind: RecordKind) -> None:
    required = {name for name, w in kind.wired.items() if w.field.required}
    with pytest.raises(Refused) as caught:
        kind.kind.load({}, False)
    assert {fault.field for fault in caught.value.faults} == required
    assert kind.kind.load({}, True) == {}


@every_kind
def test_its_actions_name_known_states_roles_and_fields(kind: RecordKind) -> None:
    if not kind.kind.actions:
        return
    field = kind.wired[kind.kind.state_field].field
    assert isinstance(field, Choice)
    for action in kind.kind.actions.values():
        assert {*action.sources, action.target} <= set(field.labels)
        assert action.roles <= set(map(str, Role))
        assert set(action.needs) <= set(kind.kind.fields)
        assert action.stamps is None or kind.kind.fields[action.stamps].policy is Policy.SERVER
    assert kind.kind.initial_state in field.labels
    reached = {action.target for action in kind.kind.actions.values()} | {kind.kind.initial_state}
    assert reached == set(field.labels), "a state nobody can reach"


@every_kind
def test_its_state_is_the_servers_to_write(kind: RecordKind) -> None:
    if kind.kind.actions:
        assert kind.kind.fields[kind.kind.state_field].policy is Policy.SERVER


@every_kind
def test_personal_fields_are_marked(kind: RecordKind) -> None:
    """A phone number or address of a customer must be masked for auditors.

    Staff and crews have work phones.
    """
    if kind.name in ("staff", "crew", "unit"):
        return
    telling = {
        name
        for name in kind.wired
        if name in ("phone", "address", "signer_name", "contact_name", "reporter", "site_card")
    }
    assert telling <= set(kind.personal)


@every_kind
def test_merge_groups_agree_on_their_policy(kind: RecordKind) -> None:
    groups: dict[str, set[Policy]] = {}
    for one in kind.kind.fields.values():
        groups.setdefault(one.merges_as, set()).add(one.policy)
    assert all(len(policies) == 1 for policies in groups.values())


@every_kind
def test_every_place_has_a_spatial_index_where_it_is_searched(kind: RecordKind) -> None:
    searched = {"cell": "outline", "service_point": "place", "work_order": "place"}
    if kind.name in searched:
        column = searched[kind.name]
        assert isinstance(kind.wired[column].field, Coordinates)
        indexes = kind.model.__table__.indexes  # type: ignore[attr-defined]
        assert any(column in index.columns for index in indexes)


def test_a_kind_is_one_file() -> None:
    files = {path.stem for path in (Path(__file__).parents[2] / "backend").glob("*/kinds/*.py")}
    assert KINDS.keys() - files == set()


_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**33),
    st.floats(),
    st.text(max_size=30),
    st.just("x" * 2500),
    st.uuids().map(str),
    st.uuids().map(lambda one: str(one).upper()),
    st.just(" \u3000 "),
    st.just("NUL \0"),
    st.just("\ud800"),
    st.datetimes().map(lambda one: one.isoformat() + "Z"),
    st.dates().map(str),
    st.sampled_from(["normal", "urgent", "08:30", "key"]),
    st.lists(st.sampled_from(["pipe_repair", "valve", "x"]), max_size=3),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Point", "Polygon"]),
            "coordinates": st.lists(st.floats(-200, 200), max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("Point"),
            "coordinates": st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(list),
        }
    ),
)


def _given(field: Field[Any]) -> st.SearchStrategy[Any]:
    """Anything, and for a nested document also one of its own fields with anything in them."""
    if not isinstance(field, Document) or field.many:
        return _ANYTHING
    names = st.sampled_from([*field.schema.load_fields, "nobody_knows"])
    return st.one_of(_ANYTHING, st.dictionaries(names, _ANYTHING, max_size=6))


@pytest.mark.parametrize("name", sorted(KINDS))
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_loading_accepts_and_refuses_what_the_schema_does(name: str, data: st.DataObject) -> None:
    """The loader skips the schema's own loop and, for usual values, its fields' deserialization.

    Never its judgement.
    """
    kind = KINDS[name]
    fields = data.draw(st.lists(st.sampled_from(sorted(kind.wired)), min_size=1, max_size=4, unique=True))
    values = {field: data.draw(_given(kind.wired[field].field)) for field in fields}
    try:
        expected = kind.schema(unknown=EXCLUDE).load(values, partial=tuple(kind.wired))
    except ValidationError:
        with pytest.raises(Refused):
            kind.kind.load(values, True)
        return
    assert kind.kind.load(values, True) == expected
