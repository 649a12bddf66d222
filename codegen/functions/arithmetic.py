"""Integer and float arithmetic with ANSI checks that ranges do not prove away."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid, type_range
from pyflare.codegen.emit.value import Val, bits
from pyflare.codegen.functions import decimals
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import Decimal, Float, Integer, Type

Range: TypeAlias = tuple[int, int]


def hull(*corners: int) -> Range:
    return min(corners), max(corners)


def type_bounds(type_: Type) -> Range:
    proved = type_range(type_)
    assert proved is not None
    return proved


def inside(range_: Range, outer: Range) -> bool:
    return outer[0] <= range_[0] and range_[1] <= outer[1]


# ---------------------------------------------------------------- add, sub, mul


def py_checked(compute: Callable[[Any, Any], Any], name: str) -> Callable[..., Any]:
    """`compute` on integers within the type, floats, or decimals."""

    def python(call: Call, x: Any, y: Any) -> Any:
        match call.type:
            case Decimal():
                return decimals.python(name, call, x, y)
            case Float(32):
                return decimals.single(compute(x, y))
            case Float():
                return compute(x, y)
            case _:
                return in_range(call.type, compute(x, y))

    return python


def in_range(type_: Type, value: int) -> int:
    lo, hi = type_bounds(type_)
    if not lo <= value <= hi:
        raise Fails(Failure.ARITHMETIC_OVERFLOW)
    return value


@function("add", py_checked(lambda x, y: x + y, "add"))
def add(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    if isinstance(call.type, Decimal):
        return decimals.add(call, x, y, context)
    if isinstance(call.type, Float):
        return Value(call.type, x.data + y.data, all_valid(x, y))
    (a, b), (c, d) = bounds(x), bounds(y)
    return _additive(call, x, y, (a + c, b + d), context, lambda p, q: p + q, _add_overflow)


@function("sub", py_checked(lambda x, y: x - y, "sub"))
def sub(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    if isinstance(call.type, Decimal):
        return decimals.sub(call, x, y, context)
    if isinstance(call.type, Float):
        return Value(call.type, x.data - y.data, all_valid(x, y))
    (a, b), (c, d) = bounds(x), bounds(y)
    return _additive(call, x, y, (a - d, b - c), context, lambda p, q: p - q, _sub_overflow)


def _add_overflow(x: Val, y: Val, result: Val) -> Val:
    """Signs: both operands differ from the result's."""
    return ((x ^ result) & (y ^ result)) < 0


def _sub_overflow(x: Val, y: Val, result: Val) -> Val:
    return ((x ^ y) & (x ^ result)) < 0


def _additive(
    call: Call,
    x: Value,
    y: Value,
    exact: Range,
    context: Context,
    compute: Callable[[Val, Val], Val],
    overflow: Callable[[Val, Val, Val], Val],
) -> Value:
    limits = type_bounds(call.type)
    valid = all_valid(x, y)
    if inside(exact, limits):
        lane = lane_for(*exact)
        return integer(call.type, compute(x.data.resize(lane), y.data.resize(lane)), *exact, valid)
    lane = lane_for(*limits)
    left, right = x.data.resize(lane), y.data.resize(lane)
    result = compute(left, right)
    fail(context, Failure.ARITHMETIC_OVERFLOW, overflow(left, right, result), (x, y), call)
    return integer(call.type, result, max(exact[0], limits[0]), min(exact[1], limits[1]), valid)


