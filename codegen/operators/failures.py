"""The record of the first failing row (diagnosis), and rows handed to Python functions.

A record is words: 1 if there is one; the number of its site; then per operand (valid, low word
or address, high word or length).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value, machine_type, type_range, width_for
from pyflare.codegen.emit.value import F32, F64, I1, I64, PTR, Val, bits
from pyflare.codegen.ir import types as t
from pyflare.codegen.runtime.calls import Request

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext

WORDS = 3
RECORD_WORDS = 2 + WORDS * 64


def record(code: Code, at: Val, site: int, when: Val, operands: Sequence[Value]) -> None:
    """Keeps the row's operands if it is the first to fail."""
    with code.if_(when & (at.load(I64) == 0), "first_failure"):
        at.store(code.const(1, I64))
        at.at(I64, 1).store(code.const(site, I64))
        box(code, at.at(I64, 2), operands)


def box(code: Code, at: Val, values: Sequence[Value]) -> None:
    """Writes values as words: valid, low word (address), high word (length)."""
    for i, value in enumerate(values):
        valid = value.valid if value.valid is not None else code.true
        low, high = _words(value)
        for k, word in enumerate((valid.zext(I64), low, high)):
            if word is not None:
                at.at(I64, WORDS * i + k).store(word)


def _words(value: Value) -> tuple[Val, Val | None]:
    data = value.data
    if data.type == PTR:
        return data.ptrtoint(), value.length
    if data.type in (F32, F64):
        return data.fpext().bitcast(I64), None
    if data.type == I1:
        return data.zext(I64), None
    if bits(data.type) > 64:
        wide = data.trunc("i128") if bits(data.type) > 128 else data
        return wide.trunc(I64), wide.lshr(64).trunc(I64)
    low = data.sext(I64)
    return low, low.ashr(63)


def call(context: PipelineContext, key: str, result: t.Type, args: Sequence[Value]) -> Value:
    """Calls a Python function for this row; the result comes back boxed like the arguments."""
    code = context.code
    area = code.stack(I64, WORDS * (len(args) + 1), "boxed").pointer
    box(code, area.at(I64, WORDS), args)
    context.request(Request.CALL, key, area.at(I64, WORDS).ptrtoint(), area.ptrtoint())
    valid = area.load(I64) != 0
    low = area.at(I64, 1).load(I64)
    high = area.at(I64, 2).load(I64)
    lane = machine_type(result)
    match result:
        case t.String() | t.Binary():
            return Value(result, low.inttoptr(), valid, length=high)
        case t.Boolean():
            return Value(result, low.trunc(I1), valid, 0, 1)
        case t.Float(32):
            return Value(result, low.bitcast(F64).fptrunc(), valid)
        case t.Float():
            return Value(result, low.bitcast(F64), valid)
        case _:
            bounds = type_range(result)
            assert bounds is not None, result
            assert lane == f"i{width_for(*bounds)}"
            wide = low.zext("i128") | (high.zext("i128") << 64)
            return Value(result, wide.trunc(lane), valid, *bounds)
