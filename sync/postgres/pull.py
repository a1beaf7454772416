"""The reads of one pull page, all inside one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, text

from sync.change import Key
from sync.cursor import Part, Snapshot
from sync.postgres.door import json_text, keys_json
from sync.store import Document, Row


class PostgresPull:
    """The PullStore on PostgreSQL; `ranks` tells which kinds make up a class."""

    def __init__(self, connection: Connection, ranks: Mapping[int, list[str]]) -> None:
        self._connection, self._ranks = connection, ranks

    def snapshot(self) -> Snapshot:
        """This transaction's snapshot."""
        return Snapshot.parse(self._connection.execute(text("SELECT pg_current_snapshot()::text")).scalar_one())

    def news(self, parts: Sequence[Part]) -> set[tuple[str, int]]:
        """Which parts have anything new: one index probe each, in one statement."""
        if not parts:
            return set()
        rows = [
            {
                "scope": p.scope,
                "rank": p.rank,
                "xmax": str(p.since.xmax),
                "xip": [str(x) for x in p.since.xip],
                "kinds": self._ranks[p.rank],
            }
            for p in parts
        ]
        found = self._connection.execute(_NEWS, {"rows": json_text(rows)})
        return {(row[0], row[1]) for row in found}

    def changes(self, part: Part, target: Snapshot, limit: int) -> list[Row]:
        """Entries new since the part's snapshot, by (xid, kind, id), at keys at or below its position."""
        walk = part.walk or (0, "", _LOWEST_ID)
        upto = part.position or ("~", _HIGHEST_ID)
        rows = self._connection.execute(
            _CHANGES,
            {
                "scope": part.scope, "kinds": self._ranks[part.rank], "xmax": str(part.since.xmax), "target": str(target.xmax),
                "xip": [str(x) for x in part.since.xip], "wx": str(walk[0]), "wk": walk[1], "wi": walk[2],
                "pk": upto[0], "pi": upto[1] or _LOWEST_ID, "limit": limit,
            },
        )  # fmt: skip
        return [(int(row[0]), row[1], row[2]) for row in rows]

    def live(self, part: Part, limit: int) -> list[Row]:
        """Live entries of a scope's class by key, behind the part's position."""
        kind, record_id = part.position or ("", "")
        rows = self._connection.execute(
            text(
                "SELECT xid::text, kind, id::text FROM sync_entry WHERE scope = :scope AND kind = ANY(:kinds) AND NOT removed "
                "AND (kind, id) > (:kind, CAST(:id AS uuid)) ORDER BY kind, id LIMIT :limit"
            ),
            {
                "scope": part.scope,
                "kinds": self._ranks[part.rank],
                "kind": kind,
                "id": record_id or _LOWEST_ID,
                "limit": limit,
            },
        )
        return [(int(row[0]), row[1], row[2]) for row in rows]

    def memberships(self, keys: Collection[Key], scopes: Collection[str]) -> dict[Key, list[str]]:
        """Which of these scopes each record is in now."""
        rows = self._connection.execute(
            text(
                "SELECT e.kind, e.id::text, e.scope FROM sync_entry e JOIN json_to_recordset(:keys) AS k(kind text, id uuid) "
                "ON e.kind = k.kind AND e.id = k.id WHERE e.scope = ANY(:scopes) AND NOT e.removed ORDER BY e.scope"
            ),
            {"keys": keys_json(keys), "scopes": list(scopes)},
        )
        found: dict[Key, list[str]] = {}
        for kind, record_id, scope in rows:
            found.setdefault((kind, record_id), []).append(scope)
        return found

    def documents(self, keys: Collection[Key]) -> dict[Key, Document]:
        """The wire forms of these records, in the order asked for."""
        rows = self._connection.execute(
            text(
                "SELECT d.kind, d.id::text, d.version, d.body FROM sync_document d "
                "JOIN json_to_recordset(:keys) AS k(kind text, id uuid) ON d.kind = k.kind AND d.id = k.id"
            ),
            {"keys": keys_json(keys)},
        )
        found = {(row[0], row[1]): Document(row[2], row[3]) for row in rows}
        return {key: found[key] for key in keys if key in found}


_LOWEST_ID = "00000000-0000-0000-0000-000000000000"
_HIGHEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

_NEWS = text(
    "SELECT p.scope, p.rank FROM json_to_recordset(:rows) AS p(scope text, rank int, xmax xid8, xip xid8[], kinds text[]) "
    "WHERE EXISTS (SELECT FROM sync_entry e WHERE e.scope = p.scope AND e.xid >= p.xmax AND e.kind = ANY(p.kinds)) "
    "OR (cardinality(p.xip) > 0 AND EXISTS (SELECT FROM sync_entry e WHERE e.scope = p.scope AND e.xid = ANY(p.xip) AND e.kind = ANY(p.kinds)))"
)

_CHANGES_BRANCH = (
    "(SELECT xid, kind, id FROM sync_entry WHERE scope = :scope AND {new} AND kind = ANY(:kinds) AND xid < CAST(:target AS xid8) "
    "AND (xid, kind, id) > (CAST(:wx AS xid8), :wk, CAST(:wi AS uuid)) AND (kind, id) <= (:pk, CAST(:pi AS uuid)) "
    "ORDER BY xid, kind, id LIMIT :limit)"
)
_CHANGES = text(
    "SELECT xid::text, kind, id::text FROM ("
    + _CHANGES_BRANCH.format(new="xid >= CAST(:xmax AS xid8)")
    + " UNION "
    + _CHANGES_BRANCH.format(new="xid = ANY(CAST(:xip AS xid8[]))")
    + ") found ORDER BY found.xid, found.kind, found.id LIMIT :limit"
)
