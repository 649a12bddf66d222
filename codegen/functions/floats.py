"""Exact conversions between decimals and binary floats."""

from __future__ import annotations

from pyflare.codegen.emit.value import F64, I64, Val
from pyflare.codegen.functions.division import divide_unsigned
from pyflare.codegen.functions.helpers import helper

EXACT = 1 << 53  # integers below are doubles
POWERS = 22  # 10^22 is a double, and 10^23 is not


def decimal_to_double(data: Val, lo: int, hi: int, scale: int) -> Val:
    """The double nearest to data * 10 ** -scale.

    An integer below 2^53 divided by an exact power of ten is rounded once, hence correctly.
    """
    if max(-lo, hi) <= EXACT and scale <= POWERS:
        quotient = data.resize(I64).sitofp(F64)
        return quotient / float(10**scale) if scale else quotient
    code = data.code
    name = helper(
        code,
        f"decimal_to_double_{scale}",
        F64,
        [("value", "i128")],
        lambda value: _to_double(value, scale),
    )
    result = code.call(name, F64, data.resize("i128"))
    assert result is not None
    return result


def _to_double(value: Val, scale: int) -> None:
    """Rounded once: from 64 bits of the exact quotient with a sticky last bit."""
    code = value.code
    if scale <= POWERS:
        small = (value + EXACT).lshr(54) == 0
        with code.if_(small):
            code.ret(value.trunc(I64).sitofp(F64) / float(10**scale))
    with code.if_(value == 0):
        code.ret(code.const(0.0, F64))
    negative = value < 0
    magnitude = negative.select(-value, value)
    zeros = code.intrinsic("llvm.ctlz.i128", "i128", magnitude, code.true)
    wide = magnitude.zext("i256") << (zeros.zext("i256") + 127)
    power = code.const(10**scale, "i256")
    quotient = divide_unsigned(wide, power) if scale else wide
    exact = quotient * power == wide if scale else code.true
    lead = code.intrinsic("llvm.ctlz.i256", "i256", quotient, code.true)
    drop = code.const(192, "i256") - lead
    top = quotient.lshr(drop)
    exact = exact & ((top << drop) == quotient)
    bits = top.trunc(I64) | (~exact).zext(I64)
    # bits * 2^drop / 2^(zeros + 127)
    exponent = drop.trunc(I64) - zeros.trunc(I64) - 127
    power_of_two = ((exponent + 1023) << 52).bitcast(F64)
    rounded = bits.uitofp(F64) * power_of_two
    code.ret(negative.select(-rounded, rounded))
