"""Subqueries become joins: no Apply is left, however deep the correlation."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import Call, Case, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN
from pyflare.engine.plan.expressions import TRUE, conjunction, conjuncts, equal, substitute
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Filter,
    Join,
    JoinType,
    Limit,
    Plan,
    Project,
    Sort,
    map_children,
)
from pyflare.engine.plan.traverse import free_columns, fresh, ids, rename
from pyflare.engine.rules.dependent_join import bind
from pyflare.engine.rules.pull_correlation import Pulled, pull


def unnest(plan: Plan) -> Plan | None:
    """Apply(x, y(x), exists / in / scalar)  ->  MarkJoin / null-aware MarkJoin / outer join.

    Innermost first. Correlation is pulled up as join conditions where that is enough; otherwise
    the subquery is evaluated for all distinct outer bindings at once (Neumann and Kemper).
    """
    after = _visit(plan)
    return None if after is plan else after


def _visit(plan: Plan) -> Plan:
    plan = map_children(plan, _visit)
    match plan:
        case Apply(kind="exists"):
            return _exists(plan)
        case Apply(kind="in"):
            return _in(plan)
        case Apply(kind="scalar"):
            return _scalar(plan)
        case Apply():
            return _lateral(plan)
        case _:
            return plan


def decorrelate(left: Plan, right: Plan) -> Pulled:
    """`right` without left's columns, and the conditions that tie it to left."""
    outer = free_columns(right) & ids(left.output)
    return pull(right, outer) or bind(left, right, outer)


def _exists(plan: Apply) -> Plan:
    """EXISTS asks whether there is a row, so what the row holds, and in which order, is moot."""
    assert plan.column is not None
    right = plan.right
    while True:
        match right:
            case Project(child) | Sort(child, _, None, 0) | Aggregate(child, (_, *_)):
                right = child
            case Limit(child, limit, 0) if limit is None or limit > 0:
                right = child
            case _:
                break
    if isinstance(right, Aggregate):  # without keys it has one row, always
        columns: list[tuple[Column, Expr]] = [(c, c) for c in plan.left.output]
        return Project(plan.left, (*columns, (plan.column, TRUE)))
    pulled = decorrelate(plan.left, right)
    if pulled.defaults is not None:
        pulled = _always(plan, pulled)
    mark = replace(plan.column, nullable=False)
    once = not pulled.conditions and not free_columns(pulled.plan)
    body = Limit(pulled.plan, 1) if once else pulled.plan
    return Join(plan.left, body, JoinType.MARK, conjunction(pulled.conditions), mark)


def _always(plan: Apply, pulled: Pulled) -> Pulled:
    """A subquery that answers for every binding, also those without rows, made into rows."""
    outer = free_columns(plan.right) & ids(plan.left.output)
    return bind(plan.left, plan.right, outer) if pulled.conditions else pulled


def _in(plan: Apply) -> Plan:
    """x IN (…) is unknown, not false, where a comparison is; correlated conditions are not."""
    assert plan.column is not None
    pulled = decorrelate(plan.left, plan.right)
    if pulled.defaults is not None:
        pulled = _always(plan, pulled)
    pairs = [equal(a, b) for a, b in zip(plan.operands, plan.right.output, strict=True)]
    nullable = any(pair.nullable for pair in pairs)
    kind = JoinType.MARK_NULL_AWARE if nullable else JoinType.MARK
    conditions = [*pairs, *(_known(p) if nullable else p for p in pulled.conditions)]
    mark = replace(plan.column, nullable=nullable)
    return Join(plan.left, pulled.plan, kind, conjunction(conditions), mark)


def _known(predicate: Expr) -> Expr:
    """p  ->  coalesce(p, false): a row that fails a correlated condition is simply absent."""
    if not predicate.nullable:
        return predicate
    return Call("coalesce", (predicate, Literal(False, BOOLEAN)), BOOLEAN, False)


def _scalar(plan: Apply) -> Plan:
    """(SELECT …) as a value: NULL without a row, an error with two."""
    assert plan.column is not None
    value = plan.right.output[0]
    pulled = decorrelate(plan.left, plan.right)
    if not pulled.conditions:
        kind = JoinType.INNER if one_row(pulled.plan) else JoinType.SINGLE
        return Join(plan.left, _named(pulled.plan, value, plan.column), kind)
    if pulled.defaults is None:
        kind = JoinType.LEFT if pulled.unique else JoinType.SINGLE
        right = _named(pulled.plan, value, plan.column)
        return Join(plan.left, right, kind, conjunction(pulled.conditions))
    return _with_defaults(plan, pulled, [(plan.column, value)])


def _lateral(plan: Apply) -> Plan:
    """LATERAL: the rows of the subquery beside each outer row."""
    pulled = decorrelate(plan.left, plan.right)
    kind = JoinType.INNER if plan.kind == "inner" else JoinType.LEFT
    if pulled.defaults is not None and pulled.conditions:
        if plan.condition is not None and plan.kind == "left":
            pulled = _always(plan, pulled)
        else:
            columns = [(column, column) for column in plan.right.output]
            joined = _with_defaults(plan, pulled, columns)
            return joined if plan.condition is None else Filter(joined, plan.condition)
    return Join(
        plan.left, pulled.plan, kind, conjunction([*pulled.conditions, *conjuncts(plan.condition)])
    )


def _with_defaults(plan: Apply, pulled: Pulled, columns: list[tuple[Column, Column]]) -> Plan:
    """LEFT join to a grouped aggregate, with the value over no rows where no group matches.

    This is the COUNT bug: count over an empty correlated subquery is 0, not NULL.
    """
    assert pulled.defaults is not None
    matched = fresh("matched", BOOLEAN, False)
    absent = Call("is_null", (replace(matched, nullable=True),), BOOLEAN, False)
    sources = {v.id: fresh(v.name, v.type, True) for _, v in columns}
    body = rename(pulled.plan, sources)
    conditions = [substitute(p, sources) for p in pulled.conditions]
    outputs: list[tuple[Column, Expr]] = [(c, c) for c in plan.left.output]
    needs_mark = False
    for out, value in columns:
        default = pulled.defaults.get(value.id, Literal(None, value.type))
        source = sources[value.id]
        if isinstance(default, Literal) and default.value is None:
            outputs.append((out, source))
            continue
        needs_mark = True
        outputs.append((out, Case(((absent, default),), source, value.type, out.nullable)))
    if needs_mark:
        body = Project(body, (*((c, c) for c in body.output), (matched, TRUE)))
    join = Join(plan.left, body, JoinType.LEFT, conjunction(conditions))
    return Project(join, tuple(outputs))


def _named(plan: Plan, value: Column, name: Column) -> Plan:
    """`plan` with its column `value` called `name`; the others stay for the conditions."""
    if value.id == name.id:
        return plan
    name = replace(name, nullable=value.nullable)
    return Project(plan, ((name, value), *((c, c) for c in plan.output if c.id != value.id)))


def one_row(plan: Plan) -> bool:
    """`plan` has exactly one row, whatever the data."""
    match plan:
        case Aggregate(keys=()):
            return True
        case Project(child):
            return one_row(child)
        case Sort(child, _, limit, 0):
            return (limit is None or limit > 0) and one_row(child)
        case Limit(child, limit, 0):
            return (limit is None or limit > 0) and one_row(child)
        case Join(left, right, JoinType.INNER, None):
            return one_row(left) and one_row(right)
        case _:
            return False
