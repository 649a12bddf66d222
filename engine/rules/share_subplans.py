"""Equal subplans, whatever their column ids, are computed once."""

from __future__ import annotations

from dataclasses import dataclass

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.engine.plan.expressions import deterministic, map_children
from pyflare.engine.plan.nodes import (
    Aggregate,
    Filter,
    Join,
    Limit,
    OneRow,
    Plan,
    Project,
    Scan,
    Shared,
    Sort,
    Union,
    children,
)
from pyflare.engine.plan.nodes import map_children as map_plans
from pyflare.engine.plan.traverse import copy, expressions


@dataclass(frozen=True, slots=True)
class Print:
    """The fingerprint of a subplan: `form` is equal for plans that are equal modulo column ids,
    when `order`, the ids in the order in which the plan makes them, are put in correspondence."""

    form: int
    order: tuple[int, ...]


def share_subplans(plan: Plan) -> Plan | None:
    """node(x, x')  ->  node(Shared(x), Shared(x)) where x' is x but for its column ids

    Only what costs something is shared: a subplan with a grouping or a join. The largest equal
    subplans win.
    """
    if not _may_repeat(plan):
        return None
    prints: dict[int, Print] = {}
    found: dict[int, list[Plan]] = {}
    _fingerprint(plan, prints, found, {})
    if not any(len(same) > 1 for same in found.values()):
        return None
    names: dict[int, tuple[str, Plan]] = {}
    return _replace(plan, prints, found, names)


def _may_repeat(plan: Plan) -> bool:
    """Whether two joins or two groupings read the same tables; most plans end here."""
    sources: set[tuple[object, ...]] = set()
    repeated = False

    def visit(node: Plan) -> list[int]:
        nonlocal repeated
        if isinstance(node, Scan):
            return [hash(node.table.key)]
        read = [key for child in children(node) for key in visit(child)]
        if isinstance(node, Join | Aggregate):
            source = (type(node), *sorted(read))
            repeated = repeated or source in sources
            sources.add(source)
        return read

    visit(plan)
    return repeated


def _fingerprint(
    plan: Plan,
    prints: dict[int, Print],
    found: dict[int, list[Plan]],
    forms: dict[object, int],
) -> Print:
    below = [_fingerprint(child, prints, found, forms) for child in children(plan)]
    seen = [id for each in below for id in each.order]
    made = [column.id for column in plan.output]
    match plan:
        case Join(mark=Column() as mark):
            made.append(mark.id)
        case _:
            pass
    order = tuple(dict.fromkeys([*seen, *made]))
    position = {id: i for i, id in enumerate(order)}
    whole = (
        type(plan),
        _own(plan),
        tuple(_number(e, position) for e in expressions(plan)),
        tuple(position[column.id] for column in plan.output),
        tuple(each.form for each in below),
    )
    form = forms.setdefault(whole, len(forms))
    entry = Print(form, order)
    prints[id(plan)] = entry
    if _worth(plan) and all(deterministic(e) for e in expressions(plan)):
        found.setdefault(form, []).append(plan)
    return entry


def _own(plan: Plan) -> object:
    """What a node says besides its expressions and children."""
    match plan:
        case Scan():
            return plan.table.key, plan.ordinals
        case Join():
            return plan.kind
        case Aggregate():
            return len(plan.keys), len(plan.aggregates)
        case Sort():
            orders = tuple((key.ascending, key.nulls_first) for key in plan.keys)
            return orders, plan.limit, plan.offset
        case Limit():
            return plan.limit, plan.offset
        case Union():
            return tuple(len(row) for row in plan.inputs)
        case Project():
            return len(plan.columns)
        case Shared():
            return plan.name
        case Filter() | OneRow():
            return None
        case _:
            # Other nodes hold things that must be the same object
            return id(plan)


def _number(expr: Expr, position: dict[int, int]) -> Expr:
    if isinstance(expr, Column):
        at = position.get(expr.id)
        return expr if at is None else Column(at, "", expr.type)
    return map_children(expr, lambda part: _number(part, position))


def _worth(plan: Plan) -> bool:
    match plan:
        case Aggregate() | Join():
            return True
        case Project(child):
            return isinstance(child, (Aggregate, Join))
        case _:
            return False


def _replace(
    plan: Plan,
    prints: dict[int, Print],
    found: dict[int, list[Plan]],
    names: dict[int, tuple[str, Plan]],
) -> Plan:
    entry = prints[id(plan)]
    if len(found.get(entry.form, ())) > 1 and any(p is plan for p in found[entry.form]):
        known = names.get(entry.form)
        if known is None:
            # The shared plan makes columns of its own: each use, the first too, renames them
            known = (f"shared{len(names)}", copy(plan)[0])
            names[entry.form] = known
        return Shared(known[0], known[1], plan.output)
    return map_plans(plan, lambda child: _replace(child, prints, found, names))
