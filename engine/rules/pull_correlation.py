"""Correlation pulled up out of a subquery, as conditions of the join above it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from pyflare.codegen.ir.expr import Call, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN
from pyflare.engine.plan.expressions import (
    columns_of,
    columns_of_all,
    conjunction,
    conjuncts,
    substitute,
)
from pyflare.engine.plan.nodes import Aggregate, Filter, Join, JoinType, Limit, Plan, Project, Sort
from pyflare.engine.plan.traverse import expressions, free_columns, fresh, ids
from pyflare.engine.rules.simplify import simplify

EMPTY_VALUE = {"count": 0}


@dataclass(frozen=True, slots=True)
class Pulled:
    """A subquery freed of its correlation.

    For an outer row its rows are those of `plan` for which `conditions` hold. `defaults` is set
    when there is exactly one row for every outer row: if none of `plan` matches, its columns have
    these values. `unique`: at most one row of `plan` matches an outer row.
    """

    plan: Plan
    conditions: list[Expr]
    defaults: dict[int, Expr] | None = None
    unique: bool = False


def pull(plan: Plan, outer: Set[int]) -> Pulled | None:
    """`plan` without the columns `outer`; None where conditions alone cannot express it."""
    if not free_columns(plan) & outer:
        return Pulled(plan, [])
    match plan:
        case Filter():
            return _filter(plan, outer)
        case Project():
            return _project(plan, outer)
        case Aggregate():
            return _aggregate(plan, outer)
        case Join():
            return _join(plan, outer)
        case Sort(child, _, None, 0) if not _reads(plan, outer):
            return pull(child, outer)
        case Limit(child, limit, 0) if limit is None or limit > 0:
            below = pull(child, outer)
            return below if below is not None and below.unique else None
        case _:
            return None


def _reads(node: Plan, outer: Set[int]) -> bool:
    return not columns_of_all(expressions(node)).isdisjoint(outer)


def _filter(plan: Filter, outer: Set[int]) -> Pulled | None:
    """Filter(x, p(x) and q(x, outer))  ->  Filter(x, p), with the condition q"""
    below = pull(plan.child, outer)
    if below is None:
        return None
    own = [p for p in conjuncts(plan.predicate) if columns_of(p).isdisjoint(outer)]
    tied = [p for p in conjuncts(plan.predicate) if not columns_of(p).isdisjoint(outer)]
    predicate = conjunction(own)
    child = below.plan if predicate is None else Filter(below.plan, predicate)
    if below.defaults is not None:
        # HAVING over no rows. If it keeps that one row, a group that is not there and one that
        # was filtered out must be told apart, which conditions cannot
        verdict = simplify(substitute(plan.predicate, below.defaults))
        if not isinstance(verdict, Literal) or verdict.value is True:
            return None
    return Pulled(child, [*below.conditions, *tied], None, below.unique)


def _project(plan: Project, outer: Set[int]) -> Pulled | None:
    """Project(x, e)  ->  Project(x, e and what the conditions need)"""
    below = pull(plan.child, outer)
    if below is None or _reads(plan, outer):
        return None
    have = ids(plan.output)
    needed = columns_of_all(below.conditions)
    extra = [(c, c) for c in below.plan.output if c.id in needed and c.id not in have]
    defaults = below.defaults
    if defaults is not None:
        values = {c.id: simplify(substitute(e, defaults)) for c, e in plan.columns}
        defaults = {**values, **{c.id: Literal(None, c.type) for c, _ in extra}}
    project = Project(below.plan, (*plan.columns, *extra))
    return Pulled(project, below.conditions, defaults, below.unique)


def _aggregate(plan: Aggregate, outer: Set[int]) -> Pulled | None:
    """Aggregate(Filter(x, k = outer))  ->  Aggregate(x, by k), with the condition k = outer"""
    below = pull(plan.child, outer)
    if below is None or below.defaults is not None or _reads(plan, outer):
        return None
    keys = list(plan.keys)
    conditions: list[Expr] = []
    inside = ids(below.plan.output)
    for condition in below.conditions:
        pair = split_equality(condition, inside)
        if pair is None:
            return None
        name, inner, outside = pair
        key = next((column for column, expr in keys if expr == inner), None)
        if key is None:
            key = inner if isinstance(inner, Column) else fresh("key", inner.type, inner.nullable)
            keys.append((key, inner))
        conditions.append(Call(name, (key, outside), BOOLEAN, condition.nullable))
    defaults: dict[int, Expr] | None = None
    if not plan.keys:
        defaults = {
            column.id: Literal(EMPTY_VALUE.get(call.function), call.type)
            for column, call in plan.aggregates
        }
    return Pulled(
        replace(plan, child=below.plan, keys=tuple(keys)), conditions, defaults, not plan.keys
    )


def split_equality(condition: Expr, inside: Set[int]) -> tuple[str, Expr, Expr] | None:
    """a = b  ->  (its name, the side over columns `inside`, the side without any of them)"""
    match condition:
        case Call("eq" | "eq_null_safe" as name, (a, b)):
            for inner, outer in ((a, b), (b, a)):
                used = columns_of(inner)
                if used and used <= inside and columns_of(outer).isdisjoint(inside):
                    return name, inner, outer
    return None


def _join(plan: Join, outer: Set[int]) -> Pulled | None:
    """Join(x, y)  ->  Join(pull x, pull y); of joins that keep unmatched rows, only x"""
    left = pull(plan.left, outer)
    if left is None or left.defaults is not None:
        return None
    tied: list[Expr] = []
    condition = plan.condition
    if plan.kind is JoinType.INNER:
        right = pull(plan.right, outer)
        if right is None or right.defaults is not None:
            return None
        tied = [p for p in conjuncts(condition) if not columns_of(p).isdisjoint(outer)]
        condition = conjunction(p for p in conjuncts(condition) if p not in tied)
    elif plan.kind in (JoinType.RIGHT, JoinType.FULL):
        return None
    else:
        if _reads(plan, outer) or free_columns(plan.right) & outer:
            return None
        right = Pulled(plan.right, [])
    join = replace(plan, left=left.plan, right=right.plan, condition=condition)
    return Pulled(join, [*left.conditions, *right.conditions, *tied])
