"""Decimals: scaled integers, exact in as many bits as their proved range needs, HALF_UP."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import Val, bits
from pyflare.codegen.functions.division import divide_by_constant, divide_unsigned
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import Decimal, Float, Type


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """data * 10 ** -scale, with data in [lo, hi]."""

    data: Val
    lo: int
    hi: int
    scale: int

    def at_scale(self, scale: int) -> Number:
        """The number at another scale, HALF_UP where digits are lost."""
        if scale == self.scale:
            return self
        if scale > self.scale:
            factor = 10 ** (scale - self.scale)
            lo, hi = self.lo * factor, self.hi * factor
            lane = lane_for(min(lo, factor), max(hi, factor))
            return Number(self.data.resize(lane) * factor, lo, hi, scale)
        power = 10 ** (self.scale - scale)
        half = power // 2
        lo, hi = half_up(self.lo, power), half_up(self.hi, power)
        lane = lane_for(self.lo - half, self.hi + power)
        data = self.data.resize(lane)
        if self.lo >= 0:
            rounded = divide_by_constant(data + half, power, natural=True)
        else:
            magnitude = (data < 0).select(-data, data)
            quotient = divide_by_constant(magnitude + half, power, natural=True)
            rounded = (data < 0).select(-quotient, quotient)
        return Number(rounded.resize(lane_for(lo, hi)), lo, hi, scale)


def number(value: Value) -> Number:
    """A decimal or an integer as a number."""
    scale = value.type.scale if isinstance(value.type, Decimal) else 0
    return Number(value.data, *bounds(value), scale)


def same_scale(x: Value, y: Value) -> tuple[Number, Number]:
    left, right = number(x), number(y)
    scale = max(left.scale, right.scale)
    return left.at_scale(scale), right.at_scale(scale)


def result(call: Call, exact: Number, operands: tuple[Value, ...], context: Context) -> Value:
    """The number rounded to the Call's type; a row beyond its precision fails."""
    assert isinstance(call.type, Decimal)
    return fitted(call, call.type, exact, operands, context)


def fitted(
    call: Any, type_: Decimal, exact: Number, operands: tuple[Value, ...], context: Context
) -> Value:
    """The number as a value of `type_`; NUMERIC_VALUE_OUT_OF_RANGE where it has too many digits."""
    exact = exact.at_scale(type_.scale)
    most = 10**type_.precision - 1
    lo, hi = exact.lo, exact.hi
    over = beyond(exact, -most, most)
    if over is not None:
        fail(context, Failure.NUMERIC_VALUE_OUT_OF_RANGE, over, operands, call)
        lo, hi = max(lo, -most), min(hi, most)
    return integer(type_, exact.data.resize(lane_for(lo, hi)), lo, hi, all_valid(*operands))


def beyond(exact: Number, least: int, most: int) -> Val | None:
    """Where the number lies outside [least, most]; None if that is proved impossible."""
    over = exact.data > most if exact.hi > most else None
    under = exact.data < least if exact.lo < least else None
    if over is None or under is None:
        return under if over is None else over
    return over | under


def add(call: Call, x: Value, y: Value, context: Context) -> Value:
    left, right = same_scale(x, y)
    lo, hi = left.lo + right.lo, left.hi + right.hi
    lane = lane_for(lo, hi)
    exact = Number(left.data.resize(lane) + right.data.resize(lane), lo, hi, left.scale)
    return result(call, exact, (x, y), context)


def sub(call: Call, x: Value, y: Value, context: Context) -> Value:
    left, right = same_scale(x, y)
    lo, hi = left.lo - right.hi, left.hi - right.lo
    lane = lane_for(lo, hi)
    exact = Number(left.data.resize(lane) - right.data.resize(lane), lo, hi, left.scale)
    return result(call, exact, (x, y), context)


def mul(call: Call, x: Value, y: Value, context: Context) -> Value:
    left, right = number(x), number(y)
    corners = [p * q for p in (left.lo, left.hi) for q in (right.lo, right.hi)]
    lo, hi = min(corners), max(corners)
    lane = lane_for(lo, hi)
    product = left.data.resize(lane) * right.data.resize(lane)
    return result(call, Number(product, lo, hi, left.scale + right.scale), (x, y), context)


def div(call: Call, x: Value, y: Value, context: Context) -> Value:
    assert isinstance(call.type, Decimal)
    lo, hi = bounds(y)
    if lo <= 0 <= hi:
        fail(context, Failure.DIVIDE_BY_ZERO, y.data == 0, (x, y), call)
    return result(call, quotient_number(x, y, call.type.scale), (x, y), context)


