"""Arithmetic without errors: NULL in their place (try_*, null_*), or wrapped (ANSI off)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, all_valid, type_range
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions.catching import Catching
from pyflare.codegen.functions.registry import FUNCTIONS, Function, function
from pyflare.codegen.functions.values import integer
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.ir.types import Integer


def trying(name: str, strict: str) -> None:
    """Enters `name`: the function `strict`, NULL where it fails."""
    entry = FUNCTIONS[strict]
    assert isinstance(entry, Function)

    def python(call: Call, *args: Any) -> Any:
        try:
            return entry.python(call, *args)
        except Fails:
            return None

    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        catching = Catching(context)
        return catching.caught(entry.emit(call, args, catching))

    FUNCTIONS[name] = Function(name, emit, python)


for operation in ("add", "sub", "mul", "div", "mod"):
    trying(f"try_{operation}", operation)
for operation in ("div", "mod", "intdiv"):
    trying(f"null_{operation}", operation)


def wrapped(value: int, bits: int) -> int:
    """The value as a two's complement integer of `bits` bits."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def wrapping(name: str, compute: Callable[..., Any], arity: int) -> None:
    """Enters integer arithmetic modulo 2^bits; `compute` serves staged values and numbers."""

    def python(call: Call, *args: Any) -> Any:
        assert isinstance(call.type, Integer)
        return wrapped(compute(*args), call.type.bits)

    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        assert isinstance(call.type, Integer)
        lane = f"i{call.type.bits}"
        limits = type_range(call.type)
        assert limits is not None
        data = compute(*(arg.data.resize(lane) for arg in args))
        return integer(call.type, data, *limits, all_valid(*args))

    FUNCTIONS[name] = Function(name, emit, python)


def magnitude(x: Any) -> Any:
    return (x < 0).select(-x, x) if isinstance(x, Val) else abs(x)


wrapping("wrap_add", lambda x, y: x + y, 2)
wrapping("wrap_sub", lambda x, y: x - y, 2)
wrapping("wrap_mul", lambda x, y: x * y, 2)
wrapping("wrap_neg", lambda x: -x, 1)
wrapping("wrap_abs", magnitude, 1)
wrapping("bitand", lambda x, y: x & y, 2)
wrapping("bitor", lambda x, y: x | y, 2)
wrapping("bitxor", lambda x, y: x ^ y, 2)
wrapping("bitnot", lambda x: ~x, 1)


# ---------------------------------------------------------------- shifts


def shift(name: str, python: Callable[[int, int, int], int], stage: Callable[..., Val]) -> None:
    """Enters a shift; its count is taken modulo the width, as Java does."""

    def define(call: Call, x: int, count: int) -> int:
        assert isinstance(call.type, Integer)
        bits = call.type.bits
        return wrapped(python(x, count % bits, bits), bits)

    @function(name, define)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        assert isinstance(call.type, Integer)
        x, count = args
        bits = call.type.bits
        lane = f"i{bits}"
        limits = type_range(call.type)
        assert limits is not None
        data = stage(x.data.resize(lane), count.data.resize(lane) & (bits - 1))
        return integer(call.type, data, *limits, all_valid(x, count))


shift("shiftleft", lambda x, n, bits: x << n, lambda x, n: x << n)
shift("shiftright", lambda x, n, bits: x >> n, lambda x, n: x.ashr(n))
shift("shiftrightunsigned", lambda x, n, bits: x % (1 << bits) >> n, lambda x, n: x.lshr(n))
