"""Joins without equal keys: every probe row meets every build row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.value import I64, PTR, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.ir.operators import HashJoin, JoinKind, NestedLoopJoin
from pyflare.codegen.operators.filters import truth
from pyflare.codegen.operators.join_table import EXISTENCE, MARKED, JoinTable
from pyflare.codegen.operators.probe import Probe
from pyflare.codegen.operators.row import joined

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

K = JoinKind


def nested_loop_join(op: NestedLoopJoin, builder: Builder, emit: Emit, produce: Produce) -> None:
    loop = NestedLoop(op, builder)
    produce(op.build, builder, loop.table.insert)
    produce(op.probe, builder, lambda row: loop.probe(row, emit))
    if op.kind in MARKED:
        loop.table.rest(emit)


class NestedLoop:
    """A join table without keys or directory: its rows are only read in order."""

    def __init__(self, op: NestedLoopJoin, builder: Builder) -> None:
        self.op = op
        as_hash_join = HashJoin(op.kind, op.build, op.probe, (), (), (), op.condition, op.mark)
        self.table = JoinTable(as_hash_join, builder, keyless=True)

    def probe(self, row: Row, emit: Emit) -> None:
        context = self.table.builder.current
        context.fans_out = context.heavy = True
        assert context.loop is not None
        context.loop.break_if(context.cancelled())
        kind = self.op.kind
        walk = Probe(self.table, row, (), emit, context)
        if kind in EXISTENCE:
            self._existence(row, emit, context)
        elif kind in (K.PROBE_OUTER, K.FULL_OUTER, K.PROBE_SINGLE):
            self._outer(row, walk, context)
        else:
            self._each(context, lambda at: self._pair(at, row, walk, context))

    def _accepted(self, at: Val, row: Row, context: PipelineContext) -> Val:
        if self.op.condition is None:
            return context.code.true
        pair = joined(context.code, row, self.table.build_row(at, context))
        return truth(expression.emit(self.op.condition, pair, context))

    def _pair(self, at: Val, row: Row, walk: Probe, context: PipelineContext) -> None:
        with context.code.if_(self._accepted(at, row, context), "match"):
            walk.hit(at)

    def _each(
        self,
        context: PipelineContext,
        body: Callable[[Val], None],
        enough: Callable[[], Val] | None = None,
    ) -> None:
        """Stages `body` for each build row, while not `enough()`."""
        code = context.code
        table = self.table
        shared = context.shared(table.name)
        segments = shared.at(I64, 1).load(PTR, "segments")
        count = shared.at(I64, 2).load(PTR, "starts").at(I64, 1).load(I64, "segments")
        assert table.layout is not None
        width = table.layout.width
        with code.range_(0, count, hint="segment") as (segment, outer):
            outer.break_if(context.cancelled())
            if enough is not None:
                outer.break_if(enough())
            at = segments.at(I64, segment * 2)
            base, rows = at.load(PTR, "base"), at.at(I64, 1).load(I64, "rows")
            with code.range_(0, rows, hint="build") as (i, inner):
                if enough is not None:
                    inner.break_if(enough())
                body(base.at("i8", i * width))

    def _existence(self, row: Row, emit: Emit, context: PipelineContext) -> None:
        found = context.code.var(False, "i1")

        def look(at: Val) -> None:
            found.set(found.get() | self._accepted(at, row, context))

        self._each(context, look, found.get)
        self.table.exists(found.get(), row, (), emit, context)

    def _outer(self, row: Row, walk: Probe, context: PipelineContext) -> None:
        """The pairs, or the row with NULLs: found first, emitted at one place.

        Matches are found one at a time: a cursor (segment, row) moves on to the next of them.
        """
        code = context.code
        table = self.table
        shared = context.shared(table.name)
        segments = shared.at(I64, 1).load(PTR, "segments")
        count = shared.at(I64, 2).load(PTR, "starts").at(I64, 1).load(I64, "segments")
        assert table.layout is not None
        width = table.layout.width
        single = self.op.kind is K.PROBE_SINGLE
        zero = table.base(context)
        segment, index = code.var(0), code.var(0)
        hits = code.var(0)
        held = code.var(zero)
        with code.loop("matches") as loop:
            match = code.var(zero)
            with code.loop("find") as find:
                find.break_if(segment.get() >= count)
                place = segments.at(I64, segment.get() * 2)
                rows = place.at(I64, 1).load(I64, "rows")
                ended = index.get() >= rows
                with code.if_(ended, "next_segment"):
                    segment.set(segment.get() + 1)
                    index.set(0)
                find.continue_if(ended | context.cancelled())
                at = place.load(PTR, "base").at("i8", index.get() * width)
                index.set(index.get() + 1)
                accepted = self._accepted(at, row, context)
                with code.if_(accepted, "found"):
                    match.set(at)
                find.break_if(accepted)
            hit = match.get().ptrtoint() != zero.ptrtoint()
            loop.break_if(context.cancelled())
            if single:
                context.fail(Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS, hit & (hits.get() != 0))
                with code.if_(hit, "keep"):
                    held.set(match.get())
            else:
                with code.if_(hit | (hits.get() == 0), "row"):
                    walk.emit_outer(match.get(), hit)
            hits.set(hits.get() + 1)
            loop.break_if(~hit)
        if single:
            walk.emit_outer(held.get(), held.get().ptrtoint() != zero.ptrtoint())
