"""Decodes text of map files whose encoding is unknown or wrongly declared.

What is declared holds for the file, and a guess covers one value and is told.

Chinese encodings nest: what says GB2312 or GBK may hold any character of GB18030.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from geo.findings import Finding, told

GB, BIG5, UTF8 = "gb18030", "cp950", "utf-8"
_NAMED = {
    "936": GB,
    "54936": GB,
    "950": BIG5,
    "65001": UTF8,
    "20936": GB,
    "52936": GB,
    "20127": UTF8,
    "932": "cp932",
}
_FAMILY = {"gb2312": GB, "gbk": GB, "big5": BIG5, "ascii": UTF8}
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LONGEST = 4
# Where two bytes of Big5 are one of its common characters.
_BIG5_COMMON = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xc6][\x40-\x7e\xa1-\xfe])*\Z")


def keepable(text: str) -> str:
    """Text without what no database keeps: NUL and half characters."""
    return _UNKEEPABLE.sub("", text)


def codec_of(said: str) -> str | None:
    """Python's name of a declared encoding (`UTF-8`, `936`, `ANSI 1252`, `88591`, `GB2312`).

    None for what none has.
    """
    word = said.strip().strip("\ufeff\0").lower()
    digits = re.sub(r"[^0-9]", "", word)
    if digits in _NAMED and not word.startswith("iso"):
        return _NAMED[digits]
    tries = [word, word.replace("ansi", "cp").replace(" ", ""), f"cp{digits}"]
    if digits.startswith("8859") and len(digits) > 4:
        tries.insert(0, f"iso8859-{int(digits[4:])}")
    for one in tries:
        try:
            name = codecs.lookup(one).name
            # What is no alphabet (base64) or cannot leave out what it does not know (idna) reads no text;
            # Python 3.13's punycode can, and is none for that.
            b"\xff".decode(name, "ignore")
            if name == "punycode":
                continue
        except (LookupError, ValueError):
            continue
        return _FAMILY.get(name, name)
    return None


@dataclass(slots=True)
class Speller:
    """Turns the bytes of one file into text; `declared` is what the file says, None where it says nothing."""

    declared: str | None
    findings: list[Finding] = field(default_factory=list)

    def text(self, data: bytes, about: str, width: int | None = None) -> str:
        """One value.

        `width` is its field's in bytes: a value that fills it may end in a piece of a character.
        """
        own = self.declared or UTF8
        plain = _strictly(data, own)
        is_odd = own.startswith(("iso8859", "cp125")) and plain is not None and _is_garbled(plain)
        if plain is not None and not is_odd and not (own == GB and _is_utf8(data, plain)):
            return keepable(plain)
        is_full = width is not None and len(data) >= width
        whole = self._without_cut(data, own, about, is_full) if plain is None else None
        return keepable(whole if whole is not None else self._guessed(data, own, about, is_full))

    def _without_cut(self, data: bytes, own: str, about: str, is_full: bool) -> str | None:
        """Text without the piece of a character at its end, where the rest says that this is what it is."""
        for lost in range(1, _LONGEST):
            text = _strictly(data[:-lost], own) if lost < len(data) else None
            if text is not None and (is_full or not text.isascii()) and _is_begun(data[-lost:], own):
                shown = _short(text)
                self.findings.append(told("cut_text", [shown], text=shown, about=about))
                return text
        return None

    def _guessed(self, data: bytes, own: str, about: str, is_full: bool) -> str:
        for codec, name in ((UTF8, "UTF-8"), (GB, "GB18030")):
            text = _strictly(data, codec) if codec != own else None
            if text is not None and (codec == UTF8 or _HAN.search(text)):
                shown = _short(text)
                self.findings.append(told("guessed_text", [shown], text=shown, codec=name, about=about))
                return text
        cut = self._without_cut(data, GB, about, is_full) if own != GB and is_full else None
        if cut is not None and _HAN.search(cut):
            return cut
        text = data.decode(own, "ignore")
        self.findings.append(told("lost_text", [_short(text)], text=_short(text), about=about))
        return text


def undeclared(values: Iterable[tuple[bytes, int | None]]) -> tuple[str, list[Finding]]:
    """The encoding most likely for values (bytes, width of their field) of a file that says none.

    Told unless UTF-8.
    """
    odd = [one for one in values if not one[0].isascii()]
    for codec in (UTF8, GB, BIG5):
        if codec == GB and _is_big5(odd):
            continue
        if all(_reads(data, codec, width) for data, width in odd):
            return codec, _told(codec) if odd and codec != UTF8 else []
    counts = {codec: sum(_reads(data, codec, width) for data, width in odd) for codec in (UTF8, GB)}
    codec = max(counts, key=lambda one: counts[one])
    return codec, _told(codec)


def _told(codec: str) -> list[Finding]:
    name = {GB: ("GBK（GB18030）", "GBK (GB18030)"), BIG5: ("Big5", "Big5")}.get(codec, ("UTF-8", "UTF-8"))
    return [told("encoding", [], codec=name)]


def _reads(data: bytes, codec: str, width: int | None) -> bool:
    if _strictly(data, codec) is not None:
        return True
    if width is None or len(data) < width:
        return False
    return any(_strictly(data[:-lost], codec) is not None for lost in range(1, _LONGEST) if lost < len(data))


def _is_big5(odd: Sequence[tuple[bytes, int | None]]) -> bool:
    """Whether all is common Big5 and some of it is nothing that simplified Chinese writes."""
    common = all(
        _BIG5_COMMON.match(data if width is None or len(data) < width else data[:-1]) for data, width in odd
    )
    texts = [data.decode(GB, "ignore") for data, _ in odd]
    return bool(odd) and common and any(_strictly_encoded(one, "gb2312") is None for one in texts)


def _is_utf8(data: bytes, as_gb: str) -> bool:
    """Whether a value that GB18030 reads is UTF-8 all the same.

    So it is with Chinese in it, and another reading that simplified Chinese does not write.
    """
    text = _strictly(data, UTF8) if not data.isascii() else None
    return text is not None and bool(_HAN.search(text)) and _strictly_encoded(as_gb, "gb2312") is None


def _strictly_encoded(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_begun(tail: bytes, codec: str) -> bool:
    """Whether bytes are the beginning of one character and no more."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        return decoder.decode(tail) == ""
    except UnicodeDecodeError:
        return False


def _is_garbled(text: str) -> bool:
    """Whether text was read byte by byte as Latin letters: many of them in a row are no European's name."""
    odd = sum(1 for letter in text if "\x80" <= letter <= "\xff" or letter in "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")
    return odd >= 4 and odd > 2 * len(text.replace(" ", "")) / 3


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}…"
