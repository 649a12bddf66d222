"""Runs one expression over arrays of rows: compiled, and by the interpreter."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyflare.codegen import jit
from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value, machine_type, type_range
from pyflare.codegen.emit.value import I8, I64, PTR, Val, bits
from pyflare.codegen.functions.expression import emit
from pyflare.codegen.functions.values import lane_for
from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.interpret.failure import EvaluationError
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.operators import failures

TIER = jit.Tier.CHEAP


@dataclass
class LoopContext:
    """The Context of a loop over the rows of some arrays."""

    code: Code
    slots: Val
    status: Any
    heap_pointer: Any
    bytes_of_slots: list[bytes] = field(default_factory=list)
    owners: list[Any] = field(default_factory=list)

    def _slot(self, data: bytes) -> Val:
        buffer = ctypes.create_string_buffer(data + bytes(16), len(data) + 16)
        self.owners.append(buffer)
        self.bytes_of_slots.append(struct.pack("<Q", ctypes.addressof(buffer)))
        index = len(self.bytes_of_slots) - 1
        at = self.code.entry_value("slot", PTR, f"getelementptr i64, ptr %slots, i64 {index}")
        return self.code.entry_value("constant", PTR, f"load ptr, ptr {at.ref}")

    def parameter(self, value: object, type_: t.Type) -> Value:
        lane = machine_type(type_)
        if value is None:
            length = self.code.const(0, I64) if lane == PTR else None
            zero = Val(self.code, "null" if lane == PTR else "zeroinitializer", lane)
            lo, hi = type_range(type_) or (None, None)
            return Value(type_, zero, self.code.false, lo, hi, length)
        if isinstance(value, str | bytes):
            data = value.encode() if isinstance(value, str) else value
            pointer = self._slot(data)
            size = self._slot(struct.pack("<q", len(data)))
            length = self.code.entry_value("size", I64, f"load i64, ptr {size.ref}")
            return Value(type_, pointer, None, length=length, ascii=data.isascii())
        slot = self._slot(encode(value, lane))
        if lane == "i1":
            byte = self.code.entry_value("parameter", I8, f"load i8, ptr {slot.ref}")
            data_ = self.code.entry_value("flag", "i1", f"trunc i8 {byte.ref} to i1")
            return Value(type_, data_, None, 0, 1)
        loaded = self.code.entry_value("parameter", lane, f"load {lane}, ptr {slot.ref}, align 8")
        if isinstance(value, int):
            most = min(10 ** len(str(abs(value))) - 1, (type_range(type_) or (0, 0))[1])
            return Value(type_, loaded, None, -most, most)
        return Value(type_, loaded, None, finite=value == value)

    def table(self, data: bytes, key: str) -> Val:
        return self._slot(data)

    def fail(
        self,
        failure: Failure,
        when: Val,
        operands: tuple[Value, ...] = (),
        expr: Expr | None = None,
        detail: tuple[tuple[str, str], ...] = (),
    ) -> None:
        bit = when.select(self.code.const(1 << failure, I64), 0)
        self.status.set(self.status.get() | bit)

    def heap(self, size: Val) -> Val:
        start: Val = self.heap_pointer.load(PTR)
        self.heap_pointer.store(start.at(I8, size))
        return start

    def callback(
        self, key: str, function: Any, arguments: Any, result: t.Type, *args: Value
    ) -> Value:
        """Boxes the arguments as (valid, low, high) words and calls through a slot."""
        code = self.code
        space: list[Any] = []

        def entry(words: int, out: int) -> None:
            values = [unbox(words + 24 * i, type_) for i, type_ in enumerate(arguments)]
            box(out, function(*values), result, space)

        pointer = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_uint64)(entry)
        self.owners += [pointer, space]
        address = ctypes.cast(pointer, ctypes.c_void_p).value
        target = self._slot(struct.pack("<Q", address))
        area = code.stack(I64, 3 * (len(args) + 1)).pointer
        failures.box(code, area.at(I64, 3), args)
        entry_ = code.entry_value("entry", PTR, f"load ptr, ptr {target.ref}")
        code.call_pointer(entry_, "void", area.at(I64, 3), area)
        valid = area.load(I64) != 0
        low, high = area.at(I64, 1).load(I64), area.at(I64, 2).load(I64)
        lane = machine_type(result)
        if lane == PTR:
            return Value(result, low.inttoptr(), valid, length=high)
        if lane == "i1":
            return Value(result, low.trunc("i1"), valid, 0, 1)
        if lane == "double":
            return Value(result, low.bitcast("double"), valid)
        if lane == "float":
            return Value(result, low.bitcast("double").fptrunc(), valid)
        wide = low.zext("i128") | (high.zext("i128") << 64)
        return Value(result, wide.trunc(lane), valid, *(type_range(result) or (None, None)))

    def row_number(self) -> Val:
        raise AssertionError("the harness has no rows")

    def library(self, name: str, bitcode: bytes) -> None:
        raise AssertionError("no function links a library")

    def over_dictionary(self, expr: Expr, column: Column, row: Row) -> Value | None:
        return None


def unbox(at: int, type_: t.Type) -> Any:
    """The storage-form value of three words."""
    valid, low, high = struct.unpack("<qQQ", ctypes.string_at(at, 24))
    if not valid:
        return None
    match type_:
        case t.String():
            return ctypes.string_at(low, high).decode()
        case t.Binary():
            return ctypes.string_at(low, high)
        case t.Boolean():
            return bool(low)
        case t.Float():
            return struct.unpack("<d", struct.pack("<Q", low))[0]
        case _:
            return int.from_bytes(struct.pack("<QQ", low, high), "little", signed=True)


def box(at: int, value: Any, type_: t.Type, space: list[Any]) -> None:
    """Writes a storage-form value as three words."""
    words = (0, 0, 0)
    if isinstance(value, str | bytes):
        raw = value.encode() if isinstance(value, str) else value
        buffer = ctypes.create_string_buffer(raw, len(raw) + 1)
        space.append(buffer)
        words = (1, ctypes.addressof(buffer), len(raw))
    elif isinstance(value, float):
        words = (1, struct.unpack("<Q", struct.pack("<d", value))[0], 0)
    elif value is not None:
        low, high = struct.unpack("<QQ", int(value).to_bytes(16, "little", signed=True))
        words = (1, low, high)
    ctypes.memmove(at, struct.pack("<QQQ", *words), 24)


def encode(value: Any, lane: str) -> bytes:
    if lane == "double":
        return struct.pack("<d", value)
    if lane == "float":
        return struct.pack("<f", value)
    return int(value).to_bytes(max(bits(lane) // 8, 1), "little", signed=lane != "i1")


def decode(data: bytes, lane: str) -> Any:
    if lane == "double":
        return struct.unpack("<d", data)[0]
    if lane == "float":
        return struct.unpack("<f", data)[0]
    if lane == "i1":
        return data[0] != 0
    return int.from_bytes(data, "little", signed=True)


@dataclass(frozen=True)
class Input:
    """One column: values in storage form (None for NULL), and the range to prove of them."""

    column: Column
    values: Sequence[Any]
    range_: tuple[int, int] | None = None
    ascii: bool = False
    finite: bool = False

    @property
    def lane(self) -> str:
        if self.range_ is not None:
            return lane_for(*self.range_)
        return machine_type(self.column.type)


def compiled(expr: Expr, inputs: Sequence[Input], tier: jit.Tier = TIER) -> list[Any]:
    """Per row: the value, or the set of failures."""
    code = Code()
    count = len(inputs[0].values) if inputs else 1
    parameters = [("slots", PTR), ("arrays", PTR), ("rows", I64), ("out", PTR), ("heap", PTR)]
    with code.function("run", "void", parameters) as (slots, arrays, rows, out, heap):
        status = code.var(0)
        context = LoopContext(code, slots, status, heap)
        with code.range_(0, rows) as (i, _):
            status.set(0)
            row = {
                source.column.id: _load(code, arrays, index, source, i)
                for index, source in enumerate(inputs)
            }
            value = emit(expr, row, context)
            lane = value.data.type
            width = max(bits(lane) // 8, 1)
            _check_range(code, value, status)
            data = value.data.zext(I8) if lane == "i1" else value.data
            out.at(I8, i * 64).store(data, align=8)
            valid = value.valid if value.valid is not None else code.true
            out.at(I8, i * 64 + 32).store(valid.zext(I64), align=8)
            length = value.length if value.length is not None else code.const(0, I64)
            out.at(I8, i * 64 + 40).store(length, align=8)
            out.at(I8, i * 64 + 48).store(status.get(), align=8)
        code.ret()
    loaded = jit.load(code.module(), ["run"], tier)
    run = ctypes.CFUNCTYPE(
        None, *[ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64] + [ctypes.c_void_p] * 2
    )(loaded.addresses["run"])
    owners: list[Any] = []
    addresses: list[int] = []
    for source in inputs:
        addresses += _arrays(source, owners)
    table = (ctypes.c_uint64 * max(len(addresses), 1))(*addresses)
    slot_bytes = b"".join(context.bytes_of_slots) + bytes(8)
    slot_buffer = ctypes.create_string_buffer(slot_bytes, len(slot_bytes))
    results = ctypes.create_string_buffer(64 * max(count, 1))
    space = ctypes.create_string_buffer(1 << 22)
    pointer = ctypes.c_uint64(ctypes.addressof(space))
    run(
        ctypes.addressof(slot_buffer),
        ctypes.addressof(table),
        count,
        ctypes.addressof(results),
        ctypes.addressof(pointer),
    )
    rows_: list[Any] = []
    for k in range(count):
        record = results.raw[64 * k : 64 * k + 64]
        valid, length, failed = struct.unpack("<qqq", record[32:56])
        if failed:
            rows_.append({f.name for f in Failure if failed >> f & 1} or {"RANGE"})
        elif not valid:
            rows_.append(None)
        elif lane == PTR:
            found = ctypes.string_at(struct.unpack("<Q", record[:8])[0], length)
            rows_.append(found.decode() if isinstance(expr.type, t.String) else found)
        else:
            rows_.append(decode(record[:width], lane))
    return rows_


RANGE_BIT = 1 << 40


def _check_range(code: Code, value: Value, status: Any) -> None:
    """A valid value of a row that does not fail lies within its proved range."""
    if value.lo is None or value.hi is None or value.data.type == "i1":
        return
    wide = value.data.resize("i256")
    outside = (wide < value.lo) | (wide > value.hi)
    if value.valid is not None:
        outside = outside & value.valid
    ok = status.get() == 0
    status.set((outside & ok).select(code.const(RANGE_BIT, I64), status.get()))


def _load(code: Code, arrays: Val, index: int, source: Input, i: Val) -> Value:
    data = arrays.at(PTR, 3 * index).load(PTR)
    lane = source.lane
    valid: Val | None = None
    if any(value is None for value in source.values):
        valid = arrays.at(PTR, 3 * index + 1).load(PTR).at(I8, i).load(I8) != 0
    type_ = source.column.type
    if lane == PTR:
        length = arrays.at(PTR, 3 * index + 2).load(PTR).at(I64, i).load(I64)
        pointer = data.at(PTR, i).load(PTR)
        return Value(type_, pointer, valid, length=length, ascii=source.ascii)
    if lane == "i1":
        return Value(type_, data.at(I8, i).load(I8).trunc("i1"), valid, 0, 1)
    lo, hi = source.range_ or type_range(type_) or (None, None)
    step = bits(lane) // 8
    loaded = data.at(I8, i * step).load(lane, align=1)
    return Value(type_, loaded, valid, lo, hi, finite=source.finite)


def _arrays(source: Input, owners: list[Any]) -> list[int]:
    lane = source.lane
    validity = bytes(value is not None for value in source.values)
    lengths = b""
    if lane == PTR:
        pointers = []
        sizes = []
        for value in source.values:
            raw = value.encode() if isinstance(value, str) else value
            if raw is None:
                pointers.append(1)  # garbage that must not be followed
                sizes.append(77)
                continue
            buffer = ctypes.create_string_buffer(raw, max(len(raw), 1))
            owners.append(buffer)
            pointers.append(ctypes.addressof(buffer))
            sizes.append(len(raw))
        data = struct.pack(f"<{len(pointers)}Q", *pointers)
        lengths = struct.pack(f"<{len(sizes)}q", *sizes)
    else:
        width = max(bits(lane) // 8, 1)
        data = b"".join(
            b"\x80" * width if value is None else encode(value, lane) for value in source.values
        )
    buffers = [ctypes.create_string_buffer(b, len(b) + 1) for b in (data, validity, lengths)]
    owners += buffers
    return [ctypes.addressof(b) for b in buffers]


def interpreted(expr: Expr, inputs: Sequence[Input]) -> list[Any]:
    """Per row: the value, or the set of the failure."""
    count = len(inputs[0].values) if inputs else 1
    results: list[Any] = []
    for i in range(count):
        row: Mapping[int, object] = {s.column.id: s.values[i] for s in inputs}
        try:
            results.append(evaluate(expr, row))
        except EvaluationError as error:
            results.append({error.failure.name})
    return results


def same(x: Any, y: Any) -> bool:
    """Equal, of one kind, with NaN equal to itself and the sign of zero told apart."""
    if isinstance(x, float) and isinstance(y, float):
        return struct.pack("<d", x) == struct.pack("<d", y) or (math.isnan(x) and math.isnan(y))
    if isinstance(x, set) and isinstance(y, set):
        return bool(x & y)
    return type(x) is type(y) and bool(x == y)


def check(expr: Expr, *inputs: Input, tier: jit.Tier = TIER) -> list[Any]:
    """Compiled and interpreted rows agree; gives the interpreter's."""
    expected = interpreted(expr, inputs)
    actual = compiled(expr, inputs, tier)
    for i, (want, got) in enumerate(zip(expected, actual, strict=True)):
        operands = [s.values[i] for s in inputs]
        assert same(want, got), f"row {i} {operands!r}: interpreter {want!r}, compiled {got!r}"
    return expected
