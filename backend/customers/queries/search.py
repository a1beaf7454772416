"""Customer search by any part of number, name, pinyin, phone, meter or address, however it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.comparing import plain
from backend.core.comparing.finding import Sought, wanted_of
from backend.core.kinds.registry import KINDS
from backend.core.queries.masks import masked, sees_all
from backend.core.queries.scopes import held
from backend.customers.queries.addresses import containing, points_at

MOST_FOUND = 50
# In scope, of one form; more than that nobody reads, and only one or two letters are found as often.
_MOST_OF_A_FORM = 2000
_IN_SCOPE = """
    EXISTS (SELECT FROM sync_entry e
    WHERE e.kind = {kind} AND e.id = {id} AND e.scope = ANY(:scopes) AND NOT e.removed)
"""
# A point of somebody else's ground leads to nobody, also where its customer may be seen.
_ENTRY_IN_SCOPE = _IN_SCOPE.format(kind="s.kind", id="s.id")
_POINTS = f"""
    SELECT s.customer_id
    FROM search_entry s
    WHERE s.kind = 'service_point' AND s.id = ANY(CAST(:points AS uuid[])) AND {_ENTRY_IN_SCOPE}
"""  # noqa: S608 - made of constants and numbered parameters
_CUSTOMER_IN_SCOPE = _IN_SCOPE.format(kind="'customer'", id="c.id")
# The whole number first, then its end, then a name that was typed whole; who sees masks learns no order of
# names.
_BY_NUMBER = "o.numbers = :number DESC, o.numbers LIKE :ends DESC"
_BY_NAME = "split_part(o.words, E'\\n', 1) = :whole DESC, c.name, c.id"


def find_customers(session: Session, actor: Actor, words: str, own_area: str = "") -> list[dict[str, Any]]:
    """Up to 50 customers in the asker's scopes, each with its service points' addresses and meters.

    `own_area` is the area code of the installation's own landlines. Who sees masks finds by number and
    meter alone: a search by name or phone would tell what the mask hides.
    """
    is_whole = sees_all(actor)
    wanted = wanted_of(words, own_area)
    if not wanted.whole.forms:
        return []
    columns = ("numbers", "words") if is_whole else ("numbers",)
    scopes = list(held(session, actor))
    values: dict[str, Any] = {
        "whole": plain(words),
        "number": wanted.number,
        "ends": containing(wanted.number)[:-1],
        "scopes": scopes,
        "most": MOST_FOUND,
    }
    found = [_any_of(wanted.whole, columns, values)]
    if is_whole and wanted.address:
        values["points"] = [one.id for one in points_at(session, wanted.address).points]
        found.append(_POINTS)
    if wanted.words:
        found.append(_all_of(wanted.words, columns, values))
    ids = session.execute(
        text(
            f"""
                SELECT c.id::text
                FROM customer c
                JOIN search_entry o ON o.kind = 'customer' AND o.id = c.id
                WHERE c.id IN ({" UNION ".join(found)}) AND c.deleted_at IS NULL AND {_CUSTOMER_IN_SCOPE}
                ORDER BY {_BY_NUMBER}, {_BY_NAME if is_whole else "o.numbers, c.id"}
                LIMIT :most
            """  # noqa: S608 - made of constants and numbered parameters
        ),
        values,
    ).scalars()
    return _with_points(session, actor, list(ids), scopes)


def _any_of(sought: Sought, columns: Iterable[str], values: dict[str, Any]) -> str:
    """SQL for the customers of the entries in scope that one of these forms is found in, of each form not
    all of them.
    """
    parts = [
        f"""
            (SELECT s.customer_id
            FROM search_entry s
            WHERE s.{column} {fits} AND {_ENTRY_IN_SCOPE}
            LIMIT {_MOST_OF_A_FORM})
        """  # noqa: S608 - made of constants and numbered parameters
        for fits in _fitting(sought, values)
        for column in columns
    ]
    return " UNION ".join(parts)


def _fitting(sought: Sought, values: dict[str, Any]) -> Iterator[str]:
    """What a column must fit, one for each form and line; each pattern becomes a value."""
    patterns = [("LIKE", containing(form)) for form in sought.forms]
    # Newline-sensitive: a line of many is whole.
    patterns += [("~", f"(?n){line}") for line in sought.lines]
    for operator, pattern in patterns:
        name = f"form_{len(values)}"
        values[name] = pattern
        yield f"{operator} :{name}"


def _all_of(words: Iterable[Sought], columns: tuple[str, ...], values: dict[str, Any]) -> str:
    """SQL for the customers of whose entries in scope every word is found in one, in some form; all of
    them.

    A word that many have in common says little, and which of its many entries another word is in is not known
    before.
    """
    each = [
        " OR ".join(f"s.{column} {fits}" for fits in _fitting(one, values) for column in columns)
        for one in words
    ]
    return f"""
            SELECT s.customer_id
            FROM search_entry s
            WHERE ({" OR ".join(each)}) AND {_ENTRY_IN_SCOPE}
            GROUP BY s.customer_id
            HAVING {" AND ".join(f"bool_or({one})" for one in each)}
        """  # noqa: S608 - made of constants and numbered parameters


def _with_points(session: Session, actor: Actor, ids: list[str], scopes: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        text(
            """
                SELECT d.body, (SELECT jsonb_agg(p.body::jsonb)
                  FROM service_point s
                  JOIN sync_document p ON p.kind = 'service_point'
                      AND p.id = s.id
                      AND p.scopes && CAST(:scopes AS text[])
                  WHERE s.customer_id = d.id AND s.deleted_at IS NULL)
                FROM sync_document d
                JOIN unnest(CAST(:ids AS uuid[])) WITH ORDINALITY o(id, place) ON o.id = d.id
                WHERE d.kind = 'customer'
                ORDER BY o.place
            """
        ),
        {"ids": ids, "scopes": scopes},
    )
    found = []
    for body, points in rows:
        customer = masked(actor, KINDS["customer"], orjson.loads(body))
        found.append(
            customer | {"service_points": [masked(actor, KINDS["service_point"], p) for p in points or ()]}
        )
    return found
