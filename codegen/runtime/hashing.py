"""Hashes and equality of keys: NaN equals NaN, -0.0 equals 0.0, strings by code or by bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import F32, F64, I1, I8, I32, I64, PTR, Val, bits, is_float
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.text import equal_bytes
from pyflare.codegen.ir import types as t
from pyflare.codegen.unsupported import Unsupported

GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)
MIX = 0xD6E8FEB86659FD93 - (1 << 64)


def normalised(value: Value) -> Value:
    """A float key with one zero and one NaN; other keys as they are."""
    if isinstance(value.type, t.Array | t.Map | t.Struct | t.CalendarInterval):
        raise Unsupported(
            f"grouping, joining or sorting by values of type {type(value.type).__name__.lower()}"
        )
    if not is_float(value.data.type):
        return value
    data = value.data + 0.0  # -0.0 + 0.0 is 0.0
    if not value.finite:
        nan = Val(data.code, "0x7FF8000000000000", data.type)
        data = data.unordered().select(nan, data)
    return replace(value, data=data)


def words(value: Value) -> list[Val]:
    """The 64-bit words that stand for a fixed-width key; zero where it is NULL."""
    data = value.data
    if value.code is not None:
        data = value.code.zext(I64)
        parts = [data]
    elif data.type == I1:
        parts = [data.zext(I64)]
    elif data.type == F64:
        parts = [data.bitcast(I64)]
    elif data.type == F32:
        parts = [data.bitcast(I32).zext(I64)]
    elif bits(data.type) > 64:
        parts = [data.trunc(I64), data.lshr(64).trunc(I64)]
    else:
        parts = [data.sext(I64)]
    if value.valid is not None:
        parts = [value.valid.select(p, 0) for p in parts]
    return parts


def hash_of(code: Code, values: Sequence[Value]) -> Val:
    """64 bits of which the top ones are good; NULL hashes like zero or the empty string."""
    state: Val | None = None
    for value in values:
        if value.length is not None and value.code is None:
            length = value.length if value.valid is None else value.valid.select(value.length, 0)
            parts = [_hash_bytes(code, value.data, length)]
        else:
            parts = words(value)
        for part in parts:
            state = part * GOLDEN if state is None else (_folded(state) ^ part) * GOLDEN
    if state is None:
        return code.const(0, I64)
    return _folded(state) * MIX


def _folded(x: Val) -> Val:
    return x ^ x.lshr(32)


def _hash_bytes(code: Code, text: Val, length: Val) -> Val:
    name = helper(code, "hash_bytes", I64, [("text", PTR), ("length", I64)], _bytes_body)
    found = code.call(name, I64, text, length)
    assert found is not None
    return found


def _bytes_body(text: Val, length: Val) -> None:
    code = text.code
    state = code.var(length * GOLDEN)
    at = code.var(0)
    with code.while_(lambda: at.get() + 8 <= length, "words"):
        word = text.at(I8, at.get()).load(I64, "word", 1)
        state.set(_folded(state.get() ^ word) * GOLDEN)
        at.add(8)
    with code.while_(lambda: at.get() < length, "bytes"):
        byte = text.at(I8, at.get()).load(I8, "byte").zext(I64)
        state.set(_folded(state.get() ^ byte) * GOLDEN)
        at.add(1)
    code.ret(_folded(state.get()))


def same(x: Value, y: Value, nulls_match: bool) -> Val:
    """The keys are equal; two NULLs are if `nulls_match`, else NULL equals nothing."""
    code = x.data.code
    equal = _equal(x, y)
    if x.valid is None and y.valid is None:
        return equal
    a = x.valid if x.valid is not None else code.true
    b = y.valid if y.valid is not None else code.true
    if nulls_match:
        # NULLs are stored as zeros, but a live key may be zero too
        return ((a & b) & equal) | ~(a | b)
    return a & b & equal


def _equal(x: Value, y: Value) -> Val:
    if x.code is not None and y.code is not None and x.dictionary == y.dictionary:
        return x.code == y.code
    if x.length is not None:
        return equal_bytes(x, y)
    a, b = x.data, y.data
    if is_float(a.type):
        lane = I64 if a.type == F64 else I32
        return a.bitcast(lane) == b.bitcast(lane)
    if a.type == I1:
        return ~(a ^ b)
    lane = a.type if bits(a.type) >= bits(b.type) else b.type
    return a.sext(lane) == b.sext(lane)
