"""Operators that join, cut, repeat or share streams of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I64, PTR
from pyflare.codegen.functions import expression
from pyflare.codegen.functions.branches import alike, parts, rebuilt
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.ir.operators import Expand, Limit, Shared, Union
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import Cut, TupleRows, Tuples
from pyflare.codegen.runtime.calls import Request
from pyflare.codegen.runtime.layout import Layout, converted, form_of, layout, wide_form

if TYPE_CHECKING:
    from pyflare.codegen.emit.value import Val
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce


class Buffer:
    """Rows kept for later pipelines, in the order of their morsels."""

    def __init__(
        self, builder: Builder, name: str, columns: Sequence[Column], header: int = 0
    ) -> None:
        self.builder = builder
        self.name = builder.unique(name)
        self.columns = tuple(columns)
        self.header = header
        self.layout: Layout | None = None

    def append(self, row: Row) -> Val:
        """Stores a row; its address."""
        context = self.builder.current
        values = [row[column.id] for column in self.columns]
        if self.layout is None:
            self.layout = layout([form_of(value) for value in values], self.header)
            self.builder.structure(Tuples(self.name, self.layout.width))
        at = self.place(context)
        for i, value in enumerate(values):
            self.layout.store(at, i, value, context)
        return at

    def place(self, context: PipelineContext) -> Val:
        """The address of one more row; what it holds is left to the caller."""
        assert self.layout is not None
        return append_row(context, self.name, self.layout.width)

    def row(self, at: Val, context: PipelineContext) -> LazyRow:
        """The stored row at an address."""
        stored = self.layout
        assert stored is not None

        def field(i: int) -> Callable[[], Value]:
            return lambda: stored.load(at, i, context)

        return LazyRow(context.code, {c.id: field(i) for i, c in enumerate(self.columns)})

    def address(self, number: Val, context: PipelineContext) -> Val:
        """The address of row `number`."""
        assert self.layout is not None
        return self.base(context).at(I8, number * self.layout.width)

    def base(self, context: PipelineContext) -> Val:
        shared = context.shared(self.name)
        return context.once(("base", self.name), lambda: context.entry_load(shared, 0, PTR, "base"))

    def read(self, emit: Emit, cut: str | None = None, name: str = "read") -> None:
        """A pipeline over the rows."""
        source = TupleRows(self.name, cut)
        with (
            self.builder.pipeline(f"{name} {self.name}", source) as context,
            context.code.range_(context.begin, context.end) as (number, loop),
        ):
            context.loop, context.position = loop, number
            emit(self.row(self.address(number, context), context))


def append_row(context: PipelineContext, tuples: str, width: int) -> Val:
    """The address of a new row of an unpartitioned buffer."""
    code = context.code
    local = context.local(tuples)
    free = context.kept(("free", tuples), local, 0, PTR, "free")
    end = context.kept(("end", tuples), local, 8, PTR, "chunk_end")
    full = free.get().ptrtoint() == end.get().ptrtoint()
    with code.if_(full, "grow", unlikely=True):
        local.store(free.get())
        context.request(Request.GROW, tuples)
        free.set(local.load(PTR))
        end.set(local.at(I64, 1).load(PTR))
    row = free.get()
    free.set(row.at(I8, width))
    return row


def limit(op: Limit, builder: Builder, emit: Emit, produce: Produce) -> None:
    """Keeps the rows, then reads the first of them; no morsel keeps more than are wanted."""
    buffer = Buffer(builder, "limit", op.child.output)

    def keep(row: Row) -> None:
        context = builder.current
        if op.limit is not None and context.loop is not None:
            enough = context.parameter_word(op.limit + op.offset)
            count = context.once(
                ("limit", buffer.name), lambda: context.register("i64", "0", "kept")
            )
            context.loop.break_if(count.get() >= enough)
            count.add(1)
        buffer.append(row)

    produce(op.child, builder, keep)
    cut = builder.structure(Cut(builder.unique("cut"), buffer.name, op.limit, op.offset))
    buffer.read(emit, cut.name)


def union(op: Union, builder: Builder, emit: Emit, produce: Produce) -> None:
    """Every child's pipelines emit into the same consumer, in forms that fit them all."""
    for child, inputs in zip(op.children, op.inputs, strict=True):

        def widen(row: Row, inputs: tuple[Column, ...] = inputs) -> None:
            makers = {}
            for column, source in zip(op.columns, inputs, strict=True):

                def make(source: Column = source, column: Column = column) -> Value:
                    value = row[source.id]
                    if not column.nullable:
                        value = value.with_valid(None)
                    return converted(value, wide_form(column.type, column.nullable))

                makers[column.id] = make
            emit(LazyRow(builder.current.code, makers))

        produce(child, builder, widen)


def expand(op: Expand, builder: Builder, emit: Emit, produce: Produce) -> None:
    """A loop over the projections; each column is chosen by the loop's counter."""

    def repeat(row: Row) -> None:
        context = builder.current
        code = context.code
        count = code.const(len(op.projections), I64)
        if op.repeat is not None:
            context.fans_out = True
            times = expression.emit(op.repeat, row, context)
            count = converted(times, wide_form(op.repeat.type, False)).data
        choices = [
            alike([expression.emit(p[i], row, context) for p in op.projections])
            for i in range(len(op.columns))
        ]
        with code.range_(0, count, hint="projection") as (turn, _):
            makers = {}
            for column, values in zip(op.columns, choices, strict=True):

                def make(values: list[Value] = values, column: Column = column) -> Value:
                    chosen = parts(values[0])
                    for i, value in enumerate(values[1:], 1):
                        hit = turn == i
                        chosen = [
                            hit.select(a, b) for a, b in zip(parts(value), chosen, strict=True)
                        ]
                    return replace(rebuilt(values[0], chosen), type=column.type)

                makers[column.id] = make
            emit(LazyRow(code, makers))

    produce(op.child, builder, repeat)


@dataclass(frozen=True, slots=True)
class Kept:
    """A materialised Shared."""

    buffer: Buffer


def shared(op: Shared, builder: Builder, emit: Emit, produce: Produce) -> None:
    """The first use computes the rows; every use reads them."""
    key = ("shared", op.name)
    if key not in builder.shared:
        buffer = Buffer(builder, f"shared {op.name}", op.child.output)
        produce(op.child, builder, lambda row: _ignore(buffer.append(row)))
        builder.shared[key] = Kept(buffer)
    kept = builder.shared[key]
    assert isinstance(kept, Kept)

    def renamed(row: Row) -> None:
        def source(id: int) -> Callable[[], Value]:
            return lambda: row[id]

        pairs = zip(op.columns, op.child.output, strict=True)
        makers = {column.id: source(below.id) for column, below in pairs}
        emit(LazyRow(builder.current.code, makers))

    kept.buffer.read(renamed)


def _ignore(value: object) -> None:
    del value
