"""The one form of typed text as migrations 0009 and 0019 wrote it: a copy that later changes leave."""

from __future__ import annotations

import re
import unicodedata

from backend.migrations.frozen_typed_text.simplified import simplified

# Unicode's Default_Ignorable_Code_Point beyond what the categories C* and Z* name, and the blank of Braille.
_UNSEEN = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0000, 0xE1000))
)
_MINUS = "\u2212"
# Signs of a sentence that say nothing about whose name or number it is. `%`, `_`, `\`, `*`, `@`, `&` and the
# like do.
_MARKS = frozenset("·‧•∙⋅・.,、。;:'\"!?/|~`^")
_BRACKETS = frozenset({"Pd", "Ps", "Pe", "Pi", "Pf"})
# What is nearly always typed here; it needs no look at each character.
_COMMON = re.compile("[\u4e00-\u9fff\x00-\x7f]*")
_UNSEEN_ASCII = dict.fromkeys([*range(0x21), 0x7F])
_MARKS_ASCII = dict.fromkeys(ord(one) for one in (*_MARKS, *"-()[]{}"))
# The sounds of Japanese letters are marks as well, and another sound is another name.
_SOUNDS = frozenset("\u3099\u309a")


def comparable(typed: str) -> str:
    """What is stored beside a typed text, looked up and counted: `Ｕ３０１ ` and `u301` are one.

    Unicode's compatibility form and case folding, without blanks, control, invisible and direction
    characters; every dash is one, and so are the digits of all scripts. Applied again it changes nothing.
    Empty where nothing visible was typed.
    """
    if _COMMON.fullmatch(typed):
        return typed.lower().translate(_UNSEEN_ASCII)
    form = typed
    while True:
        # To take a character out can join its neighbours, and to join them can make another that folds.
        seen = _visible(unicodedata.normalize("NFKC", _visible(form)).casefold())
        again = unicodedata.normalize("NFKC", seen)
        if again == form:
            return again
        form = again


def folded(typed: str) -> str:
    """For finding: the comparable form without accents, in simplified characters."""
    form = comparable(typed)
    if _COMMON.fullmatch(form):
        return simplified(form)
    form = unicodedata.normalize("NFD", form)
    bare = "".join(one for one in form if unicodedata.category(one) != "Mn" or one in _SOUNDS)
    return simplified(unicodedata.normalize("NFC", bare))


def plain(typed: str) -> str:
    """For finding: the folded form without dashes, brackets, quotes and the signs of a sentence."""
    return without_marks(folded(typed))


def without_marks(form: str) -> str:
    """A form without dashes, brackets, quotes and the signs of a sentence."""
    if _COMMON.fullmatch(form):
        return form.translate(_MARKS_ASCII)
    return "".join(one for one in form if one not in _MARKS and unicodedata.category(one) not in _BRACKETS)


def _visible(text: str) -> str:
    return "".join(
        _alike(one) for one in text if unicodedata.category(one)[0] not in "CZ" and ord(one) not in _UNSEEN
    )


def _alike(one: str) -> str:
    category = unicodedata.category(one)
    if category == "Pd" or one == _MINUS:
        return "-"
    return str(unicodedata.decimal(one)) if category == "Nd" else one
