"""Periodic tasks of customers: who is filed in no cell is filed, points find their representatives, and due
visits are planned every night."""

from backend.core.running import Clock, Periodic, Worker
from backend.customers.services.key_customers import file_unfiled, keep_points
from backend.customers.services.visiting import plan_visits


def _plan_visits(worker: Worker) -> int:
    with worker.database.transaction() as session:
        file_unfiled(session)
        keep_points(session)
        return plan_visits(session)


PERIODIC = (Periodic("wangge.plan_visits", Clock(10, hour=2), _plan_visits),)
