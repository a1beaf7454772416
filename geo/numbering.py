"""Codes of new zones by a pattern in which a row of `#` stands for a number."""

from __future__ import annotations

import re

_NUMBER = re.compile("#+")
USUAL = "Z###"


def numbered(pattern: str, number: int) -> str:
    """`N###` and 7 make `N007`; a number with more digits than the pattern has is not cut."""
    return _NUMBER.sub(lambda row: f"{number:0{len(row[0])}d}", pattern, count=1)
