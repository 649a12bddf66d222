"""Staged values: a `Val` stands for a value of the generated code; its operators emit LLVM IR.

The same operators serve scalars (`i64`) and vectors (`<16 x i32>`): LLVM spells them alike.
Python numbers on either side of an operator become constants of the other operand's type.
Integers are signed; unsigned forms are methods (`ult`, `udiv`, …).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyflare.codegen.emit.code import Code

I1, I8, I16, I32, I64, I128 = "i1", "i8", "i16", "i32", "i64", "i128"
F32, F64, PTR = "float", "double", "ptr"


def lane_type(type_: str) -> str:
    """`<16 x i32>` -> `i32`; a scalar type is its own lane."""
    return type_[1:-1].split(" x ")[1] if type_.startswith("<") else type_


def lane_count(type_: str) -> int:
    """The number of lanes of a vector type, 1 for a scalar."""
    return int(type_[1:-1].split(" x ")[0]) if type_.startswith("<") else 1


def with_lanes(type_: str, like: str) -> str:
    """The scalar type `type_` with as many lanes as `like`."""
    return f"<{lane_count(like)} x {type_}>" if like.startswith("<") else type_


def bits(type_: str) -> int:
    """The width of a lane in bits; pointers are 64 wide."""
    lane = lane_type(type_)
    return {F32: 32, F64: 64, PTR: 64}.get(lane) or int(lane[1:])


def is_float(type_: str) -> bool:
    return lane_type(type_) in (F32, F64)


def constant(value: bool | int | float, type_: str) -> str:
    """The text of a constant; floats are written as hexadecimal bits, so that none is rounded."""
    lane = lane_type(type_)
    if lane in (F32, F64):
        number = struct.unpack("<f", struct.pack("<f", value))[0] if lane == F32 else float(value)
        text = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    elif lane == I1:
        text = "true" if value else "false"
    elif lane == PTR:
        assert value == 0
        text = "null"
    else:
        text = str(int(value))
    return f"splat ({lane} {text})" if type_.startswith("<") else text


class Val:
    """A value named `ref` of LLVM type `type` in the function that `code` is emitting."""

    __slots__ = ("code", "ref", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, code: Code, ref: str, type_: str) -> None:
        self.code = code
        self.ref = ref
        self.type = type_

    def __repr__(self) -> str:
        return f"{self.type} {self.ref}"

    # ------------------------------------------------------------ arithmetic

    def _lift(self, other: Val | int | float | bool) -> Val:
        if isinstance(other, Val):
            assert other.type == self.type, f"{self!r} and {other!r} differ in type"
            return other
        return Val(self.code, constant(other, self.type), self.type)

    def _binary(self, op: str, other: Val | int | float | bool, hint: str) -> Val:
        right = self._lift(other)
        return self.code.value(hint, self.type, f"{op} {self.type} {self.ref}, {right.ref}")

    def _arithmetic(self, op: str, other: Val | int | float, hint: str) -> Val:
        return self._binary(("f" if is_float(self.type) else "") + op, other, hint)

    def __add__(self, other: Val | int | float) -> Val:
        return self._arithmetic("add", other, "sum")

    def __radd__(self, other: int | float) -> Val:
        return self._lift(other) + self

    def __sub__(self, other: Val | int | float) -> Val:
        return self._arithmetic("sub", other, "diff")

    def __rsub__(self, other: int | float) -> Val:
        return self._lift(other) - self

    def __mul__(self, other: Val | int | float) -> Val:
        return self._arithmetic("mul", other, "prod")

    def __rmul__(self, other: int | float) -> Val:
        return self._lift(other) * self

    def __truediv__(self, other: Val | float) -> Val:
        return self._binary("fdiv", other, "quot")

    def sdiv(self, other: Val | int) -> Val:
        """Signed division, truncating; undefined for 0 and for MIN / -1."""
        return self._binary("sdiv", other, "quot")

    def srem(self, other: Val | int) -> Val:
        return self._binary("srem", other, "rem")

    def udiv(self, other: Val | int) -> Val:
        return self._binary("udiv", other, "quot")

    def urem(self, other: Val | int) -> Val:
        return self._binary("urem", other, "rem")

    def frem(self, other: Val | float) -> Val:
        return self._binary("frem", other, "rem")

    def __neg__(self) -> Val:
        if is_float(self.type):
            return self.code.value("neg", self.type, f"fneg {self.type} {self.ref}")
        return self._lift(0) - self

    def __and__(self, other: Val | int | bool) -> Val:
        return self._binary("and", other, "and")

    def __or__(self, other: Val | int | bool) -> Val:
        return self._binary("or", other, "or")

    def __xor__(self, other: Val | int | bool) -> Val:
        return self._binary("xor", other, "xor")

    def __invert__(self) -> Val:
        return self ^ (1 if lane_type(self.type) == I1 else -1)

    def __lshift__(self, other: Val | int) -> Val:
        return self._binary("shl", other, "shl")

    def lshr(self, other: Val | int) -> Val:
        return self._binary("lshr", other, "shr")

    def ashr(self, other: Val | int) -> Val:
        return self._binary("ashr", other, "sar")

    # ------------------------------------------------------------ comparison

    def _compare(self, signed: str, ordered: str, other: Val | int | float | bool) -> Val:
        right = self._lift(other)
        op = f"fcmp {ordered}" if is_float(self.type) else f"icmp {signed}"
        return self.code.value(
            "is", with_lanes(I1, self.type), f"{op} {self.type} {self.ref}, {right.ref}"
        )

    def __eq__(self, other: Val | int | float | bool) -> Val:  # type: ignore[override]
        return self._compare("eq", "oeq", other)

    def __ne__(self, other: Val | int | float | bool) -> Val:  # type: ignore[override]
        return self._compare("ne", "une", other)

    def __lt__(self, other: Val | int | float) -> Val:
        return self._compare("slt", "olt", other)

    def __le__(self, other: Val | int | float) -> Val:
        return self._compare("sle", "ole", other)

    def __gt__(self, other: Val | int | float) -> Val:
        return self._compare("sgt", "ogt", other)

    def __ge__(self, other: Val | int | float) -> Val:
        return self._compare("sge", "oge", other)

    def ult(self, other: Val | int) -> Val:
        return self._compare("ult", "", other)

    def ule(self, other: Val | int) -> Val:
        return self._compare("ule", "", other)

    def ugt(self, other: Val | int) -> Val:
        return self._compare("ugt", "", other)

    def uge(self, other: Val | int) -> Val:
        return self._compare("uge", "", other)

    def unordered(self) -> Val:
        """Is NaN."""
        return self._compare("", "uno", self)

    # ------------------------------------------------------------ choice and conversion

    def select(self, then: Val, otherwise: Val | int | float | bool) -> Val:
        """`then` where this i1 is true, else `otherwise`; both are evaluated."""
        other = then._lift(otherwise)
        return self.code.value(
            "sel",
            then.type,
            f"select {self.type} {self.ref}, {then.type} {then.ref}, {other.type} {other.ref}",
        )

    def _convert(self, op: str, lane: str) -> Val:
        to = with_lanes(lane, self.type)
        return self.code.value("to", to, f"{op} {self.type} {self.ref} to {to}")

    def sext(self, lane: str) -> Val:
        """The integer in a type at least as wide, sign kept; an i1 becomes 0 or -1."""
        return self if lane_type(self.type) == lane else self._convert("sext", lane)

    def zext(self, lane: str) -> Val:
        """The integer in a type at least as wide, seen as unsigned; an i1 becomes 0 or 1."""
        return self if lane_type(self.type) == lane else self._convert("zext", lane)

    def trunc(self, lane: str) -> Val:
        return self if lane_type(self.type) == lane else self._convert("trunc", lane)

    def resize(self, lane: str) -> Val:
        """The signed integer in this width, whichever is wider."""
        return self.sext(lane) if bits(lane) >= bits(self.type) else self.trunc(lane)

    def sitofp(self, lane: str) -> Val:
        return self._convert("sitofp", lane)

    def uitofp(self, lane: str) -> Val:
        return self._convert("uitofp", lane)

    def fptosi(self, lane: str) -> Val:
        """Truncation toward zero; poison out of range, so check before."""
        return self._convert("fptosi", lane)

    def fptosi_sat(self, lane: str) -> Val:
        """Truncation toward zero, clamped to the type; NaN gives 0."""
        to = with_lanes(lane, self.type)
        suffix = f"{mangled(to)}.{mangled(self.type)}"
        return self.code.intrinsic(f"llvm.fptosi.sat.{suffix}", to, self)

    def fpext(self) -> Val:
        return self if lane_type(self.type) == F64 else self._convert("fpext", F64)

    def fptrunc(self) -> Val:
        return self if lane_type(self.type) == F32 else self._convert("fptrunc", F32)

    def bitcast(self, type_: str) -> Val:
        return self.code.value("bits", type_, f"bitcast {self.type} {self.ref} to {type_}")

    def inttoptr(self) -> Val:
        return self.code.value("ptr", PTR, f"inttoptr {self.type} {self.ref} to ptr")

    def ptrtoint(self) -> Val:
        return self.code.value("addr", I64, f"ptrtoint ptr {self.ref} to i64")

    # ------------------------------------------------------------ memory

    def at(self, type_: str, index: Val | int = 0) -> Val:
        """The address of element `index` of the array of `type_` at this pointer."""
        if isinstance(index, int):
            if index == 0:
                return self
            index = Val(self.code, str(index), I64)
        return self.code.value(
            "at", PTR, f"getelementptr inbounds {type_}, ptr {self.ref}, {index.type} {index.ref}"
        )

    def load(self, type_: str, hint: str = "val", align: int | None = None) -> Val:
        suffix = f", align {align}" if align else ""
        return self.code.value(hint, type_, f"load {type_}, ptr {self.ref}{suffix}")

    def store(self, value: Val, align: int | None = None) -> None:
        suffix = f", align {align}" if align else ""
        self.code.line(f"store {value.type} {value.ref}, ptr {self.ref}{suffix}")


def mangled(type_: str) -> str:
    """LLVM's name for a type inside an intrinsic's name: double -> f64, <4 x i32> -> v4i32."""
    lane = {F32: "f32", F64: "f64", PTR: "p0"}.get(lane_type(type_), lane_type(type_))
    return f"v{lane_count(type_)}{lane}" if type_.startswith("<") else lane
