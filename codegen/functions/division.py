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
    """By the machine where both fit 64 bits; else one quotient bit at a time."""
    code, lane = x.code, x.type
    with code.if_((x | by).lshr(64) == 0):
        code.ret(x.trunc(I64).udiv(by.trunc(I64)).zext(lane))
    with code.if_(x.ult(by)):
        code.ret(code.const(0, lane))
    shift = leading_zeros(by) - leading_zeros(x)
    rest, quotient = code.var(x), code.var(0, lane)
    part, left = code.var(by << shift), code.var(shift.trunc(I64))
    with code.while_(lambda: left.get() >= 0):
        fits = rest.get().uge(part.get())
        rest.set(fits.select(rest.get() - part.get(), rest.get()))
        quotient.set((quotient.get() << 1) | fits.zext(lane))
        part.set(part.get().lshr(1))
        left.add(-1)
    code.ret(quotient.get())


def leading_zeros(x: Val) -> Val:
    """The number of zero bits above the highest one; `x` is not zero."""
    return x.code.intrinsic(f"llvm.ctlz.{x.type}", x.type, x, x.code.true)
