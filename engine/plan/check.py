"""What a legal plan is. Runs after every rule when PYFLARE_CHECK=1."""

from __future__ import annotations

from collections.abc import Set

from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr
from pyflare.codegen.ir.types import Boolean, Type
from pyflare.engine.plan.expressions import COMPARISONS, children, columns_of_all, walk
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Filter,
    Join,
    JoinType,
    MapBatches,
    Plan,
    Project,
    Range,
    Scan,
    Shared,
    Union,
)
from pyflare.engine.plan.nodes import children as inputs
from pyflare.engine.plan.show import show
from pyflare.engine.plan.traverse import expressions, ids


class IllegalPlan(AssertionError):
    """A rule, or the analyser, made a plan that breaks a law of the algebra."""


def check(plan: Plan, after: str = "") -> None:
    """Every column is made once and below its use; predicates are boolean; sides do not overlap."""
    made: dict[int, Type] = {}
    _node(plan, frozenset(), made, after)


def _node(plan: Plan, outer: Set[int], made: dict[int, Type], after: str) -> None:
    match plan:
        case Apply(left, right):
            _node(left, outer, made, after)
            _node(right, outer | ids(left.output), made, after)
        case Shared(child=child):
            _node(child, frozenset(), {}, after)
            _law(len(plan.columns) == len(child.output), plan, "renames every column", after)
        case _:
            for child in inputs(plan):
                _node(child, outer, made, after)
    visible = set(outer)
    for child in inputs(plan):
        visible |= ids(child.output)
    if isinstance(plan, Scan):
        visible |= ids(plan.columns)
    used = columns_of_all(expressions(plan))
    unknown = used - visible
    _law(not unknown, plan, f"reads columns {sorted(unknown)} that no child makes", after)
    for column in _new(plan):
        _law(column.id not in made, plan, f"makes column {column.name} a second time", after)
        made[column.id] = column.type
    for expr in expressions(plan):
        _expression(expr, plan, made, after)
    match plan:
        case Filter(_, predicate):
            _law(isinstance(predicate.type, Boolean), plan, "predicate is boolean", after)
        case Join(left, right, kind, condition, mark):
            if kind not in (JoinType.SEMI, JoinType.ANTI, JoinType.ANTI_NULL_AWARE):
                both = ids(left.output) & ids(right.output)
                _law(not both, plan, f"sides share columns {sorted(both)}", after)
            if condition is not None:
                _law(isinstance(condition.type, Boolean), plan, "condition is boolean", after)
            marks = kind in (JoinType.MARK, JoinType.MARK_NULL_AWARE)
            _law((mark is not None) == marks, plan, "a mark join has a mark", after)
        case Project(_, columns):
            for column, expr in columns:
                _law(column.type == expr.type, plan, f"{column.name} has its value's type", after)
        case Aggregate(_, keys, calls):
            for column, expr in (*keys, *calls):
                _law(column.type == expr.type, plan, f"{column.name} has its value's type", after)
        case Union(children, rows, columns):
            for child, row in zip(children, rows, strict=True):
                _law(len(row) == len(columns), plan, "every input fills every column", after)
                _law(ids(row) <= ids(child.output), plan, "inputs come from the child", after)
                for source, column in zip(row, columns, strict=True):
                    _law(source.type == column.type, plan, f"{column.name} has one type", after)
        case _:
            pass


def _new(plan: Plan) -> list[Column]:
    """The columns that the node makes, apart from those it passes on."""
    match plan:
        case Scan() | MapBatches() | Shared() | Union():
            return list(plan.columns)
        case Range(column=column):
            return [column]
        case Project(_, columns):
            return [c for c, e in columns if not (isinstance(e, Column) and e.id == c.id)]
        case Aggregate(_, keys, calls):
            made = [c for c, e in keys if not (isinstance(e, Column) and e.id == c.id)]
            return [*made, *(c for c, call in calls if not keeps(c, call))]
        case Join(mark=Column() as mark):
            return [mark]
        case Apply(column=Column() as value) if value.id not in ids(plan.right.output):
            return [value]
        case _:
            return []


def keeps(column: Column, call: AggregateCall) -> bool:
    """any_value(c) as c, where the keys determine c: its value is that of every row."""
    return call.function == "any_value" and call.args == (column,)


def _expression(expr: Expr, plan: Plan, made: dict[int, Type], after: str) -> None:
    for part in walk(expr):
        match part:
            case Column(id, name, type) if id in made:
                _law(made[id] == type, plan, f"column {name} has the type it was made with", after)
            case Call(function, (a, b)) if function in COMPARISONS:
                _law(a.type == b.type, plan, f"{function} compares {a.type} and {b.type}", after)
            case Call("and" | "or" | "not"):
                fits = all(isinstance(arg.type, Boolean) for arg in children(part))
                _law(fits, plan, "logic is of booleans", after)
            case _:
                pass


def _law(holds: bool, plan: Plan, law: str, after: str) -> None:
    if not holds:
        raise IllegalPlan(
            f"{type(plan).__name__}: {law}"
            + (f" (after {after})" if after else "")
            + "\n"
            + show(plan)
        )
