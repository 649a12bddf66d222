"""Case, coalesce and their kin: the branch a row does not take is not evaluated for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyflare.codegen.emit.context import Context, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.registry import lazy_function
from pyflare.codegen.ir.expr import Call, Case, Expr, Literal

Stage = Callable[[Expr, Row, Context], Value]


def emit_case(case: Case, row: Row, context: Context, emit: Stage) -> Value:
    """CASE: the first branch whose condition is true and not NULL."""
    otherwise = case.otherwise or Literal(None, case.type)

    def rest(branches: tuple[tuple[Expr, Expr], ...]) -> Value:
        if not branches:
            return emit(otherwise, row, context)
        (condition, result), *others = branches
        test = emit(condition, row, context)
        holds = test.data if test.valid is None else test.data & test.valid
        then = fragment(context.code, "then", lambda: emit(result, row, context))
        other = fragment(context.code, "else", lambda: rest(tuple(others)))
        return choose(context.code, holds, then, other)

    return rest(case.branches)


def py_coalesce(call: Call, evaluate: Callable[[Expr], Any]) -> Any:
    for arg in call.args:
        value = evaluate(arg)
        if value is not None:
            return value
    return None


@lazy_function("coalesce", py_coalesce)
def coalesce(call: Call, row: Row, context: Context) -> Value:
    """The first argument that is not NULL; later ones are only evaluated if needed."""
    from pyflare.codegen.functions.expression import emit

    def first(args: tuple[Expr, ...]) -> Value:
        value = emit(args[0], row, context)
        if value.valid is None or len(args) == 1:
            return value
        present = fragment(context.code, "present", lambda: value.with_valid(None))
        missing = fragment(context.code, "missing", lambda: first(args[1:]))
        return choose(context.code, value.valid, present, missing)

    return first(call.args)
