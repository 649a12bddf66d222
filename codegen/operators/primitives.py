"""The states that aggregates are made of: zero at first, updated by rows, merged in any order.

`wide` types hold the state of a whole query; `narrow` ones hold that of one morsel, whose number
of rows is bounded. `merge` accepts either as its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import F64, I1, I8, I64, PTR, Val, is_float
from pyflare.codegen.functions.text import compare_bytes
from pyflare.codegen.operators.cells import Cells
from pyflare.codegen.runtime.layout import Form

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext

MORSEL_ROWS = 1 << 18
MOST_ROWS = 1 << 40  # more rows than a query can pass in its lifetime


class Primitive(Protocol):
    """One state and what is done to it."""

    @property
    def wide(self) -> tuple[str, ...]: ...

    @property
    def narrow(self) -> tuple[str, ...]: ...

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None: ...

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None: ...


@dataclass(frozen=True, slots=True)
class Count:
    """Rows whose arguments are all valid."""

    wide = (I64,)
    narrow = (I64,)

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        valid = all_valid(*args)
        one = context.code.const(1, I64) if valid is None else valid.zext(I64)
        cells.set(0, cells.get(0) + one)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        cells.set(0, cells.get(0) + other.get(0))


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of the valid values; exact for integers and decimals."""

    form: Form

    def _exact(self, rows: int) -> str:
        lo, hi = self.form.lo, self.form.hi
        assert lo is not None
        assert hi is not None
        return I64 if max(-lo, hi) * rows < 1 << 63 else "i128"

    @property
    def wide(self) -> tuple[str, ...]:
        return (F64,) if is_float(self.form.lane) else (self._exact(MOST_ROWS),)

    @property
    def narrow(self) -> tuple[str, ...]:
        return (F64,) if is_float(self.form.lane) else (self._exact(MORSEL_ROWS),)

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        (value,) = args
        type_ = cells.types[0]
        data = value.data
        data = data.fpext() if is_float(data.type) else data.resize(type_)
        if value.valid is not None:
            data = value.valid.select(data, 0.0 if type_ == F64 else 0)
        cells.set(0, added(cells.get(0), data))

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        data = other.get(0)
        if data.type != F64:
            data = data.sext(cells.types[0])
        cells.set(0, added(cells.get(0), data))


def added(x: Val, y: Val) -> Val:
    """x + y; the order of a float sum is nobody's, so LLVM may choose it."""
    if is_float(x.type):
        return x.code.value("sum", x.type, f"fadd reassoc {x.type} {x.ref}, {y.ref}")
    return x + y


@dataclass(frozen=True, slots=True)
class Stored:
    """A value kept in cells: its data, and its length if it is a string."""

    form: Form

    @property
    def types(self) -> tuple[str, ...]:
        return (self.form.stored, I64) if self.form.has_length else (self.form.stored,)

    def write(self, cells: Cells, at: int, value: Value, context: PipelineContext) -> None:
        data = value.data
        cells.set(
            at,
            data.zext(I8)
            if data.type == I1
            else data.resize(self.form.lane)
            if not (is_float(data.type) or data.type == PTR)
            else data,
        )
        if self.form.has_length:
            assert value.length is not None
            cells.set(at + 1, value.length)
            context.reset_heap = False

    def read(self, cells: Cells, at: int, valid: Val | None) -> Value:
        data = cells.get(at)
        form = self.form
        return Value(
            form.type,
            data.trunc(I1) if form.lane == I1 else data,
            valid,
            form.lo,
            form.hi,
            cells.get(at + 1) if form.has_length else None,
            None,
            form.dictionary,
            form.ascii,
            form.finite,
        )


def plain(form: Form) -> Form:
    """The form without dictionary codes."""
    return replace(form, coded=False, dictionary=None) if form.coded else form


