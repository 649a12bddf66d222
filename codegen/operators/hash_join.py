"""Hash joins of every kind: build rows in a table, probe rows streaming past it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I64, PTR, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import HashJoin, JoinKind
from pyflare.codegen.operators.filters import truth
from pyflare.codegen.operators.join_table import JoinTable
from pyflare.codegen.operators.outer import OuterSide
from pyflare.codegen.operators.row import LazyRow, joined
from pyflare.codegen.program import TupleRows

if TYPE_CHECKING:
    from pyflare.codegen.emit.code import Loop, Variable
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce


def hash_join(op: HashJoin, builder: Builder, emit: Emit, produce: Produce) -> None:
    table = JoinTable(op, builder)
    table.declare()
    produce(op.build, builder, table.insert)
    table.finish()
    probe = Probe(op, builder, table, emit)
    produce(op.probe, builder, probe.row)
    probe.finish()


class Probe:
    """What happens to each probe row, by the kind of the join."""

    def __init__(self, op: HashJoin, builder: Builder, table: JoinTable, emit: Emit) -> None:
        self.op = op
        self.builder = builder
        self.table = table
        self.emit = emit
        self.outer = OuterSide()

    def row(self, row: Row) -> None:
        context = self.builder.current
        values, live = self.table.keys_of(row, context)
        number = context.code.var(self.table.head(values, live, context), hint="match")
        match self.op.kind:
            case JoinKind.INNER:
                self._pairs(row, values, number, context, with_unmatched=False)
            case JoinKind.PROBE_OUTER | JoinKind.PROBE_SINGLE:
                self._pairs(row, values, number, context, with_unmatched=True)
            case JoinKind.BUILD_OUTER:
                self._pairs(self.outer.nullable(row, context), values, number, context, False)
            case JoinKind.FULL_OUTER:
                self._pairs(self.outer.nullable(row, context), values, number, context, True)
            case JoinKind.PROBE_SEMI:
                with context.code.if_(self._found(row, values, number, context), "semi"):
                    self.emit(row)
            case JoinKind.PROBE_ANTI:
                with context.code.if_(~self._found(row, values, number, context), "anti"):
                    self.emit(row)
            case JoinKind.PROBE_ANTI_NULL_AWARE:
                found = self._found(row, values, number, context)
                unknown = self._unknown(values, context)
                with context.code.if_(~(found | unknown), "not_in"):
                    self.emit(row)
            case JoinKind.PROBE_MARK:
                found = self._found(row, values, number, context)
                self._emit_mark(row, Value(t.BOOLEAN, found, None, 0, 1), context)
            case JoinKind.PROBE_MARK_NULL_AWARE:
                found = self._found(row, values, number, context)
                known = found | ~self._unknown(values, context)
                self._emit_mark(row, Value(t.BOOLEAN, found, known, 0, 1), context)
            case JoinKind.BUILD_SEMI | JoinKind.BUILD_ANTI:
                self._mark_all(row, values, number, context)
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

    # ------------------------------------------------------------ walking a chain

    def _advance(
        self, row: Row, values: Sequence[Value], number: Variable, context: PipelineContext
    ) -> None:
        """Moves `number` along its chain to the next row that matches, or to 0."""
        if self.table.dense and self.op.residual is None:
            return
        code = context.code
        with code.loop("chain") as loop:
            loop.break_if(number.get() == 0)
            at = self.table.row(number.get(), context)
            loop.break_if(self._matches(at, row, values, context))
            number.set(self.table.following(at, context))

    def _matches(self, at: Val, row: Row, values: Sequence[Value], context: PipelineContext) -> Val:
        equal = self.table.matches(at, values, context)
        if self.op.residual is None:
            assert equal is not None
            return equal

        def residual() -> list[Val]:
            assert self.op.residual is not None
            both = joined(context.code, row, self.table.columns_of(at, values, context))
            return [truth(expression.emit(self.op.residual, both, context))]

        if equal is None:
            return residual()[0]
        return context.code.choose(equal, residual, lambda: [context.code.false])[0]

    def _found(
        self, row: Row, values: Sequence[Value], number: Variable, context: PipelineContext
    ) -> Val:
        self._advance(row, values, number, context)
        return number.get() != 0

    def _each(
        self,
        row: Row,
        values: Sequence[Value],
        number: Variable,
        context: PipelineContext,
        body: Callable[[Loop], None],
    ) -> None:
        """Stages `body` for each match, at `number`; it may leave the loop."""
        code = context.code
        single = self.table.next_at is None
        with code.loop("matches") as loop:
            self._advance(row, values, number, context)
            body(loop)
            if single:
                number.set(0)
            else:
                number.set(self.table.following(self.table.row(number.get(), context), context))
            loop.break_if(number.get() == 0)

    # ------------------------------------------------------------ what comes out

    def _pairs(
        self,
        row: Row,
        values: Sequence[Value],
        number: Variable,
        context: PipelineContext,
        with_unmatched: bool,
    ) -> None:
        """A row for each match; with none, the probe row beside NULLs if `with_unmatched`."""
        code = context.code
        found = code.var(False, "i1", "found") if with_unmatched else None
        marked = self.table.marked
        if not self.op.unique:
            context.fans_out = True

        def pair(loop: Loop) -> None:
            if found is None:
                loop.break_if(number.get() == 0)
            else:
                loop.break_if((number.get() == 0) & found.get())
                if self.op.kind is JoinKind.PROBE_SINGLE:
                    context.fail(Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS, found.get())
                found.set(True)
            at = self.table.row(number.get(), context)
            if marked:
                # row 0, the NULLs of an unmatched probe row, is marked in vain
                self.table.mark(at, context)
            self.emit(joined(code, row, self.table.columns_of(at, values, context)))

        self._each(row, values, number, context, pair)

    def _mark_all(
        self, row: Row, values: Sequence[Value], number: Variable, context: PipelineContext
    ) -> None:
        def mark(loop: Loop) -> None:
            loop.break_if(number.get() == 0)
            self.table.mark(self.table.row(number.get(), context), context)

        self._each(row, values, number, context, mark)

    def _unknown(self, values: Sequence[Value], context: PipelineContext) -> Val:
        """A missing match is NULL: there are build rows, and a NULL on either side."""
        facts = context.shared(self.table.facts)
        null_key = facts.load(I64, "null_key") != 0
        if values[0].valid is not None:
            null_key = null_key | ~values[0].valid
        return null_key & (facts.at(I64, 1).load(I64, "rows") != 0)

    def _emit_mark(self, row: Row, mark: Value, context: PipelineContext) -> None:
        assert self.op.mark is not None
        self.emit(joined(context.code, row, LazyRow(context.code, {self.op.mark.id: lambda: mark})))

    def _build_rows(self, marked: bool) -> None:
        """A pipeline over the build rows that have, or lack, a match."""
        table = self.table
        assert table.layout is not None
        with self.builder.pipeline(f"{table.name} rest", TupleRows(table.name)) as context:
            code = context.code
            with code.range_(context.begin, context.end, hint="row") as (number, loop):
                context.loop, context.position = loop, number
                at = context.shared(table.name).load(PTR, "rows")
                row = at.at("i8", number * table.layout.width)
                wanted = table.is_marked(row) if marked else ~table.is_marked(row)
                with code.if_(wanted, "rest"):
                    build = table.columns_of(row, (), context)
                    if self.op.kind in (JoinKind.BUILD_SEMI, JoinKind.BUILD_ANTI):
                        self.emit(build)
                    else:
                        nulls = self.outer.nulls(self.op.probe.output, context)
                        self.emit(joined(code, nulls, build))
