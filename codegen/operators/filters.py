"""Filters and projections: they change rows as they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions import expression
from pyflare.codegen.functions.dictionary import IMPURE, coded_column
from pyflare.codegen.ir.check import columns
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal, UdfCall
from pyflare.codegen.ir.operators import Filter, Project, Scan
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.operators.scan import scan_blocks

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext
    from pyflare.codegen.operators.types import Emit, Produce

CHEAP = frozenset({"eq", "lt", "le", "gt", "ge", "is_null", "is_not_null", "not", "or", "and"})
MOST_COLUMNS = 4  # read for every row before the first branch


def filter_(op: Filter, builder: Builder, emit: Emit, produce: Produce) -> None:
    """Conjuncts in order; neighbours that are cheap and cannot fail share one branch."""

    predicates = list(conjuncts(op.predicate))

    def choose(row: Row, then: Callable[[], None]) -> None:
        kept(predicates, row, builder.current, then)

    if isinstance(op.child, Scan) and any(searches(p, op.child) for p in predicates):
        scan_blocks(op.child, builder, choose, emit)
    else:
        produce(op.child, builder, lambda row: choose(row, lambda: emit(row)))


def searches(expr: Expr, scan: Scan) -> bool:
    """Reads strings of the table that no dictionary makes few."""
    plain = {c.id for c, s in zip(scan.columns, scan.storage, strict=True) if s.kind == "string"}
    return isinstance(expr, Call) and any(c.id in plain for c in columns(expr))


def kept(
    predicates: list[Expr], row: Row, context: PipelineContext, then: Callable[[], None]
) -> None:
    """Stages `then` where every predicate is true."""
    if not predicates:
        then()
        return
    condition = truth(expression.emit(predicates[0], row, context))
    rest = predicates[1:]
    read = {column.id for column in columns(predicates[0])}
    while rest and cheap(predicates[0], row, context) and cheap(rest[0], row, context):
        read |= {column.id for column in columns(rest[0])}
        if len(read) > MOST_COLUMNS:
            break
        condition = condition & truth(expression.emit(rest[0], row, context))
        rest = rest[1:]
    with context.code.if_(condition, "keep"):
        kept(rest, row, context, then)


def truth(value: Value) -> Val:
    """True, and neither false nor NULL."""
    return value.data if value.valid is None else value.data & value.valid


def conjuncts(predicate: Expr) -> Iterator[Expr]:
    match predicate:
        case Call("and", args):
            for arg in args:
                yield from conjuncts(arg)
        case _:
            yield predicate


def cheap(expr: Expr, row: Row, context: PipelineContext) -> bool:
    """A few instructions, without failure or branch: over columns of fixed width, or what is
    looked up by a dictionary's code."""
    if isinstance(expr, Call):
        coded = coded_column(expr, row)
        if coded is not None:
            return context.over_dictionary(expr, coded, row) is not None
    match expr:
        case Call(function, args) if function in CHEAP:
            return all(cheap(arg, row, context) for arg in args)
        case Call("in", args):
            return len(args) <= 5 and all(cheap(arg, row, context) for arg in args)
        case Column(id):
            return row[id].length is None
        case Literal():
            return not isinstance(expr.value, str | bytes)
        case _:
            return False


def project(op: Project, builder: Builder, emit: Emit, produce: Produce) -> None:
    """Columns are staged where they are used; impure ones at once, so that all uses agree."""

    def compute(row: Row) -> None:
        context = builder.current
        makers = {}
        for column, expr in op.columns:
            if impure(expr):
                value = expression.emit(expr, row, context)
                makers[column.id] = lambda value=value: value
            else:
                makers[column.id] = lambda expr=expr: expression.emit(expr, row, context)
        emit(LazyRow(context.code, makers))

    produce(op.child, builder, compute)


def impure(expr: Expr) -> bool:
    """Evaluated twice it would differ, or cost too much."""
    match expr:
        case UdfCall():
            return True
        case Call(function, args):
            return function in IMPURE or any(impure(arg) for arg in args)
        case Cast(child):
            return impure(child)
        case Case(branches, otherwise):
            parts = [part for branch in branches for part in branch]
            return any(impure(p) for p in parts) or (otherwise is not None and impure(otherwise))
        case _:
            return False