@function("mul", py_checked(lambda x, y: x * y, "mul"))
def mul(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    if isinstance(call.type, Decimal):
        return decimals.mul(call, x, y, context)
    valid = all_valid(x, y)
    if isinstance(call.type, Float):
        return Value(call.type, x.data * y.data, valid)
    (a, b), (c, d) = bounds(x), bounds(y)
    exact = hull(a * c, a * d, b * c, b * d)
    limits = type_bounds(call.type)
    if inside(exact, limits):
        lane = lane_for(*exact)
        return integer(call.type, x.data.resize(lane) * y.data.resize(lane), *exact, valid)
    lane = lane_for(*limits)
    if bits(lane) < 64:
        wide = f"i{2 * bits(lane)}"
        product = x.data.resize(wide) * y.data.resize(wide)
        result = product.trunc(lane)
        overflow = result.sext(wide) != product
    else:
        result, overflow = multiply_overflow(x.data.resize(lane), y.data.resize(lane))
    fail(context, Failure.ARITHMETIC_OVERFLOW, overflow, (x, y), call)
    return integer(call.type, result, max(exact[0], limits[0]), min(exact[1], limits[1]), valid)


def multiply_overflow(x: Val, y: Val) -> tuple[Val, Val]:
    """The wrapped product and whether it overflowed."""
    code, lane = x.code, x.type
    both = code.intrinsic(f"llvm.smul.with.overflow.{lane}", f"{{ {lane}, i1 }}", x, y)
    return (
        code.value("prod", lane, f"extractvalue {both.type} {both.ref}, 0"),
        code.value("over", "i1", f"extractvalue {both.type} {both.ref}, 1"),
    )


# ---------------------------------------------------------------- div, intdiv, mod, pmod


def py_div(call: Call, x: Any, y: Any) -> Any:
    if y == 0:
        raise Fails(Failure.DIVIDE_BY_ZERO)
    if isinstance(call.type, Decimal):
        return decimals.python("div", call, x, y)
    return decimals.single(x / y) if call.type == Float(32) else ieee_div(x, y)


def ieee_div(x: float, y: float) -> float:
    """x / y for y other than zero; Python's division is IEEE's there."""
    return x / y


@function("div", py_div)
def div(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    if isinstance(call.type, Decimal):
        return decimals.div(call, x, y, context)
    assert isinstance(call.type, Float)
    fail(context, Failure.DIVIDE_BY_ZERO, y.data == 0.0, (x, y), call)
    return Value(call.type, x.data / y.data, all_valid(x, y))


def truncated(x: int, y: int) -> int:
    """The quotient rounded toward zero, as machines and Java divide."""
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def py_intdiv(call: Call, x: Any, y: Any) -> Any:
    if y == 0:
        raise Fails(Failure.DIVIDE_BY_ZERO)
    left, right = call.args[0].type, call.args[1].type
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        scale = max(left.scale, right.scale)
        x, y = x * 10 ** (scale - left.scale), y * 10 ** (scale - right.scale)
    return in_range(call.type, truncated(x, y))


def divisor(y: Val, lo: int, hi: int, valid: Val | None) -> Val:
    """`y` with 1 in place of 0, so that no garbage and no failing row traps."""
    if valid is None and not lo <= 0 <= hi:
        return y
    return (y == 0).select(y.code.const(1, y.type), y)


@function("intdiv", py_intdiv)
def intdiv(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    left, right = decimals.same_scale(x, y)
    (a, b), (c, d) = (left.lo, left.hi), (right.lo, right.hi)
    # one bit more than both need: MIN / -1 cannot trap
    lane = lane_for(min(a, c, -b - 1), max(b, d, -a + 1))
    p, q = left.data.resize(lane), right.data.resize(lane)
    if c <= 0 <= d:
        fail(context, Failure.DIVIDE_BY_ZERO, q == 0, (x, y), call)
    quotient = decimals.quotient(p, divisor(q, c, d, all_valid(x, y)), a >= 0 and c >= 0)
    reach = max(abs(a), abs(b))
    limits = type_bounds(call.type)
    lo, hi = (0 if a >= 0 and c >= 0 else -reach), reach
    if not inside((lo, hi), limits):
        over = quotient > limits[1] if lane != "i64" else p.code.false
        if lo < limits[0]:
            over = over | (quotient < limits[0])
        fail(context, Failure.ARITHMETIC_OVERFLOW, over, (x, y), call)
        lo, hi = max(lo, limits[0]), min(hi, limits[1])
    return integer(call.type, quotient.resize(lane_for(lo, hi)), lo, hi, all_valid(x, y))


def java_remainder(x: Any, y: Any) -> Any:
    """The remainder with the sign of the dividend."""
    if isinstance(x, float):
        return math.nan if math.isinf(x) or math.isnan(x) or math.isnan(y) else math.fmod(x, y)
    return x - y * truncated(x, y)


def py_mod(call: Call, x: Any, y: Any) -> Any:
    if y == 0:
        raise Fails(Failure.REMAINDER_BY_ZERO)
    return decimals.python_at_common_scale(call, x, y, java_remainder)


def py_pmod(call: Call, x: Any, y: Any) -> Any:
    """(x mod y + y) mod y, which is positive for positive y; the sum wraps as Java's does."""
    if y == 0:
        raise Fails(Failure.REMAINDER_BY_ZERO)

    def compute(p: Any, q: Any) -> Any:
        remainder = java_remainder(p, q)
        if not remainder < 0:
            return remainder
        moved = remainder + q
        if isinstance(call.type, Integer) and call.type.bits >= 32:
            lo, hi = type_bounds(call.type)
            moved = (moved - lo) % (hi - lo + 1) + lo
        return java_remainder(moved, q)

    return decimals.python_at_common_scale(call, x, y, compute)


@function("mod", py_mod)
def mod(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return _remainder(call, args, context, positive=False)


@function("pmod", py_pmod)
def pmod(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return _remainder(call, args, context, positive=True)


def _remainder(call: Call, args: tuple[Value, ...], context: Context, positive: bool) -> Value:
    x, y = args
    valid = all_valid(x, y)
    if isinstance(call.type, Float):
        fail(context, Failure.REMAINDER_BY_ZERO, y.data == 0.0, (x, y), call)
        rest = x.data.frem(y.data)
        if positive:
            rest = (rest < 0.0).select((rest + y.data).frem(y.data), rest)
        return Value(call.type, rest, valid)
    left, right = decimals.same_scale(x, y)
    (a, b), (c, d) = (left.lo, left.hi), (right.lo, right.hi)
    lane = lane_for(min(a, c, -b - 1) + min(c, -d), max(b, d, -a + 1) + max(d, -c))
    p, q = left.data.resize(lane), right.data.resize(lane)
    if c <= 0 <= d:
        fail(context, Failure.REMAINDER_BY_ZERO, q == 0, (x, y), call)
    q = divisor(q, c, d, valid)
    natural = a >= 0 and c >= 0
    rest = decimals.remainder(p, q, natural)
    most = max(abs(c), abs(d), 1) - 1
    lo, hi = max(-most, min(a, 0)), min(most, max(b, 0))
    if positive and not natural:
        moved = rest + q
        if isinstance(call.type, Integer) and 32 <= call.type.bits < bits(lane):
            moved = moved.trunc(f"i{call.type.bits}").sext(lane)
        rest = (rest < 0).select(decimals.remainder(moved, q, False), rest)
        lo, hi = -most, most
    number = decimals.Number(rest, lo, hi, left.scale)
    if isinstance(call.type, Decimal):
        return decimals.result(call, number, (x, y), context)
    return integer(call.type, rest.resize(lane_for(lo, hi)), lo, hi, valid)


# ---------------------------------------------------------------- neg, abs, sign


def py_neg(call: Call, x: Any) -> Any:
    return in_range(call.type, -x) if isinstance(call.type, Integer) else -x


@function("neg", py_neg)
def neg(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (x,) = args
    if isinstance(call.type, Float):
        return Value(call.type, -x.data, x.valid, finite=x.finite)
    lo, hi = bounds(x)
    return _within(call, x, (-hi, -lo), context, lambda data: -data)


def py_abs(call: Call, x: Any) -> Any:
    return in_range(call.type, abs(x)) if isinstance(call.type, Integer) else abs(x)


@function("abs", py_abs)
def absolute(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (x,) = args
    if isinstance(call.type, Float):
        return Value(call.type, x.data.code.unary("fabs", x.data), x.valid, finite=x.finite)
    lo, hi = bounds(x)
    if lo >= 0:
        return x
    exact = (0, max(-lo, hi))
    return _within(call, x, exact, context, lambda data: (data < 0).select(-data, data))


def _within(
    call: Call, x: Value, exact: Range, context: Context, compute: Callable[[Val], Val]
) -> Value:
    """`compute` in a lane that holds its result, checked against the type where that may fail."""
    lane = lane_for(min(exact[0], bounds(x)[0]), max(exact[1], bounds(x)[1]))
    result = compute(x.data.resize(lane))
    limits = type_bounds(call.type)
    if not inside(exact, limits):
        over = (result > limits[1]) | (result < limits[0])
        fail(context, Failure.ARITHMETIC_OVERFLOW, over, (x,), call)
        exact = max(exact[0], limits[0]), min(exact[1], limits[1])
    return integer(call.type, result.resize(lane_for(*exact)), *exact, x.valid)


def py_sign(call: Call, x: Any) -> Any:
    if isinstance(call.type, Float):
        return x if x == 0 or math.isnan(x) else math.copysign(1.0, x)
    one = 10**call.type.scale if isinstance(call.type, Decimal) else 1
    return one * ((x > 0) - (x < 0))


@function("sign", py_sign)
def sign(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (x,) = args
    code = context.code
    if isinstance(call.type, Float):
        unit = code.binary("copysign", code.const(1.0, x.data.type), x.data)
        keep = (x.data == 0.0) | x.data.unordered()
        return Value(call.type, keep.select(x.data, unit), x.valid, finite=x.finite)
    one = 10**call.type.scale if isinstance(call.type, Decimal) else 1
    lane = lane_for(-one, one)
    positive = (x.data > 0).select(code.const(one, lane), 0)
    return integer(
        call.type, (x.data < 0).select(code.const(-one, lane), positive), -one, one, x.valid
    )
