"""Aggregate functions: the primitives each is made of, and its result from their states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value, both
from pyflare.codegen.emit.value import F64, I64, Val, bits
from pyflare.codegen.functions import expression
from pyflare.codegen.functions.decimals import Number, fitted, quotient_number
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, Literal
from pyflare.codegen.operators.cells import Cells, Place, place
from pyflare.codegen.operators.filters import truth
from pyflare.codegen.operators.primitives import (
    MOST_ROWS,
    Bits,
    Count,
    Covariance,
    Extreme,
    ExtremeBy,
    First,
    Moments,
    Primitive,
    Product,
    Sum,
)
from pyflare.codegen.runtime.hashing import normalised
from pyflare.codegen.runtime.layout import Form, form_of
from pyflare.codegen.unsupported import Unsupported

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext

Finish = Callable[[Sequence[Cells], "PipelineContext"], Value]


@dataclass(frozen=True, slots=True)
class State:
    """A primitive, the arguments it takes from a row, and the rows it takes."""

    primitive: Primitive
    args: tuple[Expr, ...]
    filter: Expr | None


class Aggregates:
    """All states of one Aggregate, each kept once however many aggregates share it."""

    def __init__(self, calls: Sequence[tuple[Column, AggregateCall]], grouped: bool) -> None:
        self.calls = tuple(calls)
        self.grouped = grouped
        self.states: list[State] = []
        self.finishes: list[Finish] = []

    def plan(self, row: Row, context: PipelineContext) -> None:
        """Decides states and results by the forms of the first pipeline's values."""
        for _, call in self.calls:
            self.finishes.append(self._finish(call, row, context))

    def place(self, header: int = 0) -> Place:
        return place([s.primitive.wide for s in self.states], header)

    def narrow_place(self) -> Place:
        return place([s.primitive.narrow for s in self.states])

    def state(self, primitive: Primitive, args: Sequence[Expr], filter: Expr | None) -> int:
        wanted = State(primitive, tuple(args), filter)
        if wanted not in self.states:
            self.states.append(wanted)
        return self.states.index(wanted)

    def update(self, cells: Sequence[Cells], row: Row, context: PipelineContext) -> None:
        """Adds a row to every state."""
        values: dict[Expr, Value] = {}
        unfiltered = [i for i, s in enumerate(self.states) if s.filter is None]
        for i in unfiltered:
            self._update_one(i, cells[i], row, context, values)
        filters = {s.filter: None for s in self.states if s.filter is not None}
        for filter in filters:
            with context.code.if_(truth(expression.emit(filter, row, context)), "filter"):
                inside: dict[Expr, Value] = {}
                for i, state in enumerate(self.states):
                    if state.filter == filter:
                        self._update_one(i, cells[i], row, context, inside)

    def _update_one(
        self,
        i: int,
        cells: Cells,
        row: Row,
        context: PipelineContext,
        values: dict[Expr, Value],
    ) -> None:
        args = []
        for expr in self.states[i].args:
            if expr not in values:
                values[expr] = expression.emit(expr, row, context)
            args.append(values[expr])
        self.states[i].primitive.update(cells, args, context)

    def merge(
        self, cells: Sequence[Cells], other: Sequence[Cells], context: PipelineContext
    ) -> None:
        for state, ours, theirs in zip(self.states, cells, other, strict=True):
            state.primitive.merge(ours, theirs, context)

    # ------------------------------------------------------------ functions

    def _finish(self, call: AggregateCall, row: Row, context: PipelineContext) -> Finish:
        """Enters the call's states and says how its result is made."""
        args, filter = call.args, call.filter
        values = [expression.emit(arg, row, context) for arg in args]
        forms = [form_of(value) for value in values]
        always = self.grouped and filter is None

        def count_of(*exprs: Expr) -> int:
            known = [expression.emit(e, row, context) for e in exprs]
            nullable = [e for e, v in zip(exprs, known, strict=True) if v.valid is not None]
            return self.state(Count(), nullable, filter)

        match call.function:
            case "count":
                at = count_of(*args)
                return lambda cells, _: Value(t.BIGINT, cells[at].get(0), None, 0, MOST_ROWS)
            case "sum":
                return self._sum(call, forms[0], count_of(args[0]), always)
            case "avg":
                return self._avg(call, forms[0], count_of(args[0]), always)
            case "min" | "max" | "bool_and" | "bool_or":
                self._ordered(forms[0], call)
                largest = call.function in ("max", "bool_or")
                extreme = Extreme(forms[0], largest)
                at = self.state(extreme, args[:1], filter)
                sure = always and not forms[0].nullable
                return lambda cells, _: extreme.result(cells[at], sure)
            case "first" | "last" | "any_value":
                ignore = len(args) > 1 and isinstance(args[1], Literal) and bool(args[1].value)
                first = First(forms[0], call.function == "last", ignore)
                at = self.state(first, args[:1], filter)
                return lambda cells, _: first.result(cells[at])
            case "min_by" | "max_by":
                by = ExtremeBy(forms[0], forms[1], call.function == "max_by")
                at = self.state(by, args, filter)
                return lambda cells, _: by.result(cells[at])
            case "bit_and" | "bit_or" | "bit_xor":
                return self._bits(call, count_of(args[0]))
            case "product":
                at = self.state(Product(), args, filter)
                return lambda cells, _: Value(t.DOUBLE, cells[at].get(1), cells[at].get(0) != 0)
            case "var_samp" | "var_pop" | "stddev_samp" | "stddev_pop" | "skewness" | "kurtosis":
                return self._moments(call)
            case "covar_samp" | "covar_pop" | "corr":
                return self._covariance(call)
            case other:
                raise Unsupported(f"the aggregate function {other}")

    def _ordered(self, form: Form, call: AggregateCall) -> None:
        if isinstance(form.type, t.Array | t.Map | t.Struct | t.CalendarInterval):
            raise Unsupported(f"{call.function} of nested values")

    def _sum(self, call: AggregateCall, form: Form, count: int, always: bool) -> Finish:
        primitive = Sum(form)
        at = self.state(primitive, call.args, call.filter)
        sure = always and not form.nullable

        def finish(cells: Sequence[Cells], context: PipelineContext) -> Value:
            data = cells[at].get(0)
            valid = None if sure else cells[count].get(0) != 0
            if data.type == F64:
                return Value(call.type, data, valid)
            exact = total(data, form, call.type)
            match call.type:
                case t.Decimal():
                    value = Value(call.type, data, valid, exact.lo, exact.hi)
                    return fitted(call, call.type, exact, (value,), context)
                case t.Float():
                    return Value(call.type, to_double(data), valid)
                case _:
                    return self._bigint(call, exact, valid, context)

        return finish

    def _bigint(
        self, call: AggregateCall, exact: Number, valid: Val | None, context: PipelineContext
    ) -> Value:
        lo, hi = -(1 << 63), (1 << 63) - 1
        data = exact.data
        if exact.hi > hi or exact.lo < lo:
            over = data.trunc(I64).sext(data.type) != data
            value = Value(t.Decimal(38, 0), data, valid, exact.lo, exact.hi)
            context.fail(
                Failure.ARITHMETIC_OVERFLOW,
                both(over, valid) or over,
                (value,),
                call,
            )
        else:
            lo, hi = exact.lo, exact.hi
        return Value(call.type, data.resize(I64), valid, lo, hi)

    def _avg(self, call: AggregateCall, form: Form, count: int, always: bool) -> Finish:
        at = self.state(Sum(form), call.args, call.filter)
        sure = always and not form.nullable

        def finish(cells: Sequence[Cells], context: PipelineContext) -> Value:
            number = cells[count].get(0)
            valid = None if sure else number != 0
            data = cells[at].get(0)
            if isinstance(call.type, t.Decimal):
                scale = form.type.scale if isinstance(form.type, t.Decimal) else 0
                exact = total(data, form, t.Decimal(38, scale))
                x = Value(t.Decimal(38, scale), exact.data, valid, exact.lo, exact.hi)
                y = Value(t.BIGINT, number, None, 0, MOST_ROWS)
                return fitted(
                    call, call.type, quotient_number(x, y, call.type.scale), (x,), context
                )
            if not isinstance(call.type, t.Float):
                raise Unsupported("avg of intervals")
            whole = data if data.type == F64 else to_double(data)
            return Value(call.type, whole / number.sitofp(F64), valid)

        return finish

    def _bits(self, call: AggregateCall, count: int) -> Finish:
        assert isinstance(call.type, t.Integer)
        primitive = Bits(call.function.removeprefix("bit_"), f"i{call.type.bits}")
        at = self.state(primitive, call.args, call.filter)
        bound = 1 << call.type.bits - 1

        def finish(cells: Sequence[Cells], context: PipelineContext) -> Value:
            valid = cells[count].get(0) != 0
            return Value(call.type, primitive.result(cells[at]), valid, -bound, bound - 1)

        return finish

    def _moments(self, call: AggregateCall) -> Finish:
        order = {"skewness": 3, "kurtosis": 4}.get(call.function, 2)
        at = self.state(Moments(order), call.args, call.filter)

        def finish(cells: Sequence[Cells], context: PipelineContext) -> Value:
            code = context.code
            n, m2 = cells[at].get(0), cells[at].get(2)
            match call.function:
                case "var_pop":
                    return Value(call.type, m2 / n, n != 0.0)
                case "stddev_pop":
                    return Value(call.type, code.unary("sqrt", m2 / n), n != 0.0)
                case "var_samp":
                    return Value(call.type, m2 / (n - 1.0), n > 1.0)
                case "stddev_samp":
                    return Value(call.type, code.unary("sqrt", m2 / (n - 1.0)), n > 1.0)
                case "skewness":
                    data = code.unary("sqrt", n) * cells[at].get(3)
                    data = data / code.unary("sqrt", m2 * m2 * m2)
                case _:
                    data = n * cells[at].get(4) / (m2 * m2) - 3.0
            return Value(call.type, data, (n != 0.0) & (m2 != 0.0))

        return finish

    def _covariance(self, call: AggregateCall) -> Finish:
        at = self.state(Covariance(), call.args, call.filter)

        def finish(cells: Sequence[Cells], context: PipelineContext) -> Value:
            n, ck = cells[at].get(0), cells[at].get(3)
            match call.function:
                case "covar_pop":
                    return Value(call.type, ck / n, n != 0.0)
                case "covar_samp":
                    return Value(call.type, ck / (n - 1.0), n > 1.0)
                case _:
                    spread = context.code.unary("sqrt", cells[at].get(4) * cells[at].get(5))
                    return Value(call.type, ck / spread, n > 1.0)

        return finish


