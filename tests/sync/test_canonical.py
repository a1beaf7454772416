"""The one byte form of a value: as ECMAScript writes it, whatever orjson would."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.canonical import canonical_json, number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None, "c": True}, b'{"a":null,"b":1,"c":true}'),
        ({"a": 0.5, "b": [1, "x", False]}, b'{"a":0.5,"b":[1,"x",false]}'),
        # Whole numbers have no point, whatever they were.
        (3.0, b"3"),
        ([1.0, -0.0, 0], b"[1,0,0]"),
        ({"place": [120.0, 36.07]}, b'{"place":[120,36.07]}'),
        # Names are in the order of UTF-16, where a sign beyond the plane comes before a private one.
        ({"\ue000": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ue000":1}'.encode()),
        ({"é": {"z": 1e21, "a": []}}, '{"é":{"a":[],"z":1e+21}}'.encode()),
        ("\u2028", '"\u2028"'.encode()),
        ({}, b"{}"),
    ],
)
def test_a_value_has_one_form(value: Any, text: bytes) -> None:
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-9, "-1.5e-9"),
        (0.001, "0.001"),
        (123456.789, "123456.789"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e25, "1.25e+25"),
        (2**53, "9007199254740992"),
        # Of before such a number was refused.
        (2**53 + 1, "9007199254740993"),
        (-5, "-5"),
    ],
)
def test_a_number_is_written_as_ecmascript_does(number: float, text: str) -> None:
    assert number_text(number) == text


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical_json({"x": object()})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_it_says_the_same_and_is_its_own_form(value: Any) -> None:
    text = canonical_json(value)
    # As JavaScript reads it: a large float may stand as a whole number that only rounds to it.
    assert json.loads(text, parse_int=float) == value
    assert canonical_json(json.loads(text, parse_int=float)) == text
