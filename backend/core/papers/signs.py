"""Signs on a paper: what no font can set stands as a visible mark, what would turn the line round is left
out, and nothing stops the rest.

The setter itself judges (`shows`): only it knows which of its fonts it would take.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

# An empty box: every Chinese font has it.
MARK = "\u25a1"
# Signs told one by one below a paper; more than these would be a list and no note.
MOST_TOLD = 12
MOST_TRIALS = 600
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# What joins letters of other scripts, and what only says which way they run.
_HARMLESS = frozenset("\u200b\u200c\u200d\u200e\u200f\u061c\u00ad")
_JOINER = "\u200d"
_PARTS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0e\ufe0f\u20e3" + _JOINER)
_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))


def plain(text: str) -> str:
    """A text without what has no look and no harm in leaving out: line ends have one form, and nothing
    overrides the order in which it is read."""
    kept = (
        one
        for one in _LINE_ENDS.sub("\n", text)
        if one in _HARMLESS or one < "\x7f" or unicodedata.category(one) != "Cf"
    )
    return "".join(kept)


def is_nobodys(sign: str) -> bool:
    """Whether a sign has no look of its own in any font: a control, half a character, one that is not
    given out, or a private one, whose look is somebody's own."""
    return sign not in "\n\t" and unicodedata.category(sign) in ("Cc", "Co", "Cs", "Cn")


def unshown(texts: Iterable[str], shows: Callable[[str], bool]) -> frozenset[str]:
    """The signs of these texts that the setter cannot show, found by halves: many are asked at once.

    After MOST_TRIALS questions what is still in doubt counts as missing: a text made to be slow stays quick,
    and signs of daily use are asked about first.
    """
    signs_used = {sign for one in texts for sign in one if sign > "~" and not is_nobodys(sign)}
    doubtful = sorted(signs_used, key=lambda sign: (not _is_daily(sign), sign))
    failing, asked, found = [doubtful], 0, set()
    while failing:
        signs = failing.pop()
        asked += 1
        # A space between: else neighbours could melt into one sign that is there.
        if asked <= MOST_TRIALS and (not signs or shows(" ".join(signs))):
            continue
        if len(signs) == 1 or asked > MOST_TRIALS:
            found.update(signs)
        else:
            failing += [signs[len(signs) // 2 :], signs[: len(signs) // 2]]
    return frozenset(found)


def _is_daily(sign: str) -> bool:
    """Whether it is in GB 2312, which every Chinese font covers."""
    return bool(sign.encode("gb2312", "ignore"))


def marked(text: str, missing: frozenset[str]) -> str:
    """A text with a mark for each sign that is missing; one written with combining marks is tried in its
    short form first."""
    if missing.isdisjoint(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(_marks(composed if missing.isdisjoint(composed) else text, missing))


def _marks(text: str, missing: frozenset[str]) -> Iterator[str]:
    """Picture signs are written with several (a family, a skin, a flag): what is seen as one has one mark."""
    is_open, half_flag, before = False, False, ""
    for sign in text:
        is_part = is_open and (
            sign in _PARTS or (before == _JOINER and sign in missing) or (half_flag and sign in _FLAGS)
        )
        if not is_part:
            is_open = sign in missing
            yield MARK if is_open else sign
        half_flag = sign in _FLAGS and not is_part
        before = sign


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Nested values with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: each_text(one, change) for name, one in value.items()}
    return [each_text(one, change) for one in value] if isinstance(value, list | tuple) else value


def texts_of(value: Any) -> Iterator[str]:
    """Every text in nested values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from texts_of(one)


def told(missing: Iterable[str]) -> str:
    """The signs that are missing by their numbers, for a note."""
    codes = [f"U+{ord(sign):04X}" for sign in sorted(missing)]
    return " ".join(codes[:MOST_TOLD]) + (" …" if len(codes) > MOST_TOLD else "")
