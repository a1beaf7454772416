"""What reading a table gives: the table, how its columns are meant, and what becomes of each row.

The whole way, for whoever stages and writes:

    table = read_table(data, name)                       # backend.imports.reading.tables
    target = TARGETS["customers"]                        # backend.imports.reading.targets
    mapping = Mapping(target.name, propose(target, table.columns))  # backend.imports.reading.proposing
    study = study_of(target, mapping, table.columns, table.rows, ground)  # backend.imports.reading.studying
    # study.questions: shown to a person; mapping = mapping.answered({**study.found, **theirs})
    context = Context(ground, gazetteer_of(session), zone)  # backend.imports.queries.gazetteer
    translator = Translator(target, mapping, table.columns, context)  # backend.imports.reading.translating
    for result in translator.all(table.rows): ...
    parts_of(target, result.values)  # backend.imports.reading.parts: the records of a row and what they name

Everything but `Table.rows` and `Context` is small and goes to JSON and back (`as_dict`, `from_dict`).
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Protocol

from shapely.geometry.base import BaseGeometry

from backend.core.comparing import comparable
from backend.core.installation import Labels, OwnLabels

# What a cell of a sheet may hold; a formula is its last value, an error of a sheet (#N/A) is its text.
Cell = str | bool | int | float | datetime | date | time | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its place in each row from 0, its letter in Excel, and its name, which no other has.

    A name of two header rows is joined by a blank; of two alike the second is `电话 (2)`.
    """

    index: int
    letter: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of data under its number as people see it in Excel, from 1; a cell for each column."""

    number: int
    cells: tuple[Cell, ...]


class Rows(Protocol):
    """The rows of a table: kept compressed, gone through as often as one likes."""

    def __iter__(self) -> Iterator[Row]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that is no data: `why` is `title`, `total`, `note` or a repeated `header`; and its text."""

    number: int
    why: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"row": self.number, "why": self.why, "text": self.text}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the file: whether it is hidden, and whether anything stands in it where that is known."""

    name: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table out of a file: its columns, its rows, and what was done to find them.

    `sheet` is empty and `sheets` is none for CSV; `encoding` and `delimiter` are None for a workbook.
    `header_rows` are the numbers of the rows that the names come from (none where there is no header: then
    columns are called by their letters). `merged` says how many merged cells were filled.
    """

    sheet: str
    columns: tuple[Column, ...]
    rows: Rows
    header_rows: tuple[int, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    set_aside: tuple[SetAside, ...] = ()
    # Rows set aside beyond those listed, and cells that were filled from merged ones.
    more_set_aside: int = 0
    merged: int = 0

    def named(self, name: str) -> Column | None:
        """The column of that name."""
        return next((one for one in self.columns if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a target can take from a column.

    `kind` and `wire` say of which record it is and which field there; where it names another record by the
    utility's own number (`refers` is that kind), `wire` is the field that gets the id, and the clean value is
    the number as text. `reads` names how a value is read (`text`, `number`, `phone`, `date`, `moment`,
    `choice`, `choices`, `flag`, `whole`, `amount_fen`, `clock`, `names` (a list of own numbers), `degrees`
    (together they are the clean value `place`), `diameter`).
    """

    name: str
    zh: str
    en: str
    reads: str = "text"
    kind: str = ""
    wire: str = ""
    required: bool = False
    most: int = 200
    refers: str = ""
    # Other names of the column, as utilities write it; compared by `backend.core.comparing`.
    called: tuple[str, ...] = ()
    # Code -> (zh, en) of a choice, and code -> further words for it.
    choices: ReadOnly[str, tuple[str, str]] = field(default_factory=dict)
    words: ReadOnly[str, tuple[str, ...]] = field(default_factory=dict)
    least_value: float | None = None
    most_value: float | None = None
    # What stands where the column is not there or the cell is empty.
    default: Any = None
    # The choices as they are now, where they are the installation's.
    own_choices: OwnLabels = None

    @property
    def labels(self) -> Labels:
        """Code -> (zh, en) of a choice, as it stands now."""
        return self.own_choices() if self.own_choices else self.choices


@dataclass(frozen=True, slots=True)
class Target:
    """What a row can become: its fields, and which of them are the utility's own number.

    `own` has one or more sets of fields: the first set that a row has all of is what it is known by; `also`
    says the same of the other kinds that a row holds beside its own (the point of a customer).
    """

    name: str
    zh: str
    en: str
    kind: str
    fields: tuple[Field, ...]
    own: tuple[tuple[str, ...], ...]
    also: ReadOnly[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    # Which kind and field a row's place goes to.
    place: tuple[str, str] | None = None

    def named(self, name: str) -> Field:
        """The field of that name. Raises KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def own_number(self, values: ReadOnly[str, Any], kind: str = "") -> str | None:
        """What a clean row (or its part of another kind) is known by, compared; None where it has none."""
        for names in self.also[kind] if kind and kind != self.kind else self.own:
            if all(values.get(name) for name in names):
                return "|".join(comparable(str(values[name])) for name in names)
        return None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column each field comes from, and what people (or a study without doubt) said of the values.

    Saved for the next file of the same form. `answers` by question: `datum`, `date_order`, `zeros:number`,
    `word:category:工业大户` and the like, as `study_of` asks them.
    """

    target: str
    columns: ReadOnly[str, str]
    answers: ReadOnly[str, Any] = field(default_factory=dict)

    def answered(self, answers: ReadOnly[str, Any]) -> Mapping:
        """It with further answers."""
        return replace(self, answers={**self.answers, **answers})

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"target": self.target, "columns": dict(self.columns), "answers": dict(self.answers)}

    @staticmethod
    def from_dict(saved: ReadOnly[str, Any]) -> Mapping:
        """The inverse of `as_dict`."""
        return Mapping(saved["target"], dict(saved["columns"]), dict(saved.get("answers", {})))


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong with (or was done to) a value: at which field, in words, about what, from which column.

    `code` is the entry's name in `faults.toml` without `imports.`. `proposal` is what it may have been, for a
    person to accept; nothing was put in its place.
    """

    field: str
    code: str
    zh: str
    en: str
    about: str = ""
    column: str = ""
    proposal: str = ""

    def as_dict(self) -> dict[str, str]:
        """As JSON; as a fault on the wire, with column and proposal."""
        found = {"field": self.field, "code": self.code, "zh": self.zh, "en": self.en}
        extra = {"about": self.about, "column": self.column, "proposal": self.proposal}
        return found | {name: value for name, value in extra.items() if value}


@dataclass(frozen=True, slots=True)
class Located:
    """Where an address is: its cell, a place where one is known, how sure (0 to 1) and why.

    `is_sure` where it may be taken; else it goes onto the list to settle.
    """

    cell_id: str | None
    place: tuple[float, float] | None
    confidence: float
    reason: Reason
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Clean:
    """A row that can be written: values by the target's fields, as they go over the wire.

    Absent fields had no column or an empty cell. `place` is a GeoJSON point (WGS-84). `located` is what its
    address says where the row has no place of its own. `notes` say what was changed in reading.
    """

    number: int
    values: ReadOnly[str, Any]
    notes: tuple[Reason, ...] = ()
    located: Located | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be written, with every reason."""

    number: int
    reasons: tuple[Reason, ...]


Result = Clean | Refused


@dataclass(frozen=True, slots=True)
class Question:
    """What cannot be known and is asked, of the whole column: `name` is its answer's in the mapping.

    `choices` are answers with what each says in both languages; `likely` is one of them or None. `examples`
    are values as they stand in the file, `rows` how many it concerns.
    """

    name: str
    field: str
    zh: str
    en: str
    choices: tuple[tuple[str, str, str], ...]
    likely: str | None = None
    examples: tuple[str, ...] = ()
    rows: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        choices = [{"value": value, "zh": zh, "en": en} for value, zh, en in self.choices]
        return {
            "name": self.name,
            "field": self.field,
            "zh": self.zh,
            "en": self.en,
            "choices": choices,
            "likely": self.likely,
            "examples": list(self.examples),
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Study:
    """What the columns say as wholes: answers beyond doubt, and questions."""

    found: ReadOnly[str, Any]
    questions: tuple[Question, ...]


class PlaceIndex(Protocol):
    """Where addresses are, from cells and what the ledger knows (`backend.imports.reading.gazetteer`)."""

    def locate(self, address: str) -> Located:
        """Where an address is, as far as can be said."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a row is read against: the territory (WGS-84, None where none is known) and its addresses.

    `zone` is the time zone of moments without one.
    """

    ground: BaseGeometry | None = None
    places: PlaceIndex | None = None
    zone: str = "UTC"
