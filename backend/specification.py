"""mobile_api_spec's generated files: openapi.json, errors.md, a schema for each kind, and the tables of
actions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from marshmallow.fields import List

from backend.app import create_app
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.errors import CATALOGUE, PARKED, Entry
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.joint_checks import Rule, rules_of
from backend.core.kinds.registry import KINDS
from backend.core.kinds.wire import Choice, Document
from sync.kind import Action


def documents() -> dict[str, str]:
    """File name -> text, for everything that is generated."""
    found = {"openapi.json": _json(openapi()), "errors.md": errors_page(), "kinds.md": kinds_page()}
    found["vocabulary.json"] = _json(vocabulary())
    return found | {f"schemas/{name}.json": _json(_schema(kind)) for name, kind in KINDS.items()}


def write_all(folder: Path) -> list[Path]:
    """Write them; returns the paths."""
    written = []
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def openapi() -> dict[str, Any]:
    """The OpenAPI document, as the server itself gives it."""
    settings = config.read({"WANGGE_OBJECTS_URL": "memory://", "WANGGE_DOCS": "public"})
    # No connection is made: the document needs no database.
    app = create_app(settings, Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing")))
    answer = app.test_client().get("/api/v1/openapi.json")
    document: dict[str, Any] = json.loads(answer.data)
    return document


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _schema(kind: RecordKind) -> dict[str, Any]:
    """A kind's body as JSON Schema, with labels, merge policies and references for whoever writes a phone."""
    components = openapi_components()
    name = kind.schema.__name__.removesuffix("Schema")
    body = dict(components[name])
    for field, wired in kind.wired.items():
        extra: dict[str, Any] = {"x-policy": str(wired.policy), "x-label": {"zh": wired.zh, "en": wired.en}}
        if wired.group:
            extra["x-group"] = wired.group
        if wired.due:
            extra["x-due"] = wired.due
        if wired.references:
            extra["x-references"] = wired.references
        if isinstance(wired.field, Choice):
            extra["x-labels"] = {code: {"zh": zh, "en": en} for code, (zh, en) in wired.field.labels.items()}
        body["properties"] = body["properties"] | {field: body["properties"][field] | extra}
    if kind.kind.actions:
        body["x-actions"] = [_action(action) for action in kind.kind.actions.values()]
    if rules := rules_of(kind):
        body["x-rules"] = [_rule(rule) for rule in rules]
        if said := [schema for rule in rules if (schema := rule.schema())]:
            body["allOf"] = said
    used = {"$defs": {part: components[part] for part in sorted(_parts(body, components))}}
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.en} | body | used
    # The document's pointers become the schema's own, so that any validator can run it as it stands.
    own: dict[str, Any] = json.loads(json.dumps(found).replace("#/components/schemas/", "#/$defs/"))
    return own


def vocabulary() -> dict[str, Any]:
    """Every word a person reads of kinds, fields, choices, steps and errors, for whoever builds screens."""
    kinds = {name: _words(kind) for name, kind in KINDS.items()}
    errors = {
        code: {"zh": one.zh, "en": one.en, "remedy_zh": one.remedy_zh, "remedy_en": one.remedy_en}
        for code, one in CATALOGUE.items()
    }
    return {"kinds": kinds, "errors": errors}


def _words(kind: RecordKind) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, wired in kind.wired.items():
        fields[name] = {"zh": wired.zh, "en": wired.en}
        one = wired.field.inner if isinstance(wired.field, List) else wired.field
        if isinstance(one, Choice):
            fields[name]["choices"] = _codes(one)
        inside = wired.field.schema.fields if isinstance(wired.field, Document) else {}
        found = {part: _codes(one) for part, one in inside.items() if isinstance(one, Choice)}
        if found:
            fields[name]["inside"] = found
    actions = [_action(action) for action in (kind.kind.actions or {}).values()]
    return {"zh": kind.zh, "en": kind.en, "segment": kind.segment, "fields": fields, "actions": actions}


def _codes(one: Choice) -> dict[str, dict[str, str]]:
    return {code: {"zh": zh, "en": en} for code, (zh, en) in one.labels.items()}


