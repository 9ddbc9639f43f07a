"""How things read in the sentences that rules, acts, letters and pages make: amounts, numbers, labels."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import formats
from django.utils.text import Truncator

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def money(amount: Decimal | int | None, currency: str = "") -> str:
    """Return an amount with its currency: "€84,000", "€4.10", "CHF 1,200". Cents are shown where there are any."""
    if amount is None or amount == "":
        return ""
    amount = Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    places = 0 if amount == amount.to_integral_value() else 2
    digits = formats.number_format(abs(amount), places, use_l10n=True, force_grouping=True)
    minus = "−" if amount < 0 else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{digits}" if sign else f"{minus}{currency} {digits}".strip()


def plain(number: Decimal | int | float | None) -> str:
    """Return a number in the reader's format without trailing zeros: "4.1", "1,204"."""
    if number is None or number == "":
        return ""
    exact = Decimal(str(number))
    exact = exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()
    places = max(0, -int(exact.as_tuple().exponent))
    return formats.number_format(exact, places, use_l10n=True, force_grouping=True)


def shortened(text: str, most: int) -> str:
    """Return `text` cut to `most` characters. Of a long one only the beginning is looked at: marks put in order cost their square."""
    return Truncator(text[: 8 * most]).chars(most)


def mid_sentence(label: Any) -> str:
    """Return a label as it reads inside a sentence: "Cost per refund" → "cost per refund", "AI used" stays."""
    words = str(label)
    return words[:1].lower() + words[1:] if words[1:2].islower() or words[1:2] == " " else words
