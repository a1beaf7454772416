"""Schemathesis over the whole OpenAPI document, as every role: no 500, and every answer as documented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.app import create_app
from backend.core import config
from backend.core.actor import Role
from backend.core.db import Database, make_engine
from backend.local.cluster import Cluster
from tests.factories import PEOPLE, token_for

# Left out: `ignored_auth` signs in as nobody with invented tokens, which our own tests of sign-in do better.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BY_ROLE = {role: name for name, (unit, role, _) in PEOPLE.items() if unit != "south"}
EXAMPLES = 2


@schemathesis.serializer("application/offset+octet-stream")
def octets(_context: object, value: object) -> bytes:
    """Bytes of an upload, as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def fuzzed(
    cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Database, config.Settings]]:
    """A server on a town of its own, which the whole module may wreck."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_fuzz WITH (FORCE)")
    cluster.ensure_database("copy_fuzz", town_template)
    made = replace(
        config.read({}),
        home=tmp_path_factory.mktemp("fuzz"),
        objects_url="memory://",
        secret_key="k",
        limits_enabled=False,
        docs="public",
    )
    database = Database(make_engine(cluster.url("copy_fuzz")))
    yield create_app(made, database), database, made
    database.engine.dispose()


@pytest.fixture(scope="module")
def operations(fuzzed: tuple[Flask, Database, config.Settings]) -> list[list[Case]]:
    """Generated requests of every operation: without chance they are the same for all, so made once."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", fuzzed[0])
    return [requests_of(found.ok()) for found in schema.get_all_operations()]


def requests_of(operation: APIOperation) -> list[Case]:
    """A few generated requests of one operation."""
    made = []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def run(case: Case) -> None:
        made.append(case)

    run()
    return made


# The others see less of the same: in `make test-long`.
QUICK = {Role.ADMIN, Role.DISPATCHER, Role.REPRESENTATIVE, Role.CREW_LEADER}


@pytest.mark.parametrize(
    "role", [one if one in QUICK else pytest.param(one, marks=pytest.mark.long) for one in BY_ROLE], ids=str
)
def test_nothing_breaks_and_every_answer_is_documented(
    fuzzed: tuple[Flask, Database, config.Settings], operations: list[list[Case]], role: Role
) -> None:
    _, database, made = fuzzed
    assert len(operations) > 120
    for cases in operations:
        assert cases
        with database.transaction() as session:
            # A token of its own for each operation: one of them signs out.
            headers = {
                "Authorization": f"Bearer {token_for(session, made, BY_ROLE[role])}",
                "Accept-Encoding": "identity",
            }
        for case in cases:
            case.validate_response(case.call(headers=headers), checks=CHECKS)


def test_every_role_is_tried() -> None:
    assert set(BY_ROLE) == set(Role)
