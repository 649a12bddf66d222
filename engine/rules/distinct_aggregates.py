"""DISTINCT aggregates: duplicates are removed by a grouping below."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import AggregateCall, Case, Column, Expr
from pyflare.engine.plan.expressions import conjunction, equal, same
from pyflare.engine.plan.nodes import Aggregate, Join, JoinType, Plan, Project
from pyflare.engine.plan.traverse import copy, fresh

DUPLICATES_DO_NOT_MATTER = frozenset(("min", "max", "bool_and", "bool_or", "bit_and", "bit_or"))


def distinct_is_moot(plan: Plan) -> Plan | None:
    """min(distinct x)  ->  min(x)"""
    match plan:
        case Aggregate(_, _, calls):
            after = tuple(
                (c, replace(call, distinct=False))
                if call.distinct and call.function in DUPLICATES_DO_NOT_MATTER
                else (c, call)
                for c, call in calls
            )
            return None if after == calls else replace(plan, aggregates=after)
    return None


def distinct_aggregates(plan: Plan) -> Plan | None:
    """Aggregate(x, k, f(distinct a))  ->  Aggregate(Aggregate(x, k and a), k, f(a));
    with other aggregates beside it, each set of arguments is grouped apart and joined on k."""
    match plan:
        case Aggregate(_, _, calls) if any(call.distinct for _, call in calls):
            sets: dict[tuple[Expr, ...] | None, list[tuple[Column, AggregateCall]]] = {}
            for column, call in calls:
                plain = _filtered(call)
                sets.setdefault(plain.args if plain.distinct else None, []).append((column, plain))
            if len(sets) == 1:
                ((_, members),) = sets.items()
                return _grouped_twice(plan, members)
            return _apart(plan, sets)
    return None


def _filtered(call: AggregateCall) -> AggregateCall:
    """f(distinct x) filter (p)  ->  f(distinct case when p then x end): NULLs do not count."""
    if not call.distinct or call.filter is None:
        return call
    args = tuple(Case(((call.filter, arg),), None, arg.type, True) for arg in call.args)
    return replace(call, args=args, filter=None)


def _grouped_twice(plan: Aggregate, members: list[tuple[Column, AggregateCall]]) -> Plan:
    args = members[0][1].args
    values = [fresh(f"distinct{i}", arg.type, arg.nullable) for i, arg in enumerate(args)]
    keys = [
        (column, expr)
        if isinstance(expr, Column) and expr.id == column.id
        else (fresh(column.name, column.type, column.nullable), expr)
        for column, expr in plan.keys
    ]
    inner = Aggregate(plan.child, (*keys, *zip(values, args, strict=True)), ())
    outer_keys = tuple((column, key) for (column, _), (key, _) in zip(plan.keys, keys, strict=True))
    calls = tuple(
        (column, replace(call, args=tuple(values), distinct=False)) for column, call in members
    )
    return Aggregate(inner, outer_keys, calls)


def _apart(
    plan: Aggregate, sets: dict[tuple[Expr, ...] | None, list[tuple[Column, AggregateCall]]]
) -> Plan:
    parts: list[tuple[Plan, tuple[Column, ...]]] = []
    for args, members in sets.items():
        group = replace(plan, aggregates=tuple(members))
        part = group if args is None else _grouped_twice(group, members)
        keys = tuple(column for column, _ in plan.keys)
        if parts:
            # Each part after the first reads its own copy; equal subplans are shared later
            calls = {column.id for column, _ in members}
            part, names = copy(part)
            keys = tuple(names[key.id] for key in keys)
            values = tuple((c, names[c.id]) for c, _ in members)
            assert calls == {c.id for c, _ in values}
            part = Project(part, (*((key, key) for key in keys), *values))
        parts.append((part, keys))
    first, keys = parts[0]
    whole = first
    for part, others in parts[1:]:
        pairs = zip(keys, others, strict=True)
        on = [same(a, b) if a.nullable or b.nullable else equal(a, b) for a, b in pairs]
        whole = Join(whole, part, JoinType.INNER, conjunction(on))
    return Project(whole, tuple((column, column) for column in plan.output))
