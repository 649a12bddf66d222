"""Three-valued logic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pyflare.codegen.emit.context import Context, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.registry import function, lazy_function
from pyflare.codegen.functions.values import boolean
from pyflare.codegen.ir.expr import Call, Expr


def py_and(call: Call, evaluate: Callable[[Expr], Any]) -> Any:
    return _py_kleene(call, evaluate, decides=False)


def py_or(call: Call, evaluate: Callable[[Expr], Any]) -> Any:
    return _py_kleene(call, evaluate, decides=True)


def _py_kleene(call: Call, evaluate: Callable[[Expr], Any], decides: bool) -> Any:
    result: bool | None = not decides
    for arg in call.args:
        value = evaluate(arg)
        if value is decides:
            return decides
        if value is None:
            result = None
    return result


@lazy_function("and", py_and)
def and_(call: Call, row: Row, context: Context) -> Value:
    """False if any argument is false; a false argument protects those to its right."""
    return _kleene(call, row, context, decides=False)


@lazy_function("or", py_or)
def or_(call: Call, row: Row, context: Context) -> Value:
    """True if any argument is true; a true argument protects those to its right."""
    return _kleene(call, row, context, decides=True)


def _kleene(call: Call, row: Row, context: Context, decides: bool) -> Value:
    from pyflare.codegen.functions.expression import emit

    code = context.code

    def rest(args: tuple[Expr, ...]) -> Value:
        left = emit(args[0], row, context)
        if len(args) == 1:
            return left
        right = fragment(code, "or" if decides else "and", lambda: rest(args[1:]))
        if right.straight:
            code.body.lines += right.lines[1:]
            return combine(left, right.value, decides)
        settled = left.data if decides else ~left.data
        if left.valid is not None:
            settled = settled & left.valid
        done = fragment(code, "settled", lambda: boolean(code.const(decides, "i1"), None))

        def both() -> Value:
            return combine(left, right.value, decides)

        # combining belongs to the end of the right side's block
        tail = fragment(code, "combine", both)
        right.lines.extend(tail.lines[1:])
        joined = type(right)(right.label, right.lines, right.end, tail.value)
        return choose(code, settled, done, joined)

    return rest(call.args)


def combine(left: Value, right: Value, decides: bool) -> Value:
    """Kleene's and (decides = false) or or (decides = true) of two values."""
    if left.valid is None and right.valid is None:
        data = left.data | right.data if decides else left.data & right.data
        return boolean(data, None)
    a, b = _known(left, decides), _known(right, decides)
    settled = a | b
    known: Val | None = None
    for value in (left, right):
        if value.valid is not None:
            known = value.valid if known is None else known & value.valid
    assert known is not None
    data = settled if decides else ~settled
    return boolean(data, known | settled)


def _known(value: Value, truth: bool) -> Val:
    """The value is known to be `truth`."""
    data = value.data if truth else ~value.data
    return data if value.valid is None else data & value.valid


@function("not", lambda call, x: not x)
def not_(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(~args[0].data, args[0].valid)


@function("is_null", lambda call, x: x is None, strict=False)
def is_null(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    valid = args[0].valid
    return boolean(context.code.false if valid is None else ~valid, None)


@function("is_not_null", lambda call, x: x is not None, strict=False)
def is_not_null(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    return boolean(args[0].valid or context.code.true, None)


@function("is_nan", lambda call, x: x is not None and math.isnan(x), strict=False)
def is_nan(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """NaN; false for NULL."""
    (x,) = args
    if x.finite:
        return boolean(context.code.false, None)
    nan = x.data.unordered()
    return boolean(nan if x.valid is None else nan & x.valid, None)
