"""Chinese numerals as digits, for house numbers: 二十三 is 23, 五〇二 is 502, 壹 is 1."""

from __future__ import annotations

import re

_DIGITS = {sign: n % 10 for n, sign in enumerate("零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖")}
_TIMES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LONGEST = 9
_NUMERAL = re.compile(f"[{''.join(_DIGITS)}{''.join(_TIMES)}]+")


def with_digits(text: str) -> str:
    """The text with its Chinese numerals as digits; what is no well-formed number stays as it is written."""
    return _NUMERAL.sub(lambda found: _as_digits(found[0]), text)


def _as_digits(numeral: str) -> str:
    if len(numeral) > _LONGEST:
        return numeral
    if all(sign in _DIGITS for sign in numeral):
        return "".join(str(_DIGITS[sign]) for sign in numeral)
    value = _value(numeral)
    return numeral if value is None else str(value)


def _value(numeral: str) -> int | None:
    """Of one with tens, hundreds or thousands; None where they are not in their order."""
    total, digit, last = 0, None, 10_000
    for sign in numeral:
        if sign in _DIGITS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[sign]
            continue
        times = _TIMES[sign]
        # 百盛 and 千佛山 are names: only ten may stand without a digit before it.
        if times >= last or (digit is None and times > 10):
            return None
        total, digit, last = total + (1 if digit is None else digit) * times, None, times
    return total + (digit or 0)
