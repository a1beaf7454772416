"""Comparisons of a phone with the server: hashes that lie, and ranges that are none."""

from __future__ import annotations

from typing import Any

import pytest

from backend.core.services import record_writer
from sync.store import Span
from tests.factories import Town
from tests.phones.test_sync_extremes import WHOLE, As


def test_a_hash_that_lies_only_costs_a_repair(as_: As, town: Town) -> None:
    rep = as_("rep")
    for count, xor in ((0, "0" * 32), (2**31 - 1, "f" * 32)):
        answer = rep(
            "POST",
            "/sync/compare",
            {"store": record_writer.new_id(), "ranges": [WHOLE | {"count": count, "xor": xor}]},
        )
        (repair,) = answer.get_json()["repairs"]
        seen = {line["id"] for line in repair["lines"] if line["kind"] == "customer"}
        assert seen == {town[f"customer {n}"] for n in (0, 1, 4, 5)}
        assert answer.get_json()["ask"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"xor": "z" * 32},
        {"xor": "00"},
        {"count": -1},
        {"after": ["customer"]},
        {"after": ["customer", "x"]},
        {"upto": ["Customer!", "0" * 36]},
        {"after": "customer"},
        {"after": [1, 2]},
    ],
)
def test_a_range_that_is_none(as_: As, wrong: dict[str, Any]) -> None:
    answer = as_("rep")("POST", "/sync/compare", {"store": record_writer.new_id(), "ranges": [WHOLE | wrong]})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("ranges", [[], [WHOLE] * 257])
def test_too_few_or_too_many_ranges(as_: As, ranges: list[Any]) -> None:
    assert (
        as_("rep")("POST", "/sync/compare", {"store": record_writer.new_id(), "ranges": ranges}).status_code
        == 422
    )


def test_ranges_lie_apart_or_nothing_is_read(as_: As) -> None:
    middle = ["unit", "80000000-0000-4000-8000-000000000000"]
    halves = [WHOLE | {"upto": middle}, WHOLE | {"after": middle}]
    for ranges, status in ((halves, 200), (halves[::-1], 200), ([WHOLE] * 2, 422), ([*halves, WHOLE], 422)):
        answer = as_("dispatcher")(
            "POST", "/sync/compare", {"store": record_writer.new_id(), "ranges": ranges}
        )
        assert answer.status_code == status, answer.text


def test_a_comparison_in_backwards_order_is_empty(as_: As, town: Town) -> None:
    backwards = WHOLE | {"after": ["visit", town["x"]], "upto": ["cell", town["x"]]}
    answer = as_("rep")(
        "POST", "/sync/compare", {"store": record_writer.new_id(), "ranges": [backwards]}
    ).get_json()
    assert (answer["repairs"], answer["ask"], Span()) == ([], [], Span())
