"""Finds the header of a table: which of its first rows name the columns, also where two do together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.core.comparing import plain
from backend.imports.reading.grids import Merged, letter

# A header stands among so many rows at the top, below titles and notes.
LOOK_AT = 40
# What is longer is a sentence.
_LONGEST_NAME = 40
# A known name weighs as much as so many words that may be one.
_KNOWN = 4.0
_COLONS = (":", "：")
# What the forms of utilities write behind a name, which is no part of it.
_UNITS = ("*", "(必填)", "（必填）", "(选填)", "（选填）")

Lines = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Header:
    """Which rows (from 0) the names stand in, none where there are none; and a name for each column."""

    rows: tuple[int, ...]
    names: tuple[str, ...]


def text_of(cell: Any) -> str:
    """A cell as one line of text."""
    return "" if cell is None else " ".join(str(cell).split())


def bare(name: str) -> str:
    """A column's name as it is compared: without what says that it must be filled in."""
    for unit in _UNITS:
        name = name.replace(unit, "")
    return plain(name)


def header_of(
    lines: Lines, merged: Sequence[Merged], known: Collection[str], asked: Sequence[int] | None, left: int
) -> Header:
    """The header of the first lines of a sheet.

    `known` are column names in their compared form; `asked` are the rows that a person says it is (none: no
    header). Scored by names that are known, and by how little it looks like data.
    """
    width = max((len(line) for line in lines), default=0)
    spread = _spread(lines, merged, width)
    if asked is not None:
        rows = tuple(row for row in asked if row < len(lines))
    else:
        rows = _found(lines, spread, frozenset(known))
    named = [[text_of(cell) for cell in spread[row]] for row in rows]
    if len(named) == 2 and not any(top <= rows[0] <= bottom for top, _, bottom, _ in merged):
        named[0] = _over_all(named[0], named[1])
    joined = [_joined([row[n] for row in named]) for n in range(width)]
    return Header(rows, unique_names(joined, left))


def unique_names(names: Sequence[str], left: int) -> tuple[str, ...]:
    """Names of columns: those without one are called by their letter, the second of two alike `电话 (2)`."""
    taken: dict[str, int] = {}
    found: list[str] = []
    for n, name in enumerate(names):
        wanted = name or letter(left + n)
        taken[wanted] = times = taken.get(wanted, 0) + 1
        found.append(wanted if times == 1 else f"{wanted} ({times})")
    return tuple(found)


def _found(lines: Lines, spread: Lines, known: frozenset[str]) -> tuple[int, ...]:
    scores = {row: _score(spread[row], known) for row in range(len(lines))}
    best = max(scores, key=lambda row: (scores[row], -row), default=None)
    if best is None or scores[best] <= 0:
        return ()
    above = best - 1
    if above >= 0 and _is_group(lines[above], spread[above], spread[best]):
        return (above, best)
    below = best + 1
    if below < len(lines) and _continues(spread[best], lines[best], lines[below], known):
        return (best, below)
    return (best,)


def _score(cells: Sequence[Any], known: frozenset[str]) -> float:
    """How much a row looks like names: 0 or less where it does not."""
    filled = [cell for cell in cells if text_of(cell)]
    words = {text_of(cell) for cell in filled if isinstance(cell, str)}
    if not words or (len(words) < 2 and len(cells) > 1):
        return 0.0
    named = sum(1 for word in words if bare(word) in known)
    is_data = len(filled) - sum(1 for cell in filled if isinstance(cell, str))
    like_data = sum(1 for word in words if len(word) > _LONGEST_NAME or _has_figures(word))
    if not named and (is_data or like_data):
        return 0.0
    return named * _KNOWN + len(words) - 2 * (is_data + like_data)


def _has_figures(word: str) -> bool:
    return word.isdigit() or sum(one.isdigit() for one in word) >= 3


def _is_group(raw: Sequence[Any], above: Sequence[Any], names: Sequence[Any]) -> bool:
    """Whether a row names groups of the columns below it, and is no title or line of remarks."""
    words = [text_of(cell) for cell in above]
    filled = [word for word in words if word]
    if len(set(filled)) < 2 or any(any(colon in word for colon in _COLONS) for word in filled):
        return False
    if any(not isinstance(cell, str) for cell in above if text_of(cell)) or any(map(_has_figures, filled)):
        return False
    covers = sum(1 for n, word in enumerate(words) if word and n < len(names) and text_of(names[n]))
    # Merged cells were spread over their columns; without them a group's name stands over the first.
    return covers >= len(filled) * 0.6 and (len(filled) > len(set(filled)) or _has_gaps(raw, names))


def _has_gaps(raw: Sequence[Any], names: Sequence[Any]) -> bool:
    return any(not text_of(cell) and text_of(name) for cell, name in zip(raw, names, strict=False))


def _continues(names: Sequence[Any], raw: Sequence[Any], below: Sequence[Any], known: frozenset[str]) -> bool:
    """Whether a row says more of some of the names above it: 电话, 手机 below 联系方式."""
    filled = [(n, text_of(cell)) for n, cell in enumerate(below) if text_of(cell)]
    if not filled or any(not isinstance(below[n], str) or _has_figures(word) for n, word in filled):
        return False
    named = sum(1 for _, word in filled if bare(word) in known)
    is_below_a_gap = any(n >= len(raw) or not text_of(raw[n]) for n, _ in filled)
    return is_below_a_gap and named * 2 >= len(filled) and len(filled) < len([n for n in names if text_of(n)])


def _spread(lines: Lines, merged: Iterable[Merged], width: int) -> list[list[Any]]:
    """The lines with what stands in merged cells in each of their cells."""
    spread = [[*line, *[None] * (width - len(line))] for line in lines]
    for top, first, bottom, last in merged:
        if top >= len(spread) or first >= width:
            continue
        value = spread[top][first]
        for row in range(top, min(bottom + 1, len(spread))):
            for n in range(first, min(last + 1, width)):
                spread[row][n] = value
    return spread


def _over_all(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names of groups over each of their columns: saved as text, a merged cell has its own in the first."""
    found: list[str] = []
    for group, name in zip(groups, names, strict=True):
        found.append(group or (found[-1] if name and found else ""))
    return found


def _joined(parts: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(part for part in parts if part))


def known_names(names: Mapping[str, Any] | Iterable[str]) -> list[str]:
    """Names in the form that `header_of` compares."""
    return sorted({bare(name) for name in names})
