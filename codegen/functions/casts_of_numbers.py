"""Casts between integers, decimals, floats and booleans."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.callbacks import cast_by_python
from pyflare.codegen.functions.decimals import Number, beyond, half_up, number, single
from pyflare.codegen.functions.division import divide_by_constant
from pyflare.codegen.functions.floats import POWERS, decimal_to_double
from pyflare.codegen.functions.values import boolean, bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast
from pyflare.codegen.unsupported import Unsupported


def emit(cast: Cast, x: Value, context: Context) -> Value:
    source, target = cast.child.type, cast.type
    match source, target:
        case t.Boolean(), t.Float():
            return Value(target, x.data.uitofp(float_lane(target)), x.valid, finite=True)
        case t.Boolean(), t.Integer():
            return integer(target, x.data.zext("i8"), 0, 1, x.valid)
        case t.Boolean(), t.Decimal(_, scale):
            one = Number(x.data.zext("i8"), 0, 1, 0).at_scale(scale)
            return checked_decimal(cast, one, x, context)
        case t.Float(), t.Boolean():
            return boolean(x.data != 0.0, x.valid)
        case _, t.Boolean():
            return boolean(x.data != 0, x.valid)
        case ((t.Integer() | t.Decimal()), t.Decimal()):
            return checked_decimal(cast, number(x), x, context)
        case (t.Decimal(precision, scale), t.Integer(width)) if precision > 18 and width < 64:
            # Spark takes this way through a double, rounding included
            data = decimal_to_double(x.data, *bounds(x), scale)
            return float_to_integer(cast, Value(t.DOUBLE, data, x.valid, finite=True), context, x)
        case ((t.Integer() | t.Decimal()), t.Integer()):
            return checked_integer(cast, whole(number(x)), x, context)
        case t.Integer(), t.Float():
            data = x.data.sitofp(float_lane(target))
            return Value(target, data, x.valid, finite=True)
        case t.Decimal(_, scale), t.Float(width):
            data = decimal_to_double(x.data, *bounds(x), scale)
            data = data.fptrunc() if width == 32 else data
            return Value(target, data, x.valid, finite=True)
        case t.Float(), t.Float(width):
            data = x.data.fpext() if width == 64 else x.data.fptrunc()
            return Value(target, data, x.valid, finite=x.finite)
        case t.Float(), t.Integer():
            return float_to_integer(cast, x, context)
        case t.Float(), t.Decimal():
            return float_to_decimal(cast, x, context)
        case _:
            raise Unsupported(f"cast from {source} to {target}")


def float_lane(type_: t.Float) -> str:
    return "float" if type_.bits == 32 else "double"


def out_of_range(
    cast: Cast, failure: Failure, over: Val | None, x: Value, result: Value, context: Context
) -> Value:
    """`result` where `over` is false; there an ANSI cast fails and a try cast gives NULL."""
    if over is None:
        return result
    if cast.mode == "ansi":
        fail(context, failure, over, (x,), cast)
        return result
    valid = ~over if result.valid is None else result.valid & ~over
    return result.with_valid(valid)


def checked_decimal(cast: Cast, exact: Number, x: Value, context: Context) -> Value:
    """The number in the precision and scale of the cast."""
    target = cast.type
    assert isinstance(target, t.Decimal)
    exact = exact.at_scale(target.scale)
    most = 10**target.precision - 1
    over = beyond(exact, -most, most)
    lo, hi = max(exact.lo, -most), min(exact.hi, most)
    data = exact.data.resize(lane_for(lo, hi))
    result = integer(target, data, lo, hi, x.valid)
    failure = Failure.NUMERIC_VALUE_OUT_OF_RANGE
    return out_of_range(cast, failure, over, x, result, context)


def whole(exact: Number) -> Number:
    """The integral part, toward zero."""
    if exact.scale == 0:
        return exact
    power = 10**exact.scale
    lo, hi = int(Fraction(exact.lo, power)), int(Fraction(exact.hi, power))
    lane = lane_for(min(exact.lo, -power), max(exact.hi, power))
    data = divide_by_constant(exact.data.resize(lane), power, natural=exact.lo >= 0)
    return Number(data.resize(lane_for(lo, hi)), lo, hi, 0)


def checked_integer(cast: Cast, exact: Number, x: Value, context: Context) -> Value:
    """The integer in the range of the cast's type."""
    limits = type_range(cast.type)
    assert limits is not None and isinstance(cast.type, t.Integer)
    over = beyond(exact, *limits)
    if over is None:
        return integer(cast.type, exact.data, exact.lo, exact.hi, x.valid)
    data = exact.data.resize(f"i{cast.type.bits}")
    if cast.mode == "legacy":
        return integer(cast.type, data, *limits, x.valid)
    lo, hi = max(exact.lo, limits[0]), min(exact.hi, limits[1])
    result = integer(cast.type, data, lo, hi, x.valid)
    return out_of_range(cast, Failure.CAST_OVERFLOW, over, x, result, context)


