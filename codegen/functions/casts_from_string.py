"""Casts of text: plain numbers and dates are read here, everything else by Python's parser."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import F64, I1, I8, I64, PTR, Val
from pyflare.codegen.functions import calendar, parse
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.callbacks import cast_by_python
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.text import called
from pyflare.codegen.functions.values import fail, integer, keyed, lane_for, safe_length
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast
from pyflare.codegen.unsupported import Unsupported

DIGITS = 18  # any number of so many digits is a 64-bit integer


def emit(cast: Cast, x: Value, context: Context) -> Value:
    match cast.type:
        case t.Integer():
            return _with_fast_path(cast, x, context, _read_integer(cast.type))
        case t.Decimal():
            return _with_fast_path(cast, x, context, _read_decimal(cast.type))
        case t.Float():
            return _with_fast_path(cast, x, context, _read_float(cast.type))
        case t.Date():
            return _with_fast_path(cast, x, context, _read_date)
        case _:
            return _slow(cast, x, context)


Reader = Callable[[Cast, Value, Context], tuple[Val, Value]]


def _with_fast_path(cast: Cast, x: Value, context: Context, read: Reader) -> Value:
    """The value read here where that succeeds, else Python's."""
    understood, value = read(cast, x, context)
    if x.valid is not None:
        understood = understood | ~x.valid
    code = context.code
    fast = fragment(code, "read", lambda: value.with_valid(x.valid))
    slow = fragment(code, "parse", lambda: _slow(cast, x, context))
    return choose(code, understood, fast, slow)


def _slow(cast: Cast, x: Value, context: Context) -> Value:
    if not (cast.mode == "ansi" and isinstance(cast.type, t.Decimal)):
        return cast_by_python(cast, x, context, python, Failure.CAST_INVALID_INPUT)
    key = f"cast {cast.type} quietly"
    result = context.callback(key, QuietDecimal(cast.type), (t.STRING,), cast.type, x)
    if result.valid is None:
        return result
    number = context.callback("is a number", is_number, (t.STRING,), t.BOOLEAN, x)
    fail(context, Failure.NUMERIC_VALUE_OUT_OF_RANGE, ~result.valid & number.data, (x,), cast)
    fail(context, Failure.CAST_INVALID_INPUT, ~result.valid & ~number.data, (x,), cast)
    return result.with_valid(x.valid)


class QuietDecimal:
    """Text to a decimal, None where it is none or has too many digits."""

    def __init__(self, type_: t.Decimal) -> None:
        self.type = type_

    def __call__(self, text: str | None) -> int | None:
        if text is None:
            return None
        return parse.decimal(text, self.type.precision, self.type.scale)[0]


def is_number(text: str | None) -> bool:
    return text is not None and parse.exact(text.strip(parse.JAVA_SPACE)) is not None


# ---------------------------------------------------------------- plain numbers


def scan(x: Value) -> tuple[Val, Val, Val, Val]:
    """(understood, digits as a signed integer, digits after the point, has a minus sign)."""
    code = x.data.code
    out = code.stack(I64, 3, "scanned").pointer
    name = helper(code, "scan_number", I1, [("text", PTR), ("length", I64), ("out", PTR)], _scan)
    understood = called(code.call(name, I1, x.data, safe_length(x), out))
    number, places, minus = (out.at(I64, i).load(I64) for i in range(3))
    return understood, number, places, minus != 0


def _scan(text: Val, length: Val, out: Val) -> None:
    """[ ]*[+-]?digits[.digits][ ]* with 1 to 18 digits."""
    code = text.code
    for i in range(3):
        out.at(I64, i).store(code.const(0, I64))
    # the pointer of an empty text may be null
    with code.if_(length == 0):
        code.ret(code.false)
    at, end = code.var(0), code.var(length)
    with code.while_(lambda: _is_space(text, at.get(), end.get())):
        at.add(1)
    with code.while_(lambda: _is_space_before(text, at.get(), end.get())):
        end.add(-1)
    with code.if_(at.get() >= end.get()):
        code.ret(code.false)
    first = text.at(I8, at.get()).load(I8)
    minus = first == ord("-")
    at.set(at.get() + (minus | (first == ord("+"))).zext(I64))
    number, digits, places, point = code.var(0), code.var(0), code.var(0), code.var(0)
    with code.while_(lambda: at.get() < end.get()) as loop:
        byte = text.at(I8, at.get()).load(I8)
        is_point = byte == ord(".")
        digit = byte - ord("0")
        bad = is_point.select(point.get() != 0, digit.ugt(9))
        with code.if_(bad):
            code.ret(code.false)
        at.add(1)
        with code.if_(is_point):
            point.set(1)
        loop.continue_if(is_point)
        number.set(number.get() * 10 + digit.zext(I64))
        digits.add(1)
        places.set(places.get() + point.get())
    plain = (digits.get() > 0) & (digits.get() <= DIGITS)
    signed = minus.select(-number.get(), number.get())
    # a point with nothing behind it is left to the parser of each type
    plain = plain & ((point.get() == 0) | (places.get() > 0))
    for i, value in enumerate((signed, places.get(), minus.zext(I64))):
        out.at(I64, i).store(value)
    code.ret(plain)


def _is_space(text: Val, at: Val, end: Val) -> Val:
    within = at < end
    return within & text.at(I8, within.select(at, 0)).load(I8).ule(0x20)


def _is_space_before(text: Val, at: Val, end: Val) -> Val:
    within = at < end
    return within & text.at(I8, within.select(end - 1, 0)).load(I8).ule(0x20)


