"""Runs statements directly on the driver, within the connection's transaction.

On the busiest addresses the toolkit's wrapping costs as much as the query. Parameters are the driver's:
`%(name)s`, and `%(name)b` for lists, which travel in binary and so need no quoting
(`tests/contract/test_store.py` sends awkward ones).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain
from struct import Struct
from typing import Any, cast

import orjson
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from sync.change import Key


class Texts(list[str | None]):
    """A list of texts on its way to PostgreSQL; all lists of these statements are such."""


class _TextsDumper(Dumper):
    """A text[] in PostgreSQL's binary form.

    A push sends some thousands of texts: the driver's general way, which looks for each
    element's type, took a tenth of its time.
    """

    format, oid = Format.BINARY, psycopg.adapters.types["text"].array_oid

    def dump(self, obj: Texts) -> Buffer:
        """One dimension from 1 on (none if empty), then each text with its length; -1 stands for NULL."""
        oid = psycopg.adapters.types["text"].oid
        if not obj:
            return _EMPTY.pack(0, 0, oid)
        head = _HEAD.pack(1, None in obj, oid, len(obj), 1)
        if None in obj:
            parts = [_NULL if one is None else _LENGTH.pack(len(data := one.encode())) + data for one in obj]
            return b"".join([head, *parts])
        # No step of its own in Python for each element: a push of a hundred jobs sends thousands.
        encoded = list(map(str.encode, cast(list[str], obj)))
        return head + b"".join(
            chain.from_iterable(zip(map(_LENGTH.pack, map(len, encoded)), encoded, strict=True))
        )


_EMPTY, _HEAD, _LENGTH, _NULL = Struct("!3i"), Struct("!5i"), Struct("!i"), b"\xff\xff\xff\xff"
psycopg.adapters.register_dumper(Texts, _TextsDumper)


def rows_of(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """A statement's rows; raises the driver's errors, but those that end a transaction as the toolkit's."""
    cursor: Any = connection.connection.cursor()
    try:
        given = {name: Texts(one) if type(one) is list else one for name, one in parameters.items()}
        cursor.execute(statement, given, prepare=True)
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
