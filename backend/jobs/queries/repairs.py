"""Statistics of pipe repairs: by class of diameter, how many and how many in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.installation import installed
from backend.core.lengths import nominal_class

# Classes as the trade counts them; the last is open above.
CLASSES_MM = (100, 200, 300, 600, 1000)


def repairs_by_diameter(
    session: Session, units: Sequence[str], since: date, until: date
) -> list[dict[str, Any]]:
    """Finished pipe repairs of these units in a span of days (both included), by class of diameter."""
    rows = session.execute(
        text(
            """
                SELECT width_bucket((pipe->>'diameter_mm')::int,
                  CAST(:bounds AS int[])) AS class,
                  count(*),
                  count(*) FILTER (WHERE due_at IS NULL
                  OR done_at <= due_at),
                  round(avg(extract(epoch FROM done_at - created_at) / 60))::int,
                  round(avg(
                    extract(
                      epoch FROM (pipe->>'opened_at')::timestamptz - (pipe->>'shut_at')::timestamptz
                    ) / 60
                  ))::int
                FROM work_order
                WHERE deleted_at IS NULL
                  AND pipe IS NOT NULL
                  AND done_at IS NOT NULL
                  AND unit_id = ANY(CAST(:units AS uuid[]))
                  AND (done_at AT TIME ZONE :zone)::date BETWEEN :since AND :until
                GROUP BY 1
                ORDER BY 1
            """
        ),
        {
            "bounds": list(CLASSES_MM),
            "units": list(units),
            "since": since,
            "until": until,
            "zone": installed().time_zone.key,
        },
    )
    return [
        {
            "diameter": _class_name(row[0]),
            "repairs": row[1],
            "in_time": row[2],
            "minutes_to_done": row[3],
            "minutes_without_water": row[4],
        }
        for row in rows
    ]


def _class_name(number: int) -> str:
    bounds = (None, *CLASSES_MM, None)
    return nominal_class(bounds[number], bounds[number + 1])
