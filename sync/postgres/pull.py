"""The reads of one pull page or comparison, all inside one snapshot; each step one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from sync.change import Key
from sync.cursor import ScopeClass, ScopeProgress, Snapshot
from sync.postgres.rows import KEYS, json_text, keys_of, rows_of
from sync.store import Digest, Line, Span

_LOWEST: Key = ("", "00000000-0000-0000-0000-000000000000")
_HIGHEST: Key = ("~", "ffffffff-ffff-ffff-ffff-ffffffffffff")


def look_parameters(parts: Sequence[ScopeProgress], ranks: Mapping[int, list[str]]) -> dict[str, str]:
    """What LOOK asks about: one index probe for each part that can have news."""
    rows = [
        {
            "s": part.scope,
            "r": part.rank,
            "x": str(part.since.xmax),
            "o": [str(x) for x in part.since.xip] or None,
            "k": ranks[part.rank],
        }
        for part in parts
    ]
    return {"parts": json_text(rows)}


def looked(snapshot: str, fresh: list[list[Any]] | None) -> tuple[Snapshot, set[ScopeClass]]:
    """The values of LOOK's two columns."""
    return Snapshot.parse(snapshot), {(row[0], row[1]) for row in fresh or ()}


class PostgresPull:
    """The PullStore on PostgreSQL; `ranks` tells which kinds make up a class."""

    def __init__(self, connection: Connection, ranks: Mapping[int, list[str]]) -> None:
        self._connection, self._ranks = connection, ranks

    def look(self, parts: Sequence[ScopeProgress]) -> tuple[Snapshot, set[ScopeClass]]:
        """This transaction's snapshot, and which of the parts have anything new."""
        return looked(*rows_of(self._connection, f"SELECT {LOOK}", look_parameters(parts, self._ranks))[0])

    def changes(self, part: ScopeProgress, target: Snapshot, limit: int, held: Collection[str]) -> list[Line]:
        """Entries new since the part's snapshot, by (xid, kind, id), at keys at or below its position."""
        walk = part.walk or (0, *_LOWEST)
        upto = part.position or _HIGHEST
        return self._read(
            _CHANGES if part.since.xip else _CHANGES_SIMPLE,
            {
                "scope": part.scope,
                "kinds": self._ranks[part.rank],
                "xmax": str(part.since.xmax),
                "target": str(target.xmax),
                "xip": [str(x) for x in part.since.xip],
                "wx": str(walk[0]),
                "wk": walk[1],
                "wi": walk[2],
                "pk": upto[0],
                "pi": upto[1] or _LOWEST[1],
                "limit": limit,
            },
            held,
        )

    def live(self, part: ScopeProgress, limit: int, held: Collection[str]) -> list[Line]:
        """Live entries of a scope's class by key, behind the part's position."""
        kind, record_id = part.position or _LOWEST
        return self._read(
            _LIVE,
            {
                "scope": part.scope,
                "kinds": self._ranks[part.rank],
                "kind": kind,
                "id": record_id or _LOWEST[1],
                "limit": limit,
            },
            held,
        )

    def named(self, keys: Collection[Key], held: Collection[str]) -> list[Line]:
        """Those of these records that lie in the scopes."""
        return [line for line in self._read(_NAMED, keys_of(keys), held) if line.scopes]

    def digest(self, span: Span, held: Collection[str]) -> Digest:
        """Count and XOR of SHA-256(kind, id, version, body hash, scopes), computed on demand."""
        count, high, low = rows_of(self._connection, _DIGEST, _span(span, held))[0]
        return Digest(count, f"{(high or 0) % 2**64:016x}{(low or 0) % 2**64:016x}")

    def borders(self, span: Span, held: Collection[str], pieces: int) -> list[Key]:
        """Keys that cut a span into about equal pieces; the last one ends it."""
        rows = rows_of(self._connection, _BORDERS, _span(span, held) | {"pieces": pieces})
        return [(row[0], row[1]) for row in rows]

    def lines(self, span: Span, held: Collection[str]) -> list[Line]:
        """Everything in these scopes inside a span, by key."""
        return self._read(_LINES, _span(span, held), held)

    def highest_xid(self, held: Collection[str]) -> int:
        """The highest transaction id of any entry in these scopes: nothing beyond it was handed out."""
        found = rows_of(self._connection, _HIGHEST_XID, {"held": list(held)})
        return int(found[0][0]) if found else 2

    def _read(self, statement: str, parameters: dict[str, Any], held: Collection[str]) -> list[Line]:
        """Lines for a reader of these scopes: a body goes to nobody who holds none of the record's."""
        mine = frozenset(held)
        lines = []
        for xid, kind, record_id, version, scopes, body in rows_of(self._connection, statement, parameters):
            within = [scope for scope in scopes[1:-1].replace('"', "").split(",") if scope in mine]
            lines.append(Line(xid, kind, record_id, version, within, body if within else None))
        return lines


def _span(span: Span, held: Collection[str]) -> dict[str, Any]:
    after, upto = span.after or _LOWEST, span.upto or _HIGHEST
    return {"ak": after[0], "ai": after[1], "uk": upto[0], "ui": upto[1], "held": list(held)}


