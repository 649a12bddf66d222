"""Functions whose staged form calls their Python definition: the rare and the intricate ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.functions.registry import FUNCTIONS, Function, Python
from pyflare.codegen.functions.values import fail
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Cast


@dataclass(frozen=True, slots=True)
class PythonCall:
    """A Call as a function of storage-form values; None where it fails or an argument is NULL."""

    call: Call

    def __call__(self, *args: Any) -> Any:
        entry = FUNCTIONS[self.call.function]
        assert isinstance(entry, Function)
        if entry.strict and any(arg is None for arg in args):
            return None
        try:
            return entry.python(self.call, *args)
        except Fails:
            return None


@dataclass(frozen=True, slots=True)
class PythonCast:
    """A Cast as a function; None where it fails."""

    cast: Cast
    python: Python

    def __call__(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.python(self.cast, value)
        except Fails:
            return None


def by_python(
    name: str,
    python: Python,
    failure: Failure | None = None,
    strict: bool = True,
    check: Callable[[Call], None] | None = None,
) -> None:
    """Enters a function that runs in Python for each row.

    With `failure`, a result that is NULL though no argument is means that the row failed.
    `check` refuses a Call when it is staged.
    """

    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        if check is not None:
            check(call)
        return called(call, args, context, failure)

    assert name not in FUNCTIONS, name
    FUNCTIONS[name] = Function(name, emit, python, strict)


def called(
    call: Call, args: tuple[Value, ...], context: Context, failure: Failure | None = None
) -> Value:
    """The Call's Python definition on this row."""
    types = tuple(arg.type for arg in call.args)
    key = f"{call.function} {types} {call.type} {call.args[1:]}"
    result = context.callback(key, PythonCall(call), types, call.type, *args)
    if failure is not None and result.valid is not None:
        fail(context, failure, ~result.valid, args, call)
        return result.with_valid(all_valid(*args))
    return result


def cast_by_python(
    cast: Cast, x: Value, context: Context, python: Python, failure: Failure
) -> Value:
    """A Cast by its Python definition; an ANSI cast without a result fails."""
    source = cast.child.type
    key = f"cast {source} {cast.type} {cast.mode} {cast.timezone}"
    # the child is not needed, and may hold anything
    function = PythonCast(cast, python)
    result = context.callback(key, function, (source,), cast.type, x)
    if cast.mode == "ansi" and result.valid is not None:
        fail(context, failure, ~result.valid, (x,), cast)
        return result.with_valid(x.valid)
    return result
