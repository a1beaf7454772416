"""Reads our own /metrics as Prometheus does, and evaluates the expressions of alert rules over it.

A small evaluator of exactly what the rules are made of, for machines without Prometheus; where it is there,
the same rules are judged by it (`test_prometheus.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from backend.alarms.services.table import Alarm
from deploy.alarms import expression_of

Labels = frozenset[tuple[str, str]]
_RULE = re.compile(
    r"^(?P<metric>\w+) (?P<way>[<>]) on \(job, instance\) group_left \(\) "
    r'(?P<other>\w+)\{alarm="(?P<alarm>\w+)"\}$'
)


@dataclass(frozen=True)
class Scrape:
    """Metric name -> labels -> value."""

    values: dict[str, dict[Labels, float]]

    def rings(self, alarm: Alarm) -> bool:
        """Whether its rule's expression has a result."""
        said = _RULE.match(expression_of(alarm))
        assert said, expression_of(alarm)
        threshold = self.values[said["other"]][frozenset({("alarm", said["alarm"])})]
        left = self.values.get(said["metric"], {}).values()
        return any(one < threshold if said["way"] == "<" else one > threshold for one in left)

    def ringing(self) -> set[str]:
        """What the server itself says of each."""
        return {dict(one)["alarm"] for one, value in self.values["wangge_alarm_ringing"].items() if value}


def parsed(said: str) -> Scrape:
    """From the text of /metrics."""
    values: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            values.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return Scrape(values)


def scrape(app: Flask) -> Scrape:
    """What a scrape of this application gives."""
    return parsed(app.test_client().get("/metrics").text)
