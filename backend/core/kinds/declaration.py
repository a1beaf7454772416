"""How a kind of record is declared: one line per field gives the column, the wire field, the merge rule
and the labels.

A record file holds one `Record` subclass and ends in `KIND = declare(...)`; everything else (API, sync,
OpenAPI, spec) is made from that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Length
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from backend.core.db import Base
from backend.core.geometry import area_column, point_column
from backend.core.installation import Labels, OwnLabels
from backend.core.kinds import wire
from backend.core.kinds.complaints import in_chinese
from backend.core.kinds.own_choices import OwnChoice
from sync.errors import Fault, Refused
from sync.kind import Action, Field, Kind, Policy, Values


class Record(Base):
    """What every record has: id, version, the unit it belongs to, and when the server wrote it."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    unit_id: Mapped[UUID] = mapped_column(PgUuid, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DueMove(Schema):
    """One move of a due day: which field, from what, to what, why, who moved it and when."""

    field = wire.Text(most=40, required=True)
    was = wire.Text(most=40, allow_none=True)
    now = wire.Text(most=40, required=True)
    why = wire.Text(most=500, least=1, required=True)
    by_id = wire.Id(required=True)
    at = wire.Moment(required=True)


@dataclass(frozen=True, slots=True)
class Wired:
    """What a field's declaration says beyond its column."""

    field: fields.Field[Any]
    zh: str
    en: str
    policy: Policy
    group: str = ""
    references: str | None = None
    personal: str | None = None
    filter: bool = False
    due: str | None = None
    own: bool = False


@dataclass(frozen=True)
class RecordKind:
    """A kind as the server knows it: its model, its schemas, its labels, and what sync needs."""

    kind: Kind
    model: type[Record]
    schema: type[Schema]
    zh: str
    en: str
    segment: str
    wired: dict[str, Wired]
    owner: str = ""
    ended: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The kind's name on the wire."""
        return self.kind.name

    @property
    def filters(self) -> list[str]:
        """The fields a list can be filtered by."""
        return [name for name, one in self.wired.items() if one.filter]

    @cached_property
    def due(self) -> dict[str, str]:
        """Due fields: name -> `limit` (the utility's own) or `promise` (agreed with a customer)."""
        return {name: one.due for name, one in self.wired.items() if one.due}

    @property
    def personal(self) -> dict[str, str]:
        """Personal fields: name -> what they hold (name, phone, address)."""
        return {name: one.personal for name, one in self.wired.items() if one.personal}


def _column(
    type_: Any, field: fields.Field[Any], zh: str, en: str, *args: Any, **options: Any
) -> MappedColumn[Any]:
    required = options.pop("required", False)
    field.required, field.allow_none = required, not required
    field.metadata = {**field.metadata, "description": f"{zh} · {en}"}
    beside = ("group", "references", "personal", "filter", "due", "own")
    given = {name: options.pop(name) for name in beside if name in options}
    wired = Wired(field, zh, en, Policy(options.pop("policy", Policy.LAST)), **given)
    return mapped_column(type_, *args, nullable=not required, info={"wired": wired}, **options)


def words(zh: str, en: str, *, most: int = 200, **options: Any) -> MappedColumn[Any]:
    """Text."""
    return _column(Text, wire.Text(most=most, least=1 if options.get("required") else 0), zh, en, **options)


def choice(zh: str, en: str, labels: Labels, own: OwnLabels = None, **options: Any) -> MappedColumn[Any]:
    """One of a list of codes; where the installation has its `own`, `labels` are what most have."""
    return _column(Text, OwnChoice(own, labels) if own else wire.Choice(labels), zh, en, **options)


def choices(zh: str, en: str, labels: dict[str, tuple[str, str]], **options: Any) -> MappedColumn[Any]:
    """A set of codes."""
    field = fields.List(wire.Choice(labels), validate=Length(max=50))
    options.setdefault("policy", Policy.SET)
    return _column(ARRAY(Text), field, zh, en, **options)


