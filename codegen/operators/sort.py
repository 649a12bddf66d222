"""Sort and top-k: rows in a buffer behind their normalised keys, then an order of row numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I32, I64, PTR, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.ir.operators import Sort
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.operators.streams import append_row
from pyflare.codegen.program import Block, Merges, Order, Ordered, Runs, Tuples
from pyflare.codegen.runtime.calls import Request
from pyflare.codegen.runtime.layout import Layout, form_of, layout
from pyflare.codegen.runtime.sorting import (
    Entries,
    KeyPlan,
    compare_rows,
    entry,
    plan_keys,
    prefix_of,
    store_keys,
)

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

MOST_KEPT = 1 << 12  # a worker keeps the first rows in a heap up to this many


def sort(op: Sort, builder: Builder, emit: Emit, produce: Produce) -> None:
    sorter = Sorter(op, builder)
    produce(op.child, builder, sorter.append)
    sorter.runs()
    sorter.merges()
    sorter.produce(emit)


class Sorter:
    """Rows of one Sort: keys first, then the columns."""

    def __init__(self, op: Sort, builder: Builder) -> None:
        self.op = op
        self.builder = builder
        self.name = builder.unique("sort")
        self.order = f"{self.name} order"
        self.plan: KeyPlan | None = None
        self.layout: Layout | None = None

    @property
    def kept(self) -> int | None:
        """How many rows each worker need keep, if they are few."""
        if self.op.limit is None:
            return None
        kept = self.op.limit + self.op.offset
        return kept if 0 < kept <= MOST_KEPT else None

    def append(self, row: Row) -> None:
        context = self.builder.current
        keys = [expression.emit(key.expr, row, context) for key in self.op.keys]
        if self.layout is None:
            self._plan(keys, row)
        assert self.layout is not None
        if self.kept is not None:
            self._keep(self.kept, keys, row, context)
            return
        at = append_row(context, self.name, self.layout.width)
        self._store(at, keys, row, context)

    def _plan(self, keys: Sequence[Value], row: Row) -> None:
        self.plan = plan_keys(self.op.keys, keys)
        values = [row[column.id] for column in self.op.child.output]
        self.layout = layout([form_of(value) for value in values], self.plan.width)
        kept = self.kept
        fixed = None if kept is None else kept + 1
        self.builder.structure(Tuples(self.name, self.layout.width, 1, fixed))
        if kept is not None:
            # words 0, 1: rows kept, address of the spare row; then a heap of row addresses
            self.builder.structure(Block(f"{self.name} heap", 16 + 8 * (kept + 1)))
        limit, offset = self.op.limit, self.op.offset
        self.builder.structure(Order(self.order, self.name, limit, offset))

    def _store(self, at: Val, keys: Sequence[Value], row: Row, context: PipelineContext) -> None:
        assert self.plan is not None
        assert self.layout is not None
        store_keys(self.plan, self.op.keys, keys, at, context)
        self._store_columns(at, row, context)

    def _store_columns(self, at: Val, row: Row, context: PipelineContext) -> None:
        assert self.layout is not None
        for i, column in enumerate(self.op.child.output):
            self.layout.store(at, i, row[column.id], context)

    # ------------------------------------------------------------ top-k

    def _keep(self, kept: int, keys: Sequence[Value], row: Row, context: PipelineContext) -> None:
        """A heap of the addresses of the worker's first rows, the last of them on top.

        The keys go into a spare row; if it is before the top, the two change places.
        """
        assert self.plan is not None
        assert self.layout is not None
        code = context.code
        plan, width = self.plan, self.layout.width
        block = context.local(f"{self.name} heap")
        tuples = context.local(self.name)
        heap = block.at(I64, 2)
        limit = context.parameter_word(kept)
        with code.if_(block.at(I64, 1).load(I64) == 0, "first", unlikely=True):
            context.request(Request.GROW, self.name)
            block.at(I64, 1).store(tuples.load(PTR))
        count = block.load(I64, "kept")

        def fill() -> list[Val]:
            spare = tuples.load(PTR)
            self._store(spare, keys, row, context)
            tuples.store(spare.at(I8, width))
            block.at(I64, 1).store(spare.at(I8, width))
            heap.at(PTR, count).store(spare)
            block.store(count + 1)
            self._sift_up(heap, count, context)
            return []

        def replace() -> list[Val]:
            spare = block.at(I64, 1).load(PTR, "spare")
            store_keys(plan, self.op.keys, keys, spare, context)
            top = heap.load(PTR, "top")
            with code.if_(compare_rows(plan, code, spare, top) < 0, "better"):
                self._store_columns(spare, row, context)
                block.at(I64, 1).store(top)
                heap.store(spare)
                self._sift_down(heap, limit, context)
            return []

        code.choose(count < limit, fill, replace)
        context.once(("kept rows", self.name), lambda: context.at_end(lambda: self._end(context)))

    def _end(self, context: PipelineContext) -> None:
        """The kept rows come first in the chunk: the spare one, if among them, changes places
        with the last."""
        assert self.layout is not None
        code = context.code
        block = context.local(f"{self.name} heap")
        tuples = context.local(self.name)
        width = self.layout.width
        spare, free = block.at(I64, 1).load(PTR), tuples.load(PTR)
        count = block.load(I64)
        moved = (spare.ptrtoint() != free.ptrtoint()) & (count > 0)
        with code.if_(moved, "compact"):
            copy_row(spare, free, width)
            heap = block.at(I64, 2)
            with code.range_(0, count, hint="slot") as (i, _):
                at = heap.at(PTR, i)
                with code.if_(at.load(PTR).ptrtoint() == free.ptrtoint()):
                    at.store(spare)
            block.at(I64, 1).store(free)

    def _later(self, heap: Val, i: Val, j: Val, context: PipelineContext) -> Val:
        assert self.plan is not None
        x, y = heap.at(PTR, i).load(PTR), heap.at(PTR, j).load(PTR)
        return compare_rows(self.plan, context.code, x, y) > 0

    def _swap(self, heap: Val, i: Val, j: Val) -> None:
        a, b = heap.at(PTR, i), heap.at(PTR, j)
        x, y = a.load(PTR), b.load(PTR)
        a.store(y)
        b.store(x)

    def _sift_up(self, heap: Val, last: Val, context: PipelineContext) -> None:
        code = context.code
        at = code.var(last)
        with code.loop("sift") as loop:
            loop.break_if(at.get() == 0)
            parent = (at.get() - 1).lshr(1)
            loop.break_if(~self._later(heap, at.get(), parent, context))
            self._swap(heap, at.get(), parent)
            at.set(parent)

    def _sift_down(self, heap: Val, count: Val, context: PipelineContext) -> None:
        code = context.code
        at = code.var(0)
        with code.loop("sift") as loop:
            left = at.get() * 2 + 1
            loop.break_if(left >= count)
            child = code.var(left)
            # the comparison is staged inside the first `if_`: there is no right child otherwise
            with (
                code.if_(left + 1 < count),
                code.if_(self._later(heap, left + 1, left, context)),
            ):
                child.set(left + 1)
            loop.break_if(~self._later(heap, child.get(), at.get(), context))
            self._swap(heap, child.get(), at.get())
            at.set(child.get())

    # ------------------------------------------------------------ the order

    def _entries(self, context: PipelineContext) -> Entries:
        assert self.plan is not None
        assert self.layout is not None
        shared = context.shared(self.name)
        base = context.once(("base", self.name), lambda: context.entry_load(shared, 0, PTR, "base"))
        return Entries(self.plan, context.code, base, self.layout.width)

    def runs(self) -> None:
        """Entries for the rows of a morsel, sorted among themselves."""
        assert self.plan is not None
        with self.builder.pipeline(f"{self.name} runs", Runs(self.order)) as context:
            code = context.code
            entries = self._entries(context)
            shared = context.shared(self.order)
            here = shared.load(PTR, "entries")
            spare = shared.at(I64, 1).load(PTR, "spare")
            position = context.offset
            with code.range_(context.begin, context.end, hint="row") as (number, _):
                at = entry(here, number - context.begin + position)
                at.store(prefix_of(self.plan, entries.row(number)))
                at.at(I64, 1).store(number)
            entries.sort(here, spare, position, position + (context.end - context.begin))

    def merges(self) -> None:
        """Pairs of neighbouring runs."""
        with self.builder.pipeline(f"{self.name} merge", Merges(self.order)) as context:
            code = context.code
            entries = self._entries(context)
            shared = context.shared(self.order)
            here = shared.load(PTR, "entries")
            spare = shared.at(I64, 1).load(PTR, "spare")
            borders = shared.at(I64, 2).load(PTR, "borders")
            with code.range_(context.begin, context.end, hint="pair") as (pair, _):
                lo, middle, hi = (
                    borders.at(I64, pair * 2 + k).load(I64, "border") for k in range(3)
                )
                entries.merge(here, spare, lo, middle, hi)

    def produce(self, emit: Emit) -> None:
        stored = self.layout
        assert stored is not None
        with self.builder.pipeline(f"{self.name} result", Ordered(self.order)) as context:
            code = context.code
            entries = self._entries(context)
            here = context.shared(self.order).load(PTR, "entries")
            with code.range_(context.begin, context.end) as (position, loop):
                context.loop, context.position = loop, position
                row = entries.row(entry(here, position).at(I64, 1).load(I64, "number"))
                makers = {
                    column.id: lambda i=i: stored.load(row, i, context)
                    for i, column in enumerate(self.op.child.output)
                }
                emit(LazyRow(code, makers))


def copy_row(to: Val, source: Val, width: int) -> None:
    code = to.code
    code.call(
        "llvm.memcpy.p0.p0.i64",
        "void",
        to,
        source,
        code.const(width, I64),
        code.false,
        declare="declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    )


__all__ = ["I32", "sort"]
