"""What a legal physical plan is. Runs after lowering when PYFLARE_CHECK=1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from pyflare.codegen.ir.expr import (
    AggregateCall,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Lambda,
    LambdaVariable,
    Literal,
    UdfCall,
    WindowCall,
)
from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    JoinKind,
    Limit,
    NestedLoopJoin,
    OneRow,
    Operator,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Union,
    Window,
)
from pyflare.codegen.ir.types import Boolean, Date, Integer

MARKS = (JoinKind.PROBE_MARK, JoinKind.PROBE_MARK_NULL_AWARE)
NULL_AWARE = (JoinKind.PROBE_ANTI_NULL_AWARE, JoinKind.PROBE_MARK_NULL_AWARE)


class IllegalOperator(AssertionError):
    """The lowering made an operator that breaks a law of the physical algebra."""


def check(plan: Operator) -> None:
    """Every column that an operator reads is in the rows below it, with the same type."""
    children = inputs(plan)
    for child in children:
        check(child)
    below = {column.id: column for child in children for column in child.output}
    for expr in expressions(plan):
        for column in columns(expr):
            known = below.get(column.id)
            _law(known is not None, plan, f"reads {column.name}, which is not there")
            _law(known is None or known.type == column.type, plan, f"{column.name} keeps its type")
    output = [column.id for column in plan.output]
    _law(len(output) == len(set(output)), plan, "emits each column once")
    match plan:
        case Scan(_, scanned, storage):
            _law(len(scanned) == len(storage), plan, "one storage per column")
        case Filter(_, predicate):
            _law(isinstance(predicate.type, Boolean), plan, "the predicate is boolean")
        case HashJoin():
            _hash_join(plan)
        case NestedLoopJoin():
            marked = plan.kind in MARKS
            _law((plan.mark is not None) == marked, plan, "a mark join has a mark")
            _law(plan.kind not in NULL_AWARE, plan, "null-aware kinds have a key")
        case Aggregate():
            domains = plan.domains
            _law(domains is None or len(domains) == len(plan.keys), plan, "one domain per key")
            _law(not any(call.distinct for _, call in plan.aggregates), plan, "no DISTINCT is left")
            for made, value in (*plan.keys, *plan.aggregates):
                _law(made.type == value.type, plan, f"{made.name} has its value's type")
        case Project():
            for made, value in plan.columns:
                _law(made.type == value.type, plan, f"{made.name} has its value's type")
        case Union():
            for row in plan.inputs:
                pairs = zip(row, plan.columns, strict=True)
                _law(
                    all(a.type == b.type for a, b in pairs), plan, "inputs have the output's types"
                )
        case Expand():
            for values in plan.projections:
                types = zip(values, plan.columns, strict=True)
                _law(all(a.type == b.type for a, b in types), plan, "rows have the output's types")
        case Shared():
            types_ = zip(plan.child.output, plan.columns, strict=True)
            _law(all(a.type == b.type for a, b in types_), plan, "renames each column of its child")
        case Range() | OneRow() | Sort() | Limit() | Window():
            pass
        case _:
            assert_never(plan)


def _hash_join(plan: HashJoin) -> None:
    keys = list(zip(plan.build_keys, plan.probe_keys, strict=True))
    _law(bool(keys), plan, "a hash join has keys")
    _law(all(a.type == b.type for a, b in keys), plan, "keys have one type on both sides")
    _law(len(plan.null_safe) in (0, len(keys)), plan, "null_safe is said of every key")
    build = {column.id for column in plan.build.output}
    probe = {column.id for column in plan.probe.output}
    for mine, other in keys:
        _law({c.id for c in columns(mine)} <= build, plan, "build keys are of the build side")
        _law({c.id for c in columns(other)} <= probe, plan, "probe keys are of the probe side")
    _law((plan.mark is not None) == (plan.kind in MARKS), plan, "a mark join has a mark")
    if plan.kind in NULL_AWARE:
        _law(len(keys) == 1 and plan.residual is None, plan, "null-aware: one key, no residual")
    if plan.key_range is not None:
        fits = len(keys) == 1 and isinstance(keys[0][0].type, Integer | Date)
        _law(fits and plan.key_range[0] <= plan.key_range[1], plan, "dense: one integer key")


def inputs(plan: Operator) -> tuple[Operator, ...]:
    """The operators whose rows `plan` reads."""
    match plan:
        case Scan() | Range() | OneRow():
            return ()
        case HashJoin() | NestedLoopJoin():
            return (plan.probe, plan.build)
        case Union():
            return plan.children
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Expand() | Shared() | Window():
            return (plan.child,)
        case _:
            assert_never(plan)


def expressions(plan: Operator) -> tuple[Expr, ...]:
    """The expressions that `plan` evaluates over the rows below."""
    match plan:
        case Filter(_, predicate):
            return (predicate,)
        case Project(_, made):
            return tuple(value for _, value in made)
        case HashJoin():
            residual = () if plan.residual is None else (plan.residual,)
            return (*plan.build_keys, *plan.probe_keys, *residual)
        case NestedLoopJoin(condition=condition):
            return () if condition is None else (condition,)
        case Aggregate():
            return (*(value for _, value in plan.keys), *(call for _, call in plan.aggregates))
        case Sort(_, keys):
            return tuple(key.expr for key in keys)
        case Union(_, rows):
            return tuple(column for row in rows for column in row)
        case Expand(_, projections, _, repeat):
            times = () if repeat is None else (repeat,)
            return (*(value for row in projections for value in row), *times)
        case Window(_, calls):
            return tuple(call for _, call in calls)
        case Scan() | Range() | OneRow() | Limit() | Shared():
            return ()
        case _:
            assert_never(plan)


def columns(expr: Expr) -> Iterable[Column]:
    """The columns that an expression reads."""
    match expr:
        case Column():
            yield expr
        case Literal() | LambdaVariable():
            return
        case Call() | UdfCall():
            parts: tuple[Expr, ...] = expr.args
        case Cast(child):
            parts = (child,)
        case Case(branches, otherwise):
            parts = tuple(part for branch in branches for part in branch)
            parts += () if otherwise is None else (otherwise,)
        case AggregateCall():
            parts = expr.args if expr.filter is None else (*expr.args, expr.filter)
        case WindowCall():
            parts = (*expr.args, *expr.partition, *(key.expr for key in expr.order))
        case Lambda(_, body):
            parts = (body,)
        case _:
            assert_never(expr)
    if not isinstance(expr, Column):
        for part in parts:
            yield from columns(part)


def _law(holds: bool, plan: Operator, law: str) -> None:
    if not holds:
        raise IllegalOperator(f"{type(plan).__name__}: {law}")
