"""rand and randn: Spark's generator (a xorshift of 64 bits), one stream per use in a query."""

from __future__ import annotations

import math
import struct
from functools import cache
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.functions.hashing import finished, mix_word, signed
from pyflare.codegen.functions.registry import function
from pyflare.codegen.ir.expr import Call, Literal
from pyflare.codegen.ir.types import BIGINT, DOUBLE

M64 = (1 << 64) - 1
ARRAY_SEED = 0x3C074A61  # of Scala's MurmurHash3


def hashed(seed: int) -> int:
    """The state that a seed starts with."""
    words = struct.unpack("<2I", struct.pack(">q", signed(seed, 64)))

    def murmur(start: int) -> int:
        return finished(mix_word(mix_word(start, words[0]), words[1]), 8)

    low = murmur(ARRAY_SEED)
    return murmur(low) << 32 | low


class Stream:
    """A sequence of random numbers; calling it gives the next one."""

    def __init__(self, seed: int, normal: bool) -> None:
        self.state = hashed(seed)
        self.normal = normal
        self.spare: float | None = None

    def __call__(self, seed: int | None = None) -> float:
        return self.gaussian() if self.normal else self.uniform()

    def bits(self, count: int) -> int:
        x = self.state
        x ^= x << 21 & M64
        x ^= x >> 35
        x ^= x << 4 & M64
        self.state = x
        return x & (1 << count) - 1

    def uniform(self) -> float:
        """In [0, 1), in steps of 2^-53."""
        return float((self.bits(26) << 27) + self.bits(27)) * 2.0**-53

    def gaussian(self) -> float:
        """Marsaglia's polar method, two at a time."""
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            x, y = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            square = x * x + y * y
            if 0 < square < 1:
                factor = math.sqrt(-2 * math.log(square) / square)
                self.spare = y * factor
                return x * factor


@cache
def stream(seed: int, normal: bool) -> Stream:
    """The interpreter's stream of a seed."""
    return Stream(seed, normal)


def random(name: str, normal: bool) -> None:
    """Enters a function of a literal seed that gives another number each time."""

    def python(call: Call, seed: Any) -> float:
        return stream(seed or 0, normal)()

    @function(name, python, strict=False)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (seed,) = call.args
        assert isinstance(seed, Literal)
        start = seed.value if isinstance(seed.value, int) else 0
        key = f"{name} {start}"
        result = context.callback(key, Stream(start, normal), (BIGINT,), DOUBLE, *args)
        return Value(call.type, result.data, None, finite=True)


random("rand", normal=False)
random("randn", normal=True)
