"""Spark's rules for the precision and scale of decimal results (allowPrecisionLoss)."""

from __future__ import annotations

from pyflare.codegen.ir.types import MAX_PRECISION, Decimal, Float, Integer, Type

_KEPT_SCALE = 6
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}


def adjusted(precision: int, scale: int) -> Decimal:
    """At most 38 digits; the scale pays, but keeps 6 digits if it had them."""
    if precision <= MAX_PRECISION:
        return Decimal(precision, scale)
    whole = precision - scale
    return Decimal(MAX_PRECISION, max(MAX_PRECISION - whole, min(scale, _KEPT_SCALE)))


def bounded(precision: int, scale: int) -> Decimal:
    """Each of precision and scale cut at 38."""
    return Decimal(min(precision, MAX_PRECISION), min(scale, MAX_PRECISION))


def added(a: Decimal, b: Decimal) -> Decimal:
    """The type of a + b and a - b."""
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    return adjusted(whole + scale + 1, scale)


def multiplied(a: Decimal, b: Decimal) -> Decimal:
    """The type of a * b."""
    return adjusted(a.precision + b.precision + 1, a.scale + b.scale)


def divided(a: Decimal, b: Decimal) -> Decimal:
    """The type of a / b."""
    scale = max(_KEPT_SCALE, a.scale + b.precision + 1)
    return adjusted(a.precision - a.scale + b.scale + scale, scale)


def remainder(a: Decimal, b: Decimal) -> Decimal:
    """The type of a % b."""
    scale = max(a.scale, b.scale)
    return adjusted(min(a.precision - a.scale, b.precision - b.scale) + scale, scale)


def wider(a: Decimal, b: Decimal) -> Decimal:
    """The least type that holds the values of both; beyond 38 digits the whole part wins."""
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    return bounded(whole + scale, scale) if whole + scale <= MAX_PRECISION else _cut(whole, scale)


def _cut(whole: int, scale: int) -> Decimal:
    return Decimal(MAX_PRECISION, min(scale, max(MAX_PRECISION - whole, 0)))


def of_integer(type: Integer) -> Decimal:
    """The decimal that holds every value of an integer type."""
    return Decimal(_DIGITS[type.bits], 0)


def of_value(value: int) -> Decimal:
    """The decimal with just the digits of an integer literal."""
    return Decimal(len(str(abs(value))), 0)


def of_number(type: Type) -> Decimal | None:
    """The decimal that a numeric type is cast to by decimal(x); None if it is no number."""
    match type:
        case Decimal():
            return type
        case Integer():
            return of_integer(type)
        case Float(bits):
            return Decimal(14, 7) if bits == 32 else Decimal(30, 15)
        case _:
            return None
