"""An expression in plain Python over storage-form values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never, cast

from pyflare.codegen.functions import casts, vocabulary
from pyflare.codegen.functions.registry import FUNCTIONS, Function, LazyFunction
from pyflare.codegen.functions.udf import UserFunction
from pyflare.codegen.interpret.failure import EvaluationError, Fails
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

vocabulary.load()


def evaluate(expr: Expr, row: Mapping[int, object]) -> Any:
    """The value of `expr` on a row; raises EvaluationError where Spark raises."""
    match expr:
        case Column(id):
            return row[id]
        case Literal(value):
            return value
        case Call():
            return _call(expr, row)
        case Cast(child):
            value = evaluate(child, row)
            try:
                return casts.python(expr, value)
            except Fails as failed:
                raise EvaluationError(failed.failure, (value,), expr, failed.detail) from None
        case Case(branches, otherwise):
            for condition, result in branches:
                if evaluate(condition, row) is True:
                    return evaluate(result, row)
            return None if otherwise is None else evaluate(otherwise, row)
        case UdfCall(function, _, args):
            values = [evaluate(arg, row) for arg in args]
            return cast(UserFunction, function).call(*values)
        case AggregateCall() | WindowCall() | Lambda() | LambdaVariable():
            raise AssertionError(f"{type(expr).__name__} is not a value of one row")
        case _:
            assert_never(expr)


def _call(call: Call, row: Mapping[int, object]) -> Any:
    match FUNCTIONS[call.function]:
        case Function(_, _, python, strict):
            values = tuple(evaluate(arg, row) for arg in call.args)
            if strict and any(value is None for value in values):
                return None
            try:
                return python(call, *values)
            except Fails as failed:
                raise EvaluationError(failed.failure, values, call, failed.detail) from None
        case LazyFunction(_, _, python_lazily):
            return python_lazily(call, lambda arg: evaluate(arg, row))
        case never:
            assert_never(never)