def float_to_integer(cast: Cast, x: Value, context: Context, operand: Value | None = None) -> Value:
    """Toward zero; NaN and what lies beyond the type overflow."""
    assert isinstance(cast.type, t.Integer)
    bits = cast.type.bits
    limits = type_range(cast.type)
    assert limits is not None
    if cast.mode == "legacy":
        # Java converts to int or long first, saturating, then cuts bits off
        data = x.data.fptosi_sat("i64" if bits == 64 else "i32").resize(f"i{bits}")
        return integer(cast.type, data, *limits, x.valid)
    number_ = x.data.fpext()
    top = float(1 << bits - 1)
    # floor and ceil as Spark checks: x truncated must lie in the type
    low = number_ >= -top if bits == 64 else number_ > -top - 1.0
    # 2^63 itself passes, as Spark compares with a double, and becomes the largest bigint
    high = number_ <= top if bits == 64 else number_ < top
    fits = low & high
    data = number_.fptosi_sat(f"i{bits}")
    result = integer(cast.type, data, *limits, x.valid)
    return out_of_range(cast, Failure.CAST_OVERFLOW, ~fits, operand or x, result, context)


def float_to_decimal(cast: Cast, x: Value, context: Context) -> Value:
    """HALF_UP of the shortest decimal text of the float (Spark goes through that text).

    Far from a tie the float itself rounds as its text does, whose distance is below its last bit.
    """
    target = cast.type
    assert isinstance(target, t.Decimal)
    code = context.code
    if target.scale > POWERS:
        return _float_by_text(cast, x, context)
    limit = float(min(10**target.precision - 1, 1 << 40))
    scaled = x.data.fpext() * float(10**target.scale)
    floor = code.unary("floor", scaled)
    part = scaled - floor
    clear = ((part - 0.5) > 2.0**-9) | ((part - 0.5) < -(2.0**-9))
    clear = clear & (code.unary("fabs", scaled) < limit)
    if x.valid is not None:
        clear = clear | ~x.valid
    near = (floor + (part > 0.5).select(code.const(1.0, "double"), 0.0)).fptosi_sat("i64")
    most = int(limit)
    fast = integer(target, near.resize(lane_for(-most, most)), -most, most, x.valid)
    return choose(
        code,
        clear,
        fragment(code, "near", lambda: fast),
        fragment(code, "by_text", lambda: _float_by_text(cast, x, context)),
    )


def _float_by_text(cast: Cast, x: Value, context: Context) -> Value:
    """NaN and infinity are NULL, even under ANSI."""
    failure = Failure.NUMERIC_VALUE_OUT_OF_RANGE
    result = cast_by_python(replace(cast, mode="try"), x, context, python, failure)
    if cast.mode == "ansi" and result.valid is not None:
        finite = x.data - x.data == 0.0
        fail(context, failure, ~result.valid & finite, (x,), cast)
    return result


