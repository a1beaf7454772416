"""Finding customers by any part of their name, pinyin, phone, meter or address."""

from __future__ import annotations

import re
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.queries.masks import masked, sees_all
from backend.queries.scopes import held
from backend.records.registry import KINDS

MOST_FOUND = 50
_METERS = (
    "(SELECT customer_id FROM service_point WHERE upper(meter_number) LIKE upper(:p) AND deleted_at IS NULL LIMIT 2000)"
)
_NUMBERS = f"(SELECT id FROM customer WHERE upper(number) LIKE upper(:p) LIMIT 2000) UNION {_METERS}"
_ANY_WORD = (
    "(SELECT id FROM customer WHERE name ILIKE :p LIMIT 2000) UNION (SELECT id FROM customer WHERE phone LIKE :p LIMIT 2000) "
    "UNION (SELECT id FROM customer WHERE pinyin LIKE :p LIMIT 2000) "
    f"UNION (SELECT customer_id FROM service_point WHERE address ILIKE :p AND deleted_at IS NULL LIMIT 2000) UNION {_METERS}"
)
_IN_SCOPE = "EXISTS (SELECT FROM sync_entry e WHERE e.kind = 'customer' AND e.id = c.id AND e.scope = ANY(:scopes) AND NOT e.removed)"


def find_customers(session: Session, actor: Actor, words: str) -> list[dict[str, Any]]:
    """Up to 50 customers in the asker's scopes, each with its service points' addresses and meters.

    Who sees masks finds by number and meter alone: a search by name or phone would tell what the mask hides.
    """
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", words.strip().lower()) + "%"
    scopes = list(held(session, actor))
    ids = session.execute(
        text(
            f"SELECT c.id::text FROM customer c WHERE c.deleted_at IS NULL AND c.id IN ({_ANY_WORD if sees_all(actor) else _NUMBERS}) "
            f"AND {_IN_SCOPE} ORDER BY c.name, c.id LIMIT :most"
        ),
        {"p": pattern, "scopes": scopes, "most": MOST_FOUND},
    ).scalars()
    return _with_points(session, actor, list(ids), scopes)


def _with_points(session: Session, actor: Actor, ids: list[str], scopes: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        text(
            "SELECT d.body, (SELECT jsonb_agg(p.body::jsonb) FROM service_point s JOIN sync_document p ON p.kind = 'service_point' "
            "AND p.id = s.id AND p.scopes && CAST(:scopes AS text[]) WHERE s.customer_id = d.id AND s.deleted_at IS NULL) FROM sync_document d "
            "JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY o(id, place) ON o.id = d.id WHERE d.kind = 'customer' ORDER BY o.place"
        ),
        {"ids": ids, "scopes": scopes},
    )
    found = []
    for body, points in rows:
        customer = masked(actor, KINDS["customer"], orjson.loads(body))
        found.append(customer | {"service_points": [masked(actor, KINDS["service_point"], p) for p in points or ()]})
    return found