def before(x: Value, y: Value) -> Val:
    """x < y in Spark's order: NaN is the largest, strings by bytes."""
    if x.length is not None:
        return compare_bytes(x.with_valid(None), y.with_valid(None)) < 0
    if is_float(x.data.type):
        less = x.data < y.data
        if x.finite and y.finite:
            return less
        return less | (y.data.unordered() & ~x.data.unordered())
    if x.data.type == I1:
        return ~x.data & y.data
    return x.data < y.data


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smallest or largest valid value: has one, value."""

    form: Form
    largest: bool

    @property
    def wide(self) -> tuple[str, ...]:
        return (I8, *Stored(plain(self.form)).types)

    narrow = wide

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        self._take(cells, args[0], args[0].valid, context)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        value = Stored(plain(self.form)).read(other, 1, None)
        self._take(cells, value, other.get(0) != 0, context)

    def _take(
        self, cells: Cells, value: Value, valid: Val | None, context: PipelineContext
    ) -> None:
        stored = Stored(plain(self.form))
        code = context.code
        held = stored.read(cells, 1, None)
        missing = cells.get(0) == 0
        if value.length is None:
            value = replace(
                value,
                data=value.data
                if value.data.type == held.data.type
                else value.data.resize(held.data.type),
            )
            better = missing | (before(held, value) if self.largest else before(value, held))
            if valid is not None:
                better = better & valid
            kept = better.select(value.data, held.data)
            stored.write(cells, 1, replace(value, data=kept), context)
            cells.set(0, better.select(code.const(1, I8), cells.get(0)))
            return
        with code.if_(valid if valid is not None else code.true, "extreme"):
            taken = code.var(missing)
            with code.if_(~missing):
                taken.set(before(held, value) if self.largest else before(value, held))
            with code.if_(taken.get(), "better"):
                stored.write(cells, 1, value, context)
                cells.set(0, code.const(1, I8))

    def result(self, cells: Cells, always: bool) -> Value:
        valid = None if always else cells.get(0) != 0
        return Stored(plain(self.form)).read(cells, 1, valid)


@dataclass(frozen=True, slots=True)
class First:
    """The value of the first (last) row, NULL rows passed over if so asked: has one, valid,
    position of the row, value."""

    form: Form
    last: bool
    ignore_nulls: bool

    @property
    def wide(self) -> tuple[str, ...]:
        return (I8, I8, I64, *Stored(plain(self.form)).types)

    narrow = wide

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        value = args[0]
        valid = value.valid if value.valid is not None else context.code.true
        position = context.position
        assert position is not None
        taken = valid if self.ignore_nulls else context.code.true
        self._take(cells, value, valid, taken, position, context)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        value = Stored(plain(self.form)).read(other, 3, None)
        self._take(cells, value, other.get(1) != 0, other.get(0) != 0, other.get(2), context)

    def _take(
        self,
        cells: Cells,
        value: Value,
        valid: Val,
        taken: Val,
        position: Val,
        context: PipelineContext,
    ) -> None:
        held = cells.get(2)
        sooner = position >= held if self.last else position < held
        with context.code.if_(taken & ((cells.get(0) == 0) | sooner), "first"):
            cells.set(0, context.code.const(1, I8))
            cells.set(1, valid.zext(I8))
            cells.set(2, position)
            Stored(plain(self.form)).write(cells, 3, value, context)

    def result(self, cells: Cells) -> Value:
        return Stored(plain(self.form)).read(cells, 3, (cells.get(0) != 0) & (cells.get(1) != 0))


@dataclass(frozen=True, slots=True)
class ExtremeBy:
    """The value of the row with the least (largest) ordering: has one, valid, ordering, value."""

    form: Form
    order: Form
    largest: bool

    @property
    def wide(self) -> tuple[str, ...]:
        return (I8, I8, *Stored(plain(self.order)).types, *Stored(plain(self.form)).types)

    narrow = wide

    @property
    def _at(self) -> int:
        return 2 + len(Stored(plain(self.order)).types)

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        value, order = args
        true = context.code.true
        self._take(cells, value, value.valid or true, order, order.valid or true, context)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        value = Stored(plain(self.form)).read(other, self._at, None)
        order = Stored(plain(self.order)).read(other, 2, None)
        self._take(cells, value, other.get(1) != 0, order, other.get(0) != 0, context)

    def _take(
        self,
        cells: Cells,
        value: Value,
        valid: Val,
        order: Value,
        taken: Val,
        context: PipelineContext,
    ) -> None:
        code = context.code
        stored = Stored(plain(self.order))
        with code.if_(taken, "by"):
            missing = cells.get(0) == 0
            better = code.var(missing)
            with code.if_(~missing):
                held = stored.read(cells, 2, None)
                if order.length is None and held.data.type != order.data.type:
                    order = replace(order, data=order.data.resize(held.data.type))
                # Spark keeps the later of two equal rows of max_by, the earlier of min_by
                better.set(~before(order, held) if self.largest else before(order, held))
            with code.if_(better.get(), "better"):
                cells.set(0, code.const(1, I8))
                cells.set(1, valid.zext(I8))
                stored.write(cells, 2, order, context)
                Stored(plain(self.form)).write(cells, self._at, value, context)

    def result(self, cells: Cells) -> Value:
        valid = (cells.get(0) != 0) & (cells.get(1) != 0)
        return Stored(plain(self.form)).read(cells, self._at, valid)


@dataclass(frozen=True, slots=True)
class Bits:
    """and, or, xor of the valid values; and keeps the complement, so that zero is neutral."""

    op: str
    lane: str

    @property
    def wide(self) -> tuple[str, ...]:
        return (self.lane,)

    narrow = wide

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        data = args[0].data.resize(self.lane)
        data = ~data if self.op == "and" else data
        if args[0].valid is not None:
            data = args[0].valid.select(data, 0)
        self._fold(cells, data)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        self._fold(cells, other.get(0))

    def _fold(self, cells: Cells, data: Val) -> None:
        held = cells.get(0)
        cells.set(0, held ^ data if self.op == "xor" else held | data)

    def result(self, cells: Cells) -> Val:
        return ~cells.get(0) if self.op == "and" else cells.get(0)


@dataclass(frozen=True, slots=True)
class Product:
    """The product of the valid values, less one, so that zero is neutral; in its own flag."""

    wide = (I8, F64)
    narrow = (I8, F64)

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        valid = args[0].valid or context.code.true
        self._fold(cells, args[0].data, valid, context)

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        self._fold(cells, other.get(1), other.get(0) != 0, context)

    def _fold(self, cells: Cells, data: Val, valid: Val, context: PipelineContext) -> None:
        held = (cells.get(0) != 0).select(cells.get(1), 1.0)
        cells.set(1, valid.select(held * data, cells.get(1)))
        cells.set(0, cells.get(0) | valid.zext(I8))


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and central moments up to `order` of doubles, updated and merged like Spark."""

    order: int

    @property
    def wide(self) -> tuple[str, ...]:
        return (F64,) * (self.order + 1)

    narrow = wide

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        value = args[0]
        with context.code.if_(value.valid or context.code.true, "moment"):
            x = value.data.fpext()
            n = cells.get(0)
            mean = cells.get(1)
            new_n = n + 1.0
            delta = x - mean
            delta_n = delta / new_n
            cells.set(0, new_n)
            cells.set(1, mean + delta_n)
            m2 = cells.get(2)
            new_m2 = m2 + delta * (delta - delta_n)
            cells.set(2, new_m2)
            delta2, delta_n2 = delta * delta, delta_n * delta_n
            if self.order >= 3:
                m3 = cells.get(3)
                new_m3 = m3 - delta_n * new_m2 * 3.0 + delta * (delta2 - delta_n2)
                cells.set(3, new_m3)
                if self.order >= 4:
                    m4 = cells.get(4)
                    cells.set(
                        4,
                        m4
                        - delta_n * new_m3 * 4.0
                        - delta_n2 * new_m2 * 6.0
                        + delta * (delta * delta2 - delta_n * delta_n2),
                    )

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        with context.code.if_(other.get(0) != 0.0, "merge_moments"):
            n1, n2 = cells.get(0), other.get(0)
            n = n1 + n2
            delta = other.get(1) - cells.get(1)
            delta_n = delta / n
            cells.set(0, n)
            cells.set(1, cells.get(1) + delta_n * n2)
            m2a, m2b = cells.get(2), other.get(2)
            cells.set(2, m2a + m2b + delta * delta_n * n1 * n2)
            if self.order >= 3:
                m3a, m3b = cells.get(3), other.get(3)
                cells.set(
                    3,
                    m3a
                    + m3b
                    + delta_n * delta_n * delta * n1 * n2 * (n1 - n2)
                    + delta_n * 3.0 * (n1 * m2b - n2 * m2a),
                )
                if self.order >= 4:
                    cells.set(
                        4,
                        cells.get(4)
                        + other.get(4)
                        + delta_n
                        * delta_n
                        * delta_n
                        * delta
                        * n1
                        * n2
                        * (n1 * n1 - n1 * n2 + n2 * n2)
                        + delta_n * delta_n * 6.0 * (n1 * n1 * m2b + n2 * n2 * m2a)
                        + delta_n * 4.0 * (n1 * m3b - n2 * m3a),
                    )


