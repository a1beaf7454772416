"""Schemathesis over the whole OpenAPI document, as every role: no 500, and every answer as documented."""

from __future__ import annotations

import pytest
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.actor import Role
from backend.config import Settings
from backend.db import Database
from tests.factories import PEOPLE, token_for

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
BY_ROLE = {role: name for name, (unit, role, _) in reversed(PEOPLE.items()) if unit != "south"}


@pytest.fixture(scope="module")
def tokens(fuzz_database: Database, fuzz_settings: Settings) -> dict[Role, str]:
    """A token for each role."""
    with fuzz_database.transaction() as session:
        return {role: token_for(session, fuzz_settings, name) for role, name in BY_ROLE.items()}