def _read_integer(type_: t.Integer) -> Reader:
    limits = type_range(type_)
    assert limits is not None

    def read(cast: Cast, x: Value, context: Context) -> tuple[Val, Value]:
        understood, number, places, _ = scan(x)
        understood = understood & (places == 0)
        if type_.bits < 64:
            understood = understood & (number >= limits[0]) & (number <= limits[1])
        return understood, integer(type_, number.resize(f"i{type_.bits}"), *limits, None)

    return read


def _read_decimal(type_: t.Decimal) -> Reader:
    def read(cast: Cast, x: Value, context: Context) -> tuple[Val, Value]:
        code = context.code
        understood, number, places, _ = scan(x)
        most = 10**type_.precision - 1
        reach = 10 ** (DIGITS + type_.scale)
        lane = lane_for(-reach, reach)
        powers = [10 ** max(type_.scale - i, 0) for i in range(DIGITS + 1)]
        width = 16 if powers[0] >= 1 << 63 else 8
        data = b"".join(power.to_bytes(width, "little") for power in powers)
        table = context.table(data, keyed("powers", data))
        fits = places <= min(type_.scale, DIGITS)
        index = fits.select(places, 0)
        stored = f"i{8 * width}"
        scaled = number.resize(lane) * table.at(stored, index).load(stored, align=8).resize(lane)
        if reach > most:
            fits = fits & (scaled <= most) & (scaled >= -most)
        result = integer(type_, scaled.resize(lane_for(-most, most)), -most, most, None)
        return understood & fits & code.true, result

    return read


def _read_float(type_: t.Float) -> Reader:
    def read(cast: Cast, x: Value, context: Context) -> tuple[Val, Value]:
        understood, number, places, minus = scan(x)
        # a quotient of two exact doubles is rounded once; -0 keeps its sign elsewhere
        small = (number <= 1 << 53) & (number >= -(1 << 53)) & ~(minus & (number == 0))
        data = struct.pack(f"<{DIGITS + 1}d", *(float(10**i) for i in range(DIGITS + 1)))
        table = context.table(data, keyed("float_powers", data))
        inside = (places >= 0) & (places <= DIGITS)
        value = number.sitofp(F64) / table.at(F64, inside.select(places, 0)).load(F64)
        if type_.bits == 32:
            # rounding twice could differ: only integers that are exact floats are taken here
            small = small & (places == 0) & (number <= 1 << 24) & (number >= -(1 << 24))
            value = value.fptrunc()
        return understood & small, Value(type_, value, None)

    return read


# ---------------------------------------------------------------- dates


def _read_date(cast: Cast, x: Value, context: Context) -> tuple[Val, Value]:
    """yyyy-mm-dd"""
    code = context.code
    out = code.stack(I64, 1, "date").pointer
    name = helper(code, "scan_date", I1, [("text", PTR), ("length", I64), ("out", PTR)], _scan_date)
    understood = called(code.call(name, I1, x.data, safe_length(x), out))
    data = out.load(I64).trunc("i32")
    lo, hi = calendar.py_days(0, 1, 1), calendar.py_days(9999, 12, 31)
    return understood, integer(cast.type, data, lo, hi, None)


def _scan_date(text: Val, length: Val, out: Val) -> None:
    code = text.code
    out.store(code.const(0, I64))
    with code.if_(length != 10):
        code.ret(code.false)
    digits = {i: text.at(I8, i).load(I8) - ord("0") for i in (0, 1, 2, 3, 5, 6, 8, 9)}
    good = (text.at(I8, 4).load(I8) == ord("-")) & (text.at(I8, 7).load(I8) == ord("-"))
    for digit in digits.values():
        good = good & digit.ule(9)
    with code.if_(~good):
        code.ret(code.false)

    def number(*places: int) -> Val:
        value = code.const(0, I64)
        for place in places:
            value = value * 10 + digits[place].zext(I64)
        return value

    year, month, day = number(0, 1, 2, 3), number(5, 6), number(8, 9)
    with code.if_((month < 1) | (month > 12) | (day < 1)):
        code.ret(code.false)
    with code.if_(day > calendar.month_length(year, month)):
        code.ret(code.false)
    out.store(calendar.days(year, month, day))
    code.ret(code.true)


# ---------------------------------------------------------------- in Python


def python(cast: Cast, text: Any) -> Any:
    target = cast.type
    ansi = cast.mode == "ansi"
    result: Any
    match target:
        case t.Integer():
            legacy = cast.mode == "legacy"
            result = parse.truncated_whole(text) if legacy else parse.whole(text)
            limits = type_range(target)
            assert limits is not None
            if result is not None and not limits[0] <= result <= limits[1]:
                result = None
        case t.Decimal(precision, scale):
            result, too_long = parse.decimal(text, precision, scale)
            if too_long and ansi:
                raise Fails(Failure.NUMERIC_VALUE_OUT_OF_RANGE)
        case t.Float(bits):
            result = parse.floating(text, bits)
        case t.Boolean():
            result = parse.boolean(text)
        case t.Date():
            result = parse.date(text)
        case t.Timestamp():
            result = parse.timestamp(text, cast.timezone or "UTC")
        case t.TimestampNTZ():
            result = parse.timestamp_ntz(text)
        case _:
            raise Unsupported(f"cast from {cast.child.type} to {target}")
    if result is None and ansi:
        raise Fails(Failure.CAST_INVALID_INPUT)
    return result
