"""rand and randn: a hash of the seed and of the row's number.

Threads share no state, and a query that runs again draws the same numbers for the same rows, so
that the parts of randomSplit neither overlap nor lose a row. They are not Spark's numbers, which
depend on its partitions.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import count
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import F64, I64, Val
from pyflare.codegen.functions.registry import function
from pyflare.codegen.ir.expr import Call

M64 = (1 << 64) - 1
GOLDEN, MIX1, MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # splitmix64


def mixed(x: int) -> int:
    """splitmix64's finisher: neighbours become independent."""
    x = (x ^ x >> 30) * MIX1 & M64
    x = (x ^ x >> 27) * MIX2 & M64
    return x ^ x >> 31


def draws(seed: int, row: int) -> tuple[int, int]:
    """Two words of 64 random bits for a row."""
    word = mixed((mixed((seed + GOLDEN) & M64) + row * GOLDEN) & M64)
    return word, mixed((word + GOLDEN) & M64)


def unit(word: int) -> float:
    """In [0, 1), in steps of 2^-53."""
    return (word >> 11) * 2.0**-53


@cache
def rows(seed: int) -> count[int]:
    """The interpreter numbers the rows as they come."""
    return count()


def py_rand(call: Call, seed: Any) -> float:
    return unit(draws(seed, next(rows(seed)))[0])


def py_randn(call: Call, seed: Any) -> float:
    first, second = map(unit, draws(seed, next(rows(seed))))
    return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)


def _mixed(x: Val) -> Val:
    x = (x ^ x.lshr(30)) * MIX1
    x = (x ^ x.lshr(27)) * MIX2
    return x ^ x.lshr(31)


def _draw(seed: Value, context: Context) -> Val:
    start = _mixed(seed.data.sext(I64) + GOLDEN)
    return _mixed(start + context.row_number() * GOLDEN)


def _unit(word: Val) -> Val:
    return word.lshr(11).uitofp(F64) * 2.0**-53


@function("rand", py_rand, strict=False)
def rand(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Uniform in [0, 1)."""
    return Value(call.type, _unit(_draw(args[0], context)), None, finite=True)


@function("randn", py_randn, strict=False)
def randn(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Standard normal, by Box and Muller."""
    code = context.code
    word = _draw(args[0], context)
    first, second = _unit(word), _unit(_mixed(word + GOLDEN))
    log = code.call("log", F64, -first + 1.0, declare="declare double @log(double)")
    angle = second * (2 * math.pi)
    cos = code.call("cos", F64, angle, declare="declare double @cos(double)")
    assert log is not None and cos is not None
    return Value(call.type, code.unary("sqrt", log * -2.0) * cos, None, finite=True)
