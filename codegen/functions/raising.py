"""Functions that exist to fail."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.functions.registry import function
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call


def py_raise_error(call: Call, message: Any) -> None:
    raise Fails(Failure.USER_RAISED)


@function("raise_error", py_raise_error, strict=False)
def raise_error(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Every row that gets here fails with the message."""
    context.fail(Failure.USER_RAISED, context.code.true, args, call)
    return context.parameter(None, call.type)


def py_assert_true(call: Call, condition: Any) -> None:
    if condition is not True:
        raise Fails(Failure.USER_RAISED)


@function("assert_true", py_assert_true, strict=False)
def assert_true(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """A row fails unless the condition is true."""
    (condition,) = args
    holds = condition.data if condition.valid is None else condition.data & condition.valid
    context.fail(Failure.USER_RAISED, ~holds, args, call)
    return context.parameter(None, call.type)