# ---------------------------------------------------------------- in Python


def python(cast: Cast, value: Any) -> Any:
    source, target = cast.child.type, cast.type
    match source, target:
        case _, t.Boolean():
            return value != 0
        case ((t.Integer() | t.Boolean()), t.Float(bits)):
            return to_float(Fraction(int(value)), bits)
        case t.Decimal(_, scale), t.Float(bits):
            # through double, as Spark converts
            double = to_float(Fraction(value, 10**scale), 64)
            return single(double) if bits == 32 else double
        case t.Float(), t.Float(bits):
            return single(value) if bits == 32 else value
        case ((t.Integer() | t.Boolean()), t.Decimal(precision, scale)):
            return _limited(cast, int(value) * 10**scale, 10**precision - 1)
        case t.Decimal(_, s), t.Decimal(precision, scale):
            moved = value * 10 ** (scale - s) if scale >= s else half_up(value, 10 ** (s - scale))
            return _limited(cast, moved, 10**precision - 1)
        case t.Float(), t.Decimal(precision, scale):
            if not math.isfinite(value):
                return None
            scaled = Fraction(repr(value)) * 10**scale
            unscaled = half_up(scaled.numerator, scaled.denominator)
            return _limited(cast, unscaled, 10**precision - 1)
        case _, t.Integer():
            return _to_integer(cast, value)
        case _:
            raise Unsupported(f"cast from {source} to {target}")


def to_float(value: Fraction, bits: int) -> float:
    """The nearest float; a float from an integer is rounded once, not through double."""
    double = value.numerator / value.denominator
    if bits == 64:
        return double
    near = single(double)
    candidates = [near, math.nextafter(near, math.inf), math.nextafter(near, -math.inf)]
    if value.denominator == 1 and float(value.numerator) == value.numerator:
        return near
    step = max(abs(near) * 2.0**-23, 1e-45)
    candidates = [near, single(near + step), single(near - step)]
    best = min(abs(Fraction(c) - value) for c in candidates)
    nearest = [c for c in candidates if abs(Fraction(c) - value) == best]
    return min(nearest, key=lambda c: _mantissa(c) & 1)


def _mantissa(value: float) -> int:
    return int(math.frexp(value)[0] * (1 << 24))


def _limited(cast: Cast, value: int, most: int) -> int | None:
    if abs(value) <= most:
        return value
    if cast.mode == "ansi":
        raise Fails(Failure.NUMERIC_VALUE_OUT_OF_RANGE)
    return None


def _to_integer(cast: Cast, value: Any) -> int | None:
    assert isinstance(cast.type, t.Integer)
    limits = type_range(cast.type)
    assert limits is not None
    lo, hi = limits
    exact: int | None
    match cast.child.type:
        case t.Boolean():
            return int(value)
        case t.Float():
            if cast.mode == "legacy":
                return _saturated(value, cast.type.bits)
            exact = int(value) if math.isfinite(value) else None
            if value == 2.0**63 and cast.type.bits == 64:
                exact = hi
        case t.Decimal(precision, scale) if precision > 18 and cast.type.bits < 64:
            exact = int(to_float(Fraction(value, 10**scale), 64))
        case t.Decimal(_, scale):
            exact = int(Fraction(value, 10**scale))
        case _:
            exact = int(value)
    if exact is not None and lo <= exact <= hi:
        return exact
    if cast.mode == "ansi":
        raise Fails(Failure.CAST_OVERFLOW)
    if cast.mode == "legacy" and exact is not None:
        return (exact - lo) % (1 << cast.type.bits) + lo
    return None


def _saturated(value: float, bits: int) -> int:
    """Java's (int) or (long) of a float, cut to `bits`."""
    if math.isnan(value):
        return 0
    wide = 64 if bits == 64 else 32
    top = (1 << wide - 1) - 1
    whole_ = top if value > top else -top - 1 if value < -top - 1 else int(value)
    return (whole_ + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
