"""Makes of the table of alarms: rules for Prometheus, a dashboard for Grafana, the table in the docs.

Written by `make map`; a test compares.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from backend.alarms.metrics import RINGING, THRESHOLD
from backend.alarms.services.table import OUTSIDE, TABLE, Alarm, Named, Unit
from backend.alarms.services.words import value_words

ROOT = Path(__file__).parents[1]
RULES, DASHBOARD, PAGE = ROOT / "deploy/alerts.yml", ROOT / "deploy/dashboard.json", ROOT / "docs/alarms.md"
_HEAD = """\
# Alert rules for Prometheus, written by `make map` from backend/alarms/services/table.py: edit that instead.
# Thresholds are those that the installation itself gives out (wangge_alarm_threshold): set them there.
# The scrape's job is called wangge (deploy/prometheus.yml).
"""
_UNITS = {Unit.SECONDS: "s", Unit.BYTES: "bytes", Unit.COUNT: "short"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3
# Beside those of the alarms: title, queries by what their lines are called, unit.
_PANELS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("正在响的告警 · Alarms that ring", {"{{alarm}}": f"{RINGING} == 1"}, "short"),
    ("数据库应答 · The database answers", {"{{instance}}": "wangge_database_up"}, "short"),
    (
        "请求 · Requests",
        {"{{status}}": "sum by (status) (rate(wangge_requests_total[5m]))"},
        "reqps",
    ),
    (
        "回答用时 · Time to answer",
        {
            f"{share:.0%}": f"histogram_quantile({share}, "
            "sum by (le) (rate(wangge_request_seconds_bucket[5m])))"
            for share in (0.5, 0.95)
        },
        "s",
    ),
    (
        "等待 · What waits",
        {
            name.removeprefix("wangge_"): name
            for name in ("wangge_outbox_waiting", "wangge_parked", "wangge_held", "wangge_questions")
        },
        "short",
    ),
    (
        "错误所占 · Share of errors",
        {
            "5xx": '(sum(rate(wangge_requests_total{status=~"5.."}[5m])) or vector(0)) '
            "/ sum(rate(wangge_requests_total[5m]))"
        },
        "percentunit",
    ),
)


def expression_of(alarm: Alarm) -> str:
    """When it rings, as Prometheus says it: by the threshold that the installation itself gives out."""
    way = "<" if alarm.is_low else ">"
    return f'{alarm.metric} {way} on (job, instance) group_left () {THRESHOLD}{{alarm="{alarm.code}"}}'


def alert_name(code: str) -> str:
    """As Prometheus calls it: WanggeDeadFacts."""
    return "Wangge" + "".join(part.capitalize() for part in code.split("_"))


def _rule(one: Named, expression: str, severity: str, **more: str) -> dict[str, Any]:
    return {
        "alert": alert_name(one.code),
        "expr": expression,
        **more,
        "labels": {"severity": severity, "alarm": one.code},
        "annotations": {
            "summary": one.ringing.line,
            "description": one.why.line,
            "remedy": one.do.line,
        },
    }


def rules() -> str:
    """`deploy/alerts.yml`."""
    inside = [_rule(one, expression_of(one), "critical" if one.is_grave else "warning") for one in TABLE]
    outside = [_rule(one, one.expression, "critical", **{"for": one.holds_for}) for one in OUTSIDE]
    groups = {"groups": [{"name": "wangge", "rules": inside}, {"name": "wangge_outside", "rules": outside}]}
    return _HEAD + str(yaml.safe_dump(groups, sort_keys=False, allow_unicode=True, width=10_000))


def _panel(place: int, title: str, queries: dict[str, str], unit: str) -> dict[str, Any]:
    row, column = divmod(place, _COLUMNS)
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + number), "expr": expression, "legendFormat": legend}
            for number, (legend, expression) in enumerate(queries.items())
        ],
    }


def _of_alarm(alarm: Alarm) -> tuple[str, dict[str, str], str]:
    legend = " ".join(f"{{{{{name}}}}}" for name in alarm.labels) or alarm.code
    queries = {legend: alarm.metric, "threshold": f'{THRESHOLD}{{alarm="{alarm.code}"}}'}
    return alarm.title.line, queries, _UNITS[alarm.unit]


def dashboard() -> str:
    """`deploy/dashboard.json`, as Grafana imports it."""
    panels = [_panel(place, *one) for place, one in enumerate((*_PANELS, *map(_of_alarm, TABLE)))]
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    told = {
        "uid": "wangge",
        "title": "网格 Wangge",
        "schemaVersion": 38,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [source]},
        "panels": panels,
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _row(alarm: Alarm) -> str:
    way, when = "<" if alarm.is_low else ">", value_words(alarm.unit, alarm.threshold)
    quiet = "at once" if alarm.is_urgent else "after quiet hours"
    anchor = re.sub(r"[^\w-]", "", alarm.ringing.en.lower().replace(" ", "-"))
    name = f"[{alarm.ringing.en}](#{anchor}) · {alarm.ringing.zh}"
    return f"| `{alarm.code}` | {name} | `{alarm.metric}` | {way} {when.en} | {quiet} |"


def _section(one: Named) -> str:
    return (
        f"### {one.ringing.en}\n\n"
        f"`{one.code}` · {one.ringing.zh} · `{alert_name(one.code)}`\n\n"
        f"{one.why.en}. **Do:** {one.do.en}.\n\n"
        f"{one.why.zh}。**处理：**{one.do.zh}。\n"
    )


def page(text: str) -> str:
    """The docs' page of alarms with what is written from the table between its marks."""
    head = "| code | what · 名称 | metric | rings | messages |\n|---|---|---|---|---|\n"
    made = {
        "table": head + "\n".join(map(_row, TABLE)),
        "each": "\n".join(map(_section, (*TABLE, *OUTSIDE))).rstrip(),
    }
    for name, said in made.items():
        between = re.compile(f"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        text = between.sub(lambda _, said=said: f"\n{said}\n\n", text)  # type: ignore[misc]
    return text


def pages() -> dict[Path, str]:
    """Every file that is written from the table, with what it has to say."""
    return {RULES: rules(), DASHBOARD: dashboard(), PAGE: page(PAGE.read_text(encoding="utf-8"))}
