"""Amounts of money in the installation's currency: kept as whole numbers of its smallest unit."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_currency_symbol

from backend.core.installation import installed


def amount_text(minor: int, language: str) -> str:
    """An amount as people read it, by CLDR: 4550 of CNY is `¥45.50` in Chinese and `CN¥45.50` in English.

    `minor` is in the currency's smallest unit, whatever the field is called (`..._fen`).
    """
    # CLDR sets a space after a sign that ends in no symbol (`KWD 4.550`, `Cg. 4.50`); the library does not.
    is_symbol = unicodedata.category(currency_sign(language)[-1])[0] in "SZ"
    pattern = None if is_symbol else "¤\xa0#,##0.00"
    return format_currency(_major(minor), installed().currency, format=pattern, locale=language)


def bare_amount_text(minor: int, language: str) -> str:
    """The same without the currency, for a column that names it."""
    digits = installed().minor_digits
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return format_decimal(_major(minor), format=pattern, locale=language)


def currency_sign(language: str) -> str:
    """The sign or code of the currency."""
    return get_currency_symbol(installed().currency, locale=language)


def _major(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-installed().minor_digits)
