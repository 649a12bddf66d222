"""Walking, substituting and judging typed expressions: what every rule needs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
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
from pyflare.codegen.ir.types import BOOLEAN

TRUE = Literal(True, BOOLEAN)
FALSE = Literal(False, BOOLEAN)
UNKNOWN = Literal(None, BOOLEAN)

COMPARISONS = frozenset(("eq", "lt", "le", "gt", "ge"))
MIRRORED = {"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
NONDETERMINISTIC = frozenset(("rand", "randn"))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of an expression, in order."""
    match expr:
        case Column() | Literal() | LambdaVariable():
            return ()
        case Call() | UdfCall():
            return expr.args
        case Cast():
            return (expr.child,)
        case Case():
            parts = [part for branch in expr.branches for part in branch]
            return tuple(parts) if expr.otherwise is None else (*parts, expr.otherwise)
        case AggregateCall():
            return expr.args if expr.filter is None else (*expr.args, expr.filter)
        case WindowCall():
            return (*expr.args, *expr.partition, *(key.expr for key in expr.order))
        case Lambda():
            return (expr.body,)
        case _:
            assert_never(expr)


def map_children(expr: Expr, fn: Callable[[Expr], Expr]) -> Expr:
    """`expr` with fn applied to each direct part; the same object when nothing changed."""
    match expr:
        case Column() | Literal() | LambdaVariable():
            return expr
        case Call():
            args = tuple([fn(arg) for arg in expr.args])
            if _same(args, expr.args):
                return expr
            # Spelt out: dataclasses.replace takes five times as long
            return Call(expr.function, args, expr.type, expr.nullable, expr.origin)
        case UdfCall():
            args = tuple([fn(arg) for arg in expr.args])
            return expr if _same(args, expr.args) else replace(expr, args=args)
        case Cast():
            child = fn(expr.child)
            if child is expr.child:
                return expr
            return Cast(child, expr.type, expr.mode, expr.nullable, expr.timezone, expr.origin)
        case Case():
            branches = tuple([(fn(when), fn(then)) for when, then in expr.branches])
            otherwise = None if expr.otherwise is None else fn(expr.otherwise)
            if otherwise is expr.otherwise and all(
                a is c and b is d for (a, b), (c, d) in zip(branches, expr.branches, strict=True)
            ):
                return expr
            return replace(expr, branches=branches, otherwise=otherwise)
        case AggregateCall():
            args = tuple([fn(arg) for arg in expr.args])
            condition = None if expr.filter is None else fn(expr.filter)
            if condition is expr.filter and _same(args, expr.args):
                return expr
            return replace(expr, args=args, filter=condition)
        case WindowCall():
            args = tuple([fn(arg) for arg in expr.args])
            partition = tuple([fn(part) for part in expr.partition])
            keys = tuple([fn(key.expr) for key in expr.order])
            if (
                _same(args, expr.args)
                and _same(partition, expr.partition)
                and all(a is key.expr for a, key in zip(keys, expr.order, strict=True))
            ):
                return expr
            order = tuple([replace(k, expr=e) for k, e in zip(expr.order, keys, strict=True)])
            return replace(expr, args=args, partition=partition, order=order)
        case Lambda():
            body = fn(expr.body)
            return expr if body is expr.body else replace(expr, body=body)
        case _:
            assert_never(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and all its parts, outermost first."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def columns_of(expr: Expr) -> set[int]:
    """The ids of the columns that `expr` reads."""
    found: set[int] = set()
    _collect(expr, found)
    return found


def columns_of_all(exprs: Iterable[Expr]) -> set[int]:
    """The ids of the columns that any of `exprs` reads."""
    found: set[int] = set()
    for expr in exprs:
        _collect(expr, found)
    return found


def substitute(expr: Expr, values: Mapping[int, Expr]) -> Expr:
    """`expr` with every column that `values` knows replaced by its value."""
    if isinstance(expr, Column):
        return values.get(expr.id, expr)
    if isinstance(expr, Literal):
        return expr
    return map_children(expr, lambda part: substitute(part, values))


def conjuncts(expr: Expr | None) -> list[Expr]:
    """a and (b and c)  ->  [a, b, c];  None  ->  []"""
    if expr is None:
        return []
    if isinstance(expr, Call) and expr.function == "and":
        return [part for arg in expr.args for part in conjuncts(arg)]
    return [expr]


def disjuncts(expr: Expr) -> list[Expr]:
    """a or (b or c)  ->  [a, b, c]"""
    if isinstance(expr, Call) and expr.function == "or":
        return [part for arg in expr.args for part in disjuncts(arg)]
    return [expr]


def conjunction(parts: Iterable[Expr]) -> Expr | None:
    """[a, b]  ->  a and b;  []  ->  None. Equal parts are kept once."""
    unique = list(dict.fromkeys(parts))
    match unique:
        case []:
            return None
        case [only]:
            return only
        case _:
            return Call("and", tuple(unique), BOOLEAN, any(part.nullable for part in unique))


def disjunction(parts: Iterable[Expr]) -> Expr:
    """[a, b]  ->  a or b;  []  ->  false."""
    unique = list(dict.fromkeys(parts))
    match unique:
        case []:
            return FALSE
        case [only]:
            return only
        case _:
            return Call("or", tuple(unique), BOOLEAN, any(part.nullable for part in unique))


def equal(left: Expr, right: Expr) -> Expr:
    """left = right"""
    return Call("eq", (left, right), BOOLEAN, left.nullable or right.nullable)


def same(left: Expr, right: Expr) -> Expr:
    """left <=> right, which is never NULL"""
    return Call("eq_null_safe", (left, right), BOOLEAN, False)


def negation(expr: Expr) -> Expr:
    """not expr"""
    return Call("not", (expr,), BOOLEAN, expr.nullable)


def deterministic(expr: Expr) -> bool:
    """The value depends on the row alone."""
    if isinstance(expr, (Column, Literal)):
        return True
    if isinstance(expr, Call) and expr.function in NONDETERMINISTIC:
        return False
    return all(map(deterministic, children(expr)))


def cheap(expr: Expr) -> bool:
    """Evaluating it twice costs less than keeping it: no user function, no model."""
    if isinstance(expr, (Column, Literal)):
        return True
    return not isinstance(expr, UdfCall) and all(map(cheap, children(expr)))


def _collect(expr: Expr, found: set[int]) -> None:
    if isinstance(expr, Column):
        found.add(expr.id)
    elif isinstance(expr, Call):
        for arg in expr.args:
            _collect(arg, found)
    elif not isinstance(expr, Literal):
        for part in children(expr):
            _collect(part, found)


def _same(after: tuple[Expr, ...], before: tuple[Expr, ...]) -> bool:
    return all(a is b for a, b in zip(after, before, strict=True))