def names(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A set of short words that another record defines."""
    field = fields.List(wire.Text(most=40, least=1), validate=Length(max=100))
    options.setdefault("policy", Policy.SET)
    return _column(ARRAY(Text), field, zh, en, **options)


def refer(zh: str, en: str, kind: str, **options: Any) -> MappedColumn[Any]:
    """A pointer to another record; the other kind is named, not imported."""
    key = ForeignKey(f"{kind}.id", ondelete="RESTRICT")
    return _column(PgUuid, wire.Id(), zh, en, key, references=kind, **options)


def ids(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A set of record ids."""
    field = fields.List(wire.Id(), validate=Length(max=500))
    options.setdefault("policy", Policy.SET)
    return _column(ARRAY(PgUuid), field, zh, en, **options)


def plain_id(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """An id that may point at different kinds, or at nothing stored."""
    return _column(PgUuid, wire.Id(), zh, en, **options)


def moment(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A time with zone."""
    return _column(DateTime(timezone=True), wire.Moment(), zh, en, **options)


def day(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A calendar day."""
    return _column(Date, wire.Day(), zh, en, **options)


def clock(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A local time of day."""
    return _column(Text, wire.Clock(), zh, en, **options)


def whole(zh: str, en: str, *, least: int = 0, most: int = 2**31 - 1, **options: Any) -> MappedColumn[Any]:
    """A whole number."""
    return _column(Integer, wire.Whole(least=least, most=most), zh, en, **options)


def number(
    zh: str, en: str, *, least: float = -1e12, most: float = 1e12, **options: Any
) -> MappedColumn[Any]:
    """A number."""
    return _column(Numeric, wire.Number(least=least, most=most), zh, en, **options)


def flag(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """Yes or no."""
    return _column(Boolean, wire.Flag(), zh, en, **options)


def due_moves() -> MappedColumn[Any]:
    """How due fields were moved, oldest first; a kind with a due field has one."""
    return json("期限变更", "Moves of due days", DueMove, many=True, policy=Policy.SERVER)


def place(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """A WGS-84 point."""
    return _column(point_column(), wire.Coordinates("Point"), zh, en, **options)


def area(zh: str, en: str, **options: Any) -> MappedColumn[Any]:
    """WGS-84 polygons."""
    return _column(area_column(), wire.Coordinates("MultiPolygon"), zh, en, **options)


def json(
    zh: str,
    en: str,
    schema: type[Schema] | None = None,
    *,
    many: bool = False,
    exact: bool = False,
    checked: bool = True,
    **options: Any,
) -> MappedColumn[Any]:
    """A nested document, checked by a schema where one is given (else only described by it); an `exact`
    one holds nothing else."""
    field: fields.Field[Any] = (
        wire.Document(schema, many=many, exact=exact) if schema and checked else wire.Json(schema, many=many)
    )
    return _column(JSONB, field, zh, en, **options)


def spatial_index(table: str, column: str) -> Index:
    """A GiST index for a place or area column."""
    return Index(f"ix_{table}_{column}", column, postgresql_using="gist")


def search_index(table: str, column: str) -> Index:
    """A trigram index, for search by any part of a word."""
    return Index(
        f"ix_{table}_{column}", column, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"}
    )


Scopes = Callable[[Values], frozenset[str]]


def scopes_of(office: bool = True, staff_of: Sequence[str] = (), **keys: str) -> Scopes:
    """Scopes as plain equality keys from a record's own columns: `scopes_of(cell="cell_id",
    crew="crew_id")`.

    `office` files it under its unit for consoles; `reference="unit_id"` for every phone of the unit;
    `staff_of` names columns with ids of several people.
    """

    def scopes(values: Values) -> frozenset[str]:
        found = {f"{scope.rstrip('_')}:{values[name]}" for scope, name in keys.items() if values.get(name)}
        found |= {f"staff:{one}" for name in staff_of for one in values.get(name) or ()}
        if office:
            found.add(f"office:{values['unit_id']}")
        return frozenset(found)

    return scopes


def declare(
    model: type[Record],
    *,
    zh: str,
    en: str,
    scopes: Scopes,
    rank: int = 2,
    create_by: frozenset[Any] = frozenset(),
    change_by: frozenset[Any] = frozenset(),
    delete_by: frozenset[Any] = frozenset(),
    check: Callable[[Values], Sequence[Fault]] = lambda values: (),
    actions: Sequence[Action] = (),
    initial_state: str | None = None,
    segment: str | None = None,
    stands_on: tuple[str, str] | None = None,
    attaches: Mapping[str, str] | None = None,
    owner: str = "",
    ended: frozenset[str] = frozenset(),
) -> RecordKind:
    """A kind from its model; `segment` is its URL segment where a regular plural would be wrong.

    `owner` is the field that says whose work it is: they do not move its due day, whatever their role.
    `ended` are the states in which whether it was in time is settled.
    """
    name = model.__tablename__
    columns = {c.key: c for c in model.__table__.columns}
    wired = {key: c.info["wired"] for key, c in columns.items() if "wired" in c.info}
    _index_pointers(name, columns, wired)
    unit = Wired(wire.Id(required=True), "单位", "Unit", Policy.FIXED, "", "unit", None, True)
    wired = {"unit_id": unit, **wired}
    schema = Schema.from_dict({key: one.field for key, one in wired.items()}, name=_camel(name))
    kind = Kind(
        name=name,
        table=name,
        fields={key: Field(key, w.policy, w.group, w.references, w.personal) for key, w in wired.items()},
        scopes=scopes,
        load=_loader(schema),
        check=check,
        actions={action.name: action for action in actions},
        initial_state=initial_state,
        rank=rank,
        create_by=frozenset(map(str, create_by)),
        change_by=frozenset(map(str, change_by)),
        delete_by=frozenset(map(str, delete_by)),
        stands_on=stands_on,
        attaches=attaches or {},
    )
    return RecordKind(kind, model, schema, zh, en, segment or plural(name), wired, owner, ended)


def plural(name: str) -> str:
    """The segment of a kind's address, which stays for good: duty, /duties; work_order, /work-orders."""
    many = re.sub("(s|x|z|ch|sh)$", r"\1e", re.sub("([^aeiou])y$", r"\1ie", name)) + "s"
    return many.replace("_", "-")


def _index_pointers(table: str, columns: Mapping[str, Any], wired: Mapping[str, Wired]) -> None:
    for key, one in wired.items():
        if one.references:
            # Most pointers of most records are empty, and an empty one needs no place in an index.
            present = columns[key].isnot(None) if columns[key].nullable else None
            Index(f"ix_{table}_{key}", columns[key], postgresql_where=present)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _loader(schema: type[Schema]) -> Callable[[Values, bool], Values]:
    """The schema's own fields, called for the values that came: most of a record's fields are empty.

    A contract test holds it to what the schema itself accepts and refuses.
    """
    wire_fields = schema(unknown=EXCLUDE).load_fields
    required = [name for name, field in wire_fields.items() if field.required]
    empty = dict.fromkeys(wire_fields)
    quick = {name: field.quick for name, field in wire_fields.items() if hasattr(field, "quick")}

    def load(values: Values, partial: bool) -> Values:
        loaded: Values = {} if partial else dict(empty)
        messages: dict[str, Any] = {}
        for name, value in values.items():
            field = wire_fields.get(name)
            if field is None:
                continue
            loaded[name] = quick[name](value) if name in quick else wire.NOT_QUICK
            if loaded[name] is wire.NOT_QUICK:
                try:
                    loaded[name] = field.deserialize(value, name, values)
                except ValidationError as error:
                    messages[name] = error.messages
        if not partial:
            messages |= {
                name: ["Missing data for required field."] for name in required if name not in values
            }
        if messages:
            raise Refused([_fault(*one) for one in _flat(messages)])
        return loaded

    return load


def _flat(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """marshmallow's nested messages as (path, sentence) pairs."""
    if isinstance(messages, dict):
        return [
            pair
            for key, value in messages.items()
            for pair in _flat(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(messages, list):
        return [pair for value in messages for pair in _flat(value, path)]
    return [(path, str(messages))]


def _fault(path: str, sentence: str) -> Fault:
    required = "required" in sentence or "may not be null" in sentence
    return Fault(
        path, "required" if required else "invalid", "必填" if required else in_chinese(sentence), sentence
    )
