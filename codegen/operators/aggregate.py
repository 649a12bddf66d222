"""Aggregation: no keys, keys that index an array, or a hash table.

No keys and small arrays: states live in registers or on the stack during a morsel and are added
to the worker's block at its end. Larger arrays: in the worker's block. Otherwise see
group_table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value, width_for
from pyflare.codegen.emit.value import I1, I8, I32, I64, PTR, Val
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import Aggregate
from pyflare.codegen.operators.aggregates import Aggregates, key_values
from pyflare.codegen.operators.cells import Cells, Place, Registers, registers, zero
from pyflare.codegen.operators.dictionaries import Dictionary
from pyflare.codegen.operators.group_table import hash_aggregate
from pyflare.codegen.operators.primitives import Count
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import Block, Numbers
from pyflare.codegen.runtime.layout import Form, form_of

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

STACK_BYTES = 1 << 15
COPIES = 4  # of a small array: neighbouring rows of one group then write apart


def aggregate(op: Aggregate, builder: Builder, emit: Emit, produce: Produce) -> None:
    if op.keys and op.domains is None:
        hash_aggregate(op, builder, emit, produce)
        return
    groups = DirectGroups(op, builder)
    produce(op.child, builder, groups.update)
    groups.produce(emit)


@dataclass(frozen=True, slots=True)
class Key:
    """A key whose values index an array: lo … hi, and one more for NULL."""

    form: Form
    lo: int
    size: int

    @property
    def slots(self) -> int:
        return self.size + (1 if self.form.nullable else 0)


class DirectGroups:
    """Groups at the index that their keys spell."""

    def __init__(self, op: Aggregate, builder: Builder) -> None:
        self.op = op
        self.builder = builder
        self.name = builder.unique("groups")
        self.aggregates = Aggregates(op.aggregates, bool(op.keys))
        self.keys: list[Key] = []
        self.place: Place | None = None
        self.rows = -1

    @property
    def size(self) -> int:
        size = 1
        for key in self.keys:
            size *= key.slots
        return size

    # ------------------------------------------------------------ update

    def update(self, row: Row) -> None:
        context = self.builder.current
        values = key_values(self.op.keys, row, context)
        if self.place is None:
            self._plan(values, row, context)
        assert self.place is not None
        if not self.op.keys and not context.fans_out:
            cells = context.once(self.name, lambda: self._in_registers(context, False))
        elif not self.op.keys:
            cells = context.once(self.name, lambda: self._in_registers(context, True))
        else:
            cells = self._at(values, context)
        self.aggregates.update(cells, row, context)

    def _plan(self, values: Sequence[Value], row: Row, context: PipelineContext) -> None:
        assert self.op.domains is not None or not values
        for value, (lo, hi) in zip(values, self.op.domains or (), strict=True):
            self.keys.append(Key(form_of(value), lo, hi - lo + 1))
        self.aggregates.plan(row, context)
        if self.op.keys:
            self.rows = self.aggregates.state(Count(), (), None)
        self.place = self.aggregates.place()
        self.builder.structure(Block(self.name, self.size * self.place.width))

    def _in_registers(self, context: PipelineContext, wide: bool) -> list[Cells]:
        code = context.code
        cells: list[Cells] = []
        for state in self.aggregates.states:
            types = state.primitive.wide if wide else state.primitive.narrow
            variables = [context.register(type_, zero(code, type_).ref, "sum") for type_ in types]
            cells.append(Registers(tuple(variables)))
        context.at_end(lambda: self._flush_one(context, cells, context.local(self.name)))
        return cells

    def _flush_one(self, context: PipelineContext, cells: Sequence[Cells], base: Val) -> None:
        assert self.place is not None
        self.aggregates.merge(self.place.all(base), cells, context)

    def _at(self, values: Sequence[Value], context: PipelineContext) -> list[Cells]:
        """The states of the row's group."""
        assert self.place is not None
        index = self._index(values, context)
        narrow = self.aggregates.narrow_place()
        bytes_ = self.size * narrow.width
        if context.fans_out or bytes_ > STACK_BYTES:
            return self.place.all(context.local(self.name).at(I8, index * self.place.width))
        copies = COPIES if bytes_ * COPIES <= STACK_BYTES else 1
        table = context.once(self.name, lambda: self._on_stack(context, narrow, copies))
        if copies > 1:
            assert context.position is not None
            index = index * copies + (context.position & (copies - 1))
        return narrow.all(table.at(I8, index * narrow.width))

    def _on_stack(self, context: PipelineContext, narrow: Place, copies: int) -> Val:
        """A zeroed array for the morsel, added to the worker's block at its end."""
        code = context.code
        bytes_ = self.size * copies * narrow.width
        table = code.stack(I8, bytes_, "table").pointer
        code.declarations["llvm.memset.p0.i64"] = (
            "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
        )
        code.body.entry.append(
            f"call void @llvm.memset.p0.i64(ptr align 64 {table.ref}, i8 0, i64 {bytes_}, i1 false)"
        )
        base = context.local(self.name)

        def flush() -> None:
            assert self.place is not None
            with code.range_(0, code.const(self.size * copies, I64), hint="flush") as (i, _):
                group = i.lshr(copies.bit_length() - 1)
                wide = self.place.all(base.at(I8, group * self.place.width))
                self.aggregates.merge(wide, narrow.all(table.at(I8, i * narrow.width)), context)

        context.at_end(flush)
        return table

    def _index(self, values: Sequence[Value], context: PipelineContext) -> Val:
        index = context.code.const(0, I64)
        for key, value in zip(self.keys, values, strict=True):
            data = value.code if value.code is not None else value.data
            wide = data.zext(I64) if value.code is not None or data.type == I1 else data.sext(I64)
            slot = wide - key.lo
            if value.valid is not None:
                slot = value.valid.select(slot, key.size)
            index = index * key.slots + slot
        return index

    # ------------------------------------------------------------ result

    def produce(self, emit: Emit) -> None:
        builder = self.builder
        with builder.pipeline(f"{self.name} result", Numbers(self.size)) as context:
            code = context.code
            with code.range_(context.begin, context.end, hint="group") as (group, loop):
                context.loop, context.position = loop, group
                states: list[Cells] = [
                    registers(code, s.primitive.wide) for s in self.aggregates.states
                ]
                blocks = context.shared(self.name)
                with code.range_(0, blocks.load(I64), hint="worker") as (worker, _):
                    assert self.place is not None
                    block = blocks.at(I64, worker + 1).load(PTR, "block")
                    theirs = self.place.all(block.at(I8, group * self.place.width))
                    self.aggregates.merge(states, theirs, context)
                if not self.op.keys:
                    emit(self._row(group, states, context))
                    return
                with code.if_(states[self.rows].get(0) != 0, "group"):
                    emit(self._row(group, states, context))

    def _row(self, group: Val, states: Sequence[Cells], context: PipelineContext) -> LazyRow:
        makers: dict[int, Callable[[], Value]] = {}
        stride = self.size
        for (column, _), key in zip(self.op.keys, self.keys, strict=True):
            stride //= key.slots
            makers[column.id] = partial(self._key, key, group, stride, context)
        for (column, _), finish in zip(self.op.aggregates, self.aggregates.finishes, strict=True):
            makers[column.id] = partial(finish, states, context)
        return LazyRow(context.code, makers)

    def _key(self, key: Key, group: Val, stride: int, context: PipelineContext) -> Value:
        slot = group.udiv(stride).urem(key.slots)
        form = key.form
        valid = slot != key.size if form.nullable else None
        if valid is not None:
            slot = valid.select(slot, 0)
        if form.coded:
            assert isinstance(form.dictionary, Dictionary)
            return context.dictionary_string(
                form.type, form.dictionary, slot.trunc(I32), valid, form.ascii
            )
        data = slot + key.lo
        if isinstance(form.type, t.Boolean):
            return Value(form.type, data.trunc(I1), valid, 0, 1)
        lo, hi = key.lo, key.lo + key.size - 1
        return Value(form.type, data.resize(f"i{width_for(lo, hi)}"), valid, lo, hi)
