"""The probe side of a hash join: the walk along the build rows of one probe row's slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyflare.codegen.emit.code import Variable
from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I32, I64, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.operators.join_table import (
    EXISTENCE,
    MARK,
    MARKED,
    NEXT,
    JoinTable,
    K,
    join_key,
)
from pyflare.codegen.operators.row import joined

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit


def probe(table: JoinTable, row: Row, emit: Emit) -> None:
    """Stages what one probe row does."""
    context = table.builder.current
    keys = [join_key(expression.emit(key, row, context)) for key in table.op.probe_keys]
    if table.bytes_only:
        table.exists(table.byte(keys, context), row, keys, emit, context)
        return
    Probe(table, row, keys, emit, context).stage()


class Probe:
    """One probe row: the walk along the rows of its slot."""

    def __init__(
        self,
        table: JoinTable,
        row: Row,
        keys: Sequence[Value],
        emit: Emit,
        context: PipelineContext,
    ) -> None:
        self.table = table
        self.row = row
        self.keys = keys
        self.emit = emit
        self.context = context
        self.once = table.op.unique

    def stage(self) -> None:
        kind = self.table.op.kind
        if not self.once and kind not in EXISTENCE and kind is not K.PROBE_SINGLE:
            self.context.fans_out = True
        if kind in EXISTENCE:
            self._existence()
        elif kind in (K.PROBE_OUTER, K.FULL_OUTER):
            self._outer()
        elif kind is K.PROBE_SINGLE:
            self._single()
        else:
            self._inner()

    def _next(self, current: Val) -> Val:
        at = self.table.row_address(current.zext(I64), self.context)
        return at.at(I8, NEXT).load(I32, "next")

    def _at(self, current: Val) -> Val:
        return self.table.row_address(current.zext(I64), self.context)

    def _matches(self, current: Val) -> Val:
        return self.table.matches(self._at(current), self.keys, self.row, self.context)

    def _single_slot(self) -> bool:
        """At most one row can stand in a slot."""
        return self.table.dense and self.once

    def _inner(self) -> None:
        code = self.context.code
        first = self.table.first(self.keys, self.context)
        if self._single_slot():
            with code.if_(first != 0, "slot"), code.if_(self._matches(first), "match"):
                self.hit(self._at(first))
            return
        current = code.var(first)
        with code.while_(lambda: current.get() != 0, "chain") as loop:
            here = current.get()
            loop.break_if(self.context.cancelled())
            with code.if_(self._matches(here), "match"):
                self.hit(self._at(here))
            current.set(self._next(here))

    def hit(self, at: Val) -> None:
        """A pair: marks the build row, emits both."""
        table, context = self.table, self.context
        code = context.code
        kind = table.op.kind
        if kind in MARKED:
            self._mark(at)
        match kind:
            case K.INNER:
                emit_row = joined(code, self.row, table.build_row(at, context))
                self.emit(emit_row)
            case K.BUILD_OUTER:
                probe = table.nullable_probe(self.row, context)
                self.emit(joined(code, probe, table.build_row(at, context)))
            case K.BUILD_SEMI | K.BUILD_ANTI:
                pass
            case _:
                raise AssertionError(kind)

    def _mark(self, at: Val) -> None:
        code = self.context.code
        mark = at.at(I8, MARK)
        # a store only where it changes something keeps the line shared between cores
        with code.if_(mark.load(I8) == 0, "mark"):
            mark.store(code.const(1, I8))

    def _find(self, current: Variable) -> None:
        """Moves the variable on to the next match from where it is, or to 0."""
        code = self.context.code
        with code.loop("find") as loop:
            here = current.get()
            loop.break_if(here == 0)
            loop.break_if(self._matches(here))
            if self._single_slot():
                current.set(0)
            else:
                current.set(self._next(here))

    def _existence(self) -> None:
        code = self.context.code
        current = code.var(self.table.first(self.keys, self.context))
        self._find(current)
        found = current.get() != 0
        self.table.exists(found, self.row, self.keys, self.emit, self.context)

    def _outer(self) -> None:
        """The row with each match, or once with NULLs."""
        table, context = self.table, self.context
        code = context.code
        current = code.var(table.first(self.keys, context))
        if self._single_slot() or self.once:
            self._find(current)
            self._emit_outer(current.get())
            return
        emitted = code.var(False, "i1")
        with code.loop("matches") as loop:
            self._find(current)
            hit = current.get() != 0
            with code.if_(hit | ~emitted.get(), "row"):
                self._emit_outer(current.get())
            emitted.set(True)
            loop.break_if(current.get() == 0)
            loop.break_if(context.cancelled())
            current.set(self._next(current.get()))

    def _emit_outer(self, current: Val) -> None:
        self.emit_outer(self._at(current), current != 0)  # row 0 is zeros

    def emit_outer(self, at: Val, hit: Val) -> None:
        """The pair, or the probe row with NULLs; `at` is the row of zeros then."""
        table, context = self.table, self.context
        code = context.code
        row = self.row
        if table.op.kind is K.FULL_OUTER:
            with code.if_(hit, "hit"):
                self._mark(at)
            row = table.nullable_probe(row, context)
        self.emit(joined(code, row, table.build_row(at, context, hit)))

    def _single(self) -> None:
        table, context = self.table, self.context
        code = context.code
        current = code.var(table.first(self.keys, context))
        self._find(current)
        found = current.get()
        if not self.once:
            other = code.var(code.const(0, I32))
            with code.if_(found != 0, "second"):
                other.set(self._next(found))
                self._find(other)
            context.fail(Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS, other.get() != 0)
        self._emit_outer(found)
