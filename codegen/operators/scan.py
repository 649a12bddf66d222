"""Rows of bound tables, of ranges, and the single row of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, assert_never

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value, machine_type, type_range, width_for
from pyflare.codegen.emit.value import F32, F64, I1, I8, I32, I64, PTR, Val
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.ir.operators import OneRow, Range, Scan, Storage
from pyflare.codegen.operators.dictionaries import Dictionary, Rows
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import BoundRows, ColumnPart, FirstRow, Numbers

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit

BLOCK = 1024
Choose: TypeAlias = "Callable[[Row, Callable[[], None]], None]"


def scan(op: Scan, builder: Builder, emit: Emit) -> None:
    """A pipeline over the chunks of a bound table."""
    builder.scans.setdefault(op.source, op)
    with builder.pipeline(f"scan {op.source}", BoundRows(op.source)) as context:
        first = context.slot(FirstRow(), I64, "first")
        with context.code.range_(context.begin, context.end) as (index, loop):
            context.loop = loop
            context.position = first + index

            emit(_row(op, index, context))


def scan_blocks(op: Scan, builder: Builder, choose: Choose, emit: Emit) -> None:
    """As `scan`, but of each block the rows are chosen first, `choose(row, then)`, and emitted
    afterwards: work per row that would fill the processor's window does not stand between the
    cache misses of neighbouring rows."""
    builder.scans.setdefault(op.source, op)
    with builder.pipeline(f"scan {op.source}", BoundRows(op.source)) as context:
        code = context.code
        first = context.slot(FirstRow(), I64, "first")
        chosen = code.stack(I32, BLOCK, "chosen")
        with code.range_(context.begin, context.end, BLOCK, hint="block") as (start, _):
            count = code.var(0)
            stop = (start + BLOCK < context.end).select(start + BLOCK, context.end)
            with code.range_(start, stop, hint="row") as (index, loop):
                context.loop, context.position = loop, first + index

                def keep(index: Val = index) -> None:
                    chosen[count.get()] = (index - start).trunc(I32)
                    count.add(1)

                choose(_row(op, index, context), keep)
            with code.range_(0, count.get(), hint="chosen") as (place, loop):
                index = start + chosen[place].zext(I64)
                context.loop, context.position = loop, first + index
                emit(_row(op, index, context))


def _row(op: Scan, index: Val, context: PipelineContext) -> LazyRow:
    def column(i: int) -> Callable[[], Value]:
        return lambda: load(context, op.source, i, op.columns[i], op.storage[i], index)

    return LazyRow(context.code, {c.id: column(i) for i, c in enumerate(op.columns)})


def load(
    context: PipelineContext, source: str, i: int, column: Column, storage: Storage, index: Val
) -> Value:
    """Column `i` of row `index` of the chunk."""
    type_ = column.type
    valid = _valid(context, i, index) if storage.nulls and storage.kind != "opaque" else None
    code = context.code
    match storage.kind:
        case "fixed" if isinstance(type_, t.Boolean):
            data = _part(context, i, "data").at(I8, index).load(I8, column.name) != 0
            return Value(type_, data, valid, 0, 1)
        case "fixed" if isinstance(type_, t.Float):
            lane = F32 if type_.bits == 32 else F64
            data = _part(context, i, "data").at(lane, index).load(lane, column.name)
            return Value(type_, data, valid, finite=storage.finite)
        case "fixed" if isinstance(type_, t.Null):
            return context.parameter(None, type_)
        case "fixed":
            lane = f"i{storage.bits}"
            at = _part(context, i, "data").at(lane, index)
            data = at.load(lane, column.name, align=min(8, storage.bits // 8))
            lo, hi = _bounds(type_, storage)
            narrow = f"i{width_for(lo, hi)}"
            return Value(
                type_,
                data if storage.bits <= int(narrow[1:]) else data.trunc(narrow),
                valid,
                lo,
                hi,
            )
        case "bits":
            bit = index + _part(context, i, "data_bit", I64)
            return Value(type_, _bit(_part(context, i, "data"), bit), valid, 0, 1)
        case "string":
            lane = f"i{storage.bits}"
            at = _part(context, i, "offsets").at(lane, index)
            start, stop = (p.load(lane, "offset").zext(I64) for p in (at, at.at(lane, 1)))
            data = _part(context, i, "data").at(I8, start)
            return Value(type_, data, valid, length=stop - start, ascii=storage.ascii)
        case "dictionary":
            lane = f"i{storage.bits}"
            number = _part(context, i, "data").at(lane, index).load(lane, column.name).zext(I32)
            if valid is not None:
                number = valid.select(number, 0)
            return context.dictionary_string(
                type_, Dictionary(source, i), number, valid, storage.ascii
            )
        case "vector":
            lane = machine_type(type_.element) if isinstance(type_, t.Array) else I8
            data = _part(context, i, "data").at(lane, index * storage.size)
            return Value(type_, data, valid, length=code.const(storage.size, I64))
        case "opaque":
            row = index + context.slot(FirstRow(), I64, "first")
            if storage.nulls:
                valid = _valid(context, i, index)
            return Value(type_, row, valid, dictionary=Rows(source, i))
        case _:
            assert_never(storage.kind)


def _bounds(type_: t.Type, storage: Storage) -> tuple[int, int]:
    """What type, width and statistics prove together."""
    bounds = type_range(type_)
    assert bounds is not None, type_
    lo = max(bounds[0], -(1 << storage.bits - 1))
    hi = min(bounds[1], (1 << storage.bits - 1) - 1)
    if storage.lo is not None and storage.hi is not None:
        lo, hi = max(lo, storage.lo), min(hi, storage.hi)
    return (lo, hi) if lo <= hi else (0, 0)


def _part(context: PipelineContext, i: int, part: str, type_: str = PTR) -> Val:
    return context.slot(ColumnPart(i, part), type_, f"{part}.{i}")  # type: ignore[arg-type]


def _valid(context: PipelineContext, i: int, index: Val) -> Val:
    bit = index + _part(context, i, "validity_bit", I64)
    return _bit(_part(context, i, "validity"), bit)


def _bit(data: Val, bit: Val) -> Val:
    byte = data.at(I8, bit.lshr(3)).load(I8, "byte")
    return byte.lshr((bit & 7).trunc(I8)).trunc(I1)


def range_(op: Range, builder: Builder, emit: Emit) -> None:
    """A pipeline over the numbers of a Range."""
    count = max(0, -((op.start - op.end) // op.step)) if op.step else 0
    assert op.step
    with builder.pipeline("range", Numbers(count)) as context:
        start = context.parameter(op.start, t.BIGINT).data.sext(I64)
        step = context.parameter(op.step, t.BIGINT).data.sext(I64)
        lo, hi = -(1 << 63), (1 << 63) - 1
        with context.code.range_(context.begin, context.end) as (index, loop):
            context.loop, context.position = loop, index
            value = Value(op.column.type, start + index * step, None, lo, hi)
            emit(LazyRow(context.code, {op.column.id: lambda: value}))


def one_row(op: OneRow, builder: Builder, emit: Emit) -> None:
    """A pipeline that runs once."""
    with (
        builder.pipeline("one row", Numbers(1)) as context,
        context.code.range_(context.begin, context.end) as (index, loop),
    ):
        context.loop, context.position = loop, index
        emit(LazyRow(context.code, {}))
