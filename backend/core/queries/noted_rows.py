"""Rows beside the records that are evidence too: which tables, what of each row counts, and their history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Noted:
    """A table of such rows: its key, how a uuid is made of it, the columns that count, and from when on
    they do."""

    key: str
    type: str
    uuid: str
    columns: tuple[str, ...]
    counts: str = "true"


NOTED = {
    "device": Noted("id", "uuid", "t.id", ("id", "unit_id", "public_key", "registered_at", "revoked_at")),
    "confirmation": Noted(
        "id",
        "uuid",
        "t.id",
        (
            "id",
            "token_sha256",
            "unit_id",
            "work_order_id",
            "made_by",
            "made_at",
            "until",
            "used_at",
            "outcome",
            "signature_id",
            "way",
        ),
    ),
    "contractor_link": Noted(
        "id",
        "uuid",
        "t.id",
        (
            "id",
            "token_sha256",
            "unit_id",
            "work_order_id",
            "crew_id",
            "staff_id",
            "made_by",
            "made_at",
            "until",
        ),
    ),
    "access": Noted(
        "id",
        "bigint",
        "md5('access ' || t.id)::uuid",
        ("id", "at", "staff_id", "unit_id", "what", "of_id", "reason"),
    ),
    "call_back_sample": Noted(
        "id",
        "uuid",
        "t.id",
        ("id", "unit_id", "made_by", "made_at", "from_day", "until_day", "seed", "population", "visit_ids"),
    ),
    "call_back": Noted(
        "visit_id",
        "uuid",
        "md5(t.sample_id::text || t.visit_id)::uuid",
        ("sample_id", "visit_id", "outcome", "said", "asked_by", "asked_at"),
    ),
    "upload": Noted(
        "id",
        "uuid",
        "t.id",
        (
            "id",
            "staff_id",
            "device_id",
            "unit_id",
            "photo_id",
            "sha256",
            "length_bytes",
            "created_at",
            "whole_at",
            "finished_at",
        ),
        "t.finished_at IS NOT NULL",
    ),
    "object": Noted("sha256", "text", "md5(t.sha256)::uuid", ("sha256", "size_bytes", "arrived_at")),
    "look": Noted(
        "sha256",
        "text",
        "md5(t.sha256)::uuid",
        (
            "sha256",
            "state",
            "reason",
            "media_type",
            "width",
            "height",
            "taken_local",
            "taken_at",
            "lng",
            "lat",
            "device",
            "looks_like",
            "web_sha256",
            "thumb_sha256",
        ),
        "t.state <> 'waiting'",
    ),
}


def said_by(table: str) -> str:
    """SQL: what a row `t` of a table says, in the shape of history; an empty column says nothing."""
    names = ", ".join(f"'{name}'" for name in NOTED[table].columns)
    return f"""(
        SELECT jsonb_object_agg(c.key, jsonb_build_array(NULL, c.value))
        FROM jsonb_each(to_jsonb(t)) c
        WHERE c.key IN ({names})
        AND c.value <> 'null'
    )"""  # noqa: S608 - tables and columns of NOTED


def write_history(
    session: Session, table: str, keys: Iterable[object], actor_id: str, device_id: str | None
) -> None:
    """One more step in the history of each of these rows of a table: what it says now."""
    noted = NOTED[table]
    step = f"""
        INSERT INTO sync_history (kind, id, version, op, changed, actor_id, device_id, happened_at)
        SELECT '{table}', {noted.uuid}, h.version + 1, CASE h.version WHEN 0 THEN 'create' ELSE 'change' END,
            {said_by(table)}, CAST(:actor AS uuid), CAST(:device AS uuid), now()
        FROM {table} t,
        LATERAL (
            SELECT coalesce(max(version), 0) AS version
            FROM sync_history
            WHERE kind = '{table}'
            AND id = {noted.uuid}
        ) h
        WHERE t.{noted.key} = ANY(CAST(:keys AS {noted.type}[]))
        AND {noted.counts}
    """  # noqa: S608 - tables and columns of NOTED
    given = {"keys": [str(one) for one in keys], "actor": actor_id, "device": device_id}
    session.execute(text(step), given)
