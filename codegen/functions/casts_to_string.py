"""Casts to text: integers, decimals, dates and booleans are written here, the rest by Python."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I64, PTR, Val
from pyflare.codegen.functions import calendar, formats
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.callbacks import cast_by_python
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.text import called
from pyflare.codegen.functions.values import bounds
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast
from pyflare.codegen.unsupported import Unsupported

DIGITS = 20  # of the longest 64-bit integer, with its sign


def emit(cast: Cast, x: Value, context: Context) -> Value:
    code = context.code
    match cast.child.type:
        case t.Boolean():
            yes = context.parameter("true", t.STRING)
            no = context.parameter("false", t.STRING)
            assert yes.length is not None and no.length is not None
            return text(
                cast, x.data.select(yes.data, no.data), x.data.select(yes.length, no.length), x
            )
        case t.Binary():
            return Value(cast.type, x.data, x.valid, length=x.length, ascii=x.ascii)
        case t.Integer():
            return _number(cast, x, 0, context)
        case t.Decimal(_, scale) if cast.mode != "legacy" and _is_long(x):
            return _number(cast, x, scale, context)
        case t.Date():
            lo, hi = calendar.py_days(0, 1, 1), calendar.py_days(9999, 12, 31)
            if bounds(x)[0] >= lo and bounds(x)[1] <= hi:
                return _date(cast, x, context)
            usual = (x.data >= lo) & (x.data <= hi)
            fast = fragment(code, "date", lambda: _date(cast, x, context))
            slow = fragment(code, "far_date", lambda: _slow(cast, x, context))
            return choose(code, usual if x.valid is None else usual | ~x.valid, fast, slow)
        case _:
            return _slow(cast, x, context)


def _slow(cast: Cast, x: Value, context: Context) -> Value:
    result = cast_by_python(cast, x, context, python, Failure.CAST_INVALID_INPUT)
    return Value(cast.type, result.data, x.valid, length=result.length, ascii=True)


def text(cast: Cast, data: Val, length: Val, x: Value) -> Value:
    return Value(cast.type, data, x.valid, length=length, ascii=True)


def _is_long(x: Value) -> bool:
    lo, hi = bounds(x)
    return lo > -(1 << 63) and hi < 1 << 63


def _number(cast: Cast, x: Value, scale: int, context: Context) -> Value:
    """Written from its last digit into the end of a piece of the heap."""
    code = context.code
    size = max(DIGITS, scale + 3) + 1
    buffer = context.heap(code.const(size, I64))
    name = helper(
        code,
        f"write_number_{scale}",
        I64,
        [("value", I64), ("end", PTR)],
        lambda value, end: _write_number(value, end, scale),
    )
    length = called(code.call(name, I64, x.data.resize(I64), buffer.at(I8, size)))
    return text(cast, buffer.at(I8, code.const(size, I64) - length), length, x)


def _write_number(value: Val, end: Val, scale: int) -> None:
    """Writes backwards from `end`; gives the number of characters."""
    code = value.code
    # as unsigned, so that the smallest integer has a magnitude
    left = code.var((value < 0).select(-value, value))
    count = code.var(0)

    def write(byte: Val) -> None:
        count.add(1)
        end.at(I8, -count.get()).store(byte)

    def digit() -> None:
        rest = left.get().udiv(10)
        write((left.get() - rest * 10).trunc(I8) + ord("0"))
        left.set(rest)

    if scale:
        with code.range_(0, code.const(scale, I64)):
            digit()
        write(code.const(ord("."), I8))
    digit()
    with code.while_(lambda: left.get() != 0):
        digit()
    with code.if_(value < 0):
        write(code.const(ord("-"), I8))
    code.ret(count.get())


def _date(cast: Cast, x: Value, context: Context) -> Value:
    """yyyy-mm-dd, for years of four digits."""
    code = context.code
    buffer = context.heap(code.const(10, I64))
    lo, hi = bounds(x)
    parts = calendar.civil(x.data, lo, hi)
    places = [(parts.year, (1000, 100, 10, 1)), (parts.month, (10, 1)), (parts.day, (10, 1))]
    at = 0
    for number, powers in places:
        for power in powers:
            digit = number.udiv(power).urem(10).trunc(I8) + ord("0")
            buffer.at(I8, at).store(digit)
            at += 1
        if at < 10:
            buffer.at(I8, at).store(code.const(ord("-"), I8))
            at += 1
    return text(cast, buffer, code.const(10, I64), x)


# ---------------------------------------------------------------- in Python


def python(cast: Cast, value: Any) -> str:
    match cast.child.type:
        case t.Boolean():
            return "true" if value else "false"
        case t.Integer():
            return str(value)
        case t.Decimal(_, scale):
            legacy = cast.mode == "legacy"
            write = formats.decimal_with_exponent if legacy else formats.decimal
            return write(value, scale)
        case t.Float(bits):
            return formats.floating(value, bits)
        case t.Date():
            return formats.date(value)
        case t.Timestamp():
            return formats.timestamp(value, cast.timezone or "UTC")
        case t.TimestampNTZ():
            return formats.timestamp_ntz(value)
        case t.Binary():
            return bytes(value).decode("utf-8", "replace")
        case t.YearMonthInterval(start, end):
            return formats.year_month_interval(value, start, end)
        case t.DayTimeInterval(start, end):
            return formats.day_time_interval(value, start, end)
        case source:
            raise Unsupported(f"cast from {source} to string")
