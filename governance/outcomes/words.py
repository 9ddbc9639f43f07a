"""How a figure of an outcome is written: with its money sign where it is money, else as a plain number."""

from decimal import Decimal

from django.utils import formats

_SIGNS = ("€", "$", "£", "¥")


def figure(outcome, value: Decimal | None) -> str:
    """Return `value` as readers write it: "€4.10" where the outcome's unit begins with a money sign, "26", "97.1" elsewhere.

    "–" for none. No query.
    """
    if value is None:
        return "–"
    whole = value == value.to_integral_value()
    sign = next((s for s in _SIGNS if outcome is not None and outcome.unit.startswith(s)), "")
    if sign:
        return f"{'−' if value < 0 else ''}{sign}{formats.number_format(abs(value), 0 if whole and abs(value) >= 1000 else 2, use_l10n=True, force_grouping=True)}"
    exact = value.quantize(Decimal(1)) if whole else value.normalize()
    return formats.number_format(exact, max(0, -int(exact.as_tuple().exponent)), use_l10n=True, force_grouping=True)