def quotient_number(x: Value, y: Value, scale: int) -> Number:
    """x / y at `scale`, HALF_UP; garbage where y is zero."""
    left, right = number(x), number(y)
    shift = scale + right.scale - left.scale
    top = left.at_scale(left.scale + max(shift, 0))
    bottom = right.at_scale(right.scale + max(-shift, 0))
    reach = max(abs(bottom.lo), abs(bottom.hi), 1)
    most = max(abs(top.lo), abs(top.hi)) + reach // 2
    lane = lane_for(-most - 1, max(most, reach) + 1)
    p, q = top.data.resize(lane), bottom.data.resize(lane)
    natural = top.lo >= 0 and bottom.lo >= 0
    # garbage of NULL slots may be zero or negative whatever the range says
    q = (q == 0).select(q.code.const(1, lane), q)
    if natural:
        # wrapped garbage is still divided as unsigned, which cannot trap
        return Number(divide_unsigned(p + q.lshr(1), q), 0, most, scale)
    negative = (p ^ q) < 0
    magnitude, by = (p < 0).select(-p, p), (q < 0).select(-q, q)
    whole = divide_unsigned(magnitude + by.lshr(1), by)
    return Number(negative.select(-whole, whole), -most, most, scale)


def quotient(p: Val, q: Val, natural: bool) -> Val:
    """p / q toward zero for q other than zero."""
    if bits(p.type) <= 64:
        return p.sdiv(q)
    if natural:
        return divide_unsigned(p, q)
    whole = divide_unsigned((p < 0).select(-p, p), (q < 0).select(-q, q))
    return ((p ^ q) < 0).select(-whole, whole)


def remainder(p: Val, q: Val, natural: bool) -> Val:
    """p - q * (p / q): the sign of p."""
    if bits(p.type) <= 64:
        return p.srem(q)
    return p - q * quotient(p, q, natural)


# ---------------------------------------------------------------- in Python


def half_up(value: int, power: int) -> int:
    """value / power rounded half away from zero."""
    magnitude = (abs(value) + power // 2) // power
    return magnitude if value >= 0 else -magnitude


def rescaled(value: int, scale: int, to: int) -> int:
    """The unscaled integer at another scale, HALF_UP."""
    return value * 10 ** (to - scale) if to >= scale else half_up(value, 10 ** (scale - to))


def fit(value: int, type_: Decimal) -> int:
    """The value if it has at most `precision` digits."""
    if abs(value) >= 10**type_.precision:
        raise Fails(Failure.NUMERIC_VALUE_OUT_OF_RANGE)
    return value


def scale_of(type_: Type) -> int:
    return type_.scale if isinstance(type_, Decimal) else 0


def python(name: str, call: Call, x: int, y: int) -> int:
    """The exact result of one operation, rounded once to the Call's type."""
    type_ = call.type
    assert isinstance(type_, Decimal)
    s, t = scale_of(call.args[0].type), scale_of(call.args[1].type)
    common = max(s, t)
    match name:
        case "add":
            exact, scale = x * 10 ** (common - s) + y * 10 ** (common - t), common
        case "sub":
            exact, scale = x * 10 ** (common - s) - y * 10 ** (common - t), common
        case "mul":
            exact, scale = x * y, s + t
        case "div":
            shift = type_.scale + t - s
            top, bottom = x * 10 ** max(shift, 0), y * 10 ** max(-shift, 0)
            whole = (abs(top) + abs(bottom) // 2) // abs(bottom)
            exact, scale = (whole if (x < 0) == (y < 0) else -whole), type_.scale
        case _:
            raise AssertionError(name)
    return fit(rescaled(exact, scale, type_.scale), type_)


def python_at_common_scale(call: Call, x: Any, y: Any, compute: Callable[[Any, Any], Any]) -> Any:
    """`compute` on numbers of one scale, rounded to the Call's type."""
    match call.type:
        case Decimal(_, scale) as type_:
            s, t = scale_of(call.args[0].type), scale_of(call.args[1].type)
            common = max(s, t)
            exact = compute(x * 10 ** (common - s), y * 10 ** (common - t))
            return fit(rescaled(exact, common, scale), type_)
        case Float(32):
            return single(compute(x, y))
        case _:
            return compute(x, y)


def single(value: float) -> float:
    """The value rounded to a 32-bit float."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
