"""Periodic tasks of territory: draws requested plans, applies accepted ones that are due, tells
coverage gaps.
"""

from backend.core.running import Clock, Periodic, Worker
from backend.territory.services.coverage import tell_of_gaps
from backend.territory.services.ground_plans import apply_due, draw_waiting


def _watch_coverage(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return tell_of_gaps(session)


PERIODIC = (
    Periodic("wangge.make_plans", 3.0, lambda worker: draw_waiting(worker.database), expires_s=3.0),
    Periodic("wangge.turn_ground", 600.0, lambda worker: apply_due(worker.database)),
    Periodic("wangge.watch_coverage", Clock(30, hour=6), _watch_coverage),
)
