"""Walking plans: the expressions of a node, its free columns, copies with new column ids."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never, cast

from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, SortKey, WindowCall
from pyflare.codegen.ir.types import Type
from pyflare.engine.plan.expressions import columns_of_all, substitute
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    Limit,
    MapBatches,
    Note,
    OneRow,
    Plan,
    Project,
    Range,
    Sample,
    Scan,
    Shared,
    Sort,
    Tail,
    Union,
    Window,
    children,
    map_children,
)

# Rules make columns apart from those of the analyser; explain and lower renumber all of them.
_ids = itertools.count(1 << 40)


def fresh(name: str, type: Type, nullable: bool) -> Column:
    """A column that no plan has yet."""
    return Column(next(_ids), name, type, nullable)


def expressions(node: Plan) -> tuple[Expr, ...]:
    """The expressions a node evaluates itself."""
    match node:
        case Scan():
            return node.predicates
        case Filter():
            return (node.predicate,)
        case Project():
            return tuple(expr for _, expr in node.columns)
        case Join():
            return () if node.condition is None else (node.condition,)
        case Apply():
            return node.operands if node.condition is None else (*node.operands, node.condition)
        case Aggregate():
            return (*(expr for _, expr in node.keys), *(call for _, call in node.aggregates))
        case Expand():
            times = () if node.repeat is None else (node.repeat,)
            return (*(expr for projection in node.projections for expr in projection), *times)
        case Sort():
            return tuple(key.expr for key in node.keys)
        case Union():
            return tuple(column for columns in node.inputs for column in columns)
        case Window():
            return tuple(call for _, call in node.calls)
        case Range() | OneRow() | Empty() | Limit() | Tail() | Sample() | MapBatches():
            return ()
        case Shared() | Note():
            return ()
        case _:
            assert_never(node)


def map_expressions(node: Plan, fn: Callable[[Expr], Expr]) -> Plan:
    """`node` with fn applied to each expression it evaluates; the same object if unchanged."""
    match node:
        case Filter():
            predicate = fn(node.predicate)
            return node if predicate is node.predicate else replace(node, predicate=predicate)
        case Project():
            columns = tuple([(column, fn(expr)) for column, expr in node.columns])
            return node if _unchanged(columns, node.columns) else replace(node, columns=columns)
        case Join():
            if node.condition is None:
                return node
            condition = fn(node.condition)
            return node if condition is node.condition else replace(node, condition=condition)
        case Apply():
            operands = tuple([fn(expr) for expr in node.operands])
            on = None if node.condition is None else fn(node.condition)
            if on is node.condition and _same(operands, node.operands):
                return node
            return replace(node, operands=operands, condition=on)
        case Aggregate():
            keys = tuple([(column, fn(expr)) for column, expr in node.keys])
            calls = tuple([(column, cast(AggregateCall, fn(c))) for column, c in node.aggregates])
            if _unchanged(keys, node.keys) and _unchanged(calls, node.aggregates):
                return node
            return replace(node, keys=keys, aggregates=calls)
        case Sort():
            exprs = [fn(key.expr) for key in node.keys]
            if all(expr is key.expr for expr, key in zip(exprs, node.keys, strict=True)):
                return node
            pairs = zip(node.keys, exprs, strict=True)
            return replace(
                node, keys=tuple([SortKey(e, k.ascending, k.nulls_first) for k, e in pairs])
            )
        case Expand():
            rows = tuple([tuple(map(fn, exprs)) for exprs in node.projections])
            repeat = None if node.repeat is None else fn(node.repeat)
            if all(map(_same, rows, node.projections)) and repeat is node.repeat:
                return node
            return replace(node, projections=rows, repeat=repeat)
        case Window():
            windows = tuple([(column, cast(WindowCall, fn(call))) for column, call in node.calls])
            return node if _unchanged(windows, node.calls) else replace(node, calls=windows)
        case Scan():
            predicates = tuple([fn(expr) for expr in node.predicates])
            if _same(predicates, node.predicates):
                return node
            return replace(node, predicates=predicates)
        case Union() | Range() | OneRow() | Empty() | Limit() | Tail() | Sample():
            return node
        case MapBatches() | Shared() | Note():
            return node
        case _:
            assert_never(node)


def walk(plan: Plan) -> Iterator[Plan]:
    """Every node, parents before children."""
    stack = [plan]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def bottom_up(plan: Plan, fn: Callable[[Plan], Plan]) -> Plan:
    """fn applied to every node, children first."""
    return fn(map_children(plan, lambda child: bottom_up(child, fn)))


def ids(columns: tuple[Column, ...]) -> set[int]:
    """The identities of columns."""
    return {column.id for column in columns}


def produced(plan: Plan) -> set[int]:
    """The ids of all columns that some node of `plan` makes."""
    return {column.id for node in walk(plan) for column in node.output}


def free_columns(plan: Plan) -> set[int]:
    """The ids that `plan` reads but does not make: its correlation with an outer query."""
    used: set[int] = set()
    for node in walk(plan):
        used |= columns_of_all(expressions(node))
    return used - produced(plan)


def rename(plan: Plan, names: Mapping[int, Column]) -> Plan:
    """`plan` with every column that `names` knows replaced throughout."""

    def column(old: Column) -> Column:
        new = names.get(old.id)
        if new is None:
            return old
        return new if new.nullable == old.nullable else replace(new, nullable=old.nullable)

    def columns(old: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple([column(each) for each in old])

    def node(old: Plan) -> Plan:
        plan = map_expressions(old, lambda expr: substitute(expr, names))
        match plan:
            case Scan() | Empty() | Expand() | MapBatches() | Shared():
                return replace(plan, columns=columns(plan.columns))
            case Range():
                return replace(plan, column=column(plan.column))
            case Project():
                return replace(plan, columns=tuple([(column(c), e) for c, e in plan.columns]))
            case Aggregate():
                return replace(
                    plan,
                    keys=tuple([(column(c), e) for c, e in plan.keys]),
                    aggregates=tuple([(column(c), e) for c, e in plan.aggregates]),
                )
            case Join(mark=Column() as mark):
                return replace(plan, mark=column(mark))
            case Apply(column=Column() as value):
                return replace(plan, column=column(value))
            case Union():
                return replace(
                    plan, inputs=tuple(map(columns, plan.inputs)), columns=columns(plan.columns)
                )
            case Window():
                return replace(plan, calls=tuple([(column(c), e) for c, e in plan.calls]))
            case _:
                return plan

    def visit(old: Plan) -> Plan:
        # A shared child is one plan for all its uses, which only the `columns` rename
        return node(old) if isinstance(old, Shared) else node(map_children(old, visit))

    return visit(plan)


def copy(plan: Plan) -> tuple[Plan, dict[int, Column]]:
    """An equal plan that makes new columns, and the new column of each old id."""
    names = {
        column.id: replace(column, id=next(_ids))
        for node in walk_own(plan)
        for column in node.output
    }
    return rename(plan, names), names


def walk_own(plan: Plan) -> Iterator[Plan]:
    """Every node outside the children of Shared."""
    yield plan
    if not isinstance(plan, Shared):
        for child in children(plan):
            yield from walk_own(child)


def _unchanged(
    after: tuple[tuple[Column, Expr], ...], before: tuple[tuple[Column, Expr], ...]
) -> bool:
    return all(a[1] is b[1] for a, b in zip(after, before, strict=True))


def _same(after: tuple[Expr, ...], before: tuple[Expr, ...]) -> bool:
    return all(a is b for a, b in zip(after, before, strict=True))
