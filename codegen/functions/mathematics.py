"""Functions of real numbers: the machine's own, the C library's, and rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid, type_range
from pyflare.codegen.emit.value import F64, I64, Val
from pyflare.codegen.functions import decimals
from pyflare.codegen.functions.callbacks import called as call_python
from pyflare.codegen.functions.decimals import Number, half_up, number, single
from pyflare.codegen.functions.division import divide_by_constant
from pyflare.codegen.functions.formats import floating
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.values import fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Literal
from pyflare.codegen.ir.types import Decimal, Float, Integer
from pyflare.codegen.unsupported import Unsupported

Stage = Callable[[Val], Val]


def guarded(compute: Callable[..., float]) -> Callable[..., float]:
    """Python's function with NaN and infinity in place of its exceptions."""

    def python(call: Call | None, *args: float) -> float:
        try:
            return compute(*args)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf
        except ZeroDivisionError:
            return math.inf

    return python


def libm(name: str) -> Stage:
    return lambda x: _called(x, name)


def _called(x: Val, name: str) -> Val:
    result = x.code.call(name, F64, x, declare=f"declare double @{name}(double)")
    assert result is not None
    return result


def real(name: str, python: Callable[..., float], stage: Stage) -> None:
    """Enters a function of one double."""

    @function(name, guarded(python))
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (x,) = args
        return Value(call.type, stage(x.data), x.valid)


def partial(name: str, python: Callable[..., float], stage: Stage, above: float) -> None:
    """Enters a logarithm: NULL where its argument is not above `above`."""

    def define(call: Call, x: float) -> float | None:
        return None if x <= above else guarded(python)(call, x)

    @function(name, define)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (x,) = args
        # NaN is inside: it compares with nothing
        inside = ~(x.data <= above)
        valid = inside if x.valid is None else inside & x.valid
        return Value(call.type, stage(x.data), valid)


def intrinsic(name: str) -> Stage:
    return lambda x: x.code.unary(name, x)


def cbrt(x: float) -> float:
    return math.cbrt(x)


def rint(x: float) -> float:
    """To an even integer on a tie, with the sign of x."""
    if not math.isfinite(x) or abs(x) >= 1 << 52:
        return x
    return math.copysign(float(round(x)), x)


def cotangent(x: float) -> float:
    tangent = math.tan(x)
    return math.copysign(math.inf, tangent) if tangent == 0 else 1.0 / tangent


real("sqrt", math.sqrt, intrinsic("sqrt"))
real("exp", math.exp, libm("exp"))
real("expm1", math.expm1, libm("expm1"))
real("cbrt", cbrt, libm("cbrt"))
real("sinh", lambda x: math.copysign(guarded(math.sinh)(None, abs(x)), x), libm("sinh"))
real("atanh", lambda x: math.copysign(math.inf, x) if abs(x) == 1 else math.atanh(x), libm("atanh"))
for symbol in ("sin", "cos", "tan", "asin", "acos", "atan", "cosh", "tanh", "asinh", "acosh"):
    real(symbol, getattr(math, symbol), libm(symbol))
real("cot", cotangent, lambda x: _reciprocal(x, "tan"))
real("sec", lambda x: 1.0 / math.cos(x), lambda x: _reciprocal(x, "cos"))
real(
    "csc",
    lambda x: 1.0 / math.sin(x) if math.sin(x) else math.copysign(math.inf, x),
    lambda x: _reciprocal(x, "sin"),
)
real("degrees", lambda x: x * (180.0 / math.pi), lambda x: x * (180.0 / math.pi))
real("radians", lambda x: x * (math.pi / 180.0), lambda x: x * (math.pi / 180.0))
real("rint", rint, intrinsic("rint"))
partial("ln", math.log, libm("log"), 0.0)
partial("log10", math.log10, libm("log10"), 0.0)
LN2 = math.log(2.0)
partial("log2", lambda x: math.log(x) / LN2, lambda x: _called(x, "log") / LN2, 0.0)
partial("log1p", math.log1p, libm("log1p"), -1.0)


def _reciprocal(x: Val, name: str) -> Val:
    return x.code.const(1.0, F64) / _called(x, name)


