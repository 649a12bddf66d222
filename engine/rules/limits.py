"""LIMIT: fewer rows as early as possible, and a heap instead of a sort."""

from __future__ import annotations

from dataclasses import replace

from pyflare.engine.plan.nodes import (
    Apply,
    Empty,
    Filter,
    Join,
    JoinType,
    Limit,
    Plan,
    Project,
    Sort,
    Union,
)


def top_k(plan: Plan) -> Plan | None:
    """Limit(Sort(x, k), n)  ->  Sort(x, k, limit n)"""
    match plan:
        case Limit(Sort(child, keys, inner, skipped), limit, offset):
            both = Limit(Limit(child, inner, skipped), limit, offset)
            merged = merge_limits(both) or both
            assert isinstance(merged, Limit)
            return Sort(child, keys, merged.limit, merged.offset)
    return None


def merge_limits(plan: Plan) -> Plan | None:
    """Limit(Limit(x, m, skip s), n, skip t)  ->  Limit(x, min(m - t, n), skip s + t)"""
    match plan:
        case Limit(Limit(child, inner, skipped), limit, offset):
            left = None if inner is None else max(inner - offset, 0)
            if limit is not None:
                left = limit if left is None else min(left, limit)
            return Limit(child, left, skipped + offset)
    return None


def no_rows(plan: Plan) -> Plan | None:
    """Limit(x, 0)  ->  Empty"""
    match plan:
        case Limit(_, 0) | Sort(_, _, 0):
            return Empty(plan.output)
    return None


def limit_below_project(plan: Plan) -> Plan | None:
    """Limit(Project(x, e), n)  ->  Project(Limit(x, n), e)"""
    match plan:
        case Limit(Project(child, columns), limit, offset):
            return Project(Limit(child, limit, offset), columns)
    return None


def limit_below_union(plan: Plan) -> Plan | None:
    """Limit(Union(x, y), n)  ->  Limit(Union(Limit(x, n), Limit(y, n)), n)"""
    match plan:
        case Limit(Union(children) as union, int() as limit, offset):
            most = limit + offset
            if all(_at_most(child, most) for child in children):
                return None
            below = tuple(c if _at_most(c, most) else Limit(c, most) for c in children)
            return replace(plan, child=replace(union, children=below))
    return None


def limit_below_outer_join(plan: Plan) -> Plan | None:
    """Limit(LeftJoin(x, y), n)  ->  Limit(LeftJoin(Limit(x, n), y), n)"""
    match plan:
        case Limit(Join(left, _, JoinType.LEFT | JoinType.SINGLE) as join, int() as limit, offset):
            most = limit + offset
            if not _at_most(left, most):
                return replace(plan, child=replace(join, left=Limit(left, most)))
    return None


def sort_without_use(plan: Plan) -> Plan | None:
    """Sort(Sort(x, a), b)  ->  Sort(x, b): an order that is sorted away has no meaning.

    Nor has one below a join, a filter's aggregate or a union; there the order is not kept.
    """
    match plan:
        case Sort(Sort(child, _, None, 0) | Filter(Sort(child, _, None, 0)), _):
            if isinstance(plan.child, Filter):
                return replace(plan, child=replace(plan.child, child=child))
            # As in Spark, which drops the inner order too: a sort promises nothing about ties
            return replace(plan, child=child)
        case Join(left, right) | Apply(left, right):
            lefts, rights = _unsorted(left), _unsorted(right)
            if lefts is not left or rights is not right:
                return replace(plan, left=lefts, right=rights)
    return None


def _unsorted(plan: Plan) -> Plan:
    match plan:
        case Sort(child, _, None, 0):
            return child
        case _:
            return plan


def _at_most(plan: Plan, rows: int) -> bool:
    match plan:
        case Limit(_, limit) | Sort(_, _, limit):
            return limit is not None and limit <= rows
        case Project(child):
            return _at_most(child, rows)
        case Empty():
            return True
        case _:
            return False