# `kind || ''` keeps the planner from the primary key (scope, kind, id), by which it would read a whole scope:
# what is new is found by (scope, xid) alone.
# Transactions that were open are looked up one by one: given as `= ANY` of a list they are left to a filter
# behind the whole scope, whatever its size.
# Two columns for a statement of one row: the snapshot, and the parts that have news.
LOOK = """
    pg_current_snapshot()::text AS snapshot,
    (
        SELECT json_agg(json_build_array(p.s, p.r))
        FROM json_to_recordset(%(parts)s) AS p(s text, r int, x xid8, o xid8[], k text[])
        WHERE EXISTS (
            SELECT
            FROM sync_entry e
            WHERE e.scope = p.s
            AND e.xid >= p.x
            AND e.kind || '' = ANY(p.k)
        )
        OR (
            p.o IS NOT NULL
            AND EXISTS (
                SELECT
                FROM unnest(p.o) AS o(x),
                    LATERAL (
                        SELECT
                        FROM sync_entry e
                        WHERE e.scope = p.s
                        AND e.xid = o.x
                        AND e.kind || '' = ANY(p.k)
                        LIMIT 1
                    ) one
            )
        )
    ) AS fresh
"""
_COLUMNS = "f.xid::text::bigint, f.kind, f.id::text, d.version, d.scopes::text, d.body"
_JOIN = " f JOIN sync_document d ON d.kind = f.kind AND d.id = f.id "
_BRANCH = """
    (
        SELECT xid, kind, id
        FROM sync_entry
        WHERE scope = %(scope)s
        AND {new}
        AND kind || '' = ANY(%(kinds)s)
        AND xid < CAST(%(target)s AS xid8)
        AND (xid, kind, id) > (CAST(%(wx)s AS xid8), %(wk)s, CAST(%(wi)s AS uuid))
        AND (kind, id) <= (%(pk)s, CAST(%(pi)s AS uuid))
        ORDER BY xid, kind, id
        LIMIT %(limit)s
    )
"""
_SINCE = _BRANCH.format(new="xid >= CAST(%(xmax)s AS xid8)")
_WERE_OPEN = f"""
    SELECT one.*
    FROM unnest(CAST(%(xip)s AS xid8[])) AS o(x), LATERAL {_BRANCH.format(new="xid = o.x")} one
"""  # noqa: S608 - made of constants; values are bound
_CHANGES_SIMPLE = f"""
    SELECT {_COLUMNS}
    FROM {_SINCE}{_JOIN}
    ORDER BY f.xid, f.kind, f.id
"""  # noqa: S608 - made of constants; values are bound
_CHANGES = f"""
    SELECT {_COLUMNS}
    FROM (
        SELECT *
        FROM ({_SINCE} UNION {_WERE_OPEN}) both_
        ORDER BY xid, kind, id
        LIMIT %(limit)s
    ){_JOIN}
    ORDER BY f.xid, f.kind, f.id
"""  # noqa: S608 - made of constants; values are bound
_LIVE = f"""
    SELECT {_COLUMNS}
    FROM (
        SELECT xid, kind, id
        FROM sync_entry
        WHERE scope = %(scope)s
        AND kind = ANY(%(kinds)s)
        AND NOT removed
        AND (kind, id) > (%(kind)s, CAST(%(id)s AS uuid))
        ORDER BY kind, id
        LIMIT %(limit)s
    ){_JOIN}
    ORDER BY f.kind, f.id
"""  # noqa: S608 - made of constants; values are bound
_MINE = """
    (
        SELECT DISTINCT kind, id, xid8 '3' AS xid
        FROM sync_entry
        WHERE scope = ANY(%(held)s)
        AND NOT removed
        AND (kind, id) > (%(ak)s, CAST(%(ai)s AS uuid))
        AND (kind, id) <= (%(uk)s, CAST(%(ui)s AS uuid))
    )
"""
_DIGEST = f"""
    SELECT count(*), bit_xor(('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bigint),
        bit_xor(('x' || encode(substr(h, 9, 8), 'hex'))::bit(64)::bigint)
    FROM (
        SELECT sha256(
            convert_to(
                d.kind || ' ' || d.id || ' ' || d.version || ' ' || encode(d.body_sha256, 'hex') || ' ' ||
                array_to_string(
                    ARRAY(
                        SELECT s
                        FROM unnest(d.scopes) s
                        WHERE s = ANY(%(held)s)
                        ORDER BY s COLLATE "C"
                    ),
                    ' '
                ),
                'UTF8'
            )
        ) AS h
        FROM {_MINE}{_JOIN}
    ) hashes
"""  # noqa: S608 - made of constants; values are bound
_BORDERS = f"""
    SELECT DISTINCT ON (piece) kind, id::text
    FROM (SELECT kind, id, ntile(%(pieces)s) OVER (ORDER BY kind, id) AS piece FROM {_MINE} mine) cut
    ORDER BY piece, kind DESC, id DESC
"""  # noqa: S608 - made of constants; values are bound
_LINES = f"""
    SELECT {_COLUMNS}
    FROM {_MINE}{_JOIN}
    ORDER BY f.kind, f.id
"""  # noqa: S608 - made of constants; values are bound
_NAMED = f"""
    SELECT {_COLUMNS}
    FROM (
        SELECT k.kind, k.id::uuid AS id, xid8 '3' AS xid
        FROM {KEYS}
    ){_JOIN}
"""  # noqa: S608 - made of constants; values are bound
_HIGHEST_XID = """
    SELECT x::text
    FROM (
        SELECT (SELECT e.xid FROM sync_entry e WHERE e.scope = s ORDER BY e.xid DESC LIMIT 1) AS x
        FROM unnest(CAST(%(held)s AS text[])) s
    ) tops
    WHERE x IS NOT NULL
    ORDER BY x DESC
    LIMIT 1
"""
