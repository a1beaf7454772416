"""Signs of life: written by each process, read by whoever watches."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from sync.postgres.rows import json_text

WEB, WORKER, CLOCK = "web", "worker", "clock"
_WRITE = text("""
    INSERT INTO pulse (part, who, told)
    VALUES (:part, :who, CAST(:told AS jsonb))
    ON CONFLICT (part, who) DO UPDATE SET at = now(), told = excluded.told
""")
# The last one of a part stays, however old: that it is old is what must be seen.
_FORGET = text("""
    DELETE FROM pulse p
    WHERE p.part = :part
    AND p.at < now() - interval '1 day'
    AND EXISTS (
        SELECT
        FROM pulse later
        WHERE later.part = p.part
        AND later.at > p.at
    )
""")
# After a night in which everything was off nobody is silent yet: it counts from where somebody else lives who
# would have heard. Once it rings it counts from the last sign, whoever is started anew meanwhile; where there
# never was one, from when this history began.
_SILENT = text("""
    SELECT coalesce(extract(epoch FROM now() - greatest(
        coalesce(
            (SELECT max(at) FROM pulse WHERE part = :part),
            (SELECT min(opened_at)
             FROM sync_epoch
             WHERE EXISTS (
                SELECT
                FROM alarm_raised
                WHERE code = :part
                AND ended_at IS NULL
             ))
        ),
        (SELECT min(began_at)
         FROM pulse
         WHERE part <> :part
         AND at > now() - interval '30 seconds'
         AND NOT EXISTS (
            SELECT
            FROM alarm_raised
            WHERE code = :part
            AND ended_at IS NULL
         ))
    )), 0)
""")
# Two that both went on after both had begun: one that takes over from another is none.
_CLOCKS = text("""
    SELECT count(*)
    FROM pulse a
    WHERE a.part = 'clock'
    AND a.at > now() - interval '2 minutes'
    AND EXISTS (
        SELECT
        FROM pulse b
        WHERE b.part = 'clock'
        AND b.who <> a.who
        AND b.at > now() - interval '2 minutes'
        AND least(a.at, b.at) > greatest(a.began_at, b.began_at) + interval '15 seconds'
    )
""")
_DISKS = text("""
    SELECT p.told->>'host' AS host, d.key AS folder, min(CAST(d.value AS float)) AS free_bytes
    FROM pulse p, jsonb_each_text(p.told->'disks') d
    WHERE p.at > now() - interval '5 minutes'
    AND p.told->'disks' IS NOT NULL
    GROUP BY 1, 2
    ORDER BY 1, 2
""")
_BROKER = text("""
    SELECT coalesce(max(CAST(told->>'broker_away_s' AS float)), 0)
    FROM pulse
    WHERE at > now() - interval '30 seconds'
""")


def write_pulse(connection: Connection, part: str, who: str, told: dict[str, object]) -> None:
    """This process lives, and what it sees; forgets those that ended long ago."""
    connection.execute(_WRITE, {"part": part, "who": who, "told": json_text(told)})
    connection.execute(_FORGET, {"part": part})


def silent_s(session: Session, part: str) -> float:
    """For how many seconds no process of a part has given a sign of life, as long as another one lives that
    would have heard; 0 where there is none at all."""
    return float(session.execute(_SILENT, {"part": part}).scalar_one())


def clocks(session: Session) -> int:
    """How many clocks run beside another one: 0, or two and more."""
    return int(session.execute(_CLOCKS).scalar_one())


def free_bytes(session: Session) -> list[tuple[str, str, float]]:
    """Host, folder, and the bytes free on its disk, as the processes there last saw it."""
    return [(row.host, row.folder, row.free_bytes) for row in session.execute(_DISKS)]


def broker_away_s(session: Session) -> float:
    """For how many seconds the broker has not answered one of the processes that live."""
    return float(session.execute(_BROKER).scalar_one())
