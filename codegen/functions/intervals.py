"""Year-month intervals (months) and day-time intervals (microseconds)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.functions.arithmetic import multiply_overflow
from pyflare.codegen.functions.callbacks import called as call_python
from pyflare.codegen.functions.decimals import half_up
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import Decimal, Integer, Type, YearMonthInterval

LONG = (-(1 << 63), (1 << 63) - 1)
INT = (-(1 << 31), (1 << 31) - 1)


def limits(type_: Type) -> tuple[int, int]:
    return INT if isinstance(type_, YearMonthInterval) else LONG


def checked(call: Call, value: int) -> int:
    lo, hi = limits(call.type)
    if not lo <= value <= hi:
        raise Fails(Failure.INTERVAL_OVERFLOW)
    return value


def sum_of(name: str, sign: int) -> None:
    """Enters the sum or difference of two intervals."""

    @function(name, lambda call, x, y: checked(call, x + sign * y))
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        x, y = args
        (a, b), (c, d) = bounds(x), bounds(y)
        lo, hi = (a + c, b + d) if sign > 0 else (a - d, b - c)
        lane = lane_for(lo, hi)
        p, q = x.data.resize(lane), y.data.resize(lane)
        return _limited(call, p + q if sign > 0 else p - q, lo, hi, args, context)


def _limited(
    call: Call, data: Any, lo: int, hi: int, args: tuple[Value, ...], context: Context
) -> Value:
    least, most = limits(call.type)
    if lo < least or hi > most:
        over = (data > most) | (data < least)
        fail(context, Failure.INTERVAL_OVERFLOW, over, args, call)
        lo, hi = max(lo, least), min(hi, most)
    return integer(call.type, data.resize(lane_for(lo, hi)), lo, hi, all_valid(*args))


sum_of("iv_add", 1)
sum_of("iv_sub", -1)


@function("iv_neg", lambda call, x: checked(call, -x))
def iv_neg(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (x,) = args
    lo, hi = bounds(x)
    data = -x.data.resize(lane_for(min(lo, -hi), max(hi, -lo)))
    return _limited(call, data, -hi, -lo, args, context)


def py_iv_mul(call: Call, interval: int, factor: Any) -> int:
    match call.args[1].type:
        case Decimal(_, scale):
            return checked(call, half_up(interval * factor, 10**scale))
        case Integer():
            return checked(call, interval * factor)
        case _:
            return checked(call, _rounded(interval * factor))


def _rounded(value: float) -> int:
    """Half away from zero (Guava's HALF_UP)."""
    if not math.isfinite(value):
        raise Fails(Failure.INTERVAL_OVERFLOW)
    exact = Fraction(value)
    return half_up(exact.numerator, exact.denominator)


@function("iv_mul", py_iv_mul)
def iv_mul(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """An interval some times; fractions round half up."""
    x, factor = args
    if not isinstance(factor.type, Integer):
        return call_python(call, args, context, Failure.INTERVAL_OVERFLOW)
    (a, b), (c, d) = bounds(x), bounds(factor)
    corners = (a * c, a * d, b * c, b * d)
    lo, hi = min(corners), max(corners)
    least, most = limits(call.type)
    if lo >= least and hi <= most:
        lane = lane_for(lo, hi)
        data = x.data.resize(lane) * factor.data.resize(lane)
        return integer(call.type, data, lo, hi, all_valid(*args))
    product, over = multiply_overflow(x.data.sext("i64"), factor.data.sext("i64"))
    if least == INT[0]:
        over = over | (product > most) | (product < least)
    fail(context, Failure.INTERVAL_OVERFLOW, over, args, call)
    return integer(call.type, product.resize(lane_for(least, most)), least, most, all_valid(*args))


def py_iv_div(call: Call, interval: int, divisor: Any) -> int:
    if divisor == 0:
        raise Fails(Failure.INTERVAL_DIVIDED_BY_ZERO)
    match call.args[1].type:
        case Decimal(_, scale):
            quotient = Fraction(interval * 10**scale, divisor)
        case Integer():
            quotient = Fraction(interval, divisor)
        case _:
            return checked(call, _rounded(interval / divisor))
    return checked(call, half_up(quotient.numerator, quotient.denominator))


@function("iv_div", py_iv_div)
def iv_div(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """A fraction of an interval, rounded half up."""
    zero = args[1].data == (0.0 if args[1].data.type in ("double", "float") else 0)
    fail(context, Failure.INTERVAL_DIVIDED_BY_ZERO, zero, args, call)
    result = call_python(call, args, context)
    if result.valid is None:
        return result
    fail(context, Failure.INTERVAL_OVERFLOW, ~result.valid & ~zero, args, call)
    return result.with_valid(all_valid(*args))
