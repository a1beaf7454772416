"""The reads of one pull page or comparison, all inside one snapshot; each step one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from sync.change import Key
from sync.cursor import Part, PartKey, Snapshot
from sync.postgres.door import json_text
from sync.store import Digest, Line, Span

_LOWEST: Key = ("", "00000000-0000-0000-0000-000000000000")
_HIGHEST: Key = ("~", "ffffffff-ffff-ffff-ffff-ffffffffffff")


class PostgresPull:
    """The PullStore on PostgreSQL; `ranks` tells which kinds make up a class."""

    def __init__(self, connection: Connection, ranks: Mapping[int, list[str]]) -> None:
        self._connection, self._ranks = connection, ranks

    def look(self, parts: Sequence[Part]) -> tuple[Snapshot, set[PartKey]]:
        """This transaction's snapshot, and which of the parts have anything new: one index probe each."""
        rows = [
            {
                "s": part.scope,
                "r": part.rank,
                "x": str(part.since.xmax),
                "o": [str(x) for x in part.since.xip] or None,
                "k": self._ranks[part.rank],
            }
            for part in parts
        ]
        snapshot, fresh = self._connection.execute(_LOOK, {"rows": json_text(rows)}).one()
        return Snapshot.parse(snapshot), {(row[0], row[1]) for row in fresh or ()}

    def changes(self, part: Part, target: Snapshot, limit: int, held: Collection[str]) -> list[Line]:
        """Entries new since the part's snapshot, by (xid, kind, id), at keys at or below its position."""
        walk = part.walk or (0, *_LOWEST)
        upto = part.position or _HIGHEST
        return self._read(
            _CHANGES if part.since.xip else _CHANGES_SIMPLE,
            {
                "scope": part.scope, "kinds": self._ranks[part.rank], "xmax": str(part.since.xmax),
                "target": str(target.xmax), "xip": [str(x) for x in part.since.xip], "wx": str(walk[0]), "wk": walk[1],
                "wi": walk[2], "pk": upto[0], "pi": upto[1] or _LOWEST[1], "limit": limit, "held": list(held),
            },
        )  # fmt: skip

    def live(self, part: Part, limit: int, held: Collection[str]) -> list[Line]:
        """Live entries of a scope's class by key, behind the part's position."""
        kind, record_id = part.position or _LOWEST
        return self._read(
            _LIVE,
            {
                "scope": part.scope, "kinds": self._ranks[part.rank], "kind": kind, "id": record_id or _LOWEST[1],
                "limit": limit, "held": list(held),
            },
        )  # fmt: skip

    def digest(self, span: Span, held: Collection[str]) -> Digest:
        """Count and XOR of SHA-256(kind, id, version, body hash), computed on demand."""
        count, high, low = self._connection.execute(_DIGEST, _span(span, held)).one()
        return Digest(count, f"{(high or 0) % 2**64:016x}{(low or 0) % 2**64:016x}")

    def borders(self, span: Span, held: Collection[str], pieces: int) -> list[Key]:
        """Keys that cut a span into about equal pieces; the last one ends it."""
        rows = self._connection.execute(_BORDERS, _span(span, held) | {"pieces": pieces})
        return [(row[0], row[1]) for row in rows]

    def lines(self, span: Span, held: Collection[str]) -> list[Line]:
        """Everything in these scopes inside a span, by key."""
        return self._read(_LINES, _span(span, held))

    def highest_xid(self, held: Collection[str]) -> int:
        """The highest transaction id of any entry in these scopes: nothing beyond it was handed out."""
        found = self._connection.execute(_HIGHEST_XID, {"held": list(held)}).scalar()
        return int(found or 2)

    def _read(self, statement: Any, parameters: dict[str, Any]) -> list[Line]:
        return [Line(*row) for row in self._connection.execute(statement, parameters)]


def _span(span: Span, held: Collection[str]) -> dict[str, Any]:
    after, upto = span.after or _LOWEST, span.upto or _HIGHEST
    return {"ak": after[0], "ai": after[1], "uk": upto[0], "ui": upto[1], "held": list(held)}


