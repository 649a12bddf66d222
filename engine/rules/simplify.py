"""Expressions made smaller without a look at the data: constants folded, logic flattened."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN, Decimal, Integer
from pyflare.engine.plan.expressions import (
    COMPARISONS,
    FALSE,
    MIRRORED,
    NONDETERMINISTIC,
    TRUE,
    UNKNOWN,
    conjunction,
    conjuncts,
    disjunction,
    disjuncts,
    map_children,
)
from pyflare.engine.plan.fallible import infallible
from pyflare.engine.plan.nodes import Plan
from pyflare.engine.plan.traverse import map_expressions

NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
NEVER_FOLDED = NONDETERMINISTIC | {"raise_error", "assert_true"}


def simplify_expressions(plan: Plan) -> Plan | None:
    """node(e)  ->  node(simplify(e))"""
    after = map_expressions(plan, simplify)
    return None if after is plan else after


def simplify(expr: Expr) -> Expr:
    """An expression with the same value on every row, never evaluating more than `expr` did."""
    if isinstance(expr, (Column, Literal)):
        return expr
    expr = map_children(expr, simplify)
    match expr:
        case Call("and"):
            return _and(expr)
        case Call("or"):
            return _or(expr)
        case Call("not", (arg,)):
            return _not(expr, arg)
        case Call(name, (Literal() as left, right)) if name in COMPARISONS:
            if isinstance(right, Literal):
                return _fold(expr)
            return simplify_comparison(replace(expr, function=MIRRORED[name], args=(right, left)))
        case Call(name, (_, Literal())) if name in COMPARISONS:
            return simplify_comparison(expr)
        case Call("is_null" | "is_not_null" as name, (arg,)) if not arg.nullable and infallible(
            arg
        ):
            return TRUE if name == "is_not_null" else FALSE
        case Call("coalesce", (first, *_)) if not first.nullable:
            return first
        case Call("in", (arg, Literal() as only)):
            return simplify(Call("eq", (arg, only), BOOLEAN, expr.nullable, expr.origin))
        case Cast(child, target) if child.type == target:
            return child
        case Call(_, args) if args and all(isinstance(arg, Literal) for arg in args):
            return _fold(expr)
        case Cast(Literal()):
            return _fold(expr)
        case Case():
            return _case(expr)
        case _:
            return expr


def simplify_comparison(expr: Call) -> Expr:
    """cast(x: int as bigint) < 5  ->  x < 5 where the literal fits x's type exactly"""
    match expr.args:
        case (_, Literal(None)):
            return UNKNOWN if infallible(expr.args[0]) else expr
        case (Cast(Column(type=Integer(bits)) as column, Integer()), Literal(int() as value)):
            if -(1 << bits - 1) <= value < 1 << bits - 1:
                return replace(expr, args=(column, Literal(value, column.type)))
        case (
            Cast(Column(type=Integer(bits)) as column, Decimal(_, scale)),
            Literal(int() as value),
        ):
            if value % 10**scale == 0 and abs(value) // 10**scale < 1 << bits - 1:
                return replace(expr, args=(column, Literal(value // 10**scale, column.type)))
        case (
            Cast(Column(type=Decimal(precision, low)) as column, Decimal(_, high)),
            Literal(int() as value),
        ) if high >= low:
            unit = 10 ** (high - low)
            if value % unit == 0 and abs(value) // unit < 10**precision:
                return replace(expr, args=(column, Literal(value // unit, column.type)))
    return expr


def _and(expr: Call) -> Expr:
    """x and true -> x;  x and false -> false"""
    parts = [part for part in conjuncts(expr) if part != TRUE]
    if FALSE in parts:
        return FALSE
    if len(parts) == len(expr.args) and all(a is b for a, b in zip(parts, expr.args, strict=True)):
        return expr
    return conjunction(parts) or TRUE


def _or(expr: Call) -> Expr:
    """x or false -> x;  x or true -> true;  (a and b) or (a and c) -> a and (b or c)"""
    parts = list(dict.fromkeys(part for part in disjuncts(expr) if part != FALSE))
    if TRUE in parts:
        return TRUE
    branches = [conjuncts(part) for part in parts]
    if len(branches) < 2:
        return disjunction(parts)
    common = [part for part in branches[0] if all(part in other for other in branches[1:])]
    if common:
        rest = [conjunction(p for p in branch if p not in common) or TRUE for branch in branches]
        factor = TRUE if TRUE in rest else _in(disjunction(rest), rest)
        return conjunction([*common, *(() if factor == TRUE else (factor,))]) or TRUE
    if len(parts) == len(expr.args) and all(a is b for a, b in zip(parts, expr.args, strict=True)):
        return _in(expr, parts)
    return _in(disjunction(parts), parts)


def _in(expr: Expr, parts: list[Expr]) -> Expr:
    """x = 1 or x = 2  ->  x in (1, 2)"""
    values: list[Literal] = []
    subject: Expr | None = None
    for part in parts:
        match part:
            case Call("eq", (Column() as column, Literal() as value)) if subject in (None, column):
                subject = column
                values.append(value)
            case Call("in", (Column() as column, *members)) if subject in (None, column):
                subject = column
                values.extend(m for m in members if isinstance(m, Literal))
            case _:
                return expr
    if subject is None:
        return expr
    distinct = dict.fromkeys(values)
    return Call("in", (subject, *distinct), BOOLEAN, expr.nullable)


def _not(expr: Call, arg: Expr) -> Expr:
    """not not x -> x;  not (a < b) -> a >= b;  not is_null(x) -> is_not_null(x)"""
    match arg:
        case Literal(value):
            return UNKNOWN if value is None else FALSE if value else TRUE
        case Call("not", (inner,)):
            return inner
        case Call(name, args) if name in NEGATED:
            return Call(NEGATED[name], args, BOOLEAN, arg.nullable, arg.origin)
        case Call("is_null", args):
            return Call("is_not_null", args, BOOLEAN, False)
        case Call("is_not_null", args):
            return Call("is_null", args, BOOLEAN, False)
        case Call("or", args):
            return simplify(
                conjunction(Call("not", (a,), BOOLEAN, a.nullable) for a in args) or TRUE
            )
        case _:
            return expr


def _case(expr: Case) -> Expr:
    """case when true then a … -> a;  branches that are never taken go"""
    branches: list[tuple[Expr, Expr]] = []
    for when, then in expr.branches:
        if isinstance(when, Literal) and not when.value:
            continue
        if when == TRUE:
            if not branches:
                return then
            return replace(expr, branches=tuple(branches), otherwise=then)
        branches.append((when, then))
    if not branches:
        return expr.otherwise or Literal(None, expr.type)
    if len(branches) == len(expr.branches):
        return expr
    return replace(expr, branches=tuple(branches))


def _fold(expr: Call | Cast) -> Expr:
    """f(literals) -> its value; where it raises it stays, to raise only if a row needs it"""
    if isinstance(expr, Call) and expr.function in NEVER_FOLDED:
        return expr
    try:
        return Literal(evaluate(expr, {}), expr.type)
    except Exception:
        # Whatever is wrong with it is reported when, and if, a row evaluates it
        return expr
