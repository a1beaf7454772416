"""What can go wrong in sync, as exceptions whose docstring is their sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SyncError(Exception):
    """Sync could not go on."""


class StartCompare(SyncError):
    """This cursor cannot be continued (the argument says why): compare, keeping everything and all unsent work."""


class VersionMoved(SyncError):
    """The record was changed by somebody else since it was read."""


class DatabaseRefused(SyncError):
    """The database refused a write that the rules had let pass."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: where, what (a code), and the sentence in both languages."""

    field: str
    code: str
    zh: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """The fault as it goes over the wire."""
        return {"field": self.field, "code": self.code, "zh": self.zh, "en": self.en}


class Refused(SyncError):
    """The values break the rules of their kind."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{f.field}: {f.en}" for f in faults))
        self.faults = tuple(faults)
