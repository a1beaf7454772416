"""Amounts of money in the installation's currency: kept as whole numbers of its smallest unit."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_currency_symbol

from backend.core.installation import installed


def amount_text(minor: int, language: str) -> str:
    """An amount as people read it, by CLDR: 4550 of CNY is `¥45.50` in Chinese and `CN¥45.50` in English.

    `minor` is in the currency's smallest unit, whatever the field is called (`..._fen`).
    """
    # CLDR's pattern for signs that are letters (`KWD 4.550`), which the library does not choose by itself.
    pattern = "¤\xa0#,##0.00" if currency_sign(language)[-1].isalpha() else None
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
