"""Division of 128 bits and more, which no machine instruction does."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyflare.codegen import jit
from pyflare.codegen.emit.code import Code
from pyflare.codegen.functions.division import divide_by_constant, divide_unsigned

TOP = (1 << 128) - 1


def native(width: int, by: int | None = None) -> Any:
    """A function of numbers that divides in `width` bits, by a constant if `by` is given."""
    code, lane = Code(), f"i{width}"
    parameters = [("x", "ptr"), ("y", "ptr"), ("out", "ptr")]
    with code.function("run", "void", parameters) as (x, y, out):
        left = x.load(lane, align=8)
        if by is None:
            out.store(divide_unsigned(left, y.load(lane, align=8)), align=8)
        else:
            out.store(divide_by_constant(left, by, natural=False), align=8)
        code.ret()
    loaded = jit.load(code.module(), ["run"], jit.Tier.CHEAP)
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(loaded.addresses["run"])

    def divide(p: int, q: int) -> int:
        size = width // 8
        buffers = [
            ctypes.create_string_buffer((v % (1 << width)).to_bytes(size, "little"), size)
            for v in (p, q, 0)
        ]
        run(*map(ctypes.addressof, buffers))
        return int.from_bytes(buffers[2].raw, "little", signed=by is not None)

    divide.loaded = loaded  # type: ignore[attr-defined]
    return divide


WIDE = st.integers(0, TOP) | st.integers(0, 1 << 70) | st.sampled_from([TOP, 1 << 64, 1 << 127])


@settings(max_examples=300, deadline=None)
@given(WIDE, WIDE | st.integers(1, (1 << 64) - 1))
@example(TOP, (1 << 64) - 1)
@example(TOP, 1 << 63)
@example(((1 << 63) - 1) << 64 | (1 << 64) - 1, (1 << 63) + 1)
@example(TOP, 0xFFFFFFFF00000001)
def test_unsigned(x: int, by: int) -> None:
    """Every quotient of 128 bits, by small and by large divisors."""
    if by:
        assert DIVIDE(x, by) == x // by


DIVIDE = native(128)


@pytest.mark.parametrize("digits", [1, 2, 9, 18, 19, 20, 37, 38])
def test_constants(digits: int) -> None:
    """Powers of ten by a reciprocal, exact at both ends."""
    by = 10**digits
    divide = native(128, by)
    for x in (0, 1, by - 1, by, by + 1, (1 << 127) - 1, -(1 << 127) + 1, -by, -by - 1, 7 * by - 1):
        if abs(x) < 1 << 127:
            expected = abs(x) // by * (1 if x >= 0 else -1)
            assert divide(x, 0) == expected
