"""The registry of kinds: by name, by URL segment, and as the sync core wants them."""

from __future__ import annotations

from sqlalchemy import Table

from backend.core import capabilities
from backend.core.kinds.declaration import RecordKind
from sync.kind import Kind
from sync.pull import RANKS


def collect() -> dict[str, RecordKind]:
    """Kind name -> kind, for every module among the capabilities' kinds that ends in `KIND =
    declare(...)`."""
    found = {module.__name__.rpartition(".")[2]: module for module in capabilities.modules("kinds")}
    kinds = [getattr(found[name], "KIND", None) for name in sorted(found)]
    return {kind.name: kind for kind in kinds if kind is not None}


KINDS: dict[str, RecordKind] = collect()
SYNC_KINDS: dict[str, Kind] = {name: one.kind for name, one in KINDS.items()}
TABLES: dict[str, Table] = {name: one.model.__table__ for name, one in KINDS.items()}  # type: ignore[misc]
KINDS_BY_RANK: dict[int, list[str]] = {
    rank: [n for n, k in SYNC_KINDS.items() if k.rank == rank] for rank in RANKS
}
