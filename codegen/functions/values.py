"""What every function does with staged SQL values: bounds, widths, masks, results."""

from __future__ import annotations

import hashlib

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid, type_range, width_for
from pyflare.codegen.emit.value import Val
from pyflare.codegen.ir.expr import Expr
from pyflare.codegen.ir.types import BOOLEAN, Type


def bounds(value: Value) -> tuple[int, int]:
    """The proved range of a value in storage units."""
    if value.lo is not None and value.hi is not None:
        return value.lo, value.hi
    proved = type_range(value.type)
    assert proved is not None, value.type
    return proved


def lane_for(lo: int, hi: int) -> str:
    """The integer type for [lo, hi]; beyond 128 bits a multiple of 64."""
    width = width_for(lo, hi)
    if width <= 128:
        return f"i{width}"
    bits = max(lo.bit_length(), hi.bit_length()) + 1
    return f"i{-(-bits // 64) * 64}"


def integer(type_: Type, data: Val, lo: int, hi: int, valid: Val | None) -> Value:
    """An integer-like result within [lo, hi]."""
    return Value(type_, data, valid, lo, hi)


def boolean(data: Val, valid: Val | None) -> Value:
    return Value(BOOLEAN, data, valid, 0, 1)


def masked(when: Val, *values: Value) -> Val:
    """`when`, on rows where every value is valid."""
    valid = all_valid(*values)
    return when if valid is None else when & valid


def fail(
    context: Context, failure: Failure, when: Val, operands: tuple[Value, ...], expr: Expr
) -> None:
    """The row fails with these operands, unless one of them is NULL."""
    context.fail(failure, masked(when, *operands), operands, expr)


def safe_length(value: Value) -> Val:
    """The length of a string, 0 where it is NULL, so that its garbage pointer is never followed."""
    assert value.length is not None
    return value.length if value.valid is None else value.valid.select(value.length, 0)


def keyed(role: str, data: bytes) -> str:
    """A key of a constant table: equal for equal contents in the same role only."""
    return f"{role}.{hashlib.blake2b(data, digest_size=8).hexdigest()}"
