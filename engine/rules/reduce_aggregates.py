"""Groups that no join partner asks for are not made."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.engine.facts import UNKNOWN
from pyflare.engine.plan.expressions import deterministic, equal
from pyflare.engine.plan.nodes import (
    Aggregate,
    Filter,
    Join,
    JoinType,
    Plan,
    Project,
    Scan,
    map_children,
)
from pyflare.engine.plan.traverse import copy
from pyflare.engine.rules.derive_predicates import equivalences
from pyflare.engine.rules.join_graph import Test, flatten_region
from pyflare.engine.statistics import Statistics

SELECTIVE, SMALL = 0.5, 0.1


def reduce_aggregates(plan: Plan) -> Plan | None:
    """Join(Filter(x), Aggregate(y, k), x.k = k)
    ->  Join(Filter(x), Aggregate(SemiJoin(y, Filter(x), k = x.k), k), x.k = k)

    Where Filter(x) reads one table and keeps few of the keys: filtering it twice costs less than
    grouping what the join throws away. A correlated aggregate that was unnested looks like this.
    """
    after = _visit(plan, Statistics())
    return None if after is plan else after


def _visit(plan: Plan, statistics: Statistics) -> Plan:
    if isinstance(plan, Join) and plan.kind in (JoinType.INNER, JoinType.SEMI, JoinType.ANTI):
        relations: list[Plan] = []
        tests: list[Test] = []
        predicates = flatten_region(plan, relations, [], tests)
        reduced = _reductions(relations, tests, predicates, statistics)
        if reduced:
            plan = _replace(plan, reduced)
    return map_children(plan, lambda child: _visit(child, statistics))


def _reductions(
    relations: list[Plan], tests: list[Test], predicates: list[Expr], statistics: Statistics
) -> dict[int, tuple[Plan, Plan]]:
    """The aggregates of a region that can be reduced, by identity, with what replaces them."""
    if not any(map(_grouped, relations)):
        return {}
    semi = [p for kind, _, on in tests if kind is JoinType.SEMI for p in on]
    classes = equivalences([*predicates, *semi])
    sources = [r for r in relations if _cheap(r)]
    sources += [right for kind, right, _ in tests if kind is JoinType.SEMI and _cheap(right)]
    found: dict[int, tuple[Plan, Plan]] = {}
    for relation in relations:
        aggregate = _grouped(relation)
        if aggregate is None:
            continue
        rows = statistics.estimate(aggregate.child).rows
        best: tuple[float, Column, Plan, Column] | None = None
        names = _names(relation)
        for key, inner in aggregate.keys:
            if key.id not in names or not isinstance(inner, Column):
                continue
            outside = classes.find(names[key.id])
            for source in sources:
                for column in source.output:
                    if classes.find(column.id) != outside:
                        continue
                    estimate = statistics.estimate(source)
                    fact = estimate.facts.get(column.id, UNKNOWN)
                    if fact.distinct is None or fact.domain is None:
                        continue
                    part = fact.distinct / fact.domain
                    if part < SELECTIVE and estimate.rows < SMALL * rows:
                        candidate = (part, inner, source, column)
                        best = candidate if best is None or part < best[0] else best
        if best is not None:
            _, inner, source, column = best
            other, copies = copy(source)
            on = equal(inner, copies[column.id])
            child = Join(aggregate.child, other, JoinType.SEMI, on)
            found[id(relation)] = (relation, _inside(relation, replace(aggregate, child=child)))
    return found


def _grouped(plan: Plan) -> Aggregate | None:
    """The grouping at the top of a relation, below filters and projections."""
    match plan:
        case Aggregate(keys=(_, *_)):
            return plan
        case Filter(child) | Project(child):
            return _grouped(child)
        case _:
            return None


def _names(plan: Plan) -> dict[int, int]:
    """The id by which a relation shows each column of the grouping inside it."""
    match plan:
        case Filter(child):
            return _names(child)
        case Project(child, columns):
            shown = {expr.id: c.id for c, expr in columns if isinstance(expr, Column)}
            return {id: shown[name] for id, name in _names(child).items() if name in shown}
        case _:
            return {column.id: column.id for column in plan.output}


def _inside(plan: Plan, aggregate: Aggregate) -> Plan:
    if isinstance(plan, Aggregate):
        return aggregate
    return map_children(plan, lambda child: _inside(child, aggregate))


def _cheap(plan: Plan) -> bool:
    """A filtered table: reading it again is nothing beside a grouping."""
    match plan:
        case Filter(Scan(), predicate):
            return deterministic(predicate)
        case _:
            return False


def _replace(plan: Plan, reduced: dict[int, tuple[Plan, Plan]]) -> Plan:
    """The region with its relations exchanged; what lies below a relation is not looked at."""
    known = reduced.get(id(plan))
    if known is not None:
        return known[1]
    match plan:
        case Join(kind=JoinType.INNER):
            return map_children(plan, lambda child: _replace(child, reduced))
        case Join(left, _, JoinType.SEMI | JoinType.ANTI):
            after = _replace(left, reduced)
            return plan if after is left else replace(plan, left=after)
        case Filter(Join(kind=JoinType.INNER | JoinType.SEMI | JoinType.ANTI)):
            return map_children(plan, lambda child: _replace(child, reduced))
        case _:
            return plan
