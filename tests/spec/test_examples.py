"""The examples of each kind are golden: what is sent, and what the server makes of it.

Both fit the kind's schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.kinds.registry import KINDS
from tests.conftest import Person
from tests.factories import uid
from tests.spec.samples import samples

SPEC = Path(__file__).parents[2] / "mobile_api_spec"
# What depends on the moment or is drawn at random.
VOLATILE = {"number", "case_id", "contact_by", "due_at", "id", "version", "kind"}
As = Callable[[str], Person]


def schema_of(name: str) -> Any:
    """The kind's schema as generated."""
    return jsonschema_rs.validator_for(
        json.loads((SPEC / f"schemas/{name}.json").read_text(encoding="utf-8"))
    )


def made(as_: As, town: Any, name: str) -> dict[str, Any]:
    """What the server answers to the kind's sample."""
    values = samples(town)[name] | {"id": uid(f"example {name}")}
    answer = as_("admin")("POST", f"/{KINDS[name].segment}", values)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return {"request": values, "body": found}


# A kind that only the server writes has nothing to be sent.
SENT = sorted(name for name, kind in KINDS.items() if kind.kind.create_by)


@pytest.mark.parametrize("name", SENT)
def test_an_example_is_what_really_happens(as_: As, town: Any, name: str) -> None:
    found = made(as_, town, name)
    golden = json.loads((SPEC / f"examples/{name}.json").read_text(encoding="utf-8"))
    assert golden["request"] == found["request"]
    assert without_volatile(golden["body"]) == without_volatile(found["body"])
    assert golden["body"].keys() == found["body"].keys()
    schema_of(name).validate(golden["body"])


def without_volatile(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in VOLATILE or body["kind"] != "work_order"}


def test_every_document_fits_its_schema(database: Database) -> None:
    validators = {name: schema_of(name) for name in KINDS}
    with database.engine.connect() as connection:
        rows = connection.execute(text("SELECT kind, version, body FROM sync_document")).all()
    for kind, version, body in rows:
        validators[kind].validate(json.loads(body) | {"version": version})
    assert len(rows) > 40


def test_a_schema_bites(database: Database) -> None:
    with database.engine.connect() as connection:
        body = json.loads(
            connection.execute(
                text("SELECT body FROM sync_document WHERE kind = 'customer' LIMIT 1")
            ).scalar_one()
        )
    schema = schema_of("customer")
    assert not schema.is_valid(body | {"version": 1, "category": "king"})
    assert not schema.is_valid(body | {"version": 1, "name": None})
