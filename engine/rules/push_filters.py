"""Filters as near to the data as they may go, and the joins that they make simpler."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from pyflare.codegen.ir.expr import Call, Column, Expr, Literal
from pyflare.engine.plan.expressions import (
    FALSE,
    TRUE,
    UNKNOWN,
    cheap,
    columns_of,
    conjunction,
    conjuncts,
    deterministic,
    substitute,
)
from pyflare.engine.plan.fallible import infallible
from pyflare.engine.plan.nodes import (
    Aggregate,
    Empty,
    Filter,
    Join,
    JoinType,
    Plan,
    Project,
    Sort,
    Union,
    map_children,
)
from pyflare.engine.plan.nulls import rejects_null
from pyflare.engine.plan.traverse import ids
from pyflare.engine.rules.derive_predicates import derive
from pyflare.engine.rules.simplify import simplify


def push_filters(plan: Plan) -> Plan | None:
    """Filter(node(x), p)  ->  node(Filter(x, p)) for every p that x alone can decide.

    An expression that can raise stays above whatever filters or joins protected it.
    """
    after = push(plan, [])
    return None if after is plan else after


def push(plan: Plan, predicates: list[Expr]) -> Plan:
    """A plan with the rows of Filter(plan, and(predicates)); children are pushed into as well."""
    if FALSE in predicates or UNKNOWN in predicates:
        return Empty(plan.output)
    match plan:
        case Filter(child, predicate):
            return push(child, [*conjuncts(predicate), *predicates])
        case Project():
            return _project(plan, predicates)
        case Aggregate(keys=(_, *_)):
            return _aggregate(plan, predicates)
        case Join(kind=JoinType.INNER):
            return _inner(plan, predicates)
        case Join():
            return _join(plan, predicates)
        case Sort(limit=None, offset=0):
            return replace(plan, child=push(plan.child, predicates))
        case Union():
            return _union(plan, predicates)
        case Empty():
            return plan
        case _:
            return _filter(map_children(plan, lambda child: push(child, [])), predicates)


def _filter(plan: Plan, predicates: Iterable[Expr]) -> Plan:
    """Cheap, harmless conjuncts first: what can raise is then evaluated on the fewest rows."""
    parts = [part for part in predicates if part != TRUE]
    if any(part in (FALSE, UNKNOWN) for part in parts):
        return Empty(plan.output)
    safe = [part for part in parts if infallible(part)]
    predicate = conjunction([*safe, *(part for part in parts if part not in safe)])
    return plan if predicate is None else Filter(plan, predicate)


def movable(predicate: Expr) -> bool:
    """May be evaluated on more rows, or at another time, than the user wrote.

    Nothing random and no user function is known to be infallible.
    """
    return infallible(predicate)


def _project(plan: Project, predicates: list[Expr]) -> Plan:
    """Filter(Project(x, c := e), p(c))  ->  Project(Filter(x, p(e)), c := e)"""
    values = {column.id: expr for column, expr in plan.columns}
    below: list[Expr] = []
    above: list[Expr] = []
    for predicate in predicates:
        used = [values[id] for id in columns_of(predicate)]
        if all(isinstance(expr, (Column, Literal)) or _repeatable(expr) for expr in used):
            below.extend(conjuncts(simplify(substitute(predicate, values))))
        else:
            above.append(predicate)
    child = push(plan.child, below)
    return _filter(plan if child is plan.child else replace(plan, child=child), above)


def _repeatable(expr: Expr) -> bool:
    return cheap(expr) and deterministic(expr)


def _aggregate(plan: Aggregate, predicates: list[Expr]) -> Plan:
    """Filter(Aggregate(x, k), p(k))  ->  Aggregate(Filter(x, p(k)), k)"""
    keys = {column.id: expr for column, expr in plan.keys}
    below: list[Expr] = []
    above: list[Expr] = []
    for predicate in predicates:
        if columns_of(predicate) <= keys.keys() and movable(predicate):
            below.append(substitute(predicate, keys))
        else:
            above.append(predicate)
    child = push(plan.child, below)
    return _filter(plan if child is plan.child else replace(plan, child=child), above)


def _union(plan: Union, predicates: list[Expr]) -> Plan:
    """Filter(Union(x, y), p)  ->  Union(Filter(x, p), Filter(y, p))"""
    children = []
    for child, inputs in zip(plan.children, plan.inputs, strict=True):
        values: dict[int, Expr] = {
            column.id: source for column, source in zip(plan.columns, inputs, strict=True)
        }
        children.append(push(child, [substitute(p, values) for p in predicates]))
    if all(a is b for a, b in zip(children, plan.children, strict=True)):
        return plan
    return replace(plan, children=tuple(children))


@dataclass(slots=True)
class Region:
    """Inner joins laid flat: relations that are not inner joins, and conjuncts over them."""

    relations: list[Plan]
    predicates: list[Expr]


def flatten(plan: Plan, predicates: Sequence[Expr] = ()) -> Region:
    """The region whose root is `plan`: through inner joins and the filters between them."""
    region = Region([], [])

    def visit(node: Plan) -> None:
        match node:
            case Join(left, right, JoinType.INNER, condition):
                visit(left)
                visit(right)
                region.predicates.extend(conjuncts(condition))
            case Filter(Join(kind=JoinType.INNER) as child, predicate):
                visit(child)
                region.predicates.extend(conjuncts(predicate))
            case _:
                region.relations.append(node)

    visit(plan)
    region.predicates.extend(predicates)
    return region


def _inner(plan: Join, predicates: list[Expr]) -> Plan:
    """Every conjunct of a join region to the smallest join, or the relation, that knows it."""
    region = flatten(plan, predicates)
    sides = [ids(relation.output) for relation in region.relations]
    safe = [p for p in region.predicates if movable(p) or _is_key(p, sides)]
    held = [p for p in region.predicates if p not in safe]
    waiting = [simplify(p) for p in derive(safe, sides)]
    if FALSE in waiting or UNKNOWN in waiting:
        return Empty(plan.output)
    relations: list[Plan] = []
    for relation, side in zip(region.relations, sides, strict=True):
        own, waiting = parted(waiting, side)
        relations.append(push(relation, own))
    if any(isinstance(relation, Empty) for relation in relations):
        return Empty(plan.output)
    return _filter(left_deep(relations, waiting), held)


def _is_key(predicate: Expr, sides: Sequence[set[int]]) -> bool:
    """An equality of one relation's expression with another's: each side sees its own rows."""
    match predicate:
        case Call("eq" | "eq_null_safe", (left, right)):
            a, b = columns_of(left), columns_of(right)
            homes = [next((i for i, s in enumerate(sides) if x <= s), None) for x in (a, b) if x]
            return len(homes) == 2 and None not in homes and homes[0] != homes[1]
        case _:
            return False


def parted(predicates: Iterable[Expr], columns: Set[int]) -> tuple[list[Expr], list[Expr]]:
    """The predicates that read nothing but `columns`, and the others."""
    inside: list[Expr] = []
    others: list[Expr] = []
    for predicate in predicates:
        (inside if columns_of(predicate) <= columns else others).append(predicate)
    return inside, others


def left_deep(relations: Sequence[Plan], predicates: Sequence[Expr]) -> Plan:
    """The relations joined in the order given, each conjunct where its columns first meet."""
    waiting = list(predicates)
    plan, seen = relations[0], ids(relations[0].output)
    for relation in relations[1:]:
        seen = seen | ids(relation.output)
        ready, waiting = parted(waiting, seen)
        plan = Join(plan, relation, JoinType.INNER, conjunction(ready))
    return _filter(plan, waiting)


def _join(plan: Join, predicates: list[Expr]) -> Plan:
    """Joins that are not inner, made simpler by what is asked of their result if possible."""
    kind, left, right = plan.kind, ids(plan.left.output), ids(plan.right.output)
    match kind:
        case JoinType.RIGHT:
            return _join(
                replace(plan, left=plan.right, right=plan.left, kind=JoinType.LEFT), predicates
            )
        case JoinType.LEFT if any(rejects_null(p, right) for p in predicates):
            return push(replace(plan, kind=JoinType.INNER), predicates)
        case JoinType.FULL:
            lefts = any(rejects_null(p, left) for p in predicates)
            rights = any(rejects_null(p, right) for p in predicates)
            if lefts or rights:
                kind = JoinType.LEFT if lefts else JoinType.RIGHT
                return _join(replace(plan, kind=kind), predicates)
            child = map_children(plan, lambda child: push(child, []))
            return _filter(child, predicates)
        case JoinType.MARK | JoinType.MARK_NULL_AWARE:
            decided = _marked(plan, predicates)
            if decided is not None:
                return decided
    on = [simplify(p) for p in conjuncts(plan.condition)]
    above: list[Expr] = []
    to_left: list[Expr] = []
    for predicate in predicates:
        if columns_of(predicate) <= left and movable(predicate):
            to_left.append(predicate)
        else:
            above.append(predicate)
    if kind is JoinType.SEMI:
        own = [p for p in on if columns_of(p) <= left and movable(p)]
        to_left, on = to_left + own, [p for p in on if p not in own]
    to_right: list[Expr] = []
    if kind not in (JoinType.ANTI_NULL_AWARE, JoinType.MARK_NULL_AWARE):
        # A right row that fails can match nothing, so it need not be there
        facts = derive([p for p in (*to_left, *on) if movable(p)], [left, right])
        to_right = [p for p in facts if columns_of(p) <= right and columns_of(p)]
        on = [p for p in on if p not in to_right]
        if kind is JoinType.SEMI:
            to_left.extend(p for p in facts if columns_of(p) <= left and p not in to_left)
    condition = conjunction(on)
    joined = replace(
        plan,
        left=push(plan.left, to_left),
        right=push(plan.right, to_right),
        condition=condition,
    )
    return _filter(joined, above)


def _marked(plan: Join, predicates: list[Expr]) -> Plan | None:
    """Filter(MarkJoin(l, r, m), m)  ->  SemiJoin(l, r);  Filter(…, not m)  ->  AntiJoin(l, r)"""
    assert plan.mark is not None
    mark = plan.mark
    negated = [p for p in predicates if isinstance(p, Call) and p.function == "not"]
    if mark in predicates:
        kind, value = JoinType.SEMI, TRUE
        rest = [p for p in predicates if p != mark]
    elif any(p.args == (mark,) for p in negated):
        null_aware = plan.kind is JoinType.MARK_NULL_AWARE
        kind = JoinType.ANTI_NULL_AWARE if null_aware else JoinType.ANTI
        value = FALSE
        rest = [p for p in predicates if p not in negated or p.args != (mark,)]
    else:
        return None
    condition = conjunction(decided(p) for p in conjuncts(plan.condition))
    if kind is JoinType.ANTI_NULL_AWARE:
        condition = plan.condition
    join = Join(plan.left, plan.right, kind, condition)
    columns: list[tuple[Column, Expr]] = [(c, c) for c in plan.left.output]
    columns.append((mark, value))
    rest = [simplify(substitute(p, {mark.id: value})) for p in rest]
    return push(Project(join, tuple(columns)), rest)


def decided(predicate: Expr) -> Expr:
    """coalesce(p, false) is true just where p is"""
    match predicate:
        case Call("coalesce", (inner, Literal(False))):
            return inner
        case _:
            return predicate