@dataclass(frozen=True, slots=True)
class Covariance:
    """n, mean x, mean y, comoment, and the two second moments, over pairs of valid doubles."""

    wide = (F64,) * 6
    narrow = (F64,) * 6

    def update(self, cells: Cells, args: Sequence[Value], context: PipelineContext) -> None:
        valid = all_valid(*args) or context.code.true
        with context.code.if_(valid, "covariance"):
            x, y = (a.data.fpext() for a in args)
            n = cells.get(0) + 1.0
            dx, dy = x - cells.get(1), y - cells.get(2)
            dx_n, dy_n = dx / n, dy / n
            mean_x, mean_y = cells.get(1) + dx_n, cells.get(2) + dy_n
            cells.set(0, n)
            cells.set(1, mean_x)
            cells.set(2, mean_y)
            cells.set(3, cells.get(3) + dx * (y - mean_y))
            cells.set(4, cells.get(4) + dx * (x - mean_x))
            cells.set(5, cells.get(5) + dy * (y - mean_y))

    def merge(self, cells: Cells, other: Cells, context: PipelineContext) -> None:
        with context.code.if_(other.get(0) != 0.0, "merge_covariance"):
            n1, n2 = cells.get(0), other.get(0)
            n = n1 + n2
            dx, dy = other.get(1) - cells.get(1), other.get(2) - cells.get(2)
            dx_n, dy_n = dx / n, dy / n
            cells.set(0, n)
            cells.set(1, cells.get(1) + dx_n * n2)
            cells.set(2, cells.get(2) + dy_n * n2)
            cells.set(3, cells.get(3) + other.get(3) + dx * dy_n * n1 * n2)
            cells.set(4, cells.get(4) + other.get(4) + dx * dx_n * n1 * n2)
            cells.set(5, cells.get(5) + other.get(5) + dy * dy_n * n1 * n2)