_LOOK = text(
    "SELECT pg_current_snapshot()::text, (SELECT json_agg(json_build_array(p.s, p.r)) "
    "FROM json_to_recordset(:rows) AS p(s text, r int, x xid8, o xid8[], k text[]) "
    "WHERE EXISTS (SELECT FROM sync_entry e WHERE e.scope = p.s AND e.xid >= p.x AND e.kind = ANY(p.k)) "
    "OR (p.o IS NOT NULL AND EXISTS (SELECT FROM sync_entry e WHERE e.scope = p.s AND e.xid = ANY(p.o) AND e.kind = ANY(p.k))))"
)
# A body goes to nobody who holds none of the record's scopes.
_COLUMNS = (
    "f.xid::text::bigint, f.kind, f.id::text, d.version, "
    "ARRAY(SELECT s FROM unnest(d.scopes) s WHERE s = ANY(:held)), CASE WHEN d.scopes && :held THEN d.body END"
)
_JOIN = " f JOIN sync_document d ON d.kind = f.kind AND d.id = f.id "
_BRANCH = (
    "(SELECT xid, kind, id FROM sync_entry WHERE scope = :scope AND {new} AND kind = ANY(:kinds) AND xid < CAST(:target AS xid8) "
    "AND (xid, kind, id) > (CAST(:wx AS xid8), :wk, CAST(:wi AS uuid)) AND (kind, id) <= (:pk, CAST(:pi AS uuid)) "
    "ORDER BY xid, kind, id LIMIT :limit)"
)
_SINCE = _BRANCH.format(new="xid >= CAST(:xmax AS xid8)")
_CHANGES_SIMPLE = text(f"SELECT {_COLUMNS} FROM {_SINCE}{_JOIN}ORDER BY f.xid, f.kind, f.id")
_CHANGES = text(
    f"SELECT {_COLUMNS} FROM (SELECT * FROM ({_SINCE} UNION {_BRANCH.format(new='xid = ANY(CAST(:xip AS xid8[]))')}) both_ "
    f"ORDER BY xid, kind, id LIMIT :limit){_JOIN}ORDER BY f.xid, f.kind, f.id"
)
_LIVE = text(
    f"SELECT {_COLUMNS} FROM (SELECT xid, kind, id FROM sync_entry WHERE scope = :scope AND kind = ANY(:kinds) AND NOT removed "
    f"AND (kind, id) > (:kind, CAST(:id AS uuid)) ORDER BY kind, id LIMIT :limit){_JOIN}ORDER BY f.kind, f.id"
)
_MINE = (
    "(SELECT DISTINCT kind, id, xid8 '3' AS xid FROM sync_entry WHERE scope = ANY(:held) AND NOT removed "
    "AND (kind, id) > (:ak, CAST(:ai AS uuid)) AND (kind, id) <= (:uk, CAST(:ui AS uuid)))"
)
_DIGEST = text(
    "SELECT count(*), bit_xor(('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bigint), "
    "bit_xor(('x' || encode(substr(h, 9, 8), 'hex'))::bit(64)::bigint) FROM (SELECT sha256(convert_to("
    "d.kind || ' ' || d.id || ' ' || d.version || ' ' || encode(d.body_sha256, 'hex'), 'UTF8')) AS h "
    f"FROM {_MINE}{_JOIN}) hashes"
)
_BORDERS = text(
    "SELECT DISTINCT ON (piece) kind, id::text FROM (SELECT kind, id, ntile(:pieces) OVER (ORDER BY kind, id) AS piece "
    f"FROM {_MINE} mine) cut ORDER BY piece, kind DESC, id DESC"
)
_LINES = text(f"SELECT {_COLUMNS} FROM {_MINE}{_JOIN}ORDER BY f.kind, f.id")
_HIGHEST_XID = text(
    "SELECT x::text FROM (SELECT (SELECT e.xid FROM sync_entry e WHERE e.scope = s ORDER BY e.xid DESC LIMIT 1) AS x "
    "FROM unnest(CAST(:held AS text[])) s) tops WHERE x IS NOT NULL ORDER BY x DESC LIMIT 1"
)
