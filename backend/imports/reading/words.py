"""Reads texts, choices by their words, lists and yes or no."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from backend.core.comparing import plain
from backend.imports.reading.cleaning import is_sheet_error, means_nothing, one_width, text_in
from backend.imports.reading.numbers import number
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.wrong import Asking, Wrong

_YES = frozenset(
    {"是", "有", "对", "真", "y", "yes", "true", "t", "1", "√", "✓", "✔", "☑", "满意", "非常满意", "很满意", "在岗", "在职",
     "在编", "启用", "正常", "有效", "需要", "active", "on", "enabled", "ok", "satisfied", "ja", "wahr", "aktiv",
     "sí", "si", "verdadero", "activo", "activa"}
)  # fmt: skip
_NO = frozenset(
    {"否", "无", "不", "不是", "没有", "假", "n", "no", "false", "f", "0", "×", "✗", "✘", "x", "☐", "不满意", "离岗", "离职",
     "退休", "停用", "禁用", "停职", "无效", "不需要", "inactive", "off", "disabled", "left", "unsatisfied", "nein",
     "falsch",
     "inaktiv", "falso", "inactivo", "inactiva"}
)  # fmt: skip
_BETWEEN = re.compile(r"[,，、;；/|+＋\n]+|\s{1,}")
_CODED = re.compile(r"^[0-9a-z]{1,3}[-.、:： ]+|^[0-9]{1,3}(?=[^0-9])")
_BRACKETED = re.compile(r"[(（\[【].*?[)）\]】]")
# The answer that leaves a word out.
LEFT_OUT = "-"


def text(field: Field, cell: Cell, asking: Asking) -> str:
    """A text, cleaned. Raises Wrong."""
    found = text_in(cell)
    if len(found) > field.most:
        raise Wrong("too_long", length=len(found), most=field.most)
    return found


def choice(field: Field, cell: Cell, asking: Asking) -> str | None:
    """The code of a word; None for one that people said to leave out. Raises Wrong."""
    word = text_in(cell)
    code = code_of(field, word, asking)
    if code is None:
        raise Wrong("unknown_word", known=list(field.labels.values()))
    return None if code == LEFT_OUT else code


def choices(field: Field, cell: Cell, asking: Asking) -> list[str]:
    """The codes of a list of words. Raises Wrong."""
    whole = code_of(field, text_in(cell), asking)
    if whole is not None:
        return [] if whole == LEFT_OUT else [whole]
    found = [choice(field, word, asking) for word in parts_of(cell)]
    return [one for one in dict.fromkeys(found) if one is not None]


def names(field: Field, cell: Cell, asking: Asking) -> list[str]:
    """A list of the utility's own numbers. Raises Wrong."""
    return list(dict.fromkeys(number(field, one, asking) for one in parts_of(cell)))


def flag(field: Field, cell: Cell, asking: Asking) -> bool:
    """Yes or no. Raises Wrong."""
    word = one_width(text_in(cell)).casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise Wrong("no_flag")


def is_flag_word(cell: Cell) -> bool:
    """Whether a cell says yes or no, also in a word that elsewhere means nothing (无)."""
    return one_width(text_in(cell)).casefold() in _YES | _NO


def parts_of(cell: Cell) -> list[str]:
    """The parts of a list in one cell."""
    return [one for one in _BETWEEN.split(text_in(cell)) if one]


def code_of(field: Field, word: str, asking: Asking) -> str | None:
    """The code of a word by its labels, its other words, or what people said; None where it is unknown."""
    answered = asking.answers.get(word_name(field, word))
    if answered is not None:
        return str(answered)
    labels = field.labels
    others = tuple((code, some) for code, some in field.words.items() if code in labels)
    known = _codes(tuple(labels.items()), others)
    for form in _forms(word):
        if form in known:
            return known[form]
    return None


def word_name(field: Field, word: str) -> str:
    """The name of the question what a word means."""
    forms = _forms(word)
    return f"word:{field.name}:{forms[0] if forms else ''}"


def is_empty(field: Field, cell: Cell) -> bool:
    """Whether a cell holds nothing for this field. Raises Wrong for a value that its sheet could not tell."""
    if cell is None:
        return True
    if not isinstance(cell, str):
        return False
    found = text_in(cell)
    if is_sheet_error(found):
        raise Wrong("sheet_error")
    if field.reads == "flag" and is_flag_word(cell):
        return False
    return not found or means_nothing(found)


@lru_cache(maxsize=4096)
def _forms(word: str) -> tuple[str, ...]:
    bare = _BRACKETED.sub("", word)
    return tuple(plain(one) for one in dict.fromkeys((word, bare, _CODED.sub("", bare.casefold()))) if one)


@cache
def _codes(
    labels: tuple[tuple[str, tuple[str, str]], ...], words: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, others in words:
        found.update({plain(one): code for one in others})
    for code, (zh, en) in labels:
        found.update({plain(one): code for one in (code.replace("_", " "), code, zh, en)})
    return found
