"""Rules, dashboard and page are written from the table; by promtool each rule rings when it should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.alarms.services.table import ALARMS, OUTSIDE, TABLE
from deploy import alarms
from tests.alarms.debian_prometheus import run_promtool

# Metric, the usual threshold, a value at which it is well, and one at which it rings: kept by hand.
EDGES: dict[str, tuple[str, str, str, str]] = {
    "backup": ("wangge_backup_age_seconds", "172800", "172800", "172801"),
    "drill": ("wangge_drill_age_seconds", "8640000", "8640000", "8640001"),
    "drill_failed": ("wangge_drill_failed", "0", "0", "1"),
    "worker": ("wangge_worker_silent_seconds", "60", "60", "61"),
    "clock": ("wangge_clock_silent_seconds", "60", "60", "61"),
    "web": ("wangge_web_silent_seconds", "60", "60", "61"),
    "two_clocks": ("wangge_clocks_side_by_side", "1", "1", "2"),
    "broker": ("wangge_broker_away_seconds", "60", "60", "61"),
    "disk": ("wangge_disk_free_bytes", "5368709120", "5368709120", "5368709119"),
    "dead_facts": ("wangge_outbox_dead", "0", "0", "1"),
    "late_facts": ("wangge_outbox_late_seconds", "300", "300", "301"),
    "late_messages": ("wangge_messages_late_seconds", "900", "900", "901"),
    "parked": ("wangge_parked_oldest_seconds", "259200", "259200", "259201"),
    "held": ("wangge_held_oldest_seconds", "86400", "86400", "86401"),
    "oldest_writer": ("wangge_oldest_writer_seconds", "300", "300", "301"),
    "new_epoch": ("wangge_epoch_age_seconds", "86400", "86400", "86399"),
}


def answers(steps: dict[str, int]) -> list[tuple[str, str]]:
    """So many more of each status at every look."""
    return [
        (f'wangge_requests_total{{{HERE}, status="{status}"}}', f"0+{step}x60")
        for status, step in steps.items()
    ]


HERE = 'job="wangge", instance="here:8000"'
# Of what Prometheus alone sees: series that ring, and series that do not.
SEEN_OUTSIDE: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "away": ([(f"up{{{HERE}}}", "0x20")], [(f"up{{{HERE}}}", "1x20")]),
    "database": ([(f"wangge_database_up{{{HERE}}}", "0x20")], [(f"wangge_database_up{{{HERE}}}", "1x20")]),
    "errors": (answers({"200": 97, "500": 3}), answers({"200": 99, "500": 1})),
}


def case(series: list[tuple[str, str]], code: str, *, rings: bool, at: str) -> dict[str, Any]:
    """One of promtool's unit tests."""
    rule = next(one for one in loaded() if one["labels"]["alarm"] == code)
    labels = rule["labels"] | {"job": "wangge", "instance": "here:8000"}
    if ALARMS.get(code) and ALARMS[code].labels:
        labels |= dict.fromkeys(ALARMS[code].labels, "x")
    alerts = [{"exp_labels": labels, "exp_annotations": rule["annotations"]}] if rings else []
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "alert_rule_test": [{"eval_time": at, "alertname": rule["alert"], "exp_alerts": alerts}],
    }


def loaded() -> list[dict[str, Any]]:
    groups = yaml.safe_load(alarms.RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def edge_case(code: str, *, rings: bool) -> dict[str, Any]:
    metric, threshold, well, ill = EDGES[code]
    more = "".join(f', {one}="x"' for one in ALARMS[code].labels)
    series = [
        (f"{metric}{{{HERE}{more}}}", f"{ill if rings else well}x4"),
        (f'wangge_alarm_threshold{{{HERE}, alarm="{code}"}}', f"{threshold}x4"),
        # Another alarm's threshold is none of its business, nor another server's.
        (f'wangge_alarm_threshold{{{HERE}, alarm="other"}}', "0x4"),
        (f'wangge_alarm_threshold{{job="wangge", instance="there:8000", alarm="{code}"}}', "0x4"),
    ]
    return case(series, code, rings=rings, at="30s")


def test_every_alarm_has_a_rule_and_every_rule_an_alarm() -> None:
    assert [one["labels"]["alarm"] for one in loaded()] == [one.code for one in (*TABLE, *OUTSIDE)]
    assert {code: (one.metric, one.threshold) for code, one in ALARMS.items()} == {
        code: (metric, float(threshold)) for code, (metric, threshold, _, _) in EDGES.items()
    }
    for rule in loaded():
        for word in rule["annotations"].values():
            assert " · " in word, "both languages"


def test_what_is_written_from_the_table_is_up_to_date() -> None:
    for path, said in alarms.pages().items():
        assert path.read_text(encoding="utf-8") == said, f"make map: {path.name}"


def test_the_page_tells_of_every_alarm_in_both_languages() -> None:
    said = alarms.PAGE.read_text(encoding="utf-8")
    for one in (*TABLE, *OUTSIDE):
        for word in (*one.ringing, *one.why, *one.do):
            assert word in said, one.code


def test_promtool_takes_rules_and_configuration() -> None:
    assert f"{len(TABLE) + len(OUTSIDE)} rules found" in run_promtool("check", "rules", alarms.RULES)
    assert "SUCCESS" in run_promtool("check", "config", alarms.ROOT / "deploy/prometheus.yml")


def test_each_rule_rings_past_its_threshold_and_not_at_it(tmp_path: Path) -> None:
    cases = [edge_case(code, rings=rings) for code in EDGES for rings in (True, False)]
    for code, (ill, well) in SEEN_OUTSIDE.items():
        cases += [case(ill, code, rings=True, at="5m"), case(well, code, rings=False, at="5m")]
    assert {*EDGES, *SEEN_OUTSIDE} == {one.code for one in (*TABLE, *OUTSIDE)}
    asked = tmp_path / "rules.yml"
    asked.write_text(json.dumps({"rule_files": [str(alarms.RULES)], "tests": cases}))
    assert "SUCCESS" in run_promtool("test", "rules", asked)


def test_a_rule_that_does_not_ring_is_found(tmp_path: Path) -> None:
    wrong = edge_case("disk", rings=False)
    wrong["alert_rule_test"] = edge_case("disk", rings=True)["alert_rule_test"]
    asked = tmp_path / "rules.yml"
    asked.write_text(json.dumps({"rule_files": [str(alarms.RULES)], "tests": [wrong]}))
    with pytest.raises(AssertionError, match="WanggeDisk"):
        run_promtool("test", "rules", asked)
