"""Casts: one match over pairs of types; each family in its own file."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.functions import (
    casts_from_string,
    casts_of_numbers,
    casts_of_times,
    casts_to_string,
)
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast
from pyflare.codegen.unsupported import Unsupported

NUMERIC = (t.Integer, t.Decimal, t.Float, t.Boolean)
TIMES = (t.Date, t.Timestamp, t.TimestampNTZ)
INTERVALS = (t.YearMonthInterval, t.DayTimeInterval)


def emit(cast: Cast, x: Value, context: Context) -> Value:
    """Stages the conversion of `x` to cast.type."""
    source, target = cast.child.type, cast.type
    if source == target:
        return x
    if isinstance(source, t.Null):
        return context.parameter(None, target)
    match target:
        case t.String():
            return casts_to_string.emit(cast, x, context)
        case t.Binary() if isinstance(source, t.String):
            return Value(target, x.data, x.valid, length=x.length, ascii=x.ascii)
        case _ if isinstance(source, t.String):
            return casts_from_string.emit(cast, x, context)
    if isinstance(source, NUMERIC) and isinstance(target, NUMERIC):
        return casts_of_numbers.emit(cast, x, context)
    if isinstance(source, (*TIMES, *INTERVALS)) or isinstance(target, (*TIMES, *INTERVALS)):
        return casts_of_times.emit(cast, x, context)
    raise Unsupported(f"a cast from {source} to {target}")


def python(cast: Cast, value: Any) -> Any:
    """The conversion of a storage-form value; None is NULL."""
    source, target = cast.child.type, cast.type
    if value is None or source == target:
        return value
    match target:
        case t.String():
            return casts_to_string.python(cast, value)
        case t.Binary() if isinstance(source, t.String):
            return value.encode()
        case _ if isinstance(source, t.String):
            return casts_from_string.python(cast, value)
    if isinstance(source, NUMERIC) and isinstance(target, NUMERIC):
        return casts_of_numbers.python(cast, value)
    if isinstance(source, (*TIMES, *INTERVALS)) or isinstance(target, (*TIMES, *INTERVALS)):
        return casts_of_times.python(cast, value)
    raise Unsupported(f"a cast from {source} to {target}")
