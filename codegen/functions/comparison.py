"""Comparison of values of one type, by Spark's order: NaN is the largest number and equals NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import Val, bits
from pyflare.codegen.functions.branches import alike
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.text import compare_bytes, equal_bytes
from pyflare.codegen.functions.values import boolean
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import (
    Array,
    Binary,
    Boolean,
    CalendarInterval,
    Float,
    Map,
    String,
    Struct,
)
from pyflare.codegen.unsupported import Unsupported


def order_key(value: Any) -> Any:
    """A key that Python orders as Spark orders values of one type."""
    match value:
        case float():
            return (1, 0.0) if value != value else (0, value)
        case str():
            return value.encode()
        case tuple():
            return tuple(order_key(v) for v in value)
        case _:
            return value


def _python(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    return lambda call, x, y: test(order_key(x), order_key(y))


def same_lane(x: Value, y: Value) -> tuple[Val, Val]:
    """Integers of different widths in the wider one."""
    if isinstance(x.type, Array | Map | Struct | CalendarInterval):
        raise Unsupported(f"comparing values of type {type(x.type).__name__.lower()}")
    lane = x.data.type if bits(x.data.type) >= bits(y.data.type) else y.data.type
    return x.data.resize(lane), y.data.resize(lane)


def equal(x: Value, y: Value) -> Val:
    """x = y where both are valid."""
    match x.type:
        case Float():
            same = x.data == y.data
            if x.finite or y.finite:
                return same
            return same | (x.data.unordered() & y.data.unordered())
        case String() | Binary():
            if x.code is not None and y.code is not None and x.dictionary == y.dictionary:
                return x.code == y.code
            return equal_bytes(x, y)
        case Boolean():
            return ~(x.data ^ y.data)
        case _:
            left, right = same_lane(x, y)
            return left == right


def less(x: Value, y: Value) -> Val:
    """x < y where both are valid."""
    match x.type:
        case Float():
            smaller = x.data < y.data
            if y.finite:
                return smaller
            nan = y.data.unordered()
            return smaller | (nan if x.finite else nan & ~x.data.unordered())
        case String() | Binary():
            return compare_bytes(x, y) < 0
        case Boolean():
            return ~x.data & y.data
        case _:
            left, right = same_lane(x, y)
            return left < right


@function("eq", _python(lambda x, y: x == y))
def eq(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    x, y = args
    data = equal(x, y)
    return boolean(data, all_valid(x, y))


@function("lt", _python(lambda x, y: x < y))
def lt(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(less(args[0], args[1]), all_valid(*args))


@function("le", _python(lambda x, y: x <= y))
def le(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(~less(args[1], args[0]), all_valid(*args))


@function("gt", _python(lambda x, y: x > y))
def gt(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(less(args[1], args[0]), all_valid(*args))


@function("ge", _python(lambda x, y: x >= y))
def ge(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(~less(args[0], args[1]), all_valid(*args))


def py_eq_null_safe(call: Call, x: Any, y: Any) -> bool:
    if x is None or y is None:
        return x is y
    return bool(order_key(x) == order_key(y))


@function("eq_null_safe", py_eq_null_safe, strict=False)
def eq_null_safe(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Equal, or both NULL."""
    x, y = args
    same = equal(x, y)
    valid = all_valid(x, y)
    if valid is None:
        return boolean(same, None)
    same = same & valid
    if x.valid is not None and y.valid is not None:
        same = same | ~(x.valid | y.valid)
    return boolean(same, None)


def _py_extreme(pick: Callable[..., Any]) -> Callable[..., Any]:
    def python(call: Call, *values: Any) -> Any:
        present = [value for value in values if value is not None]
        return pick(present, key=order_key) if present else None

    return python


@function("greatest", _py_extreme(max), strict=False)
def greatest(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return _extreme(args, lambda best, value: less(best, value))


@function("least", _py_extreme(min), strict=False)
def least(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return _extreme(args, lambda best, value: less(value, best))


def _extreme(args: tuple[Value, ...], better: Callable[[Value, Value], Val]) -> Value:
    """NULL arguments do not take part; the first of equals stays."""
    from pyflare.codegen.functions.branches import parts, rebuilt

    best, *others = alike(args)
    for value in others:
        take = better(best, value)
        if value.valid is not None and best.valid is not None:
            take = value.valid & (take | ~best.valid)
        valid = None if best.valid is None or value.valid is None else best.valid | value.valid
        merged = [take.select(b, a) for a, b in zip(parts(best), parts(value), strict=True)]
        best = rebuilt(best, merged).with_valid(valid)
    return best
