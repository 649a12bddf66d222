"""A subquery evaluated for all distinct bindings of its outer columns at once.

The general way to unnest (Neumann and Kemper, "Unnesting Arbitrary Queries"): the domain, the
distinct values of the outer columns, is pushed down the subquery until nothing below refers to
the outer query; its columns travel up beside the result and are joined with the outer rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial

from pyflare.codegen.ir.expr import AggregateCall, Call, Case, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN
from pyflare.engine.errors import unsupported
from pyflare.engine.plan.expressions import (
    TRUE,
    columns_of_all,
    conjunction,
    conjuncts,
    equal,
    same,
    substitute,
)
from pyflare.engine.plan.nodes import (
    Aggregate,
    Expand,
    Filter,
    Join,
    JoinType,
    Limit,
    Plan,
    Project,
    Sort,
    Union,
)
from pyflare.engine.plan.traverse import copy, expressions, free_columns, fresh, map_expressions
from pyflare.engine.rules.pull_correlation import EMPTY_VALUE, Pulled

Bindings = Mapping[int, Column]


@dataclass(frozen=True, slots=True)
class Domain:
    """Makes the distinct outer bindings, with new columns each time they are needed."""

    left: Plan
    outer: tuple[Column, ...]

    def instance(self) -> tuple[Plan, Bindings]:
        """The plan of the bindings and the column that stands for each outer one."""
        plan, names = copy(self.left)
        keys = [(fresh(c.name, c.type, c.nullable), names[c.id]) for c in self.outer]
        bindings = {c.id: key for c, (key, _) in zip(self.outer, keys, strict=True)}
        return Aggregate(plan, tuple(keys), ()), bindings


def bind(left: Plan, right: Plan, outer: Set[int]) -> Pulled:
    """`right` for every distinct binding of left's columns `outer`, tied to left by <=>."""
    domain = Domain(left, tuple(c for c in left.output if c.id in outer))
    plan, bindings = _push(right, domain)
    return Pulled(plan, _ties(domain.outer, bindings))


def _ties(outer: tuple[Column, ...], bindings: Bindings) -> list[Expr]:
    return [_tie(column, bindings[column.id]) for column in outer]


def _tie(left: Column, right: Column) -> Expr:
    # Two NULL bindings are one binding
    return same(left, right) if left.nullable or right.nullable else equal(left, right)


def _push(plan: Plan, domain: Domain) -> tuple[Plan, Bindings]:
    outer = {column.id for column in domain.outer}
    if free_columns(plan).isdisjoint(outer):
        source, bindings = domain.instance()
        return Join(source, plan, JoinType.INNER), bindings
    match plan:
        case Filter(child):
            below, bindings = _push(child, domain)
            return _bound(replace(plan, child=below), bindings), bindings
        case Sort(child, _, None, 0):
            return _push(child, domain)
        case Project(child):
            below, bindings = _push(child, domain)
            project = _bound(Project(below, plan.columns), bindings)
            assert isinstance(project, Project)
            extra = tuple((column, column) for column in bindings.values())
            return replace(project, columns=(*project.columns, *extra)), bindings
        case Aggregate():
            return _aggregate(plan, domain)
        case Join():
            return _join(plan, domain, outer)
        case Union():
            return _union(plan, domain)
        case Expand(child):
            below, bindings = _push(child, domain)
            expand = _bound(replace(plan, child=below), bindings)
            assert isinstance(expand, Expand)
            extra_columns = tuple(bindings.values())
            return (
                replace(
                    expand,
                    projections=tuple((*p, *extra_columns) for p in expand.projections),
                    columns=(*expand.columns, *extra_columns),
                ),
                bindings,
            )
        case Limit() | Sort():
            raise unsupported(
                "a correlated subquery with LIMIT",
                "write it with an aggregate such as min or max_by",
            )
        case _:
            raise unsupported(f"a correlated subquery over {type(plan).__name__}")


def _bound(node: Plan, bindings: Bindings) -> Plan:
    fn: Callable[[Expr], Expr] = partial(substitute, values=bindings)
    return map_expressions(node, fn)


def _aggregate(plan: Aggregate, domain: Domain) -> tuple[Plan, Bindings]:
    """Aggregate(x, k)  ->  Aggregate(x, k and the binding); without k one row per binding."""
    below, bindings = _push(plan.child, domain)
    grouped = _bound(replace(plan, child=below), bindings)
    assert isinstance(grouped, Aggregate)
    extra = tuple((column, column) for column in bindings.values())
    grouped = replace(grouped, keys=(*grouped.keys, *extra))
    if plan.keys:
        return grouped, bindings
    source, names = domain.instance()
    matched = fresh("matched", BOOLEAN, False)
    absent = Call("is_null", (replace(matched, nullable=True),), BOOLEAN, False)
    inner: list[tuple[Column, Expr]] = [(matched, TRUE), *extra]
    outputs: list[tuple[Column, Expr]] = [(column, column) for column in names.values()]
    calls: list[tuple[Column, AggregateCall]] = []
    for column, call in grouped.aggregates:
        value = fresh(column.name, column.type, True)
        calls.append((value, call))
        inner.append((value, value))
        default = Literal(EMPTY_VALUE.get(call.function), call.type)
        whole = Case(((absent, default),), value, column.type, column.nullable)
        outputs.append((column, value if default.value is None else whole))
    grouped = replace(grouped, aggregates=tuple(calls))
    ties = [_tie(names[id], bindings[id]) for id in bindings]
    joined = Join(source, Project(grouped, tuple(inner)), JoinType.LEFT, conjunction(ties))
    return Project(joined, tuple(outputs)), names


def _join(plan: Join, domain: Domain, outer: Set[int]) -> tuple[Plan, Bindings]:
    """The side that is correlated gets the domain; if both are, they also agree on it."""
    if plan.kind is JoinType.RIGHT:
        plan = replace(plan, left=plan.right, right=plan.left, kind=JoinType.LEFT)
    tied = [column for column in domain.outer if column.id in columns_of_all(expressions(plan))]
    right_is = not free_columns(plan.right).isdisjoint(outer)
    left_is = not free_columns(plan.left).isdisjoint(outer)
    if plan.kind is JoinType.INNER and right_is and not left_is:
        right, bindings = _push(plan.right, domain)
        return _bound(replace(plan, right=right), bindings), bindings
    if plan.kind is JoinType.FULL and (tied or right_is or left_is):
        raise unsupported("a correlated subquery with a full outer join")
    left, bindings = _push(plan.left, domain)
    if not right_is:
        return _bound(replace(plan, left=left), bindings), bindings
    right, others = _push(plan.right, domain)
    bound = _bound(replace(plan, left=left, right=right), bindings)
    assert isinstance(bound, Join)
    ties = [_tie(bindings[id], others[id]) for id in bindings]
    condition = conjunction([*conjuncts(bound.condition), *ties])
    return replace(bound, condition=condition), bindings


def _union(plan: Union, domain: Domain) -> tuple[Plan, Bindings]:
    children: list[Plan] = []
    inputs: list[tuple[Column, ...]] = []
    for child, columns in zip(plan.children, plan.inputs, strict=True):
        below, bindings = _push(child, domain)
        children.append(below)
        inputs.append((*columns, *(bindings[c.id] for c in domain.outer)))
    names = {c.id: fresh(c.name, c.type, c.nullable) for c in domain.outer}
    columns = (*plan.columns, *(names[c.id] for c in domain.outer))
    return Union(tuple(children), tuple(inputs), columns), names