def python_pow(x: float, y: float) -> float:
    """Java's Math.pow, which gives NaN for 1 to the power of NaN or infinity."""
    if math.isnan(y) or (abs(x) == 1.0 and math.isinf(y)):
        return math.nan
    try:
        return math.pow(x, y)
    except ValueError:
        if x == 0:
            odd = y == math.floor(y) and math.fmod(y, 2.0) != 0
            return math.copysign(math.inf, x) if odd else math.inf
        return math.nan
    except OverflowError:
        odd = y == math.floor(y) and math.fmod(y, 2.0) != 0
        return -math.inf if x < 0 and odd else math.inf


@function("pow", lambda call, x, y: python_pow(x, y))
def power(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    result = context.code.call(
        "pow", F64, x.data, y.data, declare="declare double @pow(double, double)"
    )
    assert result is not None
    nan = y.data.unordered()
    one = context.code.unary("fabs", x.data) == 1.0
    nan = nan | (one & (context.code.unary("fabs", y.data) == math.inf))
    return Value(call.type, nan.select(context.code.const(math.nan, F64), result), all_valid(x, y))


def two(name: str, python: Callable[[float, float], float], plus: float = -0.0) -> None:
    """Enters a function of two doubles from the C library; adding 0.0 makes -0.0 positive."""

    @function(name, guarded(lambda x, y: python(x + plus, y + plus)))
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        x, y = args
        declare = f"declare double @{name}(double, double)"
        result = context.code.call(name, F64, x.data + plus, y.data + plus, declare=declare)
        assert result is not None
        return Value(call.type, result, all_valid(x, y))


two("atan2", math.atan2, 0.0)
two("hypot", math.hypot)


@function("nanvl", lambda call, x, y: None if x is None else y if math.isnan(x) else x, False)
def nanvl(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The second argument where the first is NaN."""
    x, y = args
    nan = x.data.unordered()
    valid = x.valid
    if y.valid is not None:
        used = ~nan | y.valid
        valid = used if valid is None else valid & used
    return Value(call.type, nan.select(y.data, x.data), valid, finite=y.finite)


@function("factorial", lambda call, n: math.factorial(n) if 0 <= n <= 20 else None)
def factorial(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """NULL outside of 0 … 20."""
    (x,) = args
    n = x.data.sext(I64)
    inside = n.ule(20)
    data = b"".join(math.factorial(k).to_bytes(8, "little") for k in range(21))
    table = context.table(data, "factorials")
    found = table.at(I64, inside.select(n, 0)).load(I64)
    valid = inside if x.valid is None else inside & x.valid
    return integer(call.type, found, 0, math.factorial(20), valid)


# ---------------------------------------------------------------- ceil, floor


def py_whole(call: Call, x: Any, up: bool) -> Any:
    if isinstance(call.args[0].type, Decimal):
        power_ = 10 ** call.args[0].type.scale
        return -(-x // power_) if up else x // power_
    if math.isnan(x):
        return 0
    if not -(2.0**63) <= x <= 2.0**63:
        raise Fails(Failure.ARITHMETIC_OVERFLOW)
    # 2^63 itself passes, as Spark compares with a double
    return min(math.ceil(x) if up else math.floor(x), (1 << 63) - 1)


def whole(name: str, up: bool) -> None:
    """Enters ceil or floor; NaN gives 0."""

    @function(name, lambda call, x: py_whole(call, x, up))
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (x,) = args
        code = context.code
        if isinstance(x.type, Float):
            limits = type_range(call.type)
            assert limits is not None
            over = code.unary("fabs", x.data) > 2.0**63
            fail(context, Failure.ARITHMETIC_OVERFLOW, over, (x,), call)
            data = code.unary(name, x.data).fptosi_sat(I64)
            return integer(call.type, data, *limits, x.valid)
        exact = number(x)
        power_ = 10**exact.scale
        lo, hi = exact.lo // power_, -(-exact.hi // power_)
        lane = lane_for(min(exact.lo - power_, -power_), max(exact.hi + power_, power_))
        data = exact.data.resize(lane)
        quotient = divide_by_constant(data, power_, natural=exact.lo >= 0)
        rest = data - quotient * power_
        moved = (rest > 0).zext(lane) if up else (rest < 0).sext(lane)
        quotient = quotient + moved
        if isinstance(call.type, Decimal):
            return decimals.fitted(call, call.type, Number(quotient, lo, hi, 0), (x,), context)
        return integer(call.type, quotient, lo, hi, x.valid)


whole("ceil", up=True)
whole("floor", up=False)


# ---------------------------------------------------------------- round, bround


def half_even(value: int, power_: int) -> int:
    """value / power_ rounded to the nearest, ties to even."""
    quotient, rest = divmod(value, power_)
    up = 2 * rest > power_ or (2 * rest == power_ and quotient % 2 == 1)
    return quotient + up


def py_round(call: Call, x: Any, places: int) -> Any:
    nearest = half_up if call.function == "round" else half_even
    match call.args[0].type:
        case Float(bits):
            if not math.isfinite(x):
                return x
            # Java's text of a float is the number that is rounded
            text = Fraction(repr(x)) if bits == 64 else Fraction(floating(x, 32))
            scaled = text * Fraction(10) ** places
            rounded = nearest(scaled.numerator, scaled.denominator)
            value = Fraction(rounded) / Fraction(10) ** places
            result = _to_float(value, x)
            return single(result) if bits == 32 else result
        case Decimal(_, scale):
            assert isinstance(call.type, Decimal)
            kept = nearest(x, 10 ** (scale - places)) if places < scale else x
            return decimals.fit(
                decimals.rescaled(kept, min(places, scale), call.type.scale), call.type
            )
        case _:
            if places >= 0:
                return x
            rounded = nearest(x, 10**-places) * 10**-places
            limits = type_range(call.type)
            assert limits is not None
            if not limits[0] <= rounded <= limits[1]:
                raise Fails(Failure.ARITHMETIC_OVERFLOW)
            return rounded


def _to_float(value: Fraction, like: float) -> float:
    """The double; a result of zero has no sign, as BigDecimal has none."""
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.copysign(math.inf, like)


def rounding(name: str) -> None:
    """Enters round (HALF_UP) or bround (HALF_EVEN) to a literal number of places."""

    @function(name, py_round)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        x = args[0]
        match call.args[1]:
            case Literal(int() as places):
                pass
            case _:
                raise Unsupported(f"{name} to places that are no literal")
        if isinstance(x.type, Float):
            return call_python(call, args, context)
        scale = x.type.scale if isinstance(x.type, Decimal) else 0
        if isinstance(x.type, Integer) and places >= 0:
            return x
        exact = number(x)
        if places < scale:
            exact = _rounded(exact, 10 ** (scale - places), places, name == "round")
        if isinstance(call.type, Decimal):
            if exact.scale < 0:
                exact = _without_point(exact)
            return decimals.fitted(call, call.type, exact, (x,), context)
        exact = _without_point(exact)
        limits = type_range(call.type)
        assert limits is not None
        over = decimals.beyond(exact, *limits)
        lo, hi = max(exact.lo, limits[0]), min(exact.hi, limits[1])
        if over is not None:
            fail(context, Failure.ARITHMETIC_OVERFLOW, over, (x,), call)
        return integer(call.type, exact.data.resize(lane_for(lo, hi)), lo, hi, x.valid)


def _rounded(exact: Number, power_: int, places: int, up: bool) -> Number:
    """The number divided by a power of ten, to the nearest."""
    nearest = half_up if up else half_even
    lo, hi = nearest(exact.lo, power_), nearest(exact.hi, power_)
    most = max(abs(exact.lo), abs(exact.hi)) + power_
    lane = lane_for(-most, most)
    data = exact.data.resize(lane)
    magnitude = (data < 0).select(-data, data)
    quotient = divide_by_constant(magnitude, power_, natural=True)
    rest = magnitude - quotient * power_
    half = power_ // 2
    carry = rest >= half
    if not up:
        carry = (rest > half) | ((rest == half) & ((quotient & 1) == 1))
    quotient = quotient + carry.zext(lane)
    signed = (data < 0).select(-quotient, quotient)
    return Number(signed.resize(lane_for(lo, hi)), lo, hi, places)


def _without_point(exact: Number) -> Number:
    """A number of a negative scale with its zeros."""
    factor = 10**-exact.scale
    lo, hi = exact.lo * factor, exact.hi * factor
    lane = lane_for(min(lo, -factor), max(hi, factor))
    return Number(exact.data.resize(lane) * factor, lo, hi, 0)


rounding("round")
rounding("bround")
