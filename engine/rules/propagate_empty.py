"""Plans over nothing."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import Expr, Literal
from pyflare.engine.plan.expressions import FALSE, UNKNOWN
from pyflare.engine.plan.nodes import (
    Aggregate,
    Empty,
    Expand,
    Filter,
    Join,
    JoinType,
    Limit,
    Plan,
    Project,
    Sort,
    Tail,
    Union,
    Window,
)


def propagate_empty(plan: Plan) -> Plan | None:
    """node(Empty)  ->  Empty, unless the node makes rows of its own"""
    match plan:
        case Filter(_, predicate) if predicate in (FALSE, UNKNOWN):
            return Empty(plan.output)
        case Aggregate(Empty(), (_, *_)):
            return Empty(plan.output)
        case (
            Filter(Empty())
            | Project(Empty())
            | Sort(Empty())
            | Limit(Empty())
            | Tail(Empty())
            | Window(Empty())
            | Expand(Empty())
        ):
            return Empty(plan.output)
        case Join():
            return _join(plan)
        case Union(children) if any(isinstance(child, Empty) for child in children):
            kept = [i for i, child in enumerate(children) if not isinstance(child, Empty)]
            if not kept:
                return Empty(plan.columns)
            if len(kept) == 1:
                (only,) = kept
                pairs = zip(plan.columns, plan.inputs[only], strict=True)
                return Project(children[only], tuple(pairs))
            return replace(
                plan,
                children=tuple(children[i] for i in kept),
                inputs=tuple(plan.inputs[i] for i in kept),
            )
    return None


def _join(plan: Join) -> Plan | None:
    left, right = isinstance(plan.left, Empty), isinstance(plan.right, Empty)
    if not left and not right:
        return None
    match plan.kind:
        case JoinType.INNER | JoinType.SEMI:
            return Empty(plan.output)
        case JoinType.ANTI | JoinType.ANTI_NULL_AWARE:
            return Empty(plan.output) if left else plan.left
        case JoinType.LEFT | JoinType.SINGLE:
            return Empty(plan.output) if left else _padded(plan, plan.left, plan.right)
        case JoinType.RIGHT:
            return Empty(plan.output) if right else _padded(plan, plan.right, plan.left)
        case JoinType.FULL:
            if left and right:
                return Empty(plan.output)
            there, gone = (plan.right, plan.left) if left else (plan.left, plan.right)
            return _padded(plan, there, gone)
        case JoinType.MARK | JoinType.MARK_NULL_AWARE:
            if left:
                return Empty(plan.output)
            assert plan.mark is not None
            passed: list[tuple[object, Expr]] = [(c, c) for c in plan.left.output]
            return Project(plan.left, (*passed, (plan.mark, FALSE)))  # type: ignore[arg-type]


def _padded(plan: Join, there: Plan, gone: Plan) -> Plan:
    """The rows that are there, with NULLs for the columns that are gone."""
    lost = {column.id for column in gone.output}
    values = tuple((c, Literal(None, c.type) if c.id in lost else c) for c in plan.output)
    return Project(there, values)
