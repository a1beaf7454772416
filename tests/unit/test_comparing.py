"""Typed text has one form: case, width, blanks and what cannot be seen mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.comparing import comparable

SAME = (
    "u301", "U301", " U301 ", "U 301", "u301\t\n", "Ｕ３０１", "\u3000ｕ３０１", "u\u200b301", "\ufeffu301", "u3\u00ad01", "\u202eu301\u202c",
    "\u2066u301\u2069", "u30\u20601", "u301\ufe0f", "u\u034f301", "\u3164u301", "u\u2800301", "u301\x00", "\U000e0041u301", "𝐮𝟑𝟎𝟏",
)  # fmt: skip


@pytest.mark.parametrize("typed", SAME, ids=ascii)
def test_what_looks_alike_or_cannot_be_seen_is_one(typed: str) -> None:
    assert comparable(typed) == "u301"


def test_what_is_another_word_stays_another() -> None:
    assert len({comparable(one) for one in ("u301", "u302", "u3-01", "u30１１", "网格", "王格", "")}) == 7


@given(st.text(max_size=12))
def test_the_form_of_a_form_is_itself(typed: str) -> None:
    once = comparable(typed)
    assert comparable(once) == once
    assert comparable(f" {typed.swapcase()}\u200b") == comparable(typed.swapcase())
