"""Strings by code points, with a path of plain bytes for ASCII."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import I8, I64, Val
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.text import copy, count_points, skip_points
from pyflare.codegen.functions.values import bounds, integer, safe_length
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import Binary

INT_MAX = (1 << 31) - 1


def text(call: Call, data: Val, length: Val, valid: Val | None, ascii: bool = False) -> Value:
    """A string result."""
    return Value(call.type, data, valid, length=length, ascii=ascii)


def is_bytes(value: Value) -> bool:
    """Positions count bytes: binary, or text known to be ASCII."""
    return value.ascii or isinstance(value.type, Binary)


@function("length", lambda call, s: len(s))
def length(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Characters of a string, bytes of a binary."""
    (s,) = args
    size = safe_length(s)
    count = size if is_bytes(s) else count_points(context.code, s.data, size)
    return integer(call.type, count.trunc("i32"), 0, INT_MAX, s.valid)


@function("octet_length", lambda call, s: len(s.encode() if isinstance(s, str) else s))
def octet_length(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (s,) = args
    assert s.length is not None
    return integer(call.type, s.length.trunc("i32"), 0, INT_MAX, s.valid)


def py_substring(call: Call, s: Any, position: int, count: int) -> Any:
    start = position - 1 if position > 0 else len(s) + position if position < 0 else 0
    stop = start + count
    return s[max(start, 0) : max(stop, 0)] if stop > start else s[:0]


@function("substring", py_substring)
def substring(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """From a position that counts from 1, or from the end if negative; 0 means 1."""
    s, position, count = args
    code = context.code
    size = safe_length(s)
    at, many = position.data.sext(I64), count.data.sext(I64)
    from_end = bounds(position)[0] < 0
    points = size if is_bytes(s) or not from_end else count_points(code, s.data, size)
    start = (at > 0).select(at - 1, 0)
    if from_end:
        start = (at < 0).select(points + at, start)
    stop = start + many
    start, stop = code.binary("smax", start, code.const(0, I64)), clamp(stop)
    wanted = code.binary("smax", stop - start, code.const(0, I64))
    if is_bytes(s):
        first = code.binary("smin", start, size)
        taken = code.binary("smin", wanted, size - first)
    else:
        first = skip_points(code, s.data, size, start)
        taken = skip_points(code, s.data.at(I8, first), size - first, wanted)
    return text(call, s.data.at(I8, first), taken, all_valid(*args), s.ascii)


def clamp(value: Val) -> Val:
    """The value, at least 0."""
    return value.code.binary("smax", value, value.code.const(0, I64))


def py_concat(call: Call, *parts: Any) -> Any:
    empty: Any = b"" if isinstance(call.type, Binary) else ""
    return empty.join(parts)


@function("concat", py_concat)
def concat(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The parts one after the other, in the worker's heap."""
    code = context.code
    sizes = [safe_length(part) for part in args]
    total = code.const(0, I64)
    for size in sizes:
        total = total + size
    valid = all_valid(*args)
    to = context.heap(total)
    at = to
    for part, size in zip(args, sizes, strict=True):
        copy(at, part.data, size)
        at = at.at(I8, size)
    return text(call, to, total, valid, all(part.ascii for part in args))
