"""Statements straight to the driver, within the connection's transaction.

On the busiest addresses the toolkit's wrapping costs as much as the query. Parameters are the driver's: `%(name)s`, and
`%(name)b` for lists, which travel in binary and so need no quoting (`tests/contract/test_store.py` sends awkward ones).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from sync.change import Key


def rows_of(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """A statement's rows; raises the driver's errors, but those that end a transaction as the toolkit's."""
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(statement, parameters, prepare=True)
        return list(cursor.fetchall()) if cursor.description else []
    except psycopg.OperationalError as error:
        # Whoever begins transactions anew knows a deadlock's victim by the toolkit's class.
        raise OperationalError(statement, None, error) from error
    finally:
        cursor.close()


def json_text(value: Any) -> str:
    """JSON text for a statement's parameter."""
    return orjson.dumps(value).decode()


# Record keys as rows of a statement; `keys_of` gives the parameters.
KEYS = "unnest(%(kinds)b::text[], %(ids)b::text[]) AS k(kind, id)"


def keys_of(keys: Collection[Key]) -> dict[str, list[str]]:
    """The parameters of KEYS."""
    return {"kinds": [kind for kind, _ in keys], "ids": [record_id for _, record_id in keys]}
