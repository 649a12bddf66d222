"""Casts among dates, timestamps, intervals and numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from decimal import Context as Digits
from fractions import Fraction
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions.callbacks import cast_by_python
from pyflare.codegen.functions.casts_of_numbers import checked_decimal, checked_integer
from pyflare.codegen.functions.decimals import Number, half_up, single
from pyflare.codegen.functions.timezones import MICROS, floor_div, to_local, to_utc, zone
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast
from pyflare.codegen.unsupported import Unsupported

DAY = 86_400 * MICROS
LONG = (-(1 << 63), (1 << 63) - 1)
INT = (-(1 << 31), (1 << 31) - 1)
FIELD_MICROS = (DAY, 3600 * MICROS, 60 * MICROS, MICROS)
FIELD_MONTHS = (12, 1)
SCALA, WIDE = Digits(prec=34, rounding=ROUND_HALF_EVEN), Digits(prec=100)


def clamped(lo: int, hi: int) -> tuple[int, int]:
    return max(lo, LONG[0]), min(hi, LONG[1])


def emit(cast: Cast, x: Value, context: Context) -> Value:
    source, target = cast.child.type, cast.type
    timezone = cast.timezone or "UTC"
    match source, target:
        case t.Date(), t.Timestamp() | t.TimestampNTZ():
            lo, hi = (day * DAY for day in bounds(x))
            if lo < LONG[0] or hi > LONG[1]:
                far = (x.data > LONG[1] // DAY - 1) | (x.data < LONG[0] // DAY + 1)
                fail(context, Failure.ARITHMETIC_OVERFLOW, far, (x,), cast)
            local = x.data.sext("i64") * DAY
            if isinstance(target, t.TimestampNTZ):
                return integer(target, local, *clamped(lo, hi), x.valid)
            data = to_utc(local, timezone, context)
            return integer(target, data, *clamped(lo - DAY, hi + DAY), x.valid)
        case ((t.Timestamp() | t.TimestampNTZ()), t.Date()):
            lo, hi = bounds(x)
            local = x.data.sext("i64")
            if isinstance(source, t.Timestamp):
                local = to_local(local, timezone, context)
                lo, hi = lo - DAY, hi + DAY
            lo, hi = lo // DAY, hi // DAY
            return integer(target, floor_div(local, DAY).resize(lane_for(lo, hi)), lo, hi, x.valid)
        case t.Timestamp(), t.TimestampNTZ():
            lo, hi = bounds(x)
            data = to_local(x.data.sext("i64"), timezone, context)
            return integer(target, data, *clamped(lo - DAY, hi + DAY), x.valid)
        case t.TimestampNTZ(), t.Timestamp():
            lo, hi = bounds(x)
            data = to_utc(x.data.sext("i64"), timezone, context)
            return integer(target, data, *clamped(lo - DAY, hi + DAY), x.valid)
        case t.Timestamp(), t.Integer():
            lo, hi = (micros // MICROS for micros in bounds(x))
            seconds = Number(floor_div(x.data.sext("i64"), MICROS), lo, hi, 0)
            return checked_integer(cast, seconds, x, context)
        case t.Timestamp(), t.Decimal():
            return checked_decimal(cast, Number(x.data, *bounds(x), 6), x, context)
        case t.Timestamp(), t.Float(bits):
            seconds_ = x.data.sext("i64").sitofp("double") / 1e6
            return Value(
                target, seconds_.fptrunc() if bits == 32 else seconds_, x.valid, finite=True
            )
        case t.Integer(), t.Timestamp():
            # Java's SECONDS.toMicros saturates
            lo, hi = bounds(x)
            number = x.data.sext("i64")
            most = LONG[1] // MICROS
            data = number * MICROS
            if lo < -most or hi > most:
                data = (number > most).select(data.code.const(LONG[1], "i64"), data)
                data = (number < -most).select(data.code.const(LONG[0], "i64"), data)
            return integer(target, data, *clamped(lo * MICROS, hi * MICROS), x.valid)
        case (t.Float(), t.Timestamp()) if cast.mode == "ansi":
            finite = x.data - x.data == 0.0
            fail(context, Failure.CAST_INVALID_INPUT, ~finite, (x,), cast)
            quiet = replace(cast, mode="try")
            result = cast_by_python(quiet, x, context, python, Failure.CAST_OVERFLOW)
            if result.valid is not None:
                fail(context, Failure.CAST_OVERFLOW, ~result.valid & finite, (x,), cast)
            return result.with_valid(x.valid)
        case ((t.Decimal() | t.Float() | t.Boolean()), t.Timestamp()):
            return cast_by_python(cast, x, context, python, Failure.CAST_OVERFLOW)
        case ((t.YearMonthInterval() | t.DayTimeInterval()), (t.Integer() | t.Decimal())):
            unit, scale = unit_of(source)
            whole = exact_quotient(x, unit, scale)
            if isinstance(target, t.Decimal):
                return checked_decimal(cast, whole, x, context)
            return checked_integer(cast, truncated(whole), x, context)
        case ((t.YearMonthInterval() | t.DayTimeInterval()), _) if type(source) is type(target):
            return trimmed(cast, x, context)
        case _:
            return cast_by_python(cast, x, context, python, Failure.CAST_OVERFLOW)


def unit_of(type_: t.Type) -> tuple[int, int]:
    """The storage units of an interval's field, and the scale of its number."""
    match type_:
        case t.YearMonthInterval(start, _):
            return FIELD_MONTHS[start], 0
        case t.DayTimeInterval(start, _):
            return (1, 6) if start == 3 else (FIELD_MICROS[start], 0)
        case _:
            raise AssertionError(type_)


