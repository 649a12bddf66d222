"""The build side of a hash join: rows in a buffer, chained from a directory of their keys.

A row is (next, hash, mark, keys, columns) as far as the join needs each. `next` and the
directory hold row numbers; 0 ends a chain, and row 0 is all zeros, so that it reads as NULLs.
A single integer key of a known small range is its own slot (dense): nothing is hashed or compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value, machine_type
from pyflare.codegen.emit.value import I1, I8, I32, I64, PTR, Val, bits
from pyflare.codegen.functions import expression
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.operators import HashJoin, JoinKind
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import Directory, SharedBlock, TupleRows, Tuples
from pyflare.codegen.runtime.buffer import append, number_of, row_at
from pyflare.codegen.runtime.hashing import hash_of, normalised, same
from pyflare.codegen.runtime.layout import Form, Layout, form_of, layout

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext

MARKED = frozenset(
    {JoinKind.BUILD_OUTER, JoinKind.FULL_OUTER, JoinKind.BUILD_SEMI, JoinKind.BUILD_ANTI}
)
KEEPS_BUILD_NULLS = frozenset({JoinKind.BUILD_OUTER, JoinKind.FULL_OUTER, JoinKind.BUILD_ANTI})
NULLS_BUILD = frozenset({JoinKind.PROBE_OUTER, JoinKind.FULL_OUTER, JoinKind.PROBE_SINGLE})
NULL_AWARE = frozenset({JoinKind.PROBE_ANTI_NULL_AWARE, JoinKind.PROBE_MARK_NULL_AWARE})


class JoinTable:
    """Stages the insertion of build rows and the search for their matches."""

    def __init__(self, op: HashJoin, builder: Builder) -> None:
        self.op = op
        self.builder = builder
        self.name = builder.unique("join")
        self.directory = f"{self.name} directory"
        self.facts = f"{self.name} facts"
        self.dense = op.key_range is not None and len(op.build_keys) == 1 and not any(op.null_safe)
        self.marked = op.kind in MARKED
        self.keys: list[tuple[Expr, int]] = []  # build key, its field
        self.columns: dict[int, int] = {}  # column id, its field
        self.layout: Layout | None = None
        at = 0
        self.next_at: int | None = None
        self.hash_at: int | None = None
        self.mark_at: int | None = None
        if not (self.dense and op.unique):
            self.next_at, at = at, at + 4
        if not self.dense:
            self.hash_at, at = at, at + 4
        if self.marked:
            self.mark_at, at = at, at + 1
        self.header = at

    # ------------------------------------------------------------ build

    def insert(self, row: Row) -> None:
        """Appends the build row; a dense key enters the directory at once."""
        context = self.builder.current
        code = context.code
        values = [self._key(expr, row, context) for expr in self.op.build_keys]
        live = self._live(values)
        if self.op.kind in NULL_AWARE:
            self._note_nulls(values[0], context)
        if live is None or self.op.kind in KEEPS_BUILD_NULLS:
            self._append(values, live, row, context)
            return
        with code.if_(live, "not_null"):
            self._append(values, None, row, context)

    def _append(
        self, values: Sequence[Value], live: Val | None, row: Row, context: PipelineContext
    ) -> None:
        code = context.code
        if self.layout is None:
            self._plan(values, row)
        assert self.layout is not None
        at = append(context, self.name, self.layout.width)
        for (_, field), value in zip(self.keys, values, strict=True):
            if field not in self.columns.values() and field >= 0:
                self.layout.store(at, field, value, context)
        for id, field in self.columns.items():
            self.layout.store(at, field, row[id], context)
        if self.mark_at is not None:
            at.at(I8, self.mark_at).store(code.const(0, I8))
        if self.next_at is not None:
            at.at(I8, self.next_at).store(code.const(0, I32), align=1)
        if self.hash_at is not None:
            hash_ = hash_of(code, values).lshr(32)
            if live is not None:
                # the lowest bit tells rows that are in the directory from those that never match
                hash_ = live.select(hash_ | 1, hash_ & -2)
            at.at(I8, self.hash_at).store(hash_.trunc(I32), align=1)
        if self.dense:
            number = number_of(context, self.name, at, self.layout.width).trunc(I32)
            if live is None:
                self._link(self._dense_slot(values[0]), number, at, context)
                return
            with code.if_(live, "not_null"):
                self._link(self._dense_slot(values[0]), number, at, context)

    def _plan(self, values: Sequence[Value], row: Row) -> None:
        """The layout: all build columns, and keys that are not among them."""
        nullable = self.op.kind in NULLS_BUILD
        forms: list[Form] = []
        for column in self.op.build.output:
            if self.dense and self._is_key(column) and not nullable and not self.marked:
                continue  # a match has the probe key's value
            form = form_of(row[column.id])
            self.columns[column.id] = len(forms)
            forms.append(replace(form, nullable=True) if nullable else form)
        for expr, value in zip(self.op.build_keys, values, strict=True):
            field = self.columns.get(expr.id, -1) if isinstance(expr, Column) else -1
            if self.dense:
                field = -1
            elif field < 0 or value.length is not None or value.data.type in ("float", "double"):
                field = len(forms)
                forms.append(form_of(value))
            self.keys.append((expr, field))
        self.layout = layout(forms, self.header)
        self.builder.structure(Tuples(self.name, self.layout.width))

    def _is_key(self, column: Column) -> bool:
        return self.op.build_keys[0] == column

    def finish(self) -> None:
        """Between building and probing: hashed rows enter the directory, in parallel."""
        if self.layout is None:
            raise AssertionError("the build side of a join emitted nothing")
        if self.dense:
            return
        self.builder.structure(Directory(self.directory, 4, tuples=self.name))
        with self.builder.pipeline(f"{self.name} insert", TupleRows(self.name)) as context:
            code = context.code
            with code.range_(context.begin, context.end, hint="row") as (number, loop):
                context.loop, context.position = loop, number
                row = row_at(context, self.name, number, self.layout.width)
                assert self.hash_at is not None
                hash_ = row.at(I8, self.hash_at).load(I32, "hash", align=1).zext(I64)
                if self._mixes_dead_rows():
                    with code.if_((hash_ & 1) != 0, "live"):
                        self._link(self._slot(hash_, context), number.trunc(I32), row, context)
                else:
                    self._link(self._slot(hash_, context), number.trunc(I32), row, context)

    def declare(self) -> None:
        """Structures whose size is known before any row is seen."""
        if self.op.kind in NULL_AWARE:
            self.builder.structure(SharedBlock(self.facts, 16))
        if self.dense:
            assert self.op.key_range is not None
            lo, hi = self.op.key_range
            self.builder.structure(Directory(self.directory, 4, size=hi - lo + 1))

    def _mixes_dead_rows(self) -> bool:
        return self.op.kind in KEEPS_BUILD_NULLS

    def _link(self, slot: Val, number: Val, row: Val, context: PipelineContext) -> None:
        """The row becomes the head of its chain; other workers link at the same time."""
        code = context.code
        head = self._entries(context).at(I32, slot)
        if self.next_at is None:
            head.store(number)
            return
        before = code.value("old", I32, f"atomicrmw xchg ptr {head.ref}, {number!r} monotonic")
        row.at(I8, self.next_at).store(before, align=1)

    def _note_nulls(self, key: Value, context: PipelineContext) -> None:
        """facts: (some key is NULL, there are rows)."""
        code = context.code
        facts = context.shared(self.facts)
        facts.at(I64, 1).store(code.const(1, I64))
        if key.valid is not None:
            with code.if_(~key.valid, "null_key"):
                facts.store(code.const(1, I64))

    # ------------------------------------------------------------ keys and slots

    def _key(self, expr: Expr, row: Row, context: PipelineContext) -> Value:
        """A key in the form that both sides share: strings by their bytes, wide decimals wide."""
        value = normalised(expression.emit(expr, row, context))
        if value.code is not None:
            value = replace(value, code=None, dictionary=None)
        lane = machine_type(value.type)
        if isinstance(value.type, t.Decimal) and bits(lane) > 64:
            value = replace(value, data=value.data.resize(lane))
        return value

    def _live(self, values: Sequence[Value]) -> Val | None:
        """No key is NULL, except where NULLs match."""
        live: Val | None = None
        for i, value in enumerate(values):
            null_safe = i < len(self.op.null_safe) and self.op.null_safe[i]
            if value.valid is not None and not null_safe:
                live = value.valid if live is None else live & value.valid
        return live

    def _dense_slot(self, key: Value) -> Val:
        assert self.op.key_range is not None
        return key.data.resize(I64) - self.op.key_range[0]

    def _slot(self, hash_: Val, context: PipelineContext) -> Val:
        """The directory slot of the upper 32 bits of a hash."""
        shift = context.shared(self.directory).at(I64, 1).load(I64, "shift")
        return (hash_ << 32).lshr(1).lshr(shift - 1)

    def _entries(self, context: PipelineContext) -> Val:
        return context.shared(self.directory).load(PTR, "entries")

    # ------------------------------------------------------------ probe

    def keys_of(self, row: Row, context: PipelineContext) -> tuple[list[Value], Val | None]:
        """The probe keys, and that none of them is a NULL that matches nothing."""
        values = [self._key(expr, row, context) for expr in self.op.probe_keys]
        return values, self._live(values)

    def head(self, values: Sequence[Value], live: Val | None, context: PipelineContext) -> Val:
        """The number (i32) of the first row of the keys' chain, 0 if there is none."""
        code = context.code
        if self.dense:
            assert self.op.key_range is not None
            lo, hi = self.op.key_range
            slot = self._dense_slot(values[0])
            key = values[0]
            if key.lo is None or key.hi is None or key.lo < lo or key.hi > hi:
                inside = slot.ult(hi - lo + 1)
                live = inside if live is None else live & inside
        else:
            hash_ = hash_of(code, values).lshr(32)
            if self._mixes_dead_rows():
                hash_ = hash_ | 1
            self.probe_hash = hash_
            slot = self._slot(hash_, context)
        if live is None:
            return self._entries(context).at(I32, slot).load(I32, "head")
        return code.choose(
            live,
            lambda: [self._entries(context).at(I32, slot).load(I32, "head")],
            lambda: [code.const(0, I32)],
        )[0]

    def row(self, number: Val, context: PipelineContext) -> Val:
        assert self.layout is not None
        return row_at(context, self.name, number.zext(I64), self.layout.width)

    def following(self, at: Val, context: PipelineContext) -> Val:
        """The number of the next row of the chain."""
        if self.next_at is None:
            return context.code.const(0, I32)
        return at.at(I8, self.next_at).load(I32, "next", align=1)

    def matches(self, at: Val, values: Sequence[Value], context: PipelineContext) -> Val | None:
        """The keys at this row equal `values`; None when that is known."""
        if self.dense:
            return None
        assert self.layout is not None
        code = context.code
        stored = self.layout

        def compare() -> list[Val]:
            equal = code.true
            for i, ((_, field), value) in enumerate(zip(self.keys, values, strict=True)):
                nulls = i < len(self.op.null_safe) and self.op.null_safe[i]
                equal = equal & same(stored.load(at, field, context), value, nulls)
            return [equal]

        if len(values) == 1 and values[0].length is None:
            return compare()[0]
        assert self.hash_at is not None
        hash_ = at.at(I8, self.hash_at).load(I32, "hash", align=1)
        equal_hash = hash_ == self.probe_hash.trunc(I32)
        return code.choose(equal_hash, compare, lambda: [code.false])[0]

    def columns_of(self, at: Val, keys: Sequence[Value], context: PipelineContext) -> LazyRow:
        """The build columns of the row at this address."""
        assert self.layout is not None
        stored = self.layout
        makers: dict[int, Callable[[], Value]] = {}
        for column in self.op.build.output:
            field = self.columns.get(column.id)
            if field is None:
                makers[column.id] = lambda: replace(keys[0], valid=None)
            else:
                makers[column.id] = lambda field=field: stored.load(at, field, context)  # type: ignore[misc]
        return LazyRow(context.code, makers)

    # ------------------------------------------------------------ marks

    def mark(self, at: Val, context: PipelineContext) -> None:
        assert self.mark_at is not None
        at.at(I8, self.mark_at).store(context.code.const(1, I8))

    def is_marked(self, at: Val) -> Val:
        assert self.mark_at is not None
        return at.at(I8, self.mark_at).load(I8, "mark").trunc(I1)
