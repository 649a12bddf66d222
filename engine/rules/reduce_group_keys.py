"""GROUP BY a key and what it determines: the key is enough."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal
from pyflare.codegen.ir.types import Binary, Decimal, Float, String
from pyflare.engine.plan.expressions import columns_of, conjuncts
from pyflare.engine.plan.nodes import Aggregate, Filter, Join, JoinType, Plan, Project, map_children
from pyflare.engine.plan.traverse import ids
from pyflare.engine.statistics import Statistics


def reduce_group_keys(plan: Plan) -> Plan | None:
    """Aggregate(x, by k and d, f)  ->  Aggregate(x, by k, f and any_value(d)) where k determines d

    Determined by the equalities of inner joins and by columns proved unique in their table.
    """
    after = _visit(plan, Statistics())
    return None if after is plan else after


def _visit(plan: Plan, statistics: Statistics) -> Plan:
    plan = map_children(plan, lambda child: _visit(child, statistics))
    if not isinstance(plan, Aggregate) or len(plan.keys) < 2:
        return plan
    laws = dependencies(plan.child, statistics)
    if not laws:
        return plan
    kept = list(plan.keys)
    dropped: list[tuple[Column, Expr]] = []
    for key in sorted(plan.keys, key=lambda key: -_weight(key[1])):
        rest = [other for other in kept if other is not key]
        given = {e.id for _, e in rest if isinstance(e, Column)}
        if rest and isinstance(key[1], Column) and columns_of(key[1]) <= closure(given, laws):
            kept = rest
            dropped.append(key)
    if not dropped:
        return plan
    calls = [
        (column, AggregateCall("any_value", (expr,), expr.type, expr.nullable))
        for column, expr in plan.keys
        if any(column is c for c, _ in dropped)
    ]
    return replace(plan, keys=tuple(kept), aggregates=(*calls, *plan.aggregates))


def _weight(expr: Expr) -> int:
    """What is dear to hash and compare goes first."""
    match expr.type:
        case String() | Binary():
            return 3
        case Float() | Decimal():
            return 2
        case _:
            return 1


Law = tuple[frozenset[int], frozenset[int]]


def dependencies(plan: Plan, statistics: Statistics) -> list[Law]:
    """Functional dependencies that hold in the rows of `plan`: these columns decide those."""
    match plan:
        case Join(left, right, JoinType.INNER, condition):
            laws = dependencies(left, statistics) + dependencies(right, statistics)
            return laws + [law for p in conjuncts(condition) for law in _equal(p)]
        case Join(left, _, JoinType.SEMI | JoinType.ANTI | JoinType.ANTI_NULL_AWARE):
            return dependencies(left, statistics)
        case Filter(child, predicate):
            return dependencies(child, statistics) + [
                law for p in conjuncts(predicate) for law in _equal(p)
            ]
        case Project(child, columns):
            made = [(columns_of(e), c.id) for c, e in columns if not isinstance(e, Literal)]
            return dependencies(child, statistics) + [
                (frozenset(reads), frozenset((id,))) for reads, id in made if reads
            ]
        case _:
            everything = frozenset(ids(plan.output))
            return [(key, everything) for key in statistics.estimate(plan).keys if key]


def _equal(predicate: Expr) -> list[Law]:
    match predicate:
        case Call("eq", (Column() as a, Column() as b)) if a.type == b.type and not isinstance(
            a.type, Float
        ):
            left, right = frozenset((a.id,)), frozenset((b.id,))
            return [(left, right), (right, left)]
        case _:
            return []


def closure(given: set[int], laws: list[Law]) -> set[int]:
    """All columns that `given` decide."""
    known = set(given)
    size = -1
    while size != len(known):
        size = len(known)
        for reads, decides in laws:
            if reads <= known:
                known |= decides
    return known
