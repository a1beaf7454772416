"""The result of a format's reader: rows by number, their columns, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.findings import Finding


@dataclass(slots=True)
class Rows:
    """Columns in the file's order.

    `key` is the one that only numbers the rows, and is no code unless it is named.
    """

    columns: list[str]
    rows: dict[int, dict[str, Any]]
    findings: list[Finding] = field(default_factory=list)
    key: str | None = None


@dataclass(slots=True)
class Drawn:
    """Rows that come with their shapes, in the file's order; `crs` is what the file says of its coordinates.

    `groups` are the folders that each row lies in, `name` is what the file calls itself; `is_degrees` where
    the format has degrees unless it says something else.
    """

    shapes: list[BaseGeometry | None]
    rows: Rows
    crs: str | None = None
    groups: list[tuple[str, ...]] = field(default_factory=list)
    name: str | None = None
    is_degrees: bool = True

    def within(self, wanted: frozenset[str]) -> Drawn:
        """The rows that lie in one of the folders that are wanted."""
        kept = [n for n, row in enumerate(self.groups) if wanted & set(row)]
        rows = {k: self.rows.rows.get(n, {}) for k, n in enumerate(kept)}
        groups = [self.groups[n] for n in kept]
        return replace(
            self, shapes=[self.shapes[n] for n in kept], rows=replace(self.rows, rows=rows), groups=groups
        )
