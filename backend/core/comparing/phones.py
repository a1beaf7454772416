"""Telephone numbers by their digits: however one is grouped, and with or without the code of its country."""

from __future__ import annotations

import re

from backend.core.comparing import comparable

_ONLY_NUMBER = re.compile(r"[+0-9()\[\]./-]*")
# As links and papers write it before a number.
_LABEL = re.compile(r"^(?:tel|phone|mobile|联系电话|电话|電話|手机|手機|座机)[:.]?(?=[+(0-9])")
_EXTENSION = re.compile(r"(?:转|轉|分机|分機|内线|內線|extension|ext|x|#|\*)[:.-]?\d{1,6}$")
# An extension behind a dash: `66118822-801` and `0532-66118822-801`, but not `138-0000-1234`.
_DASHED_EXTENSION = re.compile(r"^((?:(?:\+|00)?\d{1,3}-)?(?:\(?0?\d{2,3}\)?-?)?\d{7,8})-\d{1,5}$")
# Every country's calling code (ITU-T E.164): no code is the beginning of another.
_COUNTRY = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
_SEPARATORS = re.compile(r"[/,;、，；|\r\n]+|或|和|及")
_RUN = re.compile(r"\+?\(?\d[\d()\s.\-\u2010-\u2015\u2212－（）]{3,}\d")
# Fewer digits are a staff number, not the number of a phone; no country's numbers with their area are
# shorter.
_LEAST_LOGIN = 10
# With its country's code said, fewer digits are a number too.
_LEAST_ABROAD = 7
_LEAST_PART = 3
# China's areas: two or three digits before seven or eight, with a 0 before them at home.
_AREA = re.compile(r"0?(?:(10|2[0-9])([2-8][0-9]{7})|([3-9][0-9]{2})([2-8][0-9]{6,7}))")
_AREA_WITH_0 = re.compile(r"0(?:10[0-9]{8}|2[0-9]{9}|[3-9][0-9]{9,10})")


def phone_digits(typed: str) -> str:
    """The digits of what looks like (a part of) a telephone number, without the country's code; else nothing.

    `+86 138-0000 1234`, `0086 13800001234` and `13800001234` are one; an extension is left out.
    """
    form = _EXTENSION.sub("", _LABEL.sub("", comparable(typed)))
    form = _DASHED_EXTENSION.sub(r"\1", form)
    return _national(form) if _ONLY_NUMBER.fullmatch(form) else ""


def wanted_digits(typed: str) -> str:
    """What to look for among the digits of stored numbers: a whole number also without the 0 before its
    area."""
    digits = phone_digits(typed)
    return digits.lstrip("0") if len(digits) >= _LEAST_LOGIN - 1 else digits


def without_area(typed: str, own_area: str) -> str:
    """A landline's number as it is written at home, where `own_area` is the area's code; else nothing.

    Where the own area is not known, each may be it.
    """
    found, own = _AREA.fullmatch(phone_digits(typed)), own_area.lstrip("0")
    area, number = (found[1] or found[3], found[2] or found[4]) if found else ("", "")
    return number if own in ("", area) else ""


def phones_in(text: str) -> list[str]:
    """The digits of every telephone number of a text, and of the whole text where it is nothing but one."""
    found = [phone_digits(text)]
    for piece in _SEPARATORS.split(text):
        digits = phone_digits(piece)
        found += [digits] if digits else [phone_digits(run) for run in _RUN.findall(piece)]
    return [one for one in dict.fromkeys(found) if one]


def login_form(typed: str) -> str:
    """The one form of what somebody signs in by: a staff number, or a telephone number however it is
    written."""
    form = comparable(typed)
    if not _ONLY_NUMBER.fullmatch(form):
        return form
    digits = _national(form)
    # Behind a country's code an area stands without its 0.
    digits = digits[1:] if _AREA_WITH_0.fullmatch(digits) else digits
    return digits if len(digits) >= (_LEAST_ABROAD if "+" in form else _LEAST_LOGIN) else form


def _national(form: str) -> str:
    bare = re.sub(r"[()\[\]./-]", "", form.replace("(0)", "") if form.startswith(("+", "00", "(+")) else form)
    if bare.startswith("+"):
        rest = bare.lstrip("+")
    elif bare.startswith("00") and len(bare) >= _LEAST_LOGIN + 1:
        rest = bare[2:]
    elif bare.startswith("86") and len(bare) >= _LEAST_LOGIN + 2:
        rest = bare  # As it is often stored in China: the country's code without its sign.
    else:
        return bare.replace("+", "")
    national = _COUNTRY.sub("", rest, count=1).replace("+", "").lstrip("0")
    return national if len(national) >= _LEAST_PART else rest
