"""Aggregate functions: argument and result types, and the shorthands that others express."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.ir.expr import AggregateCall, Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    Boolean,
    DayTimeInterval,
    Decimal,
    Float,
    Integer,
    Null,
    String,
    Timestamp,
    Type,
    YearMonthInterval,
)
from pyflare.engine.analyze import coerce, decimals
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table
from pyflare.engine.errors import analysis_error
from pyflare.engine.types import sql_name

_NUMBER_OR_INTERVAL = '"NUMERIC" or "ANSI INTERVAL"'


def aggregate(
    a: Arguments, function: str, args: tuple[Expr, ...], type: Type, nullable: bool = True
) -> AggregateCall:
    return AggregateCall(
        function, args, type, nullable, distinct=a.distinct, filter=None, origin=a.origin
    )


def count(a: Arguments) -> Expr:
    """count(*) and count of a constant count rows; else rows without a NULL among the arguments."""
    if not a.args:
        raise analysis_error(
            "WRONG_NUM_ARGS.WITH_SUGGESTION",
            {
                "functionName": "`count`",
                "expectedNum": " >= 1",
                "actualNum": "0",
                "legacyNum": "0",
                "legacyConfKey": '"spark.sql.legacy.allowParameterlessCount"',
                "legacyConfValue": '"true"',
            },
            a.origin,
        )
    constant = all(isinstance(arg, Literal) and arg.value is not None for arg in a.args)
    args = () if constant and not a.distinct else a.args
    return aggregate(a, "count", args, BIGINT, False)


def summable(a: Arguments) -> Expr:
    """The argument of sum and avg: a number or an interval."""
    given = a[0]
    if isinstance(given.type, YearMonthInterval | DayTimeInterval):
        return given
    if not coerce.is_numeric(given.type) and not isinstance(given.type, String | Null):
        if isinstance(given.type, Timestamp):
            return a.cast(given, DOUBLE)
        raise a.unexpected(0, _NUMBER_OR_INTERVAL)
    return a.number(0)


def sum_type(type: Type) -> Type:
    """The type of sum over values of `type`."""
    match type:
        case Integer():
            return BIGINT
        case Float():
            return DOUBLE
        case Decimal(precision, scale):
            return decimals.bounded(precision + 10, scale)
        case YearMonthInterval():
            return YearMonthInterval(type.start, type.end)
        case _:
            return type


def total(a: Arguments) -> Expr:
    value = summable(a)
    if isinstance(value.type, Float):
        value = a.cast(value, DOUBLE)
    return aggregate(a, "sum", (value,), sum_type(value.type))


def average(a: Arguments) -> Expr:
    value = summable(a)
    match value.type:
        case Decimal(precision, scale):
            return aggregate(a, "avg", (value,), decimals.bounded(precision + 4, scale + 4))
        case YearMonthInterval():
            return aggregate(a, "avg", (value,), YearMonthInterval())
        case DayTimeInterval():
            return aggregate(a, "avg", (value,), DayTimeInterval())
        case _:
            return aggregate(a, "avg", (a.cast(value, DOUBLE),), DOUBLE)


def extreme(function: str) -> Callable[[Arguments], Expr]:
    """min, max of any type that has an order."""

    def build(a: Arguments) -> Expr:
        refuse_unordered(a, 0)
        return aggregate(a, function, a.args, a[0].type)

    return build


def refuse_unordered(a: Arguments, index: int) -> None:
    type = a.args[index].type
    if not coerce.orderable(type):
        raise a.mismatch(
            "INVALID_ORDERING_TYPE",
            functionName=f"`{a.name.lower()}`",
            dataType=f'"{sql_name(type)}"',
        )


def positional(function: str) -> Callable[[Arguments], Expr]:
    """first, last, any_value: (x), (x, ignore nulls), or with IGNORE NULLS."""

    def build(a: Arguments) -> Expr:
        ignore = bool(a.ignore_nulls)
        if len(a) == 2:
            flag = a.constant(1, "ignoreNulls")
            if not isinstance(flag, bool):
                raise a.unexpected(1, '"BOOLEAN"')
            ignore = flag
        return aggregate(a, function, (a[0], Literal(ignore, BOOLEAN)), a[0].type)

    return build


def logical(function: str) -> Callable[[Arguments], Expr]:
    """bool_and, bool_or."""

    def build(a: Arguments) -> Expr:
        if not isinstance(a[0].type, Boolean | Null | String):
            raise a.unexpected(0, '"BOOLEAN"')
        return aggregate(a, function, (a.cast(a[0], BOOLEAN),), BOOLEAN)

    return build


def moment(function: str, arity: int = 1) -> Builtin:
    """A statistic of doubles."""

    def build(a: Arguments) -> Expr:
        args = tuple([a.wants(index, DOUBLE) for index in range(arity)])
        return aggregate(a, function, args, DOUBLE)

    return Builtin(arity, arity, build, aggregate=True)


def bits(function: str) -> Callable[[Arguments], Expr]:
    def build(a: Arguments) -> Expr:
        value = a.integral(0)
        return aggregate(a, function, (value,), value.type)

    return build


def by(function: str) -> Callable[[Arguments], Expr]:
    """min_by, max_by: the first argument where the second is extreme."""

    def build(a: Arguments) -> Expr:
        if len(a) == 3:
            raise a.not_supported("of several values")
        refuse_unordered(a, 1)
        return aggregate(a, function, a.args, a[0].type)

    return build


def count_if(a: Arguments) -> Expr:
    """count(*) FILTER (WHERE condition)"""
    if a.distinct:
        raise a.not_supported("with DISTINCT")
    if not isinstance(a[0].type, Boolean | Null | String):
        raise a.unexpected(0, '"BOOLEAN"')
    condition = a.cast(a[0], BOOLEAN)
    return AggregateCall("count", (), BIGINT, False, filter=condition, origin=a.origin)


def product(a: Arguments) -> Expr:
    return aggregate(a, "product", (a.wants(0, DOUBLE),), DOUBLE)


def distinct_count(a: Arguments) -> Expr:
    """approx_count_distinct, answered exactly: count(DISTINCT x)"""
    return AggregateCall("count", (a[0],), BIGINT, False, distinct=True, origin=a.origin)


def _of(build: Callable[[Arguments], Expr], least: int = 1, most: int | None = 1) -> Builtin:
    return Builtin(least, most, build, aggregate=True)


TABLE: Table = {
    "count": _of(count, 0, None),
    "sum": _of(total),
    "avg": _of(average),
    "mean": _of(average),
    "min": _of(extreme("min")),
    "max": _of(extreme("max")),
    "first": _of(positional("first"), 1, 2),
    "first_value": _of(positional("first"), 1, 2),
    "last": _of(positional("last"), 1, 2),
    "last_value": _of(positional("last"), 1, 2),
    "any_value": _of(positional("any_value"), 1, 2),
    "bool_and": _of(logical("bool_and")),
    "every": _of(logical("bool_and")),
    "bool_or": _of(logical("bool_or")),
    "some": _of(logical("bool_or")),
    "any": _of(logical("bool_or")),
    "stddev": moment("stddev_samp"),
    "std": moment("stddev_samp"),
    "stddev_samp": moment("stddev_samp"),
    "stddev_pop": moment("stddev_pop"),
    "variance": moment("var_samp"),
    "var_samp": moment("var_samp"),
    "var_pop": moment("var_pop"),
    "skewness": moment("skewness"),
    "kurtosis": moment("kurtosis"),
    "corr": moment("corr", 2),
    "covar_samp": moment("covar_samp", 2),
    "covar_pop": moment("covar_pop", 2),
    "bit_and": _of(bits("bit_and")),
    "bit_or": _of(bits("bit_or")),
    "bit_xor": _of(bits("bit_xor")),
    "min_by": _of(by("min_by"), 2, 3),
    "max_by": _of(by("max_by"), 2, 3),
    "count_if": _of(count_if),
    "product": _of(product),
    "approx_count_distinct": _of(distinct_count, 1, 2),
}
