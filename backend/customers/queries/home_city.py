"""The city in which an address lies that names none: the one that most addresses of the ledger name."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.comparing.addresses import Areas

# So many entries tell it, wherever they are stored; a city that less than a twentieth of them name may be a
# slip.
_SAMPLE = 10_000
_MOST_TO_ONE_NAMED = 20


def home_of(session: Session) -> Areas | None:
    """The home city with its province; None where the ledger names none, or several as often."""
    asked = f"""
        SELECT province, city
        FROM (
            SELECT
                mode() WITHIN GROUP (ORDER BY nullif(split_part(areas, ';', 1), '')) AS province,
                split_part(areas, ';', 2) AS city,
                count(*) AS found,
                sum(count(*)) FILTER (WHERE split_part(areas, ';', 2) <> '') OVER () AS named,
                sum(count(*)) OVER () AS of_all
            FROM (
                SELECT split_part(split_part(words, E'\\n', 2), '|', 1) AS areas
                FROM search_entry TABLESAMPLE SYSTEM ((
                    SELECT least(100, 100 * {_SAMPLE} / greatest(reltuples, 1))
                    FROM pg_class
                    WHERE oid = 'search_entry'::regclass
                )) REPEATABLE (17)
                WHERE kind = 'service_point'
            ) entries
            GROUP BY split_part(areas, ';', 2)
        ) cities
        WHERE city <> ''
        AND found * 2 > named
        AND found * {_MOST_TO_ONE_NAMED} >= of_all
    """  # noqa: S608 - made of constants
    found = session.execute(text(asked)).one_or_none()
    return (found[0] or "", found[1], "", "") if found else None
