"""The build side of a hash join and the ways to look rows up in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value, both
from pyflare.codegen.emit.value import I8, I32, I64, PTR, Val
from pyflare.codegen.functions import expression
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.check import columns
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.operators import HashJoin, JoinKind
from pyflare.codegen.operators.dictionaries import Rows
from pyflare.codegen.operators.filters import truth
from pyflare.codegen.operators.row import LazyRow, joined
from pyflare.codegen.operators.streams import append_row
from pyflare.codegen.program import Directory, SharedBlock, TupleRows, Tuples
from pyflare.codegen.runtime.hashing import hash_of, normalised, same
from pyflare.codegen.runtime.layout import Form, Layout, converted, form_of, layout, wide_form

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit

K = JoinKind
EXISTENCE = frozenset(
    {K.PROBE_SEMI, K.PROBE_ANTI, K.PROBE_ANTI_NULL_AWARE, K.PROBE_MARK, K.PROBE_MARK_NULL_AWARE}
)
NULL_AWARE = frozenset({K.PROBE_ANTI_NULL_AWARE, K.PROBE_MARK_NULL_AWARE})
KEEP_ALL = frozenset({K.BUILD_OUTER, K.FULL_OUTER, K.BUILD_ANTI})
MARKED = frozenset({K.BUILD_OUTER, K.FULL_OUTER, K.BUILD_SEMI, K.BUILD_ANTI})
NEXT, MARK = 0, 4


class JoinTable:
    """The build side of one join and the ways to look rows up in it."""

    def __init__(self, op: HashJoin, builder: Builder, keyless: bool = False) -> None:
        self.op = op
        self.keyless = keyless
        self.builder = builder
        self.name = builder.unique("join")
        self.directory = f"{self.name} directory"
        self.flags = f"{self.name} flags"
        self.dense = op.key_range is not None and len(op.build_keys) == 1
        self.null_safe = op.null_safe or (False,) * len(op.build_keys)
        if any(self.null_safe):
            self.dense = False
        self.existence = op.kind in EXISTENCE and op.residual is None
        self.bytes_only = self.dense and self.existence
        self.chained = not (op.unique and self.dense) and not self.bytes_only and not keyless
        self.stored = self._stored_columns()
        self.layout: Layout | None = None
        self.fields: dict[Expr | int, int] = {}
        self.opaque: dict[int, Rows] = {}

    def _stored_columns(self) -> tuple[Column, ...]:
        """Build columns that somebody reads after the build."""
        if self.op.kind in EXISTENCE:
            if self.op.residual is None:
                return ()
            used = {column.id for column in columns(self.op.residual)}
            return tuple(c for c in self.op.build.output if c.id in used)
        return self.op.build.output

    @property
    def size(self) -> int:
        assert self.op.key_range is not None
        lo, hi = self.op.key_range
        return hi - lo + 1

    # ------------------------------------------------------------ build

    def insert(self, row: Row) -> None:
        context = self.builder.current
        code = context.code
        keys = [join_key(expression.emit(key, row, context)) for key in self.op.build_keys]
        self._declare(keys, row)
        alive = self._matchable(keys)
        if self.op.kind in NULL_AWARE:
            flags = context.shared(self.flags)
            flags.store(code.const(1, I64))
            if alive is not None:
                with code.if_(~alive, "null_key"):
                    flags.at(I64, 1).store(code.const(1, I64))
        if alive is not None and self.op.kind not in KEEP_ALL:
            with code.if_(alive, "has_key"):
                self._insert(keys, row, None, context)
            return
        self._insert(keys, row, alive, context)

    def _insert(
        self, keys: Sequence[Value], row: Row, alive: Val | None, context: PipelineContext
    ) -> None:
        code = context.code
        if self.bytes_only:
            directory = context.shared(self.directory)
            place = self._pointer(directory, context).at(I8, self._index(keys[0]))
            place.store(code.const(1, I8))
            return
        assert self.layout is not None
        at = append_row(context, self.name, self.layout.width)
        if self.layout.header:
            code.line(
                f"call void @llvm.memset.p0.i64(ptr {at.ref}, i8 0, i64 {self.layout.header}, "
                "i1 false)"
            )
            code.declarations["llvm.memset.p0.i64"] = (
                "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
            )
        for field, value in self._values(keys, row):
            self.layout.store(at, field, value, context)
        if not self.dense:
            return
        if alive is None:
            self._enter(at, self._index(keys[0]), context)
        else:
            with code.if_(alive, "has_key"):
                self._enter(at, self._index(keys[0]), context)

    def _values(self, keys: Sequence[Value], row: Row) -> list[tuple[int, Value]]:
        found = []
        for expr, value in zip(self.op.build_keys, keys, strict=True):
            if expr in self.fields:
                found.append((self.fields[expr], value))
        for column in self.stored:
            if self.fields[column.id] not in [f for f, _ in found]:
                found.append((self.fields[column.id], row[column.id]))
        return found

    def _declare(self, keys: Sequence[Value], row: Row) -> None:
        """Decides the layout by the forms of the first pipeline's values."""
        if self.directory in self.builder.structures or self.layout is not None:
            return
        if self.op.kind in NULL_AWARE:
            self.builder.structure(SharedBlock(self.flags, 16))
        if self.bytes_only:
            self.builder.structure(Directory(self.directory, 1, self.size + 1))
            return
        forms: list[Form] = []
        if not self.dense:
            for expr, value in zip(self.op.build_keys, keys, strict=True):
                if expr not in self.fields:
                    self.fields[expr] = len(forms)
                    forms.append(form_of(value))
        for column in self.stored:
            # a float key is stored with one zero and one NaN, a coded one without its code
            plain = not isinstance(column.type, t.Float) and row[column.id].code is None
            if column in self.fields and plain:
                self.fields[column.id] = self.fields[column]
                continue
            self.fields[column.id] = len(forms)
            forms.append(form_of(row[column.id]))
        header = 0
        if self.chained:
            header = 4
        if self.op.kind in MARKED:
            header = 8
        self.layout = layout(forms, header)
        self.builder.structure(Tuples(self.name, self.layout.width))
        if self.keyless:
            return
        if self.dense:
            self.builder.structure(Directory(self.directory, 4, self.size + 1))
        else:
            self.builder.structure(Directory(self.directory, 4, None, self.name))

    def _matchable(self, keys: Sequence[Value]) -> Val | None:
        """No key is NULL that must not be."""
        alive: Val | None = None
        for key, null_safe in zip(keys, self.null_safe, strict=True):
            if not null_safe:
                alive = both(alive, key.valid)
        return alive

    def _index(self, key: Value) -> Val:
        assert self.op.key_range is not None
        return key.data.sext(I64) - self.op.key_range[0]

    def _pointer(self, shared: Val, context: PipelineContext) -> Val:
        """The directory itself."""
        return context.once(
            ("directory", self.name), lambda: context.entry_load(shared, 0, PTR, "directory")
        )

    def base(self, context: PipelineContext) -> Val:
        shared = context.shared(self.name)
        return context.once(("base", self.name), lambda: context.entry_load(shared, 0, PTR, "base"))

    def _enter(self, at: Val, slot: Val, context: PipelineContext) -> None:
        """The row becomes the first of its slot."""
        assert self.layout is not None
        code = context.code
        directory = self._pointer(context.shared(self.directory), context)
        offset = at.ptrtoint() - self.base(context).ptrtoint()
        number = offset.udiv(self.layout.width).trunc(I32)
        place = directory.at(I32, slot)
        if not self.chained:
            place.store(number)
            return
        before = code.value(
            "before", I32, f"atomicrmw xchg ptr {place.ref}, i32 {number.ref} monotonic"
        )
        at.at(I8, NEXT).store(before)

    def index(self) -> None:
        """Enters all rows by hash, once they are complete."""
        if self.dense or self.bytes_only:
            return
        assert self.layout is not None
        source = TupleRows(self.name)
        with self.builder.pipeline(f"{self.name} index", source) as context:
            code = context.code
            with code.range_(context.begin, context.end) as (number, _):
                at = self.row_address(number, context)
                keys = self._stored_keys(at, context)
                slot = hash_of(code, keys).lshr(self._shift(context))
                alive = self._matchable(keys)
                if alive is not None and self.op.kind in KEEP_ALL:
                    with code.if_(alive, "has_key"):
                        self._enter(at, slot, context)
                else:
                    self._enter(at, slot, context)

    def _shift(self, context: PipelineContext) -> Val:
        shared = context.shared(self.directory)
        return context.once(
            ("shift", self.name), lambda: context.entry_load(shared, 8, I64, "shift")
        )

    def row_address(self, number: Val, context: PipelineContext) -> Val:
        assert self.layout is not None
        return self.base(context).at(I8, number * self.layout.width)

    def _stored_keys(self, at: Val, context: PipelineContext) -> list[Value]:
        assert self.layout is not None
        return [self.layout.load(at, self.fields[expr], context) for expr in self.op.build_keys]

    # ------------------------------------------------------------ probe

    def byte(self, keys: Sequence[Value], context: PipelineContext) -> Val:
        directory = self._pointer(context.shared(self.directory), context)
        return directory.at(I8, self._probe_index(keys)).load(I8, "there") != 0

    def _probe_index(self, keys: Sequence[Value]) -> Val:
        """The key's place, or the empty one behind the last for a key outside or NULL."""
        index = self._index(keys[0])
        inside = both(index.ult(self.size), keys[0].valid)
        assert inside is not None
        return inside.select(index, self.size)

    def first(self, keys: Sequence[Value], context: PipelineContext) -> Val:
        """The number of the first row in the keys' slot; 0 for none."""
        code = context.code
        directory = self._pointer(context.shared(self.directory), context)
        if self.dense:
            return directory.at(I32, self._probe_index(keys)).load(I32, "first")
        slot = hash_of(code, keys).lshr(self._shift(context))
        found = directory.at(I32, slot).load(I32, "first")
        alive = self._matchable(keys)
        return found if alive is None else alive.select(found, 0)

    def exists(
        self,
        found: Val,
        row: Row,
        keys: Sequence[Value],
        emit: Emit,
        context: PipelineContext,
    ) -> None:
        """Emits the probe row by whether it has a match."""
        code = context.code
        match self.op.kind:
            case K.PROBE_SEMI:
                with code.if_(found, "match"):
                    emit(row)
            case K.PROBE_ANTI:
                with code.if_(~found, "no_match"):
                    emit(row)
            case K.PROBE_ANTI_NULL_AWARE:
                empty, has_null = self._null_flags(context)
                valid = keys[0].valid if keys[0].valid is not None else code.true
                with code.if_(empty | (valid & ~found & ~has_null), "no_match"):
                    emit(row)
            case K.PROBE_MARK:
                emit(self._with_mark(row, Value(t.BOOLEAN, found, None, 0, 1), context))
            case K.PROBE_MARK_NULL_AWARE:
                empty, has_null = self._null_flags(context)
                known = found | empty | ~has_null
                if keys[0].valid is not None:
                    known = empty | (keys[0].valid & known)
                emit(self._with_mark(row, Value(t.BOOLEAN, found, known, 0, 1), context))
            case kind:
                raise AssertionError(kind)

    def _null_flags(self, context: PipelineContext) -> tuple[Val, Val]:
        flags = context.shared(self.flags)
        return flags.load(I64) == 0, flags.at(I64, 1).load(I64) != 0

    def _with_mark(self, row: Row, mark: Value, context: PipelineContext) -> LazyRow:
        assert self.op.mark is not None
        return joined(context.code, row, {self.op.mark.id: mark})

    def build_row(self, at: Val, context: PipelineContext, hit: Val | None = None) -> LazyRow:
        """The stored row at an address; all NULL unless `hit`."""
        makers: dict[int, Callable[[], Value]] = {}
        for column in self.stored:
            makers[column.id] = partial(self._load, column, at, context, hit)
        return LazyRow(context.code, makers)

    def _load(self, column: Column, at: Val, context: PipelineContext, hit: Val | None) -> Value:
        assert self.layout is not None
        value = self.layout.load(at, self.fields[column.id], context)
        return value if hit is None else value.with_valid(both(value.valid, hit))

    def matches(self, at: Val, keys: Sequence[Value], row: Row, context: PipelineContext) -> Val:
        """The stored row at `at` has these keys and the residual is true."""
        code = context.code
        equal: Val | None = None
        if not self.dense:
            pairs = zip(self._stored_keys(at, context), keys, self.null_safe, strict=True)
            for stored, key, null_safe in pairs:
                one = same(stored, key, null_safe)
                equal = one if equal is None else equal & one
        residual = self.op.residual
        if residual is None:
            return equal if equal is not None else code.true

        def accepted() -> list[Val]:
            pair = joined(code, row, self.build_row(at, context))
            return [truth(expression.emit(residual, pair, context))]

        if equal is None:
            return accepted()[0]
        return code.choose(equal, accepted, lambda: [code.false])[0]

    # ------------------------------------------------------------ build rows without a match

    def rest(self, emit: Emit) -> None:
        """After all probes: build rows by whether they have been marked."""
        kind = self.op.kind
        source = TupleRows(self.name)
        with self.builder.pipeline(f"{self.name} rest", source) as context:
            code = context.code
            with code.range_(context.begin, context.end) as (number, loop):
                context.loop, context.position = loop, number
                at = self.row_address(number, context)
                marked = at.at(I8, MARK).load(I8, "mark") != 0
                wanted = marked if kind is K.BUILD_SEMI else ~marked
                with code.if_(wanted, "unmatched"):
                    row = self.build_row(at, context, self._always_hit(context))
                    if kind in (K.BUILD_SEMI, K.BUILD_ANTI):
                        emit(row)
                    else:
                        emit(joined(code, self._nulls(context), row))

    def _always_hit(self, context: PipelineContext) -> Val | None:
        """In a full join build columns may be NULL in the other pipeline, so they have the form
        of values that may be."""
        return context.code.true if self.op.kind is K.FULL_OUTER else None

    def nullable_probe(self, row: Row, context: PipelineContext) -> LazyRow:
        """The probe row in the form that it shares with the row of NULLs."""
        makers: dict[int, Callable[[], Value]] = {}
        for column in self.op.probe.output:

            def make(column: Column = column) -> Value:
                value = row[column.id]
                if isinstance(value.dictionary, Rows):
                    valid = value.valid if value.valid is not None else context.code.true
                    return value.with_valid(valid)
                return converted(value, wide_form(column.type, True))

            if isinstance(column.type, t.Array | t.Map | t.Struct):
                dictionary = row[column.id].dictionary
                if isinstance(dictionary, Rows):
                    self.opaque[column.id] = dictionary
            makers[column.id] = make
        return LazyRow(context.code, makers)

    def _nulls(self, context: PipelineContext) -> Mapping[int, Value]:
        code = context.code
        row = {}
        for column in self.op.probe.output:
            rows = self.opaque.get(column.id)
            if rows is not None:
                row[column.id] = Value(column.type, code.const(0, I64), code.false, dictionary=rows)
            else:
                null = context.parameter(None, column.type)
                row[column.id] = converted(null, wide_form(column.type, True))
        return row


def join_key(value: Value) -> Value:
    """A key as both sides hash it: the other side's dictionary may be another one."""
    return replace(normalised(value), code=None, dictionary=None)
