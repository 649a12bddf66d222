"""Aggregate functions in plain Python, over the rows of one group."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.functions.comparison import order_key
from pyflare.codegen.functions.decimals import half_up
from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.interpret.failure import EvaluationError
from pyflare.codegen.ir.expr import AggregateCall
from pyflare.codegen.ir.types import (
    DayTimeInterval,
    Decimal,
    Float,
    YearMonthInterval,
)

Rows: TypeAlias = Sequence[Mapping[int, object]]
INTERVAL_BITS = {YearMonthInterval: 32, DayTimeInterval: 64}


def aggregate(call: AggregateCall, rows: Rows) -> Any:
    """The value of `call` over a group."""
    assert not call.distinct
    if call.filter is not None:
        rows = [row for row in rows if evaluate(call.filter, row) is True]
    tuples = [tuple(evaluate(arg, row) for arg in call.args) for row in rows]
    complete = [values for values in tuples if None not in values]
    match call.function:
        case "count":
            return len(complete)
        case "first" | "any_value" | "last":
            return _positional(call, tuples)
        case "min_by" | "max_by":
            return _extreme_by(call.function, [v for v in tuples if v[1] is not None])
    if not complete:
        return None
    if len(complete[0]) == 2:
        return TWO[call.function](complete)
    return ONE[call.function](call, [value for (value,) in complete])


def _positional(call: AggregateCall, tuples: list[tuple[Any, ...]]) -> Any:
    """first, last, any_value: (x, ignore_nulls)."""
    present = [v for v in tuples if v[0] is not None or not (len(v) > 1 and v[1])]
    if not present:
        return None
    return present[-1 if call.function == "last" else 0][0]


def _extreme_by(function: str, pairs: list[tuple[Any, ...]]) -> Any:
    if not pairs:
        return None
    pick = max if function == "max_by" else min
    return pick(pairs, key=lambda pair: order_key(pair[1]))[0]


def total(call: AggregateCall, values: list[Any]) -> Any:
    """The exact sum within the result type; floats in order."""
    if isinstance(call.type, Float):
        return reduce(lambda x, y: x + y, values, 0.0)
    result = sum(values)
    match call.type:
        case Decimal(precision):
            if abs(result) >= 10**precision:
                raise EvaluationError(Failure.NUMERIC_VALUE_OUT_OF_RANGE, (), call)
        case _:
            bits = INTERVAL_BITS.get(type(call.type), 64)
            if not -(1 << bits - 1) <= result < 1 << bits - 1:
                raise EvaluationError(Failure.ARITHMETIC_OVERFLOW, (), call)
    return result


def average(call: AggregateCall, values: list[Any]) -> Any:
    """sum / count; a decimal with its sum's overflow checked and one rounding."""
    argument = call.args[0].type
    match call.type, argument:
        case Float(), _:
            return reduce(lambda x, y: x + y, values, 0.0) / len(values)
        case Decimal(precision, scale), Decimal(p, s):
            exact = sum(values)
            mean = half_up(exact * 10 ** (scale - s), len(values))
            if abs(exact) >= 10 ** min(p + 10, 38) or abs(mean) >= 10**precision:
                raise EvaluationError(Failure.NUMERIC_VALUE_OUT_OF_RANGE, (), call)
            return mean
        case _:
            return half_up(sum(values), len(values))


def moments(values: list[float]) -> tuple[int, float, float, float]:
    """n and the sums of the 2nd, 3rd and 4th powers of the distances from the mean."""
    n = len(values)
    mean = math.fsum(values) / n
    powers = (math.fsum((v - mean) ** k for v in values) for k in (2, 3, 4))
    return (n, *powers)  # type: ignore[return-value]


def variance(values: list[float], less: int) -> float | None:
    n, m2, _, _ = moments(values)
    return None if n == less else m2 / (n - less)


def deviation(values: list[float], less: int) -> float | None:
    square = variance(values, less)
    return None if square is None else math.sqrt(square)


def skewness(values: list[float]) -> float | None:
    n, m2, m3, _ = moments(values)
    return None if m2 == 0 else math.sqrt(n) * m3 / math.sqrt(m2 * m2 * m2)


def kurtosis(values: list[float]) -> float | None:
    n, m2, _, m4 = moments(values)
    return None if m2 == 0 else n * m4 / (m2 * m2) - 3.0


def covariance(pairs: list[tuple[Any, ...]], less: int) -> float | None:
    n = len(pairs)
    x = math.fsum(p for p, _ in pairs) / n
    y = math.fsum(q for _, q in pairs) / n
    return None if n == less else math.fsum((p - x) * (q - y) for p, q in pairs) / (n - less)


def correlation(pairs: list[tuple[Any, ...]]) -> float | None:
    _, xx, _, _ = moments([p for p, _ in pairs])
    _, yy, _, _ = moments([q for _, q in pairs])
    together = covariance(pairs, 0)
    assert together is not None
    return None if xx * yy == 0 else together * len(pairs) / math.sqrt(xx * yy)


def _folded(compute: Callable[[Any, Any], Any]) -> Callable[[AggregateCall, list[Any]], Any]:
    return lambda call, values: reduce(compute, values)


ONE: Mapping[str, Callable[[AggregateCall, list[Any]], Any]] = {
    "sum": total,
    "avg": average,
    "min": lambda call, values: min(values, key=order_key),
    "max": lambda call, values: max(values, key=order_key),
    "bool_and": lambda call, values: all(values),
    "bool_or": lambda call, values: any(values),
    "stddev_samp": lambda call, values: deviation(values, 1),
    "stddev_pop": lambda call, values: deviation(values, 0),
    "var_samp": lambda call, values: variance(values, 1),
    "var_pop": lambda call, values: variance(values, 0),
    "skewness": lambda call, values: skewness(values),
    "kurtosis": lambda call, values: kurtosis(values),
    "bit_and": _folded(lambda x, y: x & y),
    "bit_or": _folded(lambda x, y: x | y),
    "bit_xor": _folded(lambda x, y: x ^ y),
    "product": _folded(lambda x, y: x * y),
}
TWO: Mapping[str, Callable[[list[tuple[Any, ...]]], Any]] = {
    "covar_samp": lambda pairs: covariance(pairs, 1),
    "covar_pop": lambda pairs: covariance(pairs, 0),
    "corr": correlation,
}