def total(data: Val, form: Form, type_: t.Type) -> Number:
    """A sum with the bounds that the number of rows and the machine type leave."""
    assert form.lo is not None
    assert form.hi is not None
    edge = 1 << bits(data.type) - 1
    lo = max(min(0, form.lo) * MOST_ROWS, -edge)
    hi = min(max(0, form.hi) * MOST_ROWS, edge - 1)
    scale = type_.scale if isinstance(type_, t.Decimal) else 0
    return Number(data, lo, hi, scale)


def to_double(data: Val) -> Val:
    """An integer as a double; 128 bits by halves, for lack of compiler-rt."""
    if bits(data.type) <= 64:
        return data.sitofp(F64)
    low = data.trunc(I64)
    magnitude = (data < 0).select(-data, data)
    high = magnitude.lshr(64).trunc(I64).uitofp(F64) * 18446744073709551616.0
    large = high + magnitude.trunc(I64).uitofp(F64)
    return (low.sext(data.type) == data).select(low.sitofp(F64), (data < 0).select(-large, large))


def key_values(
    keys: Sequence[tuple[Column, Expr]], row: Row, context: PipelineContext
) -> list[Value]:
    """The keys of a row, floats with one zero and one NaN."""
    return [normalised(expression.emit(expr, row, context)) for _, expr in keys]
