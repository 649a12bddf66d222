"""Spark's hash (Murmur3, 32 bits) and xxhash64 of rows, seed 42; NULLs leave the hash unchanged."""

from __future__ import annotations

import struct
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import F32, F64, I8, I32, I64, PTR, Val
from pyflare.codegen.functions.callbacks import by_python
from pyflare.codegen.functions.callbacks import called as call_python
from pyflare.codegen.functions.decimals import single
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.text import called
from pyflare.codegen.functions.values import integer, safe_length
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call
from pyflare.codegen.unsupported import Unsupported

SEED = 42
M32, M64 = (1 << 32) - 1, (1 << 64) - 1
C1, C2 = 0xCC9E2D51, 0x1B873593


def signed(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


# ---------------------------------------------------------------- Murmur3 in Python


def rotated(x: int, count: int, bits: int = 32) -> int:
    mask = (1 << bits) - 1
    return (x << count | x >> bits - count) & mask


def mix_word(h: int, word: int) -> int:
    word = rotated(word * C1 & M32, 15) * C2 & M32
    return (rotated(h ^ word, 13) * 5 + 0xE6546B64) & M32


def finished(h: int, length: int) -> int:
    h ^= length
    h = (h ^ h >> 16) * 0x85EBCA6B & M32
    h = (h ^ h >> 13) * 0xC2B2AE35 & M32
    return h ^ h >> 16


def murmur_int(value: int, seed: int) -> int:
    return finished(mix_word(seed, value & M32), 4)


def murmur_long(value: int, seed: int) -> int:
    return finished(mix_word(mix_word(seed, value & M32), value >> 32 & M32), 8)


def murmur_bytes(data: bytes, seed: int) -> int:
    """Whole words, then each remaining byte, signed, as a word of its own."""
    whole = len(data) // 4 * 4
    h = seed
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        h = mix_word(h, word)
    for byte in data[whole:]:
        h = mix_word(h, signed(byte, 8) & M32)
    return finished(h, len(data))


def big_bytes(value: int) -> bytes:
    """Java's BigInteger.toByteArray."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def leaves(value: Any, type_: t.Type) -> tuple[str, Any]:
    """What is hashed of a value: an int, a long, or bytes."""
    match type_:
        case t.Boolean():
            return "int", int(value)
        case t.Integer(64) | t.Timestamp() | t.TimestampNTZ() | t.DayTimeInterval():
            return "long", value
        case t.Integer() | t.Date() | t.YearMonthInterval():
            return "int", value
        case t.Float(32):
            number = 0.0 if value == 0 else single(value)
            bits = (
                0x7FC00000
                if number != number
                else struct.unpack("<I", struct.pack("<f", number))[0]
            )
            return "int", signed(bits, 32)
        case t.Float():
            number = 0.0 if value == 0 else value
            bits = struct.unpack("<Q", struct.pack("<d", number))[0]
            bits = 0x7FF8000000000000 if number != number else bits
            return "long", signed(bits, 64)
        case t.Decimal(precision):
            return ("long", value) if precision <= 18 else ("bytes", big_bytes(value))
        case t.String():
            return "bytes", value.encode()
        case t.Binary():
            return "bytes", bytes(value)
        case _:
            raise Unsupported(f"hash of {type_}")


def py_hash(call: Call, *values: Any) -> int:
    h = SEED
    for arg, value in zip(call.args, values, strict=True):
        if value is None:
            continue
        match leaves(value, arg.type):
            case "int", number:
                h = murmur_int(number, h)
            case "long", number:
                h = murmur_long(number, h)
            case _, data:
                h = murmur_bytes(data, h)
    return signed(h, 32)


# ---------------------------------------------------------------- Murmur3 staged


def _rotl(x: Val, count: int) -> Val:
    both = x.code.const(count, x.type)
    return x.code.intrinsic(f"llvm.fshl.{x.type}", x.type, x, x, both)


def _mix(h: Val, word: Val) -> Val:
    word = _rotl(word * signed(C1, 32), 15) * C2
    return _rotl(h ^ word, 13) * 5 + signed(0xE6546B64, 32)


def _finish(h: Val, length: Val | int) -> Val:
    h = h ^ length
    h = (h ^ h.lshr(16)) * signed(0x85EBCA6B, 32)
    h = (h ^ h.lshr(13)) * signed(0xC2B2AE35, 32)
    return h ^ h.lshr(16)


def _staged_int(value: Val, seed: Val) -> Val:
    return _finish(_mix(seed, value.resize(I32)), 4)


def _staged_long(value: Val, seed: Val) -> Val:
    wide = value.resize(I64)
    return _finish(_mix(_mix(seed, wide.trunc(I32)), wide.lshr(32).trunc(I32)), 8)


def _bytes(text: Val, length: Val, seed: Val) -> None:
    code = text.code
    h = code.var(seed)
    whole = length & -4
    with code.range_(0, whole, step=4, hint="word") as (at, _):
        h.set(_mix(h.get(), text.at(I8, at).load(I32, align=1)))
    with code.range_(whole, length, hint="byte") as (at, _):
        h.set(_mix(h.get(), text.at(I8, at).load(I8).sext(I32)))
    code.ret(_finish(h.get(), length.trunc(I32)))


@function("hash", py_hash, strict=False)
def hash_(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Murmur3 of each value with the hash so far as its seed."""
    if any(isinstance(arg.type, t.Decimal) and arg.type.precision > 18 for arg in args):
        return call_python(call, args, context)
    code = context.code
    h = code.const(SEED, I32)
    for value in args:
        following = _staged_hash(value, h)
        h = following if value.valid is None else value.valid.select(following, h)
    limits = type_range(call.type)
    assert limits is not None
    return integer(call.type, h, *limits, None)


def _staged_hash(value: Value, seed: Val) -> Val:
    code = seed.code
    match value.type:
        case t.Boolean():
            return _staged_int(value.data.zext(I32), seed)
        case t.Float(width):
            lane, form = (F32, _staged_int) if width == 32 else (F64, _staged_long)
            data = (value.data == 0.0).select(code.const(0.0, lane), value.data)
            data = data.unordered().select(code.const(float("nan"), lane), data)
            return form(data.bitcast(I32 if width == 32 else I64), seed)
        case t.Integer(64) | t.Timestamp() | t.TimestampNTZ() | t.DayTimeInterval():
            return _staged_long(value.data, seed)
        case t.Integer() | t.Date() | t.YearMonthInterval():
            return _staged_int(value.data, seed)
        case t.Decimal(precision) if precision <= 18:
            return _staged_long(value.data, seed)
        case t.String() | t.Binary():
            name = helper(
                code, "murmur", I32, [("text", PTR), ("length", I64), ("seed", I32)], _bytes
            )
            return called(code.call(name, I32, value.data, safe_length(value), seed))
        case t.Null():
            return seed
        case _:
            raise Unsupported(f"hash of {value.type}")


# ---------------------------------------------------------------- xxhash64

P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
    0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip


def _avalanche(h: int) -> int:
    h = (h ^ h >> 33) * P2 & M64
    h = (h ^ h >> 29) * P3 & M64
    return h ^ h >> 32


def xx_int(value: int, seed: int) -> int:
    h = (seed + P5 + 4) & M64
    h ^= (value & M32) * P1 & M64
    return _avalanche((rotated(h, 23, 64) * P2 + P3) & M64)


def xx_long(value: int, seed: int) -> int:
    h = (seed + P5 + 8) & M64
    h ^= rotated((value & M64) * P2 & M64, 31, 64) * P1 & M64
    return _avalanche((rotated(h, 27, 64) * P1 + P4) & M64)


def xx_bytes(data: bytes, seed: int) -> int:
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(seed + P1 + P2) & M64, (seed + P2) & M64, seed & M64, (seed - P1) & M64]
        while at + 32 <= size:
            for i, word in enumerate(struct.unpack_from("<4Q", data, at)):
                lanes[i] = rotated((lanes[i] + word * P2) & M64, 31, 64) * P1 & M64
            at += 32
        h = sum(rotated(v, c, 64) for v, c in zip(lanes, (1, 7, 12, 18), strict=True)) & M64
        for v in lanes:
            h ^= rotated(v * P2 & M64, 31, 64) * P1 & M64
            h = (h * P1 + P4) & M64
    else:
        h = (seed + P5) & M64
    h = (h + size) & M64
    while at + 8 <= size:
        (word,) = struct.unpack_from("<Q", data, at)
        h ^= rotated(word * P2 & M64, 31, 64) * P1 & M64
        h = (rotated(h, 27, 64) * P1 + P4) & M64
        at += 8
    if at + 4 <= size:
        (word,) = struct.unpack_from("<I", data, at)
        h ^= word * P1 & M64
        h = (rotated(h, 23, 64) * P2 + P3) & M64
        at += 4
    for byte in data[at:]:
        h ^= byte * P5 & M64
        h = rotated(h, 11, 64) * P1 & M64
    return _avalanche(h)


def py_xxhash64(call: Call, *values: Any) -> int:
    h = SEED
    for arg, value in zip(call.args, values, strict=True):
        if value is None:
            continue
        match leaves(value, arg.type):
            case "int", number:
                h = xx_int(number, h)
            case "long", number:
                h = xx_long(number, h)
            case _, data:
                h = xx_bytes(data, h)
    return signed(h, 64)


by_python("xxhash64", py_xxhash64, strict=False)
