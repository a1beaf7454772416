"""Writes what follows from the table of alarms: `deploy/alerts.yml`, the dashboard, the table in the docs.

Run by `make map`; a test compares.
"""

from __future__ import annotations

from backend.alarms.metrics import THRESHOLD
from backend.alarms.services.table import Alarm


def expression_of(alarm: Alarm) -> str:
    """When it rings, as Prometheus says it: by the threshold that the installation itself gives out."""
    way = "<" if alarm.is_low else ">"
    return f'{alarm.metric} {way} on (job, instance) group_left () {THRESHOLD}{{alarm="{alarm.code}"}}'
