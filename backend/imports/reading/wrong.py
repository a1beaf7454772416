"""How a value is told to be wrong, and who reads it: shared by all readers of values."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Any

from backend.core.sentences import fault
from backend.imports.reading.shapes import Field, Reason


class Wrong(Exception):
    """A value that cannot be taken: the entry of `faults.toml`, what it takes, and what it may have been."""

    def __init__(self, code: str, proposal: str = "", **arguments: Any) -> None:
        super().__init__(code)
        self.code, self.proposal, self.arguments = code, proposal, arguments


@dataclass(slots=True)
class Asking:
    """What a value is read with: the mapping's answers, the time zone; and the notes that reading adds.

    `spare` is what a value holds beyond what its field takes, for the remark of the record.
    """

    answers: ReadOnly[str, Any]
    zone: str = "UTC"
    notes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)

    def note(self, one: Field, code: str, **arguments: Any) -> None:
        """That something was changed."""
        self.notes.append((one.name, code, arguments))


def reason(
    field_name: str, code: str, about: str = "", column: str = "", proposal: str = "", **arguments: Any
) -> Reason:
    """A reason in words, out of the catalogue."""
    told = fault(field_name, f"imports.{code}", **arguments)
    return Reason(field_name, code, told["zh"], told["en"], about, column, proposal)
