"""Functions of numbers: rounding, roots, logarithms, angles, random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

from pyflare.codegen.ir.expr import Case, Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INT,
    Decimal,
    Integer,
    Type,
)
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table


def rounding(function: str) -> Callable[[Arguments], Expr]:
    """round, bround to a number of places that is written in the query."""

    def build(a: Arguments) -> Expr:
        value = a.number(0)
        scale = 0
        if len(a) == 2:
            given = a.integer_constant(1, "scale")
            if given is None:
                return Literal(None, value.type)
            scale = given
        args = (value, Literal(scale, INT))
        return a.call(function, args, rounded_type(value.type, scale), True)

    return build


def rounded_type(type: Type, scale: int) -> Type:
    """The decimal that holds a rounded decimal; other types stay."""
    if not isinstance(type, Decimal):
        return type
    whole = type.precision - type.scale + 1
    if scale < 0:
        # -scale digits in front of the point become zeros, and one more may carry
        return Decimal(min(max(whole, -scale + 1), 38), 0)
    kept = min(type.scale, scale)
    return Decimal(min(whole + kept, 38), kept)


def whole(function: str) -> Callable[[Arguments], Expr]:
    """ceil, floor: a bigint of doubles and integers, a decimal of decimals."""

    def build(a: Arguments) -> Expr:
        if len(a) == 2:
            return _to_places(function, a)
        value = a.number(0)
        match value.type:
            case Decimal(precision, scale):
                if scale == 0:
                    return a.call(function, (value,), Decimal(min(precision + 1, 38), 0), True)
                result = Decimal(min(precision - scale + 1, 38), 0)
                return a.call(function, (value,), result, True)
            case Integer():
                return a.cast(value, BIGINT)
            case _:
                return a.call(function, (a.cast(value, DOUBLE),), BIGINT, True)

    return build


def _to_places(function: str, a: Arguments) -> Expr:
    raise a.not_supported("with a number of places")


def real(function: str) -> Builtin:
    """A function of a double; Spark calls them all nullable, and logarithms are, outside their
    domain."""
    return Builtin(1, 1, lambda a: a.call(function, (a.wants(0, DOUBLE),), DOUBLE, True))


def real2(function: str) -> Builtin:
    return Builtin(
        2, 2, lambda a: a.call(function, (a.wants(0, DOUBLE), a.wants(1, DOUBLE)), DOUBLE)
    )


def log(a: Arguments) -> Expr:
    """log(x) is ln; log(base, x) = ln x / ln base"""
    if len(a) == 1:
        return a.call("ln", (a.wants(0, DOUBLE),), DOUBLE, True)
    base = a.call("ln", (a.wants(0, DOUBLE),), DOUBLE, True)
    value = a.call("ln", (a.wants(1, DOUBLE),), DOUBLE, True)
    # Spark divides Java doubles here: base 1 gives infinity or NaN, not an error
    zero = a.call("eq", (base, Literal(0.0, DOUBLE)), BOOLEAN, True)
    raise_free = a.call("null_div", (value, base), DOUBLE, True)
    sign = Case(
        (
            (a.call("gt", (value, Literal(0.0, DOUBLE)), BOOLEAN, True), Literal(math.inf, DOUBLE)),
            (
                a.call("lt", (value, Literal(0.0, DOUBLE)), BOOLEAN, True),
                Literal(-math.inf, DOUBLE),
            ),
        ),
        Literal(math.nan, DOUBLE),
        DOUBLE,
        False,
    )
    return Case(((zero, sign),), raise_free, DOUBLE, True)


def constant(value: float) -> Builtin:
    return Builtin(0, 0, lambda a: Literal(value, DOUBLE))


def factorial(a: Arguments) -> Expr:
    return a.call("factorial", (a.wants(0, INT),), BIGINT, True)


def sign(a: Arguments) -> Expr:
    if coerce.is_interval(a[0].type):
        raise a.not_supported("of an interval")
    return a.call("sign", (a.wants(0, DOUBLE),), DOUBLE, True)


def width_bucket(a: Arguments) -> Expr:
    """The number of the bucket, of `n` equal ones between low and high, that holds the value;
    0 or n + 1 outside. High may lie below low."""
    if any(coerce.is_interval(arg.type) for arg in a.args):
        raise a.not_supported("of intervals")
    value, low, high = (a.wants(index, DOUBLE) for index in range(3))
    count = a.wants(3, BIGINT)
    real_count = a.cast(count, DOUBLE)

    def part(distance: Expr, whole: Expr) -> Expr:
        share = a.call("null_div", (a.call("mul", (real_count, distance), DOUBLE), whole), DOUBLE)
        return a.call("add", (a.call("floor", (share,), BIGINT), Literal(1, BIGINT)), BIGINT)

    def minus(x: Expr, y: Expr) -> Expr:
        return a.call("sub", (x, y), DOUBLE)

    def test(function: str, x: Expr, y: Expr) -> Expr:
        return a.call(function, (x, y), BOOLEAN)

    after = a.call("add", (count, Literal(1, BIGINT)), BIGINT)
    nothing, zero = Literal(None, BIGINT), Literal(0, BIGINT)
    infinite = [test("eq", a.call("abs", (e,), DOUBLE), _INFINITY) for e in (low, high)]
    unusable = a.call(
        "or",
        (
            test("le", count, zero),
            test("eq", count, Literal((1 << 63) - 1, BIGINT)),
            test("eq", low, high),
            *infinite,
            *(a.call("is_nan", (e,), BOOLEAN, False) for e in (value, low, high)),
            *(a.call("is_null", (e,), BOOLEAN, False) for e in (value, low, high, count)),
        ),
        BOOLEAN,
    )
    rising = Case(
        ((test("lt", value, low), zero), (test("ge", value, high), after)),
        part(minus(value, low), minus(high, low)),
        BIGINT,
    )
    falling = Case(
        ((test("gt", value, low), zero), (test("le", value, high), after)),
        part(minus(low, value), minus(low, high)),
        BIGINT,
    )
    return Case(((unusable, nothing), (test("lt", low, high), rising)), falling, BIGINT)


_INFINITY = Literal(math.inf, DOUBLE)


def random(function: str) -> Callable[[Arguments], Expr]:
    """rand, randn"""

    def build(a: Arguments) -> Expr:
        if not a.args:
            return a.call(function, (Literal(a.seed(), BIGINT),), DOUBLE, False)
        seed = a.integer_constant(0, "seed")
        return a.call(function, (Literal(seed or 0, BIGINT),), DOUBLE, False)

    return build


TABLE: Table = {
    "round": Builtin(1, 2, rounding("round")),
    "bround": Builtin(1, 2, rounding("bround")),
    "ceil": Builtin(1, 2, whole("ceil")),
    "ceiling": Builtin(1, 2, whole("ceil")),
    "floor": Builtin(1, 2, whole("floor")),
    "sqrt": real("sqrt"),
    "cbrt": real("cbrt"),
    "exp": real("exp"),
    "expm1": real("expm1"),
    "ln": real("ln"),
    "log": Builtin(1, 2, log),
    "log10": real("log10"),
    "log2": real("log2"),
    "log1p": real("log1p"),
    "pow": real2("pow"),
    "power": real2("pow"),
    "sin": real("sin"),
    "cos": real("cos"),
    "tan": real("tan"),
    "asin": real("asin"),
    "acos": real("acos"),
    "atan": real("atan"),
    "atan2": real2("atan2"),
    "sinh": real("sinh"),
    "cosh": real("cosh"),
    "tanh": real("tanh"),
    "asinh": real("asinh"),
    "acosh": real("acosh"),
    "atanh": real("atanh"),
    "cot": real("cot"),
    "sec": real("sec"),
    "csc": real("csc"),
    "degrees": real("degrees"),
    "radians": real("radians"),
    "rint": real("rint"),
    "hypot": real2("hypot"),
    "sign": Builtin(1, 1, sign),
    "signum": Builtin(1, 1, sign),
    "factorial": Builtin(1, 1, factorial),
    "e": constant(math.e),
    "pi": constant(math.pi),
    "width_bucket": Builtin(4, 4, width_bucket),
    "rand": Builtin(0, 1, random("rand")),
    "random": Builtin(0, 1, random("rand")),
    "randn": Builtin(0, 1, random("randn")),
}