def exact_quotient(x: Value, unit: int, scale: int) -> Number:
    lo, hi = bounds(x)
    data = x.data.resize(lane_for(min(lo, -unit), max(hi, unit)))
    return Number(data.sdiv(unit), int(Fraction(lo, unit)), int(Fraction(hi, unit)), scale)


def truncated(number: Number) -> Number:
    if number.scale == 0:
        return number
    power = 10**number.scale
    lo, hi = int(Fraction(number.lo, power)), int(Fraction(number.hi, power))
    return Number(number.data.sdiv(power), lo, hi, 0)


def trimmed(cast: Cast, x: Value, context: Context) -> Value:
    """An interval in another range of fields: what lies below the last field is cut off."""
    unit = last_unit(cast.type)
    data: Val = x.data.sext("i64")
    return replace(x, type=cast.type, data=data.sdiv(unit) * unit if unit > 1 else data)


def last_unit(type_: t.Type) -> int:
    match type_:
        case t.YearMonthInterval(_, end):
            return FIELD_MONTHS[end]
        case t.DayTimeInterval(_, end):
            return 1 if end == 3 else FIELD_MICROS[end]
        case _:
            raise AssertionError(type_)


# ---------------------------------------------------------------- in Python


def python(cast: Cast, value: Any) -> Any:
    source, target = cast.child.type, cast.type
    where = zone(cast.timezone or "UTC")
    match source, target:
        case t.Date(), t.TimestampNTZ():
            return long(value * DAY)
        case t.Date(), t.Timestamp():
            return where.to_utc(long(value * DAY))
        case t.Timestamp(), t.Date():
            return where.to_local(value) // DAY
        case t.TimestampNTZ(), t.Date():
            return value // DAY
        case t.Timestamp(), t.TimestampNTZ():
            return where.to_local(value)
        case t.TimestampNTZ(), t.Timestamp():
            return where.to_utc(value)
        case t.Timestamp(), t.Integer():
            return limited(cast, value // MICROS, type_range(target))
        case t.Timestamp(), t.Float(bits):
            return value / 1e6 if bits == 64 else single(value / 1e6)
        case t.Timestamp(), t.Decimal(precision, scale):
            seconds = Fraction(value * 10**scale, MICROS)
            return limited(
                cast,
                half_up(seconds.numerator, seconds.denominator),
                (1 - 10**precision, 10**precision - 1),
            )
        case t.Boolean(), t.Timestamp():
            return 1 if value else 0
        case t.Integer(), t.Timestamp():
            return min(max(value * MICROS, LONG[0]), LONG[1])
        case t.Decimal(_, scale), t.Timestamp():
            return _micros_of_decimal(value, scale)
        case t.Float(), t.Timestamp():
            if not math.isfinite(value):
                if cast.mode == "ansi":
                    raise Fails(Failure.CAST_INVALID_INPUT)
                return None
            micros = value * MICROS
            if abs(micros) == 2.0**63:
                return LONG[1] if micros > 0 else LONG[0]
            return limited(cast, int(micros) if math.isfinite(micros) else 1 << 64, LONG)
        case ((t.YearMonthInterval() | t.DayTimeInterval()), (t.Integer() | t.Decimal())):
            unit, scale = unit_of(source)
            number = int(Fraction(value, unit))
            if isinstance(target, t.Decimal):
                moved = Fraction(number, 10**scale) * 10**target.scale
                most = 10**target.precision - 1
                return limited(cast, half_up(moved.numerator, moved.denominator), (-most, most))
            return limited(cast, int(Fraction(number, 10**scale)), type_range(target))
        case ((t.Integer() | t.Decimal()), (t.YearMonthInterval() | t.DayTimeInterval())):
            unit, seconds_scale = unit_of(target)
            exact = Fraction(value * unit * 10**seconds_scale, 10 ** _scale(source))
            limits = INT if isinstance(target, t.YearMonthInterval) else LONG
            return limited(cast, half_up(exact.numerator, exact.denominator), limits)
        case ((t.YearMonthInterval() | t.DayTimeInterval()), _) if type(source) is type(target):
            unit = last_unit(target)
            return int(Fraction(value, unit)) * unit
        case _:
            raise Unsupported(f"cast from {source} to {target}")


def _scale(type_: t.Type) -> int:
    return type_.scale if isinstance(type_, t.Decimal) else 0


def _micros_of_decimal(value: int, scale: int) -> int:
    """Wrapped to 64 bits, from a product of 34 digits, as Scala's BigDecimal has them."""
    product = SCALA.multiply(Decimal(value).scaleb(-scale, WIDE), Decimal(MICROS))
    return (int(product) - LONG[0]) % (1 << 64) + LONG[0]


def long(value: int) -> int:
    if not LONG[0] <= value <= LONG[1]:
        raise Fails(Failure.ARITHMETIC_OVERFLOW)
    return value


def limited(cast: Cast, value: int, limits: tuple[int, int] | None) -> int | None:
    assert limits is not None
    if limits[0] <= value <= limits[1]:
        return value
    if cast.mode == "ansi":
        decimal = isinstance(cast.type, t.Decimal)
        raise Fails(Failure.NUMERIC_VALUE_OUT_OF_RANGE if decimal else Failure.CAST_OVERFLOW)
    if cast.mode == "legacy" and isinstance(cast.type, t.Integer):
        return (value - limits[0]) % (limits[1] - limits[0] + 1) + limits[0]
    return None