def _parts(body: Any, components: dict[str, Any]) -> set[str]:
    """The names of the schemas a schema points at, and those they point at."""
    found: set[str] = set()
    left = set(_POINTER.findall(json.dumps(body)))
    while left:
        name = left.pop()
        found.add(name)
        left |= set(_POINTER.findall(json.dumps(components[name]))) - found
    return found


def _action(action: Action) -> dict[str, Any]:
    """One row of the kind's table: who may do what in which state."""
    return {
        "name": action.name,
        "label": {"zh": action.zh, "en": action.en},
        "from": sorted(action.sources),
        "to": action.target,
        "by": sorted(action.roles),
        "needs": list(action.needs),
        "not_by": list(action.not_by),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    """What a check asks of several fields together; `is_in_schema` where a validator sees it too."""
    label = {"zh": rule.zh, "en": rule.en}
    return {"field": rule.field, "code": rule.code, "label": label, "is_in_schema": rule.bites is not None}


_POINTER = re.compile(r"#/components/schemas/(\w+)")
_COMPONENTS: dict[str, Any] = {}


def openapi_components() -> dict[str, Any]:
    """The schemas of the OpenAPI document; made once."""
    if not _COMPONENTS:
        _COMPONENTS.update(openapi()["components"]["schemas"])
    return _COMPONENTS


def _besides(entry: Entry) -> str:
    """What stands in a problem's answer besides, and as what; `?` where it may be absent."""
    return ", ".join(f"`{name}` {kind}" for name, kind in entry.takes.items())


def errors_page() -> str:
    """The catalogue as a page."""
    lines = [
        "# Errors and reasons for parking",
        "",
        "Made from the capabilities' `errors.toml` by `make spec`. Every error is `application/problem+json` "
        "with these fields: `code`, `title`",
        "(Chinese), `title_en`, `remedy`, `remedy_en`, and what else a person must know. Status 0 marks "
        "reasons for which a phone's",
        "work is parked: they are outcomes of a push, never an HTTP error.",
        "",
        "| code | status | 说明 | meaning | 怎么办 | remedy | says besides |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{e.code}` | {e.status or '–'} | {' | '.join((*e.words, *e.remedy))} | {_besides(e)} |"
        for e in CATALOGUE.values()
    ]
    parked = sum(e.status == PARKED for e in CATALOGUE.values())
    return "\n".join([*lines, "", f"{len(CATALOGUE)} codes, {parked} of them only for parking.", ""])


def kinds_page() -> str:
    """Every kind's fields, scopes' class, and table of actions."""
    lines = ["# Kinds of records", "", "Made from the capabilities' `kinds` by `make spec`.", ""]
    for name, kind in KINDS.items():
        lines += [
            f"## {name} · {kind.zh} · {kind.en}",
            "",
            f"Class {kind.kind.rank}. URL segment `{kind.segment}`.",
            "",
        ]
        lines += ["| field | 名称 | name | merge | points at |", "|---|---|---|---|---|"]
        lines += [
            f"| `{f}` | {w.zh} | {w.en} | {w.policy}{f', group `{w.group}`' if w.group else ''} | "
            f"{w.references or ''} |"
            for f, w in kind.wired.items()
        ]
        if rules := rules_of(kind):
            lines += [
                "",
                "What is asked of its fields together (`check_failed` names the field in front):",
                "",
            ]
            lines += [f"- `{rule.field}` ({rule.code}): {rule.words()}" for rule in rules]
        if kind.kind.actions:
            lines += [
                "",
                "| action | 名称 | name | from | to | by | needs | not by who took |",
                "|---|---|---|---|---|---|---|---|",
            ]
            lines += [
                f"| `{a.name}` | {a.zh} | {a.en} | {', '.join(sorted(a.sources))} | {a.target} | "
                f"{', '.join(sorted(a.roles))} | {', '.join(a.needs)} | {', '.join(a.not_by)} |"
                for a in kind.kind.actions.values()
            ]
        lines.append("")
    return "\n".join(lines)
