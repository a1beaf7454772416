"""The check of answers against the document sees what is missing, wrong or too much."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from werkzeug.wrappers import Response

from tests.answers import hold

CELL = {"id": "c", "name": "一", "workload": 1.5, "unit_id": "u", "jobs": 0, "representative": None}
BOARD = {"jobs": [], "crews": [], "cells": [CELL], "notices": [], "extent": [1.0, 2.0, 3.0, 4.0]}


def answered(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def test_what_is_as_described_passes() -> None:
    """None of these raises; that each is looked at is what the next tests see."""
    for path, body, status in (
        ("/dispatch/board", BOARD, 200),
        ("/dispatch/board?x=1", BOARD | {"extent": None}, 200),
        ("/dispatch/board", {"code": "not_allowed"}, 403),
    ):
        assert hold("GET", path, answered(body, status)) is (status == 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"more": 1},
        {"extent": [1.0, 2.0]},
        {"cells": [CELL | {"more": 1}]},
        {"cells": [CELL | {"jobs": None}]},
        {"cells": [{name: value for name, value in CELL.items() if name != "representative"}]},
    ],
    ids=["a field too much", "a short box", "a field too much inside", "nothing for a number", "one missing"],
)
def test_what_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        hold("GET", "/dispatch/board", answered(BOARD | wrong))


def test_an_address_with_a_place_to_fill_in_gives_way_to_one_without() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        hold("GET", "/territory/plans", answered([{}]))
    hold("GET", "/territory/plans", answered([]))
