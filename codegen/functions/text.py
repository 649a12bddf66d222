"""Bytes of strings, never read beyond their ends."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I1, I8, I16, I32, I64, PTR, Val
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.values import safe_length


def called(value: Val | None) -> Val:
    assert value is not None
    return value


def equal_bytes(x: Value, y: Value) -> Val:
    """The strings have the same bytes; garbage where one is NULL, but nothing strays."""
    code = x.data.code
    name = helper(code, "equals", I1, [("x", PTR), ("n", I64), ("y", PTR), ("m", I64)], _equals)
    return called(code.call(name, I1, x.data, safe_length(x), y.data, safe_length(y)))


def compare_bytes(x: Value, y: Value) -> Val:
    """Negative, zero or positive (i32), by bytes and then by length, as Spark orders strings."""
    code = x.data.code
    name = helper(code, "compare", I32, [("x", PTR), ("n", I64), ("y", PTR), ("m", I64)], _compare)
    return called(code.call(name, I32, x.data, safe_length(x), y.data, safe_length(y)))


def memcmp(x: Val, y: Val, length: Val) -> Val:
    return called(
        x.code.call("memcmp", I32, x, y, length, declare="declare i32 @memcmp(ptr, ptr, i64)")
    )


def copy(to: Val, source: Val, length: Val) -> None:
    """memcpy of `length` bytes."""
    to.code.call(
        "llvm.memcpy.p0.p0.i64",
        "void",
        to,
        source,
        length,
        to.code.false,
        declare="declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    )


def _equals(x: Val, n: Val, y: Val, m: Val) -> None:
    code = x.code
    with code.if_(n != m):
        code.ret(code.false)
    code.ret(memcmp(x, y, n) == 0)


def _compare(x: Val, n: Val, y: Val, m: Val) -> None:
    code = x.code
    order = memcmp(x, y, (n < m).select(n, m))
    with code.if_(order != 0):
        code.ret(order)
    code.ret((n < m).select(code.const(-1, I32), (n > m).zext(I32)))


def same_bytes(x: Val, y: Val, size: int) -> Val:
    """x[:size] = y[:size] for a constant size, in overlapping loads."""
    code = x.code
    if size == 0:
        return code.true
    same: Val | None = None
    for at, lane in _spans(size):
        equal = x.at(I8, at).load(lane, align=1) == y.at(I8, at).load(lane, align=1)
        same = equal if same is None else same & equal
    assert same is not None
    return same


def _spans(size: int) -> list[tuple[int, str]]:
    """Loads that together cover `size` bytes and no more."""
    for width, lane in ((8, I64), (4, I32), (2, I16), (1, I8)):
        if size >= width:
            starts = [*range(0, size - width + 1, width)]
            if size % width:
                starts.append(size - width)
            return [(at, lane) for at in starts]
    return []


# ---------------------------------------------------------------- code points


def is_start(byte: Val) -> Val:
    """The byte begins a code point."""
    return (byte & -64) != -128


def count_points(code: Code, text: Val, length: Val) -> Val:
    """The number of code points."""
    name = helper(code, "count_points", I64, [("text", PTR), ("length", I64)], _count_points)
    return called(code.call(name, I64, text, length))


def _count_points(text: Val, length: Val) -> None:
    code = text.code
    count = code.var(0)
    with code.range_(0, length, hint="byte") as (i, _):
        count.add(is_start(text.at(I8, i).load(I8)).zext(I64))
    code.ret(count.get())


def skip_points(code: Code, text: Val, length: Val, points: Val) -> Val:
    """The byte offset after `points` code points, at most `length`; 0 for a negative count."""
    name = helper(
        code, "skip_points", I64, [("text", PTR), ("length", I64), ("points", I64)], _skip_points
    )
    return called(code.call(name, I64, text, length, points))


def _skip_points(text: Val, length: Val, points: Val) -> None:
    code = text.code
    at = code.var(0)
    left = code.var(points)
    with code.while_(lambda: (at.get() < length) & (left.get() > 0)):
        at.add(1)
        with code.while_(lambda: _continues(text, at.get(), length)):
            at.add(1)
        left.add(-1)
    code.ret(at.get())


def _continues(text: Val, at: Val, length: Val) -> Val:
    """Byte `at` continues a code point; false at the end."""
    code = text.code
    within = at < length
    byte = text.at(I8, within.select(at, 0)).load(I8)
    return within & ~is_start(byte) & code.true


Build = Callable[..., None]
