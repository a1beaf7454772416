"""The one form in which typed text is compared: case, width, blanks and what cannot be seen mean nothing."""

from __future__ import annotations

import unicodedata

# Unicode's Default_Ignorable_Code_Point beyond what the categories C* and Z* name, and the blank of Braille.
_UNSEEN = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0000, 0xE1000))
)


def comparable(typed: str) -> str:
    """What is stored beside a typed text, looked up and counted: `Ｕ３０１ ` and `u301` are one.

    Unicode's compatibility form and case folding, without blanks, control, invisible and direction characters. Applied
    again it changes nothing. Empty where nothing visible was typed.
    """
    form = typed
    while True:
        # To take a character out can join its neighbours, and to join them can make another that folds.
        seen = _visible(unicodedata.normalize("NFKC", _visible(form)).casefold())
        again = unicodedata.normalize("NFKC", seen)
        if again == form:
            return again
        form = again


def _visible(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one)[0] not in "CZ" and ord(one) not in _UNSEEN)
