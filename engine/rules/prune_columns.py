"""Only the columns that somebody reads: down to the ordinals that a scan asks of its table."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import assert_never

from pyflare.codegen.ir.expr import Column, Expr, Literal
from pyflare.engine.plan.expressions import (
    cheap,
    columns_of,
    columns_of_all,
    deterministic,
    substitute,
)
from pyflare.engine.plan.fallible import infallible
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    JoinType,
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
)
from pyflare.engine.plan.traverse import expressions, ids


def prune_columns(plan: Plan) -> Plan | None:
    """node(x: a, b) where only a is read  ->  node(x: a);  Project(x, a := a)  ->  x

    A projection that only drops columns says nothing: nobody reads them. The plan's own output
    keeps its columns but not their order, which the driver restores.
    """
    after = prune(plan, ids(plan.output))
    return None if after is plan else after


def prune(plan: Plan, needed: Set[int]) -> Plan:
    """`plan` with the columns `needed` at least and as little else as may be."""
    match plan:
        case Scan():
            return _scan(plan, needed)
        case Range() | OneRow():
            return plan
        case Empty(columns):
            return Empty(tuple(c for c in columns if c.id in needed))
        case Project():
            return _project(plan, needed)
        case Filter() | Sort():
            reads = columns_of_all(expressions(plan))
            return _child(plan, plan.child, needed | reads)
        case Limit() | Sample() | Note():
            return _child(plan, plan.child, needed)
        case Tail():
            return _child(plan, plan.child, needed)
        case Join():
            return _join(plan, needed)
        case Apply():
            both = needed | columns_of_all(expressions(plan)) | ids(plan.right.output)
            return replace(
                plan,
                left=prune(plan.left, ids(plan.left.output)),
                right=prune(plan.right, both),
            )
        case Aggregate():
            calls = tuple((c, call) for c, call in plan.aggregates if c.id in needed)
            if not calls and not plan.keys:
                calls = plan.aggregates[:1]
            if len(calls) != len(plan.aggregates):
                plan = replace(plan, aggregates=calls)
            return _child(plan, plan.child, columns_of_all(expressions(plan)))
        case Union():
            return _union(plan, needed)
        case Expand():
            keep = [i for i, c in enumerate(plan.columns) if c.id in needed] or [0]
            plan = replace(
                plan,
                projections=tuple(tuple(p[i] for i in keep) for p in plan.projections),
                columns=tuple(plan.columns[i] for i in keep),
            )
            return _child(plan, plan.child, columns_of_all(expressions(plan)))
        case Window():
            calls_ = tuple((c, call) for c, call in plan.calls if c.id in needed)
            if not calls_:
                return prune(plan.child, needed)
            plan = replace(plan, calls=calls_)
            reads = {id for _, call in calls_ for id in columns_of(call)}
            return _child(plan, plan.child, needed | reads)
        case MapBatches() | Shared():
            # Their functions and their other uses read every column, by position
            return _exact(plan)
        case _:
            assert_never(plan)


def _child(
    plan: Filter | Sort | Limit | Tail | Sample | Note | Aggregate | Expand | Window,
    child: Plan,
    needed: Set[int],
) -> Plan:
    after = prune(child, needed)
    return plan if after is child else replace(plan, child=after)


def _exact(plan: MapBatches | Shared) -> Plan:
    child = prune(plan.child, ids(plan.child.output))
    if [c.id for c in child.output] != [c.id for c in plan.child.output]:
        child = Project(child, tuple((c, c) for c in plan.child.output))
    return plan if child is plan.child else replace(plan, child=child)


def _scan(plan: Scan, needed: Set[int]) -> Plan:
    keep = [i for i, column in enumerate(plan.columns) if column.id in needed]
    if len(keep) == len(plan.columns):
        return plan
    return replace(
        plan,
        columns=tuple(plan.columns[i] for i in keep),
        ordinals=tuple(plan.ordinals[i] for i in keep),
    )


def _project(plan: Project, needed: Set[int]) -> Plan:
    # As in Spark, a column that nobody reads is not computed even where that would raise
    columns = tuple((c, e) for c, e in plan.columns if c.id in needed)
    child = prune(plan.child, columns_of_all(e for _, e in columns))
    if isinstance(child, Project):
        merged = merge(columns, child)
        if merged is not None:
            return trivial(merged)
    if child is plan.child and len(columns) == len(plan.columns):
        return trivial(plan)
    return trivial(Project(child, columns))


def merge(columns: tuple[tuple[Column, Expr], ...], child: Project) -> Project | None:
    """Project(Project(x, b := f(a)), c := g(b))  ->  Project(x, c := g(f(a)))"""
    values = {column.id: expr for column, expr in child.columns}
    uses: dict[int, int] = {}
    for _, expr in columns:
        for id in columns_of(expr):
            uses[id] = uses.get(id, 0) + 1
    for id, count in uses.items():
        value = values[id]
        if isinstance(value, (Column, Literal)):
            continue
        if count > 1 or not cheap(value) or not deterministic(value) or not infallible(value):
            return None
    return Project(child.child, tuple((c, substitute(e, values)) for c, e in columns))


def trivial(plan: Project) -> Plan:
    """Project(x, a := a, b := b)  ->  x"""
    if all(isinstance(expr, Column) and expr.id == column.id for column, expr in plan.columns):
        return plan.child
    return plan


def _join(plan: Join, needed: Set[int]) -> Plan:
    if plan.mark is not None and plan.mark.id not in needed:
        return prune(plan.left, needed)
    reads = needed if plan.condition is None else needed | columns_of(plan.condition)
    if plan.kind in (JoinType.SEMI, JoinType.ANTI, JoinType.ANTI_NULL_AWARE):
        rights: Set[int] = set() if plan.condition is None else columns_of(plan.condition)
    else:
        rights = reads
    left, right = prune(plan.left, reads), prune(plan.right, rights)
    if left is plan.left and right is plan.right:
        return plan
    return replace(plan, left=left, right=right)


def _union(plan: Union, needed: Set[int]) -> Plan:
    keep = [i for i, column in enumerate(plan.columns) if column.id in needed]
    inputs = tuple(tuple(row[i] for i in keep) for row in plan.inputs)
    children = tuple(
        prune(child, ids(row)) for child, row in zip(plan.children, inputs, strict=True)
    )
    if len(keep) == len(plan.columns) and all(
        a is b for a, b in zip(children, plan.children, strict=True)
    ):
        return plan
    return Union(children, inputs, tuple(plan.columns[i] for i in keep))
