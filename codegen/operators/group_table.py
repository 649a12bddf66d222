"""Groups in a hash table.

Each worker aggregates into rows found through a small directory that stays in its cache. Rows lie
in buffers partitioned by hash; a full directory is simply emptied, so a group may have several
rows. Afterwards each partition is merged by one worker, in place, and its groups are emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pyflare.codegen.emit.code import Variable
from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I64, PTR, Val
from pyflare.codegen.ir.operators import Aggregate
from pyflare.codegen.operators.aggregates import Aggregates, key_values
from pyflare.codegen.operators.cells import Place
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import Block, Partitions, Scratch, Tuples
from pyflare.codegen.runtime.calls import Request
from pyflare.codegen.runtime.hashing import hash_of, same
from pyflare.codegen.runtime.layout import Layout, form_of, layout

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

PARTITION_BITS = 6
SMALL_DIRECTORY_BITS = 15  # with its groups it fits into a core's own cache
LARGE_DIRECTORY_BITS = 20
HASH = 8  # bytes of a group row's header: its hash


def directory_bits(groups: int) -> int:
    """The size of a worker's directory for an estimated number of groups: one that holds them
    all, unless they are so many that only neighbouring rows can be expected to meet."""
    wanted = (groups * 2).bit_length()
    return wanted if SMALL_DIRECTORY_BITS < wanted <= LARGE_DIRECTORY_BITS else SMALL_DIRECTORY_BITS


def hash_aggregate(op: Aggregate, builder: Builder, emit: Emit, produce: Produce) -> None:
    table = GroupTable(op, builder)
    produce(op.child, builder, table.update)
    table.produce(emit)


class GroupTable:
    """The rows of all groups: hash, keys, states."""

    def __init__(self, op: Aggregate, builder: Builder) -> None:
        self.op = op
        self.builder = builder
        self.tuples = builder.unique("groups")
        self.directory = f"{self.tuples} directory"
        self.scratch = f"{self.tuples} merge"
        self.bits = directory_bits(op.groups)
        self.aggregates = Aggregates(op.aggregates, True)
        self.layout: Layout | None = None
        self.place: Place | None = None

    # ------------------------------------------------------------ update

    def update(self, row: Row) -> None:
        context = self.builder.current
        values = key_values(self.op.keys, row, context)
        if self.layout is None:
            self._plan(values, row, context)
        assert self.place is not None
        group = self._group(values, context)
        self.aggregates.update(self.place.all(group), row, context)

    def _plan(self, values: Sequence[Value], row: Row, context: PipelineContext) -> None:
        self.layout = layout([form_of(value) for value in values], HASH)
        self.aggregates.plan(row, context)
        self.place = self.aggregates.place(self.layout.width)
        self.builder.structure(Tuples(self.tuples, self.place.width, 1 << PARTITION_BITS))
        # word 0 counts the groups of the directory, which begins at the next cache line
        self.builder.structure(Block(self.directory, 64 + (8 << self.bits)))
        self.builder.structure(Scratch(self.scratch, self.tuples))

    def _group(self, values: Sequence[Value], context: PipelineContext) -> Val:
        """The row of the group with these keys: often that of the row before."""
        if any(value.length is not None and value.code is None for value in values):
            return self._find(values, context)
        code = context.code
        recent = context.once(
            ("recent", self.tuples), lambda: context.register(PTR, "null", "recent")
        )
        held = recent.get()
        again = code.choose(
            held.ptrtoint() != 0,
            lambda: [self._equal(held, values, context)],
            lambda: [code.false],
        )[0]
        with code.if_(~again, "other_group"):
            recent.set(self._find(values, context))
        return recent.get()

    def _find(self, values: Sequence[Value], context: PipelineContext) -> Val:
        """The row that the worker's directory has for these keys, appended if it has none."""
        code = context.code
        hash_ = hash_of(code, values)
        local = context.local(self.directory)
        entries = local.at(I8, 64)
        slot = code.var((hash_ << PARTITION_BITS).lshr(64 - self.bits), hint="slot")
        group = code.var(code.null(), hint="group")
        with code.loop("find") as loop:
            entry = entries.at(PTR, slot.get()).load(PTR, "entry")
            group.set(entry)
            loop.break_if(entry.ptrtoint() == 0)
            loop.break_if(self._same(entry, hash_, values, context))
            slot.set((slot.get() + 1) & ((1 << self.bits) - 1))
        with code.if_(group.get().ptrtoint() == 0, "new_group"):
            self._forget_if_full(local, entries, slot, hash_, context)
            created = self._append(hash_, values, context)
            entries.at(PTR, slot.get()).store(created)
            local.store(local.load(I64) + 1)
            group.set(created)
        return group.get()

    def _equal(self, row: Val, values: Sequence[Value], context: PipelineContext) -> Val:
        assert self.layout is not None
        equal = context.code.true
        for i, value in enumerate(values):
            equal = equal & same(self.layout.load(row, i, context), value, True)
        return equal

    def _same(
        self, entry: Val, hash_: Val, values: Sequence[Value], context: PipelineContext
    ) -> Val:
        """The keys are equal; strings are looked at only where the hashes are."""
        if len(values) == 1 and values[0].length is None:
            return self._equal(entry, values, context)
        code = context.code
        return code.choose(
            entry.load(I64, "hash") == hash_,
            lambda: [self._equal(entry, values, context)],
            lambda: [code.false],
        )[0]

    def _forget_if_full(
        self, local: Val, entries: Val, slot: Variable, hash_: Val, context: PipelineContext
    ) -> None:
        code = context.code
        with code.if_(local.load(I64) >= (1 << self.bits) * 5 // 8, "forget", unlikely=True):
            clear(entries, code.const(8 << self.bits, I64))
            local.store(code.const(0, I64))
            slot.set((hash_ << PARTITION_BITS).lshr(64 - self.bits))

    def _append(self, hash_: Val, values: Sequence[Value], context: PipelineContext) -> Val:
        assert self.layout is not None
        assert self.place is not None
        code = context.code
        partition = hash_.lshr(64 - PARTITION_BITS)
        cursor = context.local(self.tuples).at(I64, partition * 2)
        free = code.var(cursor.load(PTR, "free"), hint="free")
        with code.if_(free.get().ptrtoint() == cursor.at(I64, 1).load(I64), "grow", unlikely=True):
            context.request(Request.GROW, self.tuples, partition)
            free.set(cursor.load(PTR, "free"))
        row = free.get()
        cursor.store(row.at(I8, self.place.width))
        clear(row, code.const(self.place.width, I64))
        row.store(hash_)
        for i, value in enumerate(values):
            self.layout.store(row, i, value, context)
        return row

    # ------------------------------------------------------------ result

    def produce(self, emit: Emit) -> None:
        """Per partition: merge rows of equal keys, then emit the rows that are left."""
        assert self.layout is not None
        with self.builder.pipeline(f"{self.tuples} result", Partitions(self.tuples)) as context:
            code = context.code
            with code.range_(context.begin, context.end, hint="partition") as (partition, loop):
                context.loop = loop
                entries = context.local(self.scratch).load(PTR, "entries")
                shift = partition_shift(context, self.tuples, partition)
                size = code.const(1, I64) << (code.const(64, I64) - shift)
                clear(entries, size * 8)
                each_row(
                    context,
                    self.tuples,
                    partition,
                    self._width,
                    lambda row: self._merge(row, entries, shift, size - 1, context),
                )
                with code.range_(0, size, hint="slot") as (slot, inner):
                    context.position = slot
                    row = entries.at(PTR, slot).load(PTR, "group")
                    with code.if_(row.ptrtoint() != 0, "group"):
                        emit(self._row(row, context))
                    del inner

    @property
    def _width(self) -> int:
        assert self.place is not None
        return self.place.width

    def _merge(
        self, row: Val, entries: Val, shift: Val, mask: Val, context: PipelineContext
    ) -> None:
        assert self.layout is not None
        assert self.place is not None
        code = context.code
        hash_ = row.load(I64, "hash")
        slot = code.var((hash_ << PARTITION_BITS).lshr(1).lshr(shift - 1), hint="slot")
        values = [self.layout.load(row, i, context) for i in range(len(self.layout.fields))]
        with code.loop("find") as loop:
            entry = entries.at(PTR, slot.get()).load(PTR, "entry")
            with code.if_(entry.ptrtoint() == 0, "first"):
                entries.at(PTR, slot.get()).store(row)
            loop.break_if(entry.ptrtoint() == 0)
            equal = self._same(entry, hash_, values, context)
            with code.if_(equal, "merge"):
                self.aggregates.merge(self.place.all(entry), self.place.all(row), context)
            loop.break_if(equal)
            slot.set((slot.get() + 1) & mask)

    def _row(self, row: Val, context: PipelineContext) -> LazyRow:
        assert self.layout is not None
        assert self.place is not None
        stored, states = self.layout, self.place.all(row)
        makers: dict[int, Callable[[], Value]] = {}
        for i, (column, _) in enumerate(self.op.keys):
            makers[column.id] = partial(stored.load, row, i, context)
        for (column, _), finish in zip(self.op.aggregates, self.aggregates.finishes, strict=True):
            makers[column.id] = partial(finish, states, context)
        return LazyRow(context.code, makers)


def clear(at: Val, size: Val) -> None:
    """Zero bytes."""
    code = at.code
    code.call(
        "llvm.memset.p0.i64",
        "void",
        at,
        code.const(0, I8),
        size,
        code.false,
        declare="declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
    )


def partition_shift(context: PipelineContext, tuples: str, partition: Val) -> Val:
    """64 - log2 of the directory size for a partition; the runner chose it by its rows."""
    shared = context.shared(tuples)
    return shared.at(I64, 3).load(PTR, "shifts").at(I64, partition).load(I64, "shift")


def each_row(
    context: PipelineContext,
    tuples: str,
    partition: Val,
    width: int,
    body: Callable[[Val], None],
) -> None:
    """Stages `body` for each row of a partition: its segments are (address, rows)."""
    code = context.code
    shared = context.shared(tuples)
    segments = shared.at(I64, 1).load(PTR, "segments")
    starts = shared.at(I64, 2).load(PTR, "starts").at(I64, partition)
    first, last = starts.load(I64), starts.at(I64, 1).load(I64)
    with code.range_(first, last, hint="segment") as (segment, _):
        at = segments.at(I64, segment * 2)
        base, rows = at.load(PTR, "base"), at.at(I64, 1).load(I64, "rows")
        with code.range_(0, rows, hint="tuple") as (i, _):
            body(base.at(I8, i * width))
