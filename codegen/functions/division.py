"""Division beyond 64 bits: LLVM would call compiler-rt, which a JIT process does not have.

LLVM narrows a wider division whose operands are extended to that very call, so every division of
128 bits and more is staged here.
"""

from __future__ import annotations

from pyflare.codegen.emit.value import I64, Val, bits
from pyflare.codegen.functions.helpers import helper


def divide_by_constant(x: Val, by: int, natural: bool) -> Val:
    """x / by for a constant by > 0, toward zero; `natural` says x >= 0.

    Up to 64 bits LLVM multiplies by a reciprocal by itself; at 128 bits this does:
    x * (2^(127+k) / by + 1) >> (127+k) is exact for 0 <= x < 2^127 and 2^k >= by.
    """
    width = bits(x.type)
    if width <= 64:
        return x.udiv(by) if natural else x.sdiv(by)
    if not natural:
        quotient = divide_by_constant((x < 0).select(-x, x), by, natural=True)
        return (x < 0).select(-quotient, quotient)
    if width > 128:
        return divide_unsigned(x, x.code.const(by, x.type))
    shift = 127 + (by - 1).bit_length()
    reciprocal = (1 << shift) // by + 1
    return (x.zext("i256") * reciprocal).lshr(shift).trunc("i128")


def divide_unsigned(x: Val, by: Val) -> Val:
    """x / by, both seen as unsigned, by other than zero."""
    lane = x.type
    if bits(lane) <= 64:
        return x.udiv(by)
    name = helper(x.code, f"divide_{lane}", lane, [("x", lane), ("by", lane)], _long_division)
    quotient = x.code.call(name, lane, x, by)
    assert quotient is not None
    return quotient


def _long_division(x: Val, by: Val) -> None:
    """By the machine where both fit 64 bits; by halves where the divisor does; else bit by bit."""
    code, lane = x.code, x.type
    with code.if_((x | by).lshr(64) == 0):
        code.ret(x.trunc(I64).udiv(by.trunc(I64)).zext(lane))
    with code.if_(x.ult(by)):
        code.ret(code.const(0, lane))
    if lane == "i128":
        with code.if_(by.lshr(64) == 0):
            low = by.trunc(I64)
            high = x.lshr(64).trunc(I64)
            top = high.udiv(low)
            rest = ((high - top * low).zext(lane) << 64) | x.trunc(I64).zext(lane)
            code.ret((top.zext(lane) << 64) | _by_halves(rest, low).zext(lane))
    shift = leading_zeros(by) - leading_zeros(x)
    left_over, quotient = code.var(x), code.var(0, lane)
    part, left = code.var(by << shift), code.var(shift.trunc(I64))
    with code.while_(lambda: left.get() >= 0):
        fits = left_over.get().uge(part.get())
        left_over.set(fits.select(left_over.get() - part.get(), left_over.get()))
        quotient.set((quotient.get() << 1) | fits.zext(lane))
        part.set(part.get().lshr(1))
        left.add(-1)
    code.ret(quotient.get())


def _by_halves(x: Val, by: Val) -> Val:
    """x (i128) / by (i64), whose quotient fits 64 bits: two digits of 32 bits (Knuth's D)."""
    shift = leading_zeros(by)
    divisor = by << shift
    shifted = x << shift.zext(x.type)
    head, tail = shifted.lshr(64).trunc(I64), shifted.trunc(I64)
    first, rest = _digit(head, tail.lshr(32), divisor)
    second, _ = _digit(rest, tail & 0xFFFFFFFF, divisor)
    return (first << 32) + second


def _digit(head: Val, following: Val, divisor: Val) -> tuple[Val, Val]:
    """One digit of 32 bits of (head, following) / divisor, and what is left."""
    code = head.code
    top, low = divisor.lshr(32), divisor & 0xFFFFFFFF
    digit = code.var(head.udiv(top))
    over = code.var(head - digit.get() * top)

    def too_large() -> Val:
        # once `over` has 33 bits the digit is right, and the product could not be formed
        small = over.get().ult(1 << 32)
        near = (over.get() << 32) + following
        return small & (digit.get().uge(1 << 32) | (digit.get() * low).ugt(near))

    with code.while_(too_large):
        digit.add(-1)
        over.set(over.get() + top)
    return digit.get(), (head << 32) + following - digit.get() * divisor


def leading_zeros(x: Val) -> Val:
    """The number of zero bits above the highest one; `x` is not zero."""
    return x.code.intrinsic(f"llvm.ctlz.{x.type}", x.type, x, x.code.true)
