"""Joins without keys: every probe row beside every build row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I64, PTR, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import JoinKind, NestedLoopJoin
from pyflare.codegen.operators.filters import truth
from pyflare.codegen.operators.outer import OuterSide
from pyflare.codegen.operators.row import LazyRow, joined
from pyflare.codegen.program import TupleRows, Tuples
from pyflare.codegen.runtime.buffer import append, row_at
from pyflare.codegen.runtime.layout import Layout, form_of, layout

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

MARK = 1  # bytes of a build row's header: has it a match?
NULLS_BUILD = (JoinKind.PROBE_OUTER, JoinKind.FULL_OUTER, JoinKind.PROBE_SINGLE)


def nested_loop_join(op: NestedLoopJoin, builder: Builder, emit: Emit, produce: Produce) -> None:
    join = NestedLoop(op, builder, emit)
    produce(op.build, builder, join.keep)
    produce(op.probe, builder, join.row)
    join.finish()


class NestedLoop:
    """Build rows in a buffer of segments, read in full for each probe row."""

    def __init__(self, op: NestedLoopJoin, builder: Builder, emit: Emit) -> None:
        self.op = op
        self.builder = builder
        self.emit = emit
        self.name = builder.unique("cross")
        self.layout: Layout | None = None
        self.outer = OuterSide()

    def keep(self, row: Row) -> None:
        """Appends a build row."""
        context = self.builder.current
        if self.layout is None:
            forms = [form_of(row[c.id]) for c in self.op.build.output]
            if self.op.kind in NULLS_BUILD:
                forms = [replace(form, nullable=True) for form in forms]
            self.layout = layout(forms, MARK)
            self.builder.structure(Tuples(self.name, self.layout.width))
        at = append(context, self.name, self.layout.width)
        at.store(context.code.const(0, I8))
        for i, column in enumerate(self.op.build.output):
            self.layout.store(at, i, row[column.id], context)

    def row(self, row: Row) -> None:
        context = self.builder.current
        context.heavy = True
        code = context.code
        match self.op.kind:
            case JoinKind.INNER:
                self._pairs(row, context)
            case JoinKind.PROBE_OUTER | JoinKind.PROBE_SINGLE:
                self._pairs_or_nulls(row, context)
            case JoinKind.BUILD_OUTER:
                self._pairs(self.outer.nullable(row, context), context)
            case JoinKind.FULL_OUTER:
                self._pairs_or_nulls(self.outer.nullable(row, context), context)
            case JoinKind.PROBE_SEMI:
                with code.if_(self._any(row, context)[0], "semi"):
                    self.emit(row)
            case JoinKind.PROBE_ANTI:
                with code.if_(~self._any(row, context)[0], "anti"):
                    self.emit(row)
            case JoinKind.PROBE_ANTI_NULL_AWARE:
                found, unknown = self._any(row, context)
                with code.if_(~(found | unknown), "not_in"):
                    self.emit(row)
            case JoinKind.PROBE_MARK:
                found, _ = self._any(row, context)
                self._emit_mark(row, Value(t.BOOLEAN, found, None, 0, 1), context)
            case JoinKind.PROBE_MARK_NULL_AWARE:
                found, unknown = self._any(row, context)
                self._emit_mark(row, Value(t.BOOLEAN, found, found | ~unknown, 0, 1), context)
            case JoinKind.BUILD_SEMI | JoinKind.BUILD_ANTI:
                self._each(row, context, lambda at, _: self._mark(at))
            case _:
                assert_never(self.op.kind)

    def finish(self) -> None:
        """Build rows that come out after the last probe row."""
        match self.op.kind:
            case JoinKind.BUILD_SEMI:
                self._build_rows(marked=True)
            case JoinKind.BUILD_ANTI | JoinKind.BUILD_OUTER | JoinKind.FULL_OUTER:
                self._build_rows(marked=False)
            case _:
                pass

    # ------------------------------------------------------------ probe

    def _scan(self, context: PipelineContext, body: Callable[[Val], None]) -> None:
        """Stages `body` for every build row, until the query is cancelled."""
        assert self.layout is not None
        code = context.code
        segments = context.shared(self.name).at(I64, 1).load(PTR, "segments")
        starts = context.shared(self.name).at(I64, 2).load(PTR, "starts")
        with code.range_(starts.load(I64), starts.at(I64, 1).load(I64), hint="segment") as (s, _):
            at = segments.at(I64, s * 2)
            base, rows = at.load(PTR, "base"), at.at(I64, 1).load(I64, "rows")
            with code.range_(0, rows, hint="build") as (i, loop):
                loop.break_if(context.cancelled())
                body(base.at(I8, i * self.layout.width))

    def _each(
        self, row: Row, context: PipelineContext, body: Callable[[Val, LazyRow], None]
    ) -> None:
        """Stages `body` for each build row that satisfies the condition."""

        def one(at: Val) -> None:
            both = joined(context.code, row, self._columns(at, context))
            if self.op.condition is None:
                body(at, both)
                return
            condition = truth(expression.emit(self.op.condition, both, context))
            with context.code.if_(condition, "match"):
                body(at, both)

        self._scan(context, one)

    def _pairs(self, row: Row, context: PipelineContext) -> None:
        context.fans_out = True

        def pair(at: Val, both: LazyRow) -> None:
            self._mark_if_wanted(at)
            self.emit(both)

        self._each(row, context, pair)

    def _pairs_or_nulls(self, row: Row, context: PipelineContext) -> None:
        """Pairs, and once per probe row without any the zeros of row 0, which read as NULLs.

        One place must emit: the loop runs over the build rows and once more over row 0.
        """
        assert self.layout is not None
        context.fans_out = True
        code = context.code
        found = code.var(False, "i1", "found")
        shared = context.shared(self.name)
        segments = shared.at(I64, 1).load(PTR, "segments")
        starts = shared.at(I64, 2).load(PTR, "starts")
        last = starts.at(I64, 1).load(I64)
        with code.range_(starts.load(I64), last + 1, hint="segment") as (s, _):
            extra = s == last
            # segment `last` is not there: its place is taken by row 0
            at = segments.at(I64, extra.select(code.const(0, I64), s * 2))
            base = extra.select(shared.load(PTR, "row0"), at.load(PTR, "base"))
            rows = extra.select(code.const(1, I64), at.at(I64, 1).load(I64, "rows"))
            with code.range_(0, rows, hint="build") as (i, loop):
                loop.break_if(context.cancelled())
                build = base.at(I8, i * self.layout.width)
                both = joined(code, row, self._columns(build, context))

                def condition(both: LazyRow = both) -> list[Val]:
                    if self.op.condition is None:
                        return [code.true]
                    return [truth(expression.emit(self.op.condition, both, context))]

                wanted = code.choose(extra, lambda: [~found.get()], condition)[0]
                with code.if_(wanted, "pair"):
                    if self.op.kind is JoinKind.PROBE_SINGLE:
                        context.fail(Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS, found.get())
                    found.set(True)
                    self._mark_if_wanted(build)
                    self.emit(both)

    def _any(self, row: Row, context: PipelineContext) -> tuple[Val, Val]:
        """Whether the condition is true of some build row, and whether it is NULL of some."""
        code = context.code
        found = code.var(False, "i1", "found")
        unknown = code.var(False, "i1", "unknown")

        def one(at: Val) -> None:
            if self.op.condition is None:
                found.set(True)
                return
            both = joined(code, row, self._columns(at, context))
            condition = expression.emit(self.op.condition, both, context)
            found.set(found.get() | truth(condition))
            if condition.valid is not None:
                unknown.set(unknown.get() | ~condition.valid)

        self._scan(context, one)
        return found.get(), unknown.get() & ~found.get()

    def _columns(self, at: Val, context: PipelineContext) -> LazyRow:
        assert self.layout is not None
        stored = self.layout
        makers: dict[int, Callable[[], Value]] = {
            column.id: lambda i=i: stored.load(at, i, context)  # type: ignore[misc]
            for i, column in enumerate(self.op.build.output)
        }
        return LazyRow(context.code, makers)

    def _emit_mark(self, row: Row, mark: Value, context: PipelineContext) -> None:
        assert self.op.mark is not None
        self.emit(joined(context.code, row, LazyRow(context.code, {self.op.mark.id: lambda: mark})))

    # ------------------------------------------------------------ marks

    def _mark(self, at: Val) -> None:
        at.store(at.code.const(1, I8))

    def _mark_if_wanted(self, at: Val) -> None:
        if self.op.kind in (JoinKind.BUILD_OUTER, JoinKind.FULL_OUTER):
            self._mark(at)

    def _build_rows(self, marked: bool) -> None:
        """A pipeline over the build rows that have, or lack, a match."""
        assert self.layout is not None
        with self.builder.pipeline(f"{self.name} rest", TupleRows(self.name)) as context:
            code = context.code
            with code.range_(context.begin, context.end, hint="row") as (number, loop):
                context.loop, context.position = loop, number
                at = row_at(context, self.name, number, self.layout.width)
                is_marked = at.load(I8, "mark") != 0
                with code.if_(is_marked if marked else ~is_marked, "rest"):
                    build = self._columns(at, context)
                    if self.op.kind in (JoinKind.BUILD_SEMI, JoinKind.BUILD_ANTI):
                        self.emit(build)
                    else:
                        self.emit(
                            joined(code, self.outer.nulls(self.op.probe.output, context), build)
                        )
